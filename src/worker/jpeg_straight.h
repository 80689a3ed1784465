/*
 * The short way of most JPEGs: from the channels in which one is coded to the same channels,
 * without becoming red, green and blue on the way. That takes two thirds of the time, and loses
 * less.
 *
 * For pictures that need nothing else done to them: upright, not scaled, brightness and two colours
 * or grey, no profile but sRGB. Pixels are decoded and coded anew; no coefficient is copied.
 */
#ifndef WORKER_JPEG_STRAIGHT_H
#define WORKER_JPEG_STRAIGHT_H

#include "worker/trade.h"

#include <stdbool.h>

/* False: not a picture for it, and `ret` is untouched. Else `ret` is filled, with whatever
 * outcome. */
bool jpeg_straight(const struct wire_job *job, const void *bytes, struct worked *ret);

#endif
