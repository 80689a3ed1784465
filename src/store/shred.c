#include "store/shred.h"

#include "store/content.h"

#include <errno.h>

/* So many keys of older copies may wait for one another: each time is a commit. Not tuned. */
#define MOVED 256

struct shreds {
    unsigned count;
    struct content_place places[LIMIT_SHREDS];
};

/* As many as there is room for. 0 or -errno. */
static int read_some(const struct index *index, struct shreds *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(index->env, &txn);
    if (r < 0)
        return r;
    struct content_place *places = ret->places;
    ret->count = 0;
    while (ret->count < LIMIT_SHREDS &&
           (r = content_shred_next(index, txn, ret->count ? &places[ret->count - 1] : NULL,
                                   &places[ret->count])) == 0)
        ret->count++;
    env_read_end(index->env, txn);
    return r < 0 ? r : 0;
}

/* Those of one segment, from `from` on. How many they were. */
static unsigned write_over(struct ring *ring, const struct shreds *shreds, unsigned from)
{
    uint64_t generation = shreds->places[from].generation;
    struct segment *segment = ring_find(ring, generation);
    unsigned upto = from;
    int r = 0;
    for (; upto < shreds->count && shreds->places[upto].generation == generation; upto++)
        if (segment && r == 0)
            r = segment_shred(segment, shreds->places[upto].slot);
    if (segment && r == 0)
        r = segment_shred_sync(segment);
    if (r < 0)
        ring_drop(ring, segment);
    return upto - from;
}

static int forget(struct index *index, const struct shreds *shreds)
{
    for (unsigned at = 0; at < shreds->count;) {
        MDB_txn *txn;
        int r = index_begin(index, &txn);
        if (r < 0)
            return r;
        for (unsigned i = 0; i < index->room.changes && at < shreds->count && r == 0; i++)
            r = content_shred_remove(index, txn, &shreds->places[at++]);
        if (r < 0) {
            index_abort(index, txn);
            return r;
        }
        r = index_commit(index, txn);
        if (r < 0)
            return r;
    }
    return 0;
}

int shred_all(struct index *index, struct ring *ring)
{
    if (!index->shreds_due && index->shreds_moved < MOVED)
        return 0;
    struct shreds *shreds = malloc(sizeof(*shreds));
    if (!shreds)
        return -ENOMEM;
    int r;
    do {
        r = read_some(index, shreds);
        for (unsigned at = 0; r == 0 && at < shreds->count;)
            at += write_over(ring, shreds, at);
        if (r == 0)
            r = forget(index, shreds);
    } while (r == 0 && shreds->count == LIMIT_SHREDS);
    free(shreds);
    index->shreds_due = r < 0;
    index->shreds_moved = 0;
    return r;
}
