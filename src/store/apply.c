#include "store/apply.h"

#include "store/queue.h"
#include "sys/clock.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static int64_t or_now(int64_t given_s)
{
    return given_s ? given_s : clock_wall_s();
}

/* Writes the record and reports it. */
static int put(const struct apply *a, const struct cache_write *w,
               const struct cache_record *record, struct outcome *ret)
{
    ret->record = *record;
    return index_record_put(a->index, a->txn, &w->key, record);
}

static int refuse(int result, const struct cache_record *record, struct outcome *ret)
{
    ret->result = result;
    ret->record = *record;
    return 0;
}

/* What an op that is "requeued" leaves in the queue. */
static int requeue(const struct apply *a, const struct cache_write *w)
{
    if (!w->bytes || w->record.retry_s == 0)
        return queue_remove(a->index, a->txn, &w->key);
    struct queue_entry entry = {
        .key = &w->key, .url = w->bytes, .len = w->len, .due_s = w->record.retry_s};
    return queue_put(a->index, a->txn, &entry);
}

static int apply_claim(const struct apply *a, const struct cache_write *w,
                       struct cache_record *record, struct outcome *ret)
{
    if (record->state != w->seen)
        return refuse(CACHE_CHANGED, record, ret);
    if (record->state == 0 && a->index->tight)
        return refuse(-ENOSPC, record, ret);
    if (record->state != CACHE_FAILED)
        record->tries = 0;
    if (record->tries < UINT8_MAX)
        record->tries++;
    record->state = CACHE_CLAIMED;
    record->claimed_s = or_now(w->record.claimed_s);
    int r = put(a, w, record, ret);
    return r < 0 ? r : requeue(a, w);
}

/* Finds or appends the picture. 0; APPLY_...; -errno with `*ret_kept` untouched. */
static int keep_picture(const struct apply *a, const struct cache_write *w,
                        const uint8_t content[32], int *ret_kept)
{
    uint64_t generation;
    int r = index_content(a->index, a->txn, content, &generation);
    if (r < 0)
        return r;
    struct segment *has = r == 0 ? ring_find(a->ring, generation) : NULL;
    if (has && segment_holds(has, content, w->bytes, w->len)) {
        if (has != ring_newest(a->ring))
            ring_touch(a->ring, content);
        *ret_kept = 0;
        return 0;
    }
    struct segment *newest = ring_newest(a->ring);
    *ret_kept = -ENOSPC;
    if (a->no_picture < 0)
        *ret_kept = a->no_picture;
    else if (a->index->tight || w->len > ring_room(a->ring))
        *ret_kept = -ENOSPC;
    else if (!newest || !segment_fits(newest, w->len))
        return APPLY_FULL;
    else {
        r = segment_append(newest, content, w->bytes, w->len);
        if (r < 0)
            return r == -ENOMEM ? r : APPLY_BROKEN;
        *ret_kept = 0;
        return index_content_put(a->index, a->txn, content, newest->generation);
    }
    return 0;
}

static int apply_store(const struct apply *a, const struct cache_write *w,
                       struct cache_record *record, struct outcome *ret)
{
    if (w->seen && record->state != w->seen)
        return refuse(CACHE_CHANGED, record, ret);
    if (w->len > LIMIT_DECODED_BYTES || (w->len == 0 && !w->record.pixel))
        return refuse(-EINVAL, record, ret);
    if (record->state == 0 && a->index->tight)
        return refuse(-ENOSPC, record, ret);

    uint8_t content[32] = {0};
    int kept = 0;
    if (!w->record.pixel) {
        crypto_generichash(content, sizeof(content), w->bytes, w->len, a->index->secret->content,
                           sizeof(a->index->secret->content));
        int r = keep_picture(a, w, content, &kept);
        if (r != 0)
            return r;
    }
    bool picture = kept == 0 && !w->record.pixel;
    record->state = CACHE_STORED;
    record->reason = 0;
    record->retry_s = 0;
    record->answered_s = or_now(w->record.answered_s);
    record->pixel = w->record.pixel ? 1 : 0;
    record->type = picture ? w->record.type : IMAGE_NONE;
    record->size = picture ? (uint32_t)w->len : 0;
    memset(record->content, 0, sizeof(record->content));
    if (picture)
        memcpy(record->content, content, sizeof(content));
    ret->result = kept;
    int r = put(a, w, record, ret);
    return r < 0 ? r : queue_remove(a->index, a->txn, &w->key);
}

