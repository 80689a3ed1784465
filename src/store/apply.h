/*
 * What each kind of write does, inside the open transactions of one commit. The writer decides what
 * a commit is and what happens when one fails (writer.h); here nothing is decided twice: the same
 * write applied again after an abort gives the same outcome.
 */
#ifndef STORE_APPLY_H
#define STORE_APPLY_H

#include "store/index.h"
#include "store/ring.h"

struct apply {
    struct index *index;
    struct ring *ring;
    MDB_txn *txn;
    int no_picture; /* -errno: pictures are not kept in this commit, for this reason; 0: they are */
};

struct outcome {
    int result;
    struct cache_record record;
    bool existed; /* there was a record, or an entry in the queue */
};

enum apply_answer {
    APPLY_FULL = 1, /* the newest segment has no room for this picture; nothing was changed */
    APPLY_BROKEN =
        2, /* the newest segment cannot be written; both transactions are to be aborted */
};

/* 0: applied, or refused with an outcome; an answer; -errno: the index's transaction failed. */
MUST_CHECK int apply_write(const struct apply *apply, const struct cache_write *write,
                           struct outcome *ret);

#endif
