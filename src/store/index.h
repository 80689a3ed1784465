/*
 * The index: one durable LMDB environment of small values. Records by keyed hash of their URL; the
 * claims among them once more, so that opening finds those without outcome at once; picture names
 * with the segment that holds them; the queue (queue.h).
 *
 * Reading is for any thread. Writing is for one thread: index_begin, any of the functions that take
 * a transaction, then mdb_txn_commit or mdb_txn_abort. After a function with a transaction returned
 * a negative errno, that transaction can only be aborted.
 *
 * A part of the map is kept back: when little is left, `tight` tells the writer to refuse what
 * would add entries (-ENOSPC), so that outcomes of what is already claimed still find room.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "store/cache.h"
#include "store/env.h"
#include "store/secret.h"

#include <stdbool.h>

struct index {
    struct env *env;
    const struct secret *secret; /* borrowed */
    MDB_dbi records;
    MDB_dbi claims;
    MDB_dbi contents;
    MDB_dbi queue;
    MDB_dbi due;
    bool tight; /* set by index_begin; the writer's */
};

/* Of `conf` the folder, the size and when it was closed. 0; -EBADMSG when what is there cannot be
 * read; -errno. */
MUST_CHECK int index_open(const struct env_conf *conf, const struct secret *secret,
                          struct index *ret);
void index_close(struct index *index);

MUST_CHECK int index_begin(struct index *index, MDB_txn **ret);

/* 0, CACHE_NONE, -EBADMSG (a record of a format we do not know, or damaged) or -errno. */
MUST_CHECK int index_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                            struct cache_record *ret);

/* Writes the record and keeps `claims` in step with its state. */
MUST_CHECK int index_record_put(const struct index *index, MDB_txn *txn,
                                const struct cache_key *key, const struct cache_record *record);

MUST_CHECK int index_record_remove(const struct index *index, MDB_txn *txn,
                                   const struct cache_key *key);

/* Any claim, or the one after `after`. 0, CACHE_NONE or -errno. */
MUST_CHECK int index_claim_next(const struct index *index, MDB_txn *txn,
                                const struct cache_key *after, struct cache_key *ret);

/* The generation of the segment that has this picture. 0, CACHE_NONE or -errno. */
MUST_CHECK int index_content(const struct index *index, MDB_txn *txn, const uint8_t content[32],
                             uint64_t *ret_generation);
MUST_CHECK int index_content_put(const struct index *index, MDB_txn *txn, const uint8_t content[32],
                                 uint64_t generation);
MUST_CHECK int index_content_remove(const struct index *index, MDB_txn *txn,
                                    const uint8_t content[32]);

/* How many entries a database has; 0 when that cannot be read. */
uint64_t index_count(MDB_txn *txn, MDB_dbi dbi);

#endif