static void drop_picture(struct cache_record *record)
{
    record->type = IMAGE_NONE;
    record->pixel = 0;
    record->size = 0;
    memset(record->content, 0, sizeof(record->content));
}

static int apply_fail(const struct apply *a, const struct cache_write *w,
                      struct cache_record *record, struct outcome *ret)
{
    if (w->seen && record->state != w->seen)
        return refuse(CACHE_CHANGED, record, ret);
    if (record->state == 0 && a->index->tight)
        return refuse(-ENOSPC, record, ret);
    record->state = CACHE_FAILED;
    record->reason = w->record.reason;
    record->retry_s = w->record.retry_s;
    record->answered_s = or_now(w->record.answered_s);
    drop_picture(record);
    int r = put(a, w, record, ret);
    return r < 0 ? r : requeue(a, w);
}

static int apply_purge(const struct apply *a, const struct cache_write *w,
                       struct cache_record *record, struct outcome *ret)
{
    if (record->state == 0)
        return refuse(0, record, ret);
    record->state = CACHE_STORED;
    record->reason = 0;
    record->retry_s = 0;
    record->answered_s = or_now(record->answered_s);
    drop_picture(record);
    int r = put(a, w, record, ret);
    return r < 0 ? r : queue_remove(a->index, a->txn, &w->key);
}

static int apply_forget(const struct apply *a, const struct cache_write *w,
                        struct cache_record *record, struct outcome *ret)
{
    memset(record, 0, sizeof(*record));
    ret->record = *record;
    int r = index_record_remove(a->index, a->txn, &w->key);
    return r < 0 ? r : queue_remove(a->index, a->txn, &w->key);
}

static int apply_sharer(const struct apply *a, const struct cache_write *w,
                        struct cache_record *record, struct outcome *ret)
{
    if (record->state == 0 || record->sharers_count >= CACHE_SHARERS)
        return refuse(0, record, ret);
    for (unsigned i = 0; i < record->sharers_count; i++)
        if (record->sharers[i] == w->record.sharers[0])
            return refuse(0, record, ret);
    record->sharers[record->sharers_count++] = w->record.sharers[0];
    return put(a, w, record, ret);
}

static int apply_enqueue(const struct apply *a, const struct cache_write *w,
                         struct cache_record *record, struct outcome *ret)
{
    if (w->len == 0 || w->len > LIMIT_URL)
        return refuse(-EINVAL, record, ret);
    int64_t due_s;
    int r = queue_due(a->index, a->txn, &w->key, &due_s);
    if (r < 0)
        return r;
    ret->record = *record;
    ret->record.retry_s = w->record.retry_s;
    if (r == 0 && due_s <= w->record.retry_s) {
        ret->record.retry_s = due_s;
        return 0;
    }
    if (r == CACHE_NONE && a->index->tight)
        return refuse(-ENOSPC, record, ret);
    struct queue_entry entry = {
        .key = &w->key, .url = w->bytes, .len = w->len, .due_s = w->record.retry_s};
    return queue_put(a->index, a->txn, &entry);
}

static int apply_requeue(const struct apply *a, const struct cache_write *w,
                         struct cache_record *record, struct outcome *ret)
{
    if (w->seen && record->state != w->seen)
        return refuse(CACHE_CHANGED, record, ret);
    ret->record = *record;
    ret->record.retry_s = w->record.retry_s;
    return w->bytes ? requeue(a, w) : queue_move(a->index, a->txn, &w->key, w->record.retry_s);
}

int apply_write(const struct apply *apply, const struct cache_write *write, struct outcome *ret)
{
    struct cache_record record = {0};
    *ret = (struct outcome){0};
    int r = index_record(apply->index, apply->txn, &write->key, &record);
    if (r == CACHE_NONE)
        record = (struct cache_record){0};
    else if (r == -EBADMSG && write->op != CACHE_FORGET)
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
        return refuse(0, &record, ret);
    case CACHE_ENQUEUE:
        return apply_enqueue(apply, write, &record, ret);
    case CACHE_REQUEUE:
        return apply_requeue(apply, write, &record, ret);
    case CACHE_DEQUEUE:
        ret->record = record;
        return queue_remove(apply->index, apply->txn, &write->key);
    case CACHE_PURGE:
        return apply_purge(apply, write, &record, ret);
    case CACHE_FORGET:
        return apply_forget(apply, write, &record, ret);
    }
    return refuse(-EINVAL, &record, ret);
}
