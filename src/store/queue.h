/*
 * What is still to be fetched: URLs sealed with XChaCha20-Poly1305 (a fresh random nonce each, the
 * entry's key as associated data), by key and by due time, inside the index's environment and
 * transactions. On disk only lengths and times can be read.
 *
 * An entry that cannot be opened (another secret, a damaged value) is passed over, never an error.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/index.h"

/* 0, CACHE_NONE or -errno. */
MUST_CHECK int queue_due(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                         int64_t *ret_due_s);

struct queue_entry {
    const struct cache_key *key;
    const void *url;
    size_t len; /* 1 to LIMIT_URL */
    int64_t due_s;
};

/* Adds the entry, or moves the one that is there to `due_s`. */
MUST_CHECK int queue_put(const struct index *index, MDB_txn *txn, const struct queue_entry *entry);

/* Another date for the entry, if there is one. 0 or -errno. */
MUST_CHECK int queue_move(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                          int64_t due_s);

/* 0 also when there is none. */
MUST_CHECK int queue_remove(const struct index *index, MDB_txn *txn, const struct cache_key *key);

/* The first entry after `after` (NULL: of all). 0, CACHE_NONE or -errno. */
MUST_CHECK int queue_next(const struct index *index, MDB_txn *txn, const struct cache_queued *after,
                          struct cache_queued *ret);

#endif
