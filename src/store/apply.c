/*
 * One file, though long: what each op means for the record, the picture and the queue is one table
 * at the end, and the ops above it share their notes and their ways of leaving the queue.
 */
#include "store/apply.h"

#include "base/list.h"
#include "store/content.h"
#include "store/purge.h"
#include "sys/clock.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static int64_t or_now(int64_t given_s)
{
    return given_s ? given_s : clock_wall_s();
}

/* Writes the record and reports it. From now on it is younger than every purge given so far. */
static int put(const struct apply *a, const struct cache_write *w, struct cache_record *record,
               struct outcome *ret)
{
    record->stamp = a->index->figures.last_order;
    ret->record = *record;
    return index_record_put(a->index, a->txn, &w->key, record);
}

static int refuse(int result, const struct cache_record *record, struct outcome *ret)
{
    ret->result = result;
    ret->record = *record;
    return 0;
}

/* ---- notes ---- */

static uint16_t both_tenants(uint16_t one, uint16_t other)
{
    if (one == 0 || one == other)
        return other;
    return other == 0 ? one : CACHE_TENANTS;
}

static int64_t later(int64_t one_s, int64_t other_s)
{
    return one_s > other_s ? one_s : other_s;
}

/* True when that changed anything. */
static bool take_notes(struct cache_record *record, const struct cache_record *notes)
{
    const struct cache_record before = *record;
    if (notes->host)
        record->host = notes->host;
    if (notes->hop_host)
        record->hop_host = notes->hop_host;
    record->tenant = both_tenants(record->tenant, notes->tenant);
    record->delivered_s = later(record->delivered_s, notes->delivered_s / 86400 * 86400);
    record->asked |= notes->asked != 0;
    return record->host != before.host || record->hop_host != before.hop_host ||
           record->tenant != before.tenant || record->delivered_s != before.delivered_s ||
           record->asked != before.asked;
}

/* ---- the queue ---- */

/* An entry that a purge under way covers is not there any more. 0, CACHE_NONE or -errno. */
static int find_entry(const struct apply *a, const struct cache_write *w, struct queue_found *ret)
{
    struct queue_found found;
    int r = queue_find(a->index, a->txn, &w->key, &found);
    if (r != 0)
        return r;
    r = order_hides(a->index, a->txn, &found);
    if (r != 0)
        return r < 0 ? r : CACHE_NONE;
    *ret = found;
    return 0;
}

static int leave_queue(const struct apply *a, const struct cache_write *w)
{
    int r = queue_remove(a->index, a->txn, &w->key);
    return r < 0 ? r : 0;
}

/* What an op that is "requeued" leaves in the queue. */
static int requeue(const struct apply *a, const struct cache_write *w,
                   const struct cache_record *record)
{
    if (!w->bytes || w->record.retry_s == 0)
        return leave_queue(a, w);
    struct queue_found found = {0};
    int r = find_entry(a, w, &found);
    if (r < 0)
        return r;
    struct queue_entry entry = {
        .key = &w->key,
        .url = w->bytes,
        .len = w->len,
        .due_s = w->record.retry_s,
        .group = w->group ? w->group : found.group,
        .stamp = a->index->figures.last_order,
        .tenant = both_tenants(record->tenant, found.tenant),
        .delivered_s = r == 0 ? found.delivered_s : record->delivered_s,
    };
    return queue_put(a->index, a->txn, &entry);
}

/* ---- what is asked, and what is answered ---- */

/* Who asked is known from the entry that it was queued with, if it was. */
static int take_entry(const struct apply *a, const struct cache_write *w,
                      struct cache_record *record)
{
    struct queue_found found = {0};
    int r = find_entry(a, w, &found);
    if (r < 0)
        return r;
    record->tenant = both_tenants(record->tenant, found.tenant);
    record->delivered_s = later(record->delivered_s, found.delivered_s);
    record->asked |= found.delivered_s == 0;
    return 0;
}

static int apply_claim(const struct apply *a, const struct cache_write *w,
                       struct cache_record *record, struct outcome *ret)
{
    if (record->state != w->seen || record->purged)
        return refuse(CACHE_CHANGED, record, ret);
    if (record->state == 0 && a->index->tight)
        return refuse(-ENOSPC, record, ret);
    int r = take_entry(a, w, record);
    if (r < 0)
        return r;
    take_notes(record, &w->record);
    if (record->state != CACHE_FAILED && record->state != CACHE_CLAIMED)
        record->tries = 0;
    if (record->tries < UINT8_MAX)
        record->tries++;
    if (!w->silent && record->requests < UINT16_MAX)
        record->requests++;
    if (!w->silent && record->answered && record->again < UINT8_MAX)
        record->again++;
    record->state = CACHE_CLAIMED;
    record->claimed_s = or_now(w->record.claimed_s);
    r = put(a, w, record, ret);
    return r < 0 ? r : requeue(a, w, record);
}

