/*
 * The short way of most PNGs: read, reduced and written without libvips, with the same answer.
 */
#ifndef WORKER_PNG_STRAIGHT_H
#define WORKER_PNG_STRAIGHT_H

#include "worker/trade.h"

#include <stdbool.h>

/* False: not a picture for it (another format, to be scaled, profiled, too large, ...), and `ret`
 * is untouched. Else `ret` is filled, with whatever outcome. */
bool png_straight(const struct wire_job *job, const void *bytes, struct worked *ret);

#endif
