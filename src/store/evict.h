/*
 * Making room: a new segment to append to, and the oldest one gone, after what is still wanted of
 * it was appended anew (at most a quarter of a segment, so that the new one is not full of the
 * old). The writer's thread, between two commits.
 */
#ifndef STORE_EVICT_H
#define STORE_EVICT_H

#include "store/index.h"
#include "store/ring.h"

/* 0; -ENOSPC when the disk has no room for a segment, even after older ones went; -errno. */
MUST_CHECK int evict_for_new(struct index *index, struct ring *ring);

/* At opening, when less space was given than is used. 0 or -errno. */
MUST_CHECK int evict_surplus(struct index *index, struct ring *ring);

#endif
