#include "store/evict.h"

#include "base/limits.h"
#include "base/list.h"
#include "store/commit.h"
#include "store/content.h"

#include <errno.h>

struct eviction {
    struct segment_visitor visitor;
    struct index *index;
    struct ring *ring;
    struct segment *from;
    MDB_txn *txn;         /* of the index */
    uint64_t room;        /* bytes that may still be appended anew */
    uint64_t uncommitted; /* of those */
    unsigned changes;     /* in txn */
};

#define CHANGES_A_COMMIT 4096 /* keeps a transaction's pages to a few MiB */

static int commit(struct eviction *e)
{
    e->uncommitted = 0;
    e->changes = 0;
    int r = commit_all(e->index, e->ring, take(e->txn));
    return r == COMMIT_BROKEN ? -EIO : r;
}

/* 0; 1: appended, *ret is where; -errno. */
static int keep(struct eviction *e, const uint8_t content[32], size_t len,
                const struct content_place *from, struct content_place *ret)
{
    struct segment *newest = ring_newest(e->ring);
    if (!newest || newest == e->from || len > e->room || !ring_wanted(e->ring, content) ||
        !segment_fits(newest, len))
        return 0;
    void *bytes;
    size_t bytes_len;
    const struct segment_want want = {.content = content, .slot = from->slot};
    int r = segment_read(e->from, &want, &bytes, &bytes_len);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    ret->generation = newest->generation;
    r = segment_append(newest, content, (struct span){bytes, bytes_len}, &ret->slot);
    free(bytes);
    if (r < 0)
        return r;
    e->room -= len;
    e->uncommitted += len;
    return 1;
}

static int visit(struct segment_visitor *self, const uint8_t content[32], size_t len)
{
    struct eviction *e = container_of(self, struct eviction, visitor);
    int r = e->txn ? 0 : index_begin(e->index, &e->txn);
    if (r < 0) {
        e->txn = NULL;
        return r;
    }
    struct content_place place, kept;
    r = content_find(e->index, e->txn, content, &place);
    if (r < 0)
        return r;
    if (r == CACHE_NONE || place.generation != e->from->generation)
        return 0; /* it has a younger copy */
    r = keep(e, content, len, &place, &kept);
    if (r >= 0)
        r = content_move(e->index, e->txn, content, r == 1 ? &kept : NULL);
    e->changes++;
    if (r == 0 && (e->changes >= CHANGES_A_COMMIT || e->uncommitted >= LIMIT_BATCH_BYTES))
        r = commit(e);
    return r;
}

static int walk(struct index *index, struct ring *ring, struct segment *from, uint64_t room)
{
    struct eviction e = {
        .visitor = {.visit = visit}, .index = index, .ring = ring, .from = from, .room = room};
    int r = segment_each(from, &e.visitor);
    if (r == 0 && e.txn)
        r = commit(&e);
    if (e.txn)
        index_abort(e.index, e.txn);
    if (r < 0 && ring_newest(ring))
        segment_abort(ring_newest(ring));
    return r;
}

/* The index forgets the pictures first; should that fail, the names that stay behind lead nowhere
 * and are overwritten when their picture comes again. */
static void drop(struct index *index, struct ring *ring, struct segment *segment, uint64_t room)
{
    if (walk(index, ring, segment, room) < 0 && room > 0)
        (void)walk(index, ring, segment, 0);
    ring_drop(ring, segment);
}

int evict_for_new(struct index *index, struct ring *ring)
{
    int r = ring_grow(ring);
    while (r == -ENOSPC && ring_oldest(ring)) {
        drop(index, ring, ring_oldest(ring), 0);
        r = ring_grow(ring);
    }
    if (r < 0)
        return r;
    while (ring_surplus(ring, 1) && ring_oldest(ring))
        drop(index, ring, ring_oldest(ring), ring_room(ring) / 4);
    return 0;
}

int evict_surplus(struct index *index, struct ring *ring)
{
    while (ring_surplus(ring, 1) && ring_oldest(ring))
        drop(index, ring, ring_oldest(ring), 0);
    return 0;
}