/* Is the picture, if it is there, to be kept longer than others? */
static int mark(const struct apply *a, const uint8_t content[32], bool lasting)
{
    struct content_place place;
    int r = content_find(a->index, a->txn, content, &place);
    if (r != 0 || place.lasting == lasting)
        return r < 0 ? r : 0;
    place.lasting = lasting;
    return content_move(a->index, a->txn, content, &place);
}

struct kept {
    int result; /* 0; -errno: it was not kept */
    struct content_place place;
};

/* Finds or appends the picture. 0; APPLY_...; -errno with `*ret` untouched. */
static int keep_picture(const struct apply *a, const struct cache_write *w,
                        const uint8_t content[32], bool lasting, struct kept *ret)
{
    const struct span bytes = {w->bytes, w->len};
    struct content_place place;
    int r = content_find(a->index, a->txn, content, &place);
    if (r < 0)
        return r;
    struct segment *has = r == 0 ? ring_find(a->ring, place.generation) : NULL;
    if (has && segment_holds(has, content, place.slot, bytes)) {
        if (has != ring_newest(a->ring))
            ring_touch(a->ring, content);
        *ret = (struct kept){0, place};
        return mark(a, content, lasting || place.lasting);
    }
    struct segment *newest = ring_newest(a->ring);
    if (a->no_picture < 0)
        ret->result = a->no_picture;
    else if (a->index->tight || w->len > ring_room(a->ring))
        ret->result = -ENOSPC;
    else if (!newest || !segment_fits(newest, w->len))
        return APPLY_FULL;
    else {
        place.generation = newest->generation;
        place.lasting = lasting;
        r = segment_append(newest, content, bytes, &place.slot);
        if (r < 0)
            return r == -ENOMEM ? r : APPLY_BROKEN;
        *ret = (struct kept){0, place};
        return content_put(a->index, a->txn, content, &place);
    }
    return 0;
}

/* What is encrypted has none: its slot stands with its name only, where it is shredded. */
static uint32_t place_of(const struct content_place *place)
{
    bool plain = place->slot == SLOTS_NONE && place->generation <= UINT32_MAX;
    return plain ? (uint32_t)place->generation : 0;
}

static int apply_store(const struct apply *a, const struct cache_write *w,
                       struct cache_record *record, struct outcome *ret)
{
    if ((w->seen && record->state != w->seen) || record->purged)
        return refuse(CACHE_CHANGED, record, ret);
    if (w->len > LIMIT_DECODED_BYTES || (w->len == 0 && !w->record.pixel))
        return refuse(-EINVAL, record, ret);
    if (record->state == 0 && a->index->tight)
        return refuse(-ENOSPC, record, ret);

    uint8_t content[32] = {0};
    struct kept kept = {0};
    if (!w->record.pixel) {
        crypto_generichash(content, sizeof(content), w->bytes, w->len, a->index->secret->content,
                           sizeof(a->index->secret->content));
        bool lasting = cache_sharers(record) < a->index->shared_by;
        int r = keep_picture(a, w, content, lasting, &kept);
        if (r != 0)
            return r;
    }
    bool picture = kept.result == 0 && !w->record.pixel;
    take_notes(record, &w->record);
    record->hop_host = w->record.hop_host; /* it need not redirect any more */
    record->state = CACHE_STORED;
    record->answered = 1;
    record->reason = 0;
    record->retry_s = 0;
    record->answered_s = or_now(w->record.answered_s);
    record->pixel = w->record.pixel ? 1 : 0;
    record->type = picture ? w->record.type : IMAGE_NONE;
    record->size = picture ? (uint32_t)w->len : 0;
    memset(record->content, 0, sizeof(record->content));
    if (picture)
        memcpy(record->content, content, sizeof(content));
    record->place = picture ? place_of(&kept.place) : 0;
    ret->result = kept.result;
    int r = put(a, w, record, ret);
    return r < 0 ? r : leave_queue(a, w);
}

static void drop_picture(struct cache_record *record)
{
    record->type = IMAGE_NONE;
    record->pixel = 0;
    record->size = 0;
    record->place = 0;
    memset(record->content, 0, sizeof(record->content));
}

static void take_back_try(const struct cache_write *w, struct cache_record *record)
{
    record->tries -= record->tries > 0;
    if (w->silent)
        return;
    record->requests -= record->requests > 0;
    record->again -= record->again > 0;
}

