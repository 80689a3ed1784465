/*
 * Carrying out purges: given in one transaction with other writes, gone through in turns of their
 * own, first the queue, then the records. Where it stands is part of each turn's transaction, so a
 * crash costs no more than the turn. The writer's thread.
 */
#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include "store/order.h"

/* 0; -EAGAIN: too many are under way, nothing was changed; other -errno: the transaction failed. */
MUST_CHECK int purge_give(struct index *index, MDB_txn *txn, const struct cache_purge *purge,
                          uint32_t *ret_number);

enum purge_answer {
    PURGE_NONE = 1, /* there is nothing to do */
    PURGE_DONE = 2, /* the oldest order is done: *ret */
};

/* One transaction: looks at no more than `limit` entries or records for the oldest order. 0: it is
 * not done yet; an answer; -errno: nothing was changed. */
MUST_CHECK int purge_turn(struct index *index, unsigned limit, struct order *ret);

#endif
