/*
 * Upright, as the picture's EXIF says, if it does.
 */
#ifndef WORKER_ORIENT_H
#define WORKER_ORIENT_H

#include "worker/picture.h"

/* Turns or mirrors the picture, each frame by itself: sets image, width and height. */
enum worked_outcome orient_picture(struct picture *picture);

#endif
