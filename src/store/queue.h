/*
 * What is still to be fetched: URLs, sealed, inside the index's environment and transactions. On
 * disk only lengths, times and which of them belong together can be read.
 *
 * Three tables: `waiting` holds the entries in the order of group and time; `places` finds an entry
 * by the first eight bytes of its key; `heads` has each group once, in the order of the first entry
 * of each. Sealing is the contract's form for URLs: the nonce of XChaCha20 is a keyed hash of what
 * is sealed, and so is its proof. A million URLs of 120 bytes take 285 MB of disk, and no memory
 * (tests/unit/test_cache_size.c).
 *
 * An entry that cannot be opened (another secret, a damaged value) is passed over, never an error.
 */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/index.h"

struct queue_entry {
    const struct cache_key *key;
    const void *url;
    size_t len; /* 1 to LIMIT_URL */
    int64_t due_s;
    uint32_t group;
    uint32_t stamp;
    uint16_t tenant;
    int64_t delivered_s;
};

/* What can be known of an entry without opening it. */
struct queue_found {
    uint8_t id[8];
    int64_t due_s;
    uint32_t group;
    uint32_t stamp;
    uint16_t tenant;
    int64_t delivered_s;
};

/* 0, CACHE_NONE or -errno. */
MUST_CHECK int queue_find(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                          struct queue_found *ret);

/* Adds the entry, in place of the one that is there. */
MUST_CHECK int queue_put(const struct index *index, MDB_txn *txn, const struct queue_entry *entry);

/* Another date and other notes for what was found: of `to` all but id and group counts. What is
 * sealed stays as it is. 0 or -errno. */
MUST_CHECK int queue_change(const struct index *index, MDB_txn *txn, const struct queue_found *from,
                            const struct queue_found *to);

/* 0; CACHE_NONE when there is none; -errno. */
MUST_CHECK int queue_remove(const struct index *index, MDB_txn *txn, const struct cache_key *key);

/* Takes what was found out, also when it cannot be opened. 0 or -errno. */
MUST_CHECK int queue_remove_found(const struct index *index, MDB_txn *txn,
                                  const struct queue_found *found);

/* Opens what was found. 0, CACHE_NONE when it cannot be opened, -errno. */
MUST_CHECK int queue_unseal(const struct index *index, MDB_txn *txn,
                            const struct queue_found *found, struct cache_queued *ret);

/* The first entry behind the place of `after`, in its group or a later one; only its id, group and
 * due_s are looked at; with all of them at their smallest: the first of all. 0, CACHE_NONE or
 * -errno. */
MUST_CHECK int queue_next(const struct index *index, MDB_txn *txn, const struct queue_found *after,
                          struct queue_found *ret);

/* See cache_queue_next_group. */
MUST_CHECK int queue_next_group(const struct index *index, MDB_txn *txn,
                                const struct cache_group *after, struct cache_group *ret);

#endif