static int apply_fail(const struct apply *a, const struct cache_write *w,
                      struct cache_record *record, struct outcome *ret)
{
    if ((w->seen && record->state != w->seen) || record->purged)
        return refuse(CACHE_CHANGED, record, ret);
    if (record->state == 0 && a->index->tight)
        return refuse(-ENOSPC, record, ret);
    take_notes(record, &w->record);
    if (w->untried)
        take_back_try(w, record);
    record->state = CACHE_FAILED;
    record->reason = w->record.reason;
    record->retry_s = w->record.retry_s;
    record->answered_s = or_now(w->record.answered_s);
    drop_picture(record);
    int r = put(a, w, record, ret);
    return r < 0 ? r : requeue(a, w, record);
}

/* ---- the rest ---- */

static int was_queued(const struct apply *a, const struct cache_write *w, struct outcome *ret)
{
    struct queue_found found;
    int r = find_entry(a, w, &found);
    ret->existed |= r == 0;
    return r < 0 ? r : 0;
}

static int apply_purge(const struct apply *a, const struct cache_write *w,
                       struct cache_record *record, struct outcome *ret)
{
    int r = was_queued(a, w, ret);
    if (r < 0)
        return r;
    bool wish = w->record.purged && !record->purged;
    take_notes(record, &w->record);
    record->state = CACHE_STORED;
    record->reason = 0;
    record->retry_s = 0;
    record->purged |= w->record.purged != 0;
    record->answered_s = wish ? clock_wall_s() : or_now(record->answered_s);
    drop_picture(record);
    r = put(a, w, record, ret);
    return r < 0 ? r : leave_queue(a, w);
}

static int apply_forget(const struct apply *a, const struct cache_write *w,
                        struct cache_record *record, struct outcome *ret)
{
    int r = was_queued(a, w, ret);
    if (r < 0)
        return r;
    memset(record, 0, sizeof(*record));
    ret->record = *record;
    r = index_record_remove(a->index, a->txn, &w->key);
    return r < 0 ? r : leave_queue(a, w);
}

/* Notes only, of a record that there is. */
static int apply_note(const struct apply *a, const struct cache_write *w,
                      struct cache_record *record, struct outcome *ret)
{
    if (record->state == 0 || !take_notes(record, &w->record))
        return refuse(0, record, ret);
    return put(a, w, record, ret);
}

static bool add_sharer(struct cache_record *record, uint16_t sharer)
{
    if (record->sharers_count >= CACHE_SHARERS)
        return false;
    for (unsigned i = 0; i < record->sharers_count; i++)
        if (record->sharers[i] == sharer)
            return false;
    record->sharers[record->sharers_count++] = sharer;
    return true;
}

static int apply_sharer(const struct apply *a, const struct cache_write *w,
                        struct cache_record *record, struct outcome *ret)
{
    if (record->state == 0)
        return refuse(0, record, ret);
    bool changed = take_notes(record, &w->record);
    changed |= add_sharer(record, w->record.sharers[0]);
    /* However many shared it before: it may have been stored when it took more. */
    if (changed && record->size != 0 && cache_sharers(record) >= a->index->shared_by) {
        int r = mark(a, record->content, false); /* another one who holds it may yet be alone */
        if (r < 0)
            return r;
    }
    return changed ? put(a, w, record, ret) : refuse(0, record, ret);
}

/* What the notes of an entry become when it is queued once more: both, but delivered mail only if
 * both are. */
static struct queue_found both_notes(const struct apply *a, const struct cache_write *w,
                                     const struct queue_found *found)
{
    struct queue_found both = *found;
    int64_t day_s = w->record.delivered_s / 86400 * 86400;
    bool delivered = found->delivered_s != 0 && day_s != 0;
    both.stamp = a->index->figures.last_order;
    both.tenant = both_tenants(found->tenant, w->record.tenant);
    both.delivered_s = delivered ? later(found->delivered_s, day_s) : 0;
    return both;
}

static bool same_notes(const struct queue_found *one, const struct queue_found *other)
{
    return one->tenant == other->tenant && one->delivered_s == other->delivered_s;
}

/* Of what is being asked, or has failed, only the notes change. It is due when its claim said:
 * nobody advances that; and what is sealed there may be the hop of an answer that was a redirect:
 * whoever gave that is not asked again. */
static int note_entry(const struct apply *a, const struct cache_write *w,
                      const struct queue_found *found)
{
    struct queue_found both = both_notes(a, w, found);
    return same_notes(&both, found) ? 0 : queue_change(a->index, a->txn, found, &both);
}

