/*
 * Writing over the keys that nothing needs any more (content.h). It is done right after the commit
 * that notes them, before anybody hears of that, and at opening, in case a crash came between. The
 * key of an older copy, of a picture that is held, may wait for the next that may not: both are
 * written over before anybody hears that the picture is not held any more. A segment whose keys
 * cannot be written over goes as a whole. The writer's thread.
 */
#ifndef STORE_SHRED_H
#define STORE_SHRED_H

#include "store/index.h"
#include "store/ring.h"

/* All there are. 0, also when nothing was due; -errno: they are written over, but stay noted. */
int shred_all(struct index *index, struct ring *ring);

#endif
