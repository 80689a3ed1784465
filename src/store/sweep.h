/*
 * Forgetting, in turns: a cursor goes round over the records in the order of their keys. Keys are
 * keyed hashes, so what it has passed lately is a fair sample of all, and from that is told which
 * records are among the oldest. Nothing on disk is needed for it: a second table in order of time
 * would take some 60 bytes a record and change with every answer, and what it forgets would lie
 * scattered over the whole index, where this goes from page to page.
 *
 * Records that leave give pages back only when many of them have left, so what is free says
 * little about how much may stay. Therefore the number of records is what is steered: when space
 * runs low it may not grow any more, and each time it does run lower all the same, it has to fall
 * by some.
 *
 * In a full index a record goes for each that comes. Then no turn is taken for that: among those
 * that stand in one page with what a commit has just written (beside.h), the oldest go, in the same
 * transaction. A turn would touch nearly as many pages more as it forgets records, and end in a
 * commit of its own; this touches none. Turns are left for what remains.
 *
 * What a purge under way covers never goes: the purge is to leave a record of it.
 *
 * The writer's thread, between its transactions, except sweep_spare and sweep_beside: in one of
 * them; and sweep_oldest_picture: any.
 */
#ifndef STORE_SWEEP_H
#define STORE_SWEEP_H

#include "store/index.h"
#include "store/ring.h"

struct sweep;

/* 0 or -ENOMEM. */
MUST_CHECK int sweep_new(struct index *index, struct ring *ring, struct sweep **ret);
void sweep_free(struct sweep *sweep); /* takes NULL */

/* The time and the terms, from now on; the rest of `terms` is not looked at. */
void sweep_set_terms(struct sweep *sweep, const struct cache_sweep *terms);

/* Is the index so full that turns are due, and have the terms been told? */
bool sweep_pressed(struct sweep *sweep);

/* Is it so full that sweep_beside does not suffice? */
bool sweep_behind(struct sweep *sweep);

/* Before sweep_beside, in its transaction: all keys that were written in that. None of them goes
 * with it, for whoever wrote them is yet to be told so. 0 or -errno: then `txn` is to be
 * aborted. */
MUST_CHECK int sweep_spare(struct sweep *sweep, MDB_txn *txn, const struct cache_key *const *keys,
                           unsigned count);

/* When turns are due: forgets some of the oldest beside this record, which was just written in
 * `txn`. 0 or -errno: then that is to be aborted. */
MUST_CHECK int sweep_beside(struct sweep *sweep, MDB_txn *txn, const struct cache_key *key);

/* One turn: adds to visited, forgotten, early and sets round. 0 or -errno; then nothing was
 * forgotten. */
MUST_CHECK int sweep_turn(struct sweep *sweep, struct cache_sweep *ret);

/* See cache_usage. */
int64_t sweep_oldest_picture(const struct sweep *sweep);

#endif
