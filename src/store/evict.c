#include "store/evict.h"

#include "base/limits.h"
#include "base/list.h"
#include "store/content.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define KEPT_PART 4 /* of a segment, so that a new one is not full of the old */
#define PACE      3 /* the oldest is gone through while a third of the newest fills */
#define CLEANED   1 /* names looked at for each picture appended: what is met by no other */
#define ENOUGH    3 /* a positive answer that is no other's */

/* ---- what is still wanted ---- */

struct walk {
    struct segment_visitor visitor;
    struct evict *evict;
    const struct apply *apply;
    struct segment *from;
    unsigned left;
};

/* 0: left behind, or appended anew; APPLY_BROKEN; -errno. */
static int keep(struct walk *w, const uint8_t content[32], size_t len)
{
    struct segment *newest = ring_newest(w->apply->ring);
    bool wanted = ring_wanted(w->apply->ring, content);
    if (len > (wanted ? w->evict->room : w->evict->room_unread) || !segment_fits(newest, len))
        return 0;
    struct content_place place;
    int r = content_find(w->apply->index, w->apply->txn, content, &place);
    if (r < 0)
        return r;
    if (r == CACHE_NONE || place.generation != w->from->generation)
        return 0; /* it has a younger copy */
    if (!wanted && !place.lasting)
        return 0;
    void *bytes;
    size_t bytes_len;
    struct segment_want want = {.content = content, .slot = place.slot};
    r = segment_read(w->from, &want, &bytes, &bytes_len);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    place.generation = newest->generation;
    r = segment_append(newest, content, (struct span){bytes, bytes_len}, &place.slot);
    free(bytes);
    if (r < 0)
        return r == -ENOMEM ? r : APPLY_BROKEN;
    ring_untouch(w->apply->ring, content);
    w->evict->room -= len;
    w->evict->room_unread -= len < w->evict->room_unread ? len : w->evict->room_unread;
    w->evict->kept++;
    return content_put(w->apply->index, w->apply->txn, content, &place);
}

static int visit(struct segment_visitor *self, const uint8_t content[32], size_t len)
{
    struct walk *w = container_of(self, struct walk, visitor);
    if (w->evict->wrapped && memcmp(content, w->evict->from, sizeof(w->evict->from)) > 0) {
        w->evict->walked = true;
        return ENOUGH;
    }
    int r = keep(w, content, len);
    memcpy(w->evict->after, content, sizeof(w->evict->after));
    return r != 0 ? r : --w->left == 0 ? ENOUGH : 0;
}

static int keep_some(struct evict *e, const struct apply *apply, uint64_t bytes)
{
    struct segment *newest = ring_newest(apply->ring);
    struct segment *oldest = ring_surplus(apply->ring, 2); /* the one that goes next */
    if (!newest || !oldest || oldest == newest)
        return 0;
    if (oldest->generation != e->generation) {
        e->generation = oldest->generation;
        e->entries = segment_count(oldest);
        e->room = ring_room(apply->ring) / KEPT_PART;
        e->room_unread = e->room / 2;
        e->walked = e->wrapped = false;
        e->due = 0;
        ring_begin_moving(apply->ring, e->generation);
        randombytes_buf(e->from, sizeof(e->from));
        memcpy(e->after, e->from, sizeof(e->after));
    }
    e->due += bytes * e->entries * PACE * 1024 / newest->size + 1;
    struct walk walk = {.visitor = {.visit = visit},
                        .evict = e,
                        .apply = apply,
                        .from = oldest,
                        .left = (unsigned)(e->due / 1024)};
    if (e->walked || walk.left == 0)
        return 0;
    e->due %= 1024;
    int r = segment_each(oldest, e->after, &walk.visitor);
    if (r == 0 && e->wrapped)
        e->walked = true;
    if (r == 0 && !e->wrapped) {
        e->wrapped = true;
        memset(e->after, 0, sizeof(e->after));
    }
    return r == ENOUGH ? 0 : r;
}

/* ---- both ---- */

int evict_some(struct evict *evict, const struct apply *apply, unsigned count, uint64_t bytes)
{
    const struct evict before = *evict;
    int r = keep_some(evict, apply, bytes);
    if (r == 0)
        r = content_clean(apply->index, apply->txn, ring_first_generation(apply->ring),
                          count * CLEANED, evict->cleaned);
    if (r != 0)
        *evict = before;
    return r;
}

int evict_for_new(struct ring *ring)
{
    struct segment *surplus;
    while ((surplus = ring_surplus(ring, 1))) {
        int r = ring_surplus(ring, 0) ? RING_UNLIKE : ring_renew(ring);
        if (r == 0)
            return 0;
        if (r == RING_UNLIKE)
            ring_drop(ring, surplus);
    }
    int r = ring_grow(ring);
    while (r == -ENOSPC && ring_oldest(ring)) {
        r = ring_renew(ring);
        if (r == RING_UNLIKE)
            ring_drop(ring, ring_oldest(ring));
        if (r != 0)
            r = ring_grow(ring);
    }
    return r;
}

void evict_surplus(struct ring *ring)
{
    while (ring_surplus(ring, 0) && ring_oldest(ring))
        ring_drop(ring, ring_oldest(ring));
}
