/*
 * Which segments need no check (sound.h) after a crash: the small file `checked` says that what is
 * older than a certain segment had been checked, or written by us alone, when that segment was
 * begun, and is not written any more since. Without it, every opening that does not follow a proper
 * end would walk through everything that was ever stored.
 *
 * What was changed by others later shows in its own time, as with struct env_closed; what is
 * damaged without that, in our own death, and then nothing is believed any more (trust.h). A file
 * that cannot be read or written only costs that walk. Nothing is flushed: whichever of the two
 * versions a power loss leaves, and whichever of its times, less is believed than could be, never
 * more. The writer's thread, or the one that opens.
 */
#ifndef STORE_CHECKED_H
#define STORE_CHECKED_H

#include "store/env.h"

struct checked {
    int fd;                   /* -1: there is none */
    uint64_t below;           /* as found: the first generation that it does not speak of */
    struct env_closed closed; /* and when that was said */
};

/* In `dir`, made when missing. */
void checked_open(const char *dir, struct checked *ret);
void checked_close(struct checked *checked);

/* Of the segment with this generation: what is to be taken for its time of closing. */
struct env_closed checked_closed(const struct checked *checked, uint64_t generation,
                                 const struct env_closed *closed);

/* From now on segments older than this one are not written any more. */
void checked_note(const struct checked *checked, uint64_t generation);

#endif
