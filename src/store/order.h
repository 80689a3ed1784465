/*
 * Purges under way: orders, kept in the index until everything they name has been gone through
 * (purge.h). Each has a number; records and queue entries carry the number of the last order that
 * was given before they were written, their stamp. So an order covers exactly what was there when
 * it was given, by no clock, and until it has got to a record, whoever reads that sees it as the
 * order will leave it: order_record, order_hides.
 *
 * Reading is for any thread, in its transaction; writing is the writer's. At most LIMIT_PURGES.
 */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "store/index.h"
#include "store/queue.h"

enum order_phase { ORDER_QUEUE, ORDER_RECORDS };

struct order {
    uint32_t number;
    uint8_t what; /* enum cache_purge_what, but CACHE_PURGE_URL */
    uint8_t forget;
    uint16_t tenant;
    uint64_t host;
    int64_t given_s;
    uint8_t phase; /* enum order_phase */
    struct queue_found place;
    struct cache_key after; /* in ORDER_RECORDS; zeros: from the beginning */
    uint64_t purged;
    uint64_t dequeued;
};

/* Are there any at all? */
bool order_any(const struct index *index, MDB_txn *txn);

/* The one with the smallest number. 0, CACHE_NONE or -errno. */
MUST_CHECK int order_first(const struct index *index, MDB_txn *txn, struct order *ret);

MUST_CHECK int order_put(const struct index *index, MDB_txn *txn, const struct order *order);
MUST_CHECK int order_remove(const struct index *index, MDB_txn *txn, uint32_t number);

/* Does it cover this record? */
bool order_covers(const struct order *order, const struct cache_record *record);

/* Does it cover this entry of the queue? 1, 0, or -errno. */
MUST_CHECK int order_covers_entry(const struct index *index, MDB_txn *txn,
                                  const struct order *order, const struct queue_found *found);

/* Those under way that leave a record for each that they cover. */
struct order_lasting {
    unsigned count;
    struct order all[LIMIT_PURGES];
};

/* 0 or -errno. */
MUST_CHECK int order_lasting(const struct index *index, MDB_txn *txn, struct order_lasting *ret);

/* Does any of them cover this record? */
bool order_lasting_covers(const struct order_lasting *lasting, const struct cache_record *record);

/* What is left of a record that was purged: answered_s is then when that was. */
void order_purge(struct cache_record *record, int64_t given_s);

/* A record as the orders leave it, that of a URL which was only queued included: the one way to ask
 * for a record. 0, CACHE_NONE, -EBADMSG or -errno. */
MUST_CHECK int order_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                            struct cache_record *ret);

/* Is this entry of the queue gone, as the orders leave it? 1, 0, or -errno. */
MUST_CHECK int order_hides(const struct index *index, MDB_txn *txn,
                           const struct queue_found *found);

#endif
