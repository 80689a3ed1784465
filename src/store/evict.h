/*
 * Making room. The oldest segment goes as a whole, at once: it is emptied and becomes the newest,
 * or is removed, if sizes have changed. What has to be done for each of its pictures is done
 * elsewhere, a little with every commit that appends some, in the same transactions, so that no
 * commit is long and none is added:
 *
 * - while the first half of the newest segment fills, the oldest is gone through; what is still
 *   wanted of it is appended anew, up to a quarter of a segment, and up to half of that also what
 *   nobody has read lately but that could not be fetched again;
 * - names of what went with its segment are taken out of the index, where they stand in one page
 *   with a name that comes (content.h, beside.h), and, for those that no other meets, going through
 *   it slowly, round and round; until then they lead nowhere, which every reader can tell.
 *
 * Nothing of that needs to survive a crash: it begins anew. The writer's thread.
 */
#ifndef STORE_EVICT_H
#define STORE_EVICT_H

#include "store/apply.h"

struct evict {
    uint64_t generation;  /* of the segment that is gone through */
    uint64_t entries;     /* in it */
    uint64_t due;         /* of them, to be looked at by now, in 1/1024 */
    uint64_t room;        /* bytes that may still be appended anew */
    uint64_t room_unread; /* of them, for what nobody has read but that could not come again */
    uint64_t kept;        /* pictures appended anew, ever */
    bool walked;          /* to its end */
    bool wrapped;
    uint8_t from[32]; /* where it began: not always with the same names, for it may not get far */
    uint8_t after[32];
    uint8_t cleaned[32]; /* the index, up to here */
};

/* Before `count` pictures of `bytes` are appended in these transactions. 0; APPLY_BROKEN; -errno:
 * then both are to be aborted, and `evict` is as it was. */
MUST_CHECK int evict_some(struct evict *evict, const struct apply *apply, unsigned count,
                          uint64_t bytes);

/* Between two commits. 0; -ENOSPC when the disk has no room for a segment, even after older ones
 * went; -errno. */
MUST_CHECK int evict_for_new(struct ring *ring);

/* At opening, when less space was given than is used. */
void evict_surplus(struct ring *ring);

#endif