/* A new entry, or what becomes of the one that is there: the earlier date. */
static int put_entry(const struct apply *a, const struct cache_write *w,
                     const struct queue_found *found, int64_t *ret_due_s)
{
    struct queue_entry entry = {
        .key = &w->key,
        .url = w->bytes,
        .len = w->len,
        .due_s = w->record.retry_s,
        .group = w->group,
        .stamp = a->index->figures.last_order,
        .tenant = w->record.tenant,
        .delivered_s = w->record.delivered_s / 86400 * 86400,
    };
    if (found) {
        struct queue_found both = both_notes(a, w, found);
        entry.tenant = both.tenant;
        entry.delivered_s = both.delivered_s;
        entry.group = entry.group ? entry.group : found->group;
        entry.due_s = found->due_s < entry.due_s ? found->due_s : entry.due_s;
        *ret_due_s = entry.due_s;
        if (entry.due_s == found->due_s && same_notes(&both, found))
            return 0;
    }
    *ret_due_s = entry.due_s;
    return queue_put(a->index, a->txn, &entry);
}

static int apply_enqueue(const struct apply *a, const struct cache_write *w,
                         struct cache_record *record, struct outcome *ret)
{
    if (w->len == 0 || w->len > LIMIT_URL)
        return refuse(-EINVAL, record, ret);
    if (record->purged)
        return refuse(CACHE_CHANGED, record, ret);
    struct queue_found found;
    int r = find_entry(a, w, &found);
    if (r < 0)
        return r;
    if (r == CACHE_NONE && (a->index->tight || a->index->queue_full))
        return refuse(-ENOSPC, record, ret);
    ret->record = *record;
    if (r == 0 && (record->state == CACHE_CLAIMED || record->state == CACHE_FAILED)) {
        ret->record.retry_s = found.due_s;
        r = note_entry(a, w, &found);
    } else {
        r = put_entry(a, w, r == 0 ? &found : NULL, &ret->record.retry_s);
    }
    if (r < 0 || record->state == 0 || !take_notes(record, &w->record))
        return r;
    int64_t due_s = ret->record.retry_s;
    r = put(a, w, record, ret);
    ret->record.retry_s = due_s;
    return r;
}

static int apply_requeue(const struct apply *a, const struct cache_write *w,
                         struct cache_record *record, struct outcome *ret)
{
    if ((w->seen && record->state != w->seen) || record->purged)
        return refuse(CACHE_CHANGED, record, ret);
    ret->record = *record;
    int r = 0;
    if (record->state != 0 && take_notes(record, &w->record))
        r = put(a, w, record, ret);
    ret->record.retry_s = w->record.retry_s;
    if (r < 0 || w->bytes)
        return r < 0 ? r : requeue(a, w, record);
    struct queue_found found;
    r = find_entry(a, w, &found);
    if (r < 0)
        return r;
    if (r != 0)
        return leave_queue(a, w);
    struct queue_found moved = found;
    moved.due_s = w->record.retry_s;
    return queue_change(a->index, a->txn, &found, &moved);
}

static int apply_order(const struct apply *a, const struct cache_write *w, struct outcome *ret)
{
    const struct cache_purge *purge = container_of(w, const struct cache_purge, write);
    int r = purge_give(a->index, a->txn, purge, &ret->record.stamp);
    if (r != -EAGAIN)
        return r;
    ret->result = r;
    return 0;
}

int apply_write(const struct apply *apply, const struct cache_write *write, struct outcome *ret)
{
    struct cache_record record = {0};
    *ret = (struct outcome){0};
    if (write->op == CACHE_ORDER)
        return apply_order(apply, write, ret);
    int r = order_record(apply->index, apply->txn, &write->key, &record);
    bool wish = write->op == CACHE_FORGET || write->op == CACHE_PURGE;
    ret->existed = r == 0 || r == -EBADMSG;
    if (r == CACHE_NONE)
        record = (struct cache_record){0};
    else if (r == -EBADMSG && !wish)
        return refuse(r, &record, ret); /* only forgetting it on purpose makes it fetchable again */
    else if (r < 0 && r != -EBADMSG)
        return r;
    switch (write->op) {
    case CACHE_CLAIM:
        return apply_claim(apply, write, &record, ret);
    case CACHE_STORE:
        return apply_store(apply, write, &record, ret);
    case CACHE_FAIL:
        return apply_fail(apply, write, &record, ret);
    case CACHE_SHARER:
        return apply_sharer(apply, write, &record, ret);
    case CACHE_NOTE:
        return apply_note(apply, write, &record, ret);
    case CACHE_ENQUEUE:
        return apply_enqueue(apply, write, &record, ret);
    case CACHE_REQUEUE:
        return apply_requeue(apply, write, &record, ret);
    case CACHE_DEQUEUE:
        ret->record = record;
        return leave_queue(apply, write);
    case CACHE_PURGE:
        return apply_purge(apply, write, &record, ret);
    case CACHE_FORGET:
        return apply_forget(apply, write, &record, ret);
    case CACHE_ORDER:
    case CACHE_TURN:
        break;
    }
    return refuse(-EINVAL, &record, ret);
}
