/*
 * One commit of pictures and of what the index says of them, in the order that a crash between the
 * two leaves nothing wrong: the segment first. Pictures that the index did not come to know are
 * unreadable afterwards if they were encrypted (segment.h). The writer's thread.
 */
#ifndef STORE_COMMIT_H
#define STORE_COMMIT_H

#include "store/index.h"
#include "store/ring.h"

#define COMMIT_BROKEN 2 /* the newest segment cannot be written; as APPLY_BROKEN (apply.h) */

/* Ends `txn`. 0; COMMIT_BROKEN or -errno: nothing was committed. */
MUST_CHECK int commit_all(struct index *index, struct ring *ring, MDB_txn *txn);

/* Undoes what was appended, and `txn` unless that is NULL. */
void commit_none(struct index *index, struct ring *ring, MDB_txn *txn);

#endif
