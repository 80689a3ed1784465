/*
 * The index: one durable LMDB environment of small values. Records by keyed hash of their URL; the
 * claims among them once more, so that opening finds those without outcome at once; picture names
 * with where they are, and keys that are to be written over (content.h); the queue (queue.h); the
 * purges under way (order.h); figures.
 *
 * Reading is for any thread. Writing is for one thread: index_begin, any of the functions that take
 * a transaction, then index_commit or index_abort. After a function with a transaction returned
 * a negative errno, that transaction can only be aborted.
 *
 * A part of the map is kept back: when little is left, `tight` tells the writer to refuse what
 * would add entries (-ENOSPC), so that outcomes of what is already claimed still find room. Long
 * before that it is `low`, and forgetting begins (sweep.h).
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "store/cache.h"
#include "store/env.h"
#include "store/record.h"
#include "store/secret.h"

#include <stdbool.h>

/* Kept with every commit, so that they are exact after a crash too. */
struct index_figures {
    uint64_t kinds[RECORD_KINDS]; /* records, by kind */
    uint64_t forgotten;           /* by sweeps, ever */
    uint64_t early;               /* of those, before their time */
    uint32_t last_order;          /* number of the last purge */
    uint32_t slots;               /* known here of the segment `slots_of`, the last one with keys */
    uint64_t slots_of;
    uint64_t gone; /* entries of `contents` whose picture is gone */
};

/* Of the map, in pages. */
struct index_room {
    uint64_t all;
    uint64_t free;  /* when it was counted last; only when little is left is that done often */
    uint64_t low;   /* less is free: begin to forget */
    uint64_t tight; /* less is free: refuse */
    /* So many changes a transaction: each copies some pages, and those that it frees are used again
     * by the next transaction but one. */
    unsigned changes;
};

struct index {
    struct env *env;
    const struct secret *secret; /* borrowed */
    _Atomic unsigned shared_by;  /* cache.h */
    MDB_dbi records;
    MDB_dbi claims;
    MDB_dbi contents;
    MDB_dbi waiting; /* the queue's, as the next two */
    MDB_dbi places;
    MDB_dbi heads;
    MDB_dbi orders;
    MDB_dbi about;
    MDB_dbi shreds;
    /* The writer's, as index_begin found them. */
    struct index_figures figures;
    struct index_figures figures_read; /* what stands on disk */
    struct index_room room;
    bool tight;
    bool shreds_due;       /* in `shreds` may stand what no record holds */
    unsigned shreds_moved; /* likewise, how many that are held, but elsewhere by now */
    bool queue_full;       /* it has its share of the map */
    unsigned uncounted;
};

/* Of `conf` the folder, the size and when it was closed. 0; -EBADMSG when what is there cannot be
 * read; -errno. */
MUST_CHECK int index_open(const struct env_conf *conf, const struct secret *secret,
                          struct index *ret);
void index_close(struct index *index);

MUST_CHECK int index_begin(struct index *index, MDB_txn **ret);
MUST_CHECK int index_commit(struct index *index, MDB_txn *txn);
void index_abort(struct index *index, MDB_txn *txn);

/* The figures as a transaction of any thread finds them; zeros when they cannot be read. */
void index_figures(const struct index *index, MDB_txn *txn, struct index_figures *ret);

/* The record as it lies there. 0, CACHE_NONE, -EBADMSG (a record of a format we do not know, or
 * damaged) or -errno. */
MUST_CHECK int index_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                            struct cache_record *ret);

/* Writes the record and keeps in step with it `claims`, the figures and who holds which picture;
 * `counted` is not looked at. */
MUST_CHECK int index_record_put(struct index *index, MDB_txn *txn, const struct cache_key *key,
                                const struct cache_record *record);

MUST_CHECK int index_record_remove(struct index *index, MDB_txn *txn, const struct cache_key *key);

/* Walks the records in the order of their keys, from the first after `after`. Stops when `visit`
 * returns other than 0, which is then the result; CACHE_NONE after the last. A damaged record comes
 * with NULL. `visit` may not change records. */
struct index_visitor {
    int (*visit)(struct index_visitor *self, const struct cache_key *key,
                 const struct cache_record *record);
};

MUST_CHECK int index_record_each(const struct index *index, MDB_txn *txn,
                                 const struct cache_key *after, struct index_visitor *visitor);

/* Any claim, or the one after `after`. 0, CACHE_NONE or -errno. */
MUST_CHECK int index_claim_next(const struct index *index, MDB_txn *txn,
                                const struct cache_key *after, struct cache_key *ret);

/* How many entries a database has; 0 when that cannot be read. */
uint64_t index_count(MDB_txn *txn, MDB_dbi dbi);

#endif
