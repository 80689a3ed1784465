/*
 * Where pictures are, by content, and how many records hold each that is encrypted: the index's
 * tables `contents` and `shreds`. A picture that was never encrypted is not counted.
 *
 * A name may stand there for a while after its segment is gone (evict.h). A counted entry lasts for
 * as long as a record holds it, even when its picture is gone with its segment, since the same
 * picture may come again by another URL. When the last record lets go, the key of its picture is
 * noted in `shreds`, in the same transaction, to be written over (shred.h).
 *
 * Reading is for any thread, in its transaction; writing is the writer's.
 */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "store/index.h"
#include "store/slots.h"

struct content_place {
    uint64_t generation; /* of the segment */
    uint32_t slot;       /* of the key there, or SLOTS_NONE */
    bool lasting;        /* it could not be fetched again: to be kept longer than others */
};

/* Where is it? 0, CACHE_NONE or -errno. */
MUST_CHECK int content_find(const struct index *index, MDB_txn *txn, const uint8_t content[32],
                            struct content_place *ret);

/* It is there now; of a copy elsewhere the key is not needed any more. 0 or -errno. */
MUST_CHECK int content_put(struct index *index, MDB_txn *txn, const uint8_t content[32],
                           const struct content_place *place);

/* Its segment goes: it is at `place` now, or with NULL nowhere. 0 or -errno. */
MUST_CHECK int content_move(struct index *index, MDB_txn *txn, const uint8_t content[32],
                            const struct content_place *place);

/* Looks at the next `limit` names behind `at`, round and round, and takes out those whose segment
 * is older than `oldest`, and so no more. 0, with `at` where it stopped, or -errno. */
MUST_CHECK int content_clean(struct index *index, MDB_txn *txn, uint64_t oldest, unsigned limit,
                             uint8_t at[32]);

/* The same for those that stand in one page with `content`, which was just put there (beside.h). 0
 * or -errno. */
MUST_CHECK int content_clean_beside(struct index *index, MDB_txn *txn, uint64_t oldest,
                                    const uint8_t content[32]);

/* A record holds it, or does no more. 1: it is counted; 0: it is not; -errno. */
MUST_CHECK int content_hold(struct index *index, MDB_txn *txn, const uint8_t content[32]);
MUST_CHECK int content_release(struct index *index, MDB_txn *txn, const uint8_t content[32]);

/* The first key to be written over behind `after` (NULL: of all), by segments. 0, CACHE_NONE or
 * -errno. */
MUST_CHECK int content_shred_next(const struct index *index, MDB_txn *txn,
                                  const struct content_place *after, struct content_place *ret);
MUST_CHECK int content_shred_remove(const struct index *index, MDB_txn *txn,
                                    const struct content_place *place);

#endif
