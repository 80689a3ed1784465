/*
 * The first step: which loader reads the bytes, and whether their header keeps to the ceilings.
 * (SVG is svg.c's.)
 */
#ifndef WORKER_LOAD_H
#define WORKER_LOAD_H

#include "worker/picture.h"

/* Opens the picture that job->type names: sets image, width, height and frames. No pixel is decoded
 * before all ceilings are checked. */
enum worked_outcome load_picture(struct picture *picture);

#endif
