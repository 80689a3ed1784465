#include "store/commit.h"

#include "store/apply.h"

_Static_assert(COMMIT_BROKEN == APPLY_BROKEN, "the writer passes it on");

int commit_all(struct index *index, struct ring *ring, MDB_txn *txn)
{
    struct segment *newest = ring_newest(ring);
    if (newest && segment_commit(newest) < 0) {
        commit_none(index, ring, txn);
        return COMMIT_BROKEN;
    }
    if (newest && segment_encrypts(newest)) {
        index->figures.slots_of = newest->generation;
        index->figures.slots = newest->slot_next;
    }
    int r = index_commit(index, txn);
    if (newest && r == 0)
        segment_confirm(newest);
    else if (newest)
        segment_abort(newest);
    return r;
}

void commit_none(struct index *index, struct ring *ring, MDB_txn *txn)
{
    if (ring_newest(ring))
        segment_abort(ring_newest(ring));
    if (txn)
        index_abort(index, txn);
}
