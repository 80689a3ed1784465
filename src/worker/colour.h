/*
 * The picture in the colours of the web: sRGB, or grey, of 8 bits.
 */
#ifndef WORKER_COLOUR_H
#define WORKER_COLOUR_H

#include "worker/picture.h"

enum worked_outcome colour_picture(struct picture *picture);

#endif
