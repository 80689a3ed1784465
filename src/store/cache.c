/*
 * One file, though long: the calls of cache.h, each a few lines over the parts behind it, which
 * nobody else may see.
 */
#include "store/cache.h"

#include "base/list.h"
#include "store/content.h"
#include "store/evict.h"
#include "store/folder.h"
#include "store/little.h"
#include "store/memo.h"
#include "store/order.h"
#include "store/secret.h"
#include "store/shred.h"
#include "store/trust.h"
#include "store/upgrade.h"
#include "store/writer.h"
#include "sys/clock.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct cache {
    struct folder folder;
    struct secret secret;
    struct index index;
    struct ring *ring;
    struct writer *writer;
    bool index_lost;
    bool trusts; /* it is this folder that trust.h speaks of */
    bool unsynced;
};

/* ---- opening ---- */

/* A claim without outcome is a failed try, due again when its queue entry is; or it was purged. */
static int fail_claim(struct cache *cache, MDB_txn *txn, const struct cache_key *key)
{
    struct cache_record record;
    int r = order_record(&cache->index, txn, key, &record);
    if (r == CACHE_NONE)
        return index_record_remove(&cache->index, txn, key);
    if (r < 0)
        return r == -EBADMSG ? 0 : r;
    if (record.state != CACHE_CLAIMED)
        return index_record_put(&cache->index, txn, key, &record);
    struct queue_found found = {0};
    r = queue_find(&cache->index, txn, key, &found);
    if (r < 0)
        return r;
    record.state = CACHE_FAILED;
    record.reason = CACHE_REASON_CRASHED;
    record.answered_s = clock_wall_s();
    record.retry_s = found.due_s;
    return index_record_put(&cache->index, txn, key, &record);
}

static int fail_claims(struct cache *cache)
{
    MDB_txn *txn;
    int r = index_begin(&cache->index, &txn);
    if (r < 0)
        return r;
    struct cache_key key;
    r = index_claim_next(&cache->index, txn, NULL, &key);
    while (r == 0) {
        r = fail_claim(cache, txn, &key);
        if (r == 0)
            r = index_claim_next(&cache->index, txn, &key, &key);
    }
    if (r < 0) {
        index_abort(&cache->index, txn);
        return r;
    }
    return index_commit(&cache->index, txn);
}

static int open_index(struct cache *cache, uint64_t size, bool *ret_fresh)
{
    struct env_conf conf = {
        .dir = cache->folder.index, .size = size, .closed = cache->folder.closed};
    if (cache->unsynced)
        conf.flags = MDB_NOSYNC;
    *ret_fresh = !cache->folder.has_index;
    int r = index_open(&conf, &cache->secret, &cache->index);
    if (r != -EBADMSG || *ret_fresh)
        return r;
    r = folder_set_index_aside(&cache->folder);
    if (r < 0)
        return r;
    cache->index_lost = true;
    *ret_fresh = true;
    return index_open(&conf, &cache->secret, &cache->index);
}

static int open_all(const struct cache_conf *conf, struct cache *cache)
{
    if (conf->index_size < LIMIT_INDEX_MIN || conf->size < conf->index_size)
        return -EINVAL;
    int r = folder_open(conf->dir, &cache->folder);
    if (r == 0)
        r = trust_open(conf->dir, cache->folder.closed.s != 0);
    if (r != 0)
        return r;
    cache->trusts = true;
    r = secret_load(cache->folder.secret, !cache->folder.has_index, &cache->secret);
    if (r < 0)
        return r;
    /* The lock file, the folder and the small files come out of the index's share. */
    bool fresh = false;
    r = open_index(cache, (conf->index_size - 64 * KiB) / 4096 * 4096, &fresh);
    if (r < 0)
        return r;
    struct ring_conf ring_conf = {.dir = conf->dir,
                                  .size = conf->size - conf->index_size,
                                  .secret = &cache->secret,
                                  .closed = cache->folder.closed,
                                  .empty = fresh,
                                  .encrypt = conf->encrypt,
                                  .unsynced = conf->unsynced,
                                  .slots_of = cache->index.figures.slots_of,
                                  .slots = cache->index.figures.slots};
    r = ring_open(&ring_conf, &cache->ring);
    if (r == 0)
        (void)shred_all(&cache->index, cache->ring); /* a full index: once more after each commit */
    if (r == 0)
        evict_surplus(cache->ring);
    if (r == 0)
        r = upgrade_queue(&cache->index);
    if (r == 0)
        r = fail_claims(cache);
    struct writer_conf writer_conf = {
        .index = &cache->index, .ring = cache->ring, .loop = conf->loop};
    return r < 0 ? r : writer_start(&writer_conf, &cache->writer);
}

int cache_open(const struct cache_conf *conf, struct cache **ret)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return -ENOMEM;
    cache->folder.lock_fd = -1;
    cache->unsynced = conf->unsynced;
    int r = open_all(conf, cache);
    if (r != 0) {
        cache_close(cache);
        return r;
    }
    *ret = cache;
    return 0;
}

void cache_close(struct cache *cache)
{
    if (!cache)
        return;
    bool well = cache->writer; /* opening had succeeded */
    writer_stop(cache->writer);
    ring_close(cache->ring);
    index_close(&cache->index);
    if (well)
        folder_closed_well(&cache->folder);
    if (cache->trusts)
        trust_close();
    folder_close(&cache->folder);
    sodium_memzero(&cache->secret, sizeof(cache->secret));
    free(cache);
}

void cache_distrust(void)
{
    trust_lose();
}

/* ---- keys ---- */

void cache_key_of_url(const struct cache *cache, const char *url, size_t len, struct cache_key *ret)
{
    secret_url_key(&cache->secret, url, len, ret->bytes);
}

void cache_keyed_hash(const struct cache *cache, const char *label, const void *bytes, size_t len,
                      struct cache_key *ret)
{
    secret_keyed_hash(&cache->secret, label, (struct span){bytes, len}, ret->bytes);
}

uint64_t cache_host_hash(const struct cache *cache, const char *host, size_t len)
{
    return secret_host_hash(&cache->secret, (struct span){host, len});
}

uint16_t cache_tenant_hash(const struct cache *cache, const char *name, size_t len)
{
    uint8_t hash[32];
    secret_keyed_hash(&cache->secret, "tenant", (struct span){name, len}, hash);
    return (uint16_t)(little_get32(hash) % (CACHE_TENANTS - 1U) + 1);
}

uint32_t cache_group_hash(const struct cache *cache, const char *name, size_t len)
{
    uint8_t hash[32];
    secret_keyed_hash(&cache->secret, "group", (struct span){name, len}, hash);
    uint32_t group = little_get32(hash);
    return group ? group : 1;
}

/* ---- reading ---- */

int cache_lookup(const struct cache *cache, const struct cache_key *key, struct cache_record *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = order_record(&cache->index, txn, key, ret);
    env_read_end(cache->index.env, txn);
    return r;
}

static int find_picture(const struct cache *cache, const struct cache_record *record,
                        struct content_place *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = content_find(&cache->index, txn, record->content, ret);
    env_read_end(cache->index.env, txn);
    return r;
}

static int read_at(const struct cache *cache, struct cache_want *want, void **ret, size_t *ret_len)
{
    struct cache_place *place = &want->place;
    struct segment_want in_segment = {.content = want->record->content,
                                      .slot = place->slot,
                                      .resident = want->resident,
                                      .lies = {place->at, place->len}};
    int r = ring_read(cache->ring, place->generation, &in_segment, ret, ret_len);
    place->at = in_segment.lies.ptr;
    place->len = (uint32_t)in_segment.lies.len;
    return r == SEGMENT_AWAY ? CACHE_AWAY : r;
}

/* Where to look before the index is asked; all zero: nowhere. Of a segment whose pictures move, it
 * is to be asked at once: the copy that stays is in memory, and reading the old one would say that
 * it has to be kept once more. */
static struct cache_place first_place(const struct cache *cache, const struct cache_want *want)
{
    struct cache_place place = want->place;
    if (place.generation == 0)
        place = (struct cache_place){.generation = want->record->place, .slot = SLOTS_NONE};
    return ring_moves(cache->ring, place.generation) ? (struct cache_place){0} : place;
}

int cache_read_wanted(const struct cache *cache, struct cache_want *want, void **ret,
                      size_t *ret_len)
{
    const struct cache_record *record = want->record;
    if (sodium_is_zero(record->content, sizeof(record->content)))
        return CACHE_NONE;
    want->place = first_place(cache, want);
    int r = want->place.generation ? read_at(cache, want, ret, ret_len) : -ENOENT;
    while (r == -ENOENT) {
        const struct cache_place tried = want->place;
        struct content_place place;
        r = find_picture(cache, record, &place);
        if (r != 0)
            return r;
        want->place = (struct cache_place){.generation = place.generation, .slot = place.slot};
        /* Else once more: it may have moved to a younger segment meanwhile. */
        if (place.generation == tried.generation && place.slot == tried.slot)
            return CACHE_NONE;
        r = read_at(cache, want, ret, ret_len);
    }
    return r;
}

int cache_read(const struct cache *cache, const struct cache_record *record, void **ret,
               size_t *ret_len)
{
    struct cache_want want = {.record = record};
    return cache_read_wanted(cache, &want, ret, ret_len);
}

int cache_has_picture(const struct cache *cache, const struct cache_record *record)
{
    struct content_place place;
    if (sodium_is_zero(record->content, sizeof(record->content)))
        return CACHE_NONE;
    int r = find_picture(cache, record, &place);
    if (r == 0)
        r = ring_has(cache->ring, place.generation, record->content);
    return r == -ENOENT ? CACHE_NONE : r;
}

void cache_write_start(struct cache *cache, struct cache_write *write)
{
    writer_add(cache->writer, write);
}

/* ---- the queue ---- */

/* The first entry behind `after` that can be had: in its group only, when `one_group`. */
static int find_queued(const struct cache *cache, MDB_txn *txn, const struct queue_found *after,
                       bool one_group, struct cache_queued *ret)
{
    struct queue_found found, before = *after;
    for (;;) {
        int r = queue_next(&cache->index, txn, &before, &found);
        if (r == 0 && one_group && found.group != after->group)
            r = CACHE_NONE;
        if (r != 0)
            return r;
        r = order_hides(&cache->index, txn, &found);
        if (r == 0) {
            r = queue_unseal(&cache->index, txn, &found, ret);
            if (r != CACHE_NONE)
                return r;
        }
        if (r < 0)
            return r;
        before = found;
    }
}

static int first_of_group(const struct cache *cache, MDB_txn *txn, uint32_t group,
                          struct cache_queued *ret)
{
    const struct queue_found beginning = {.group = group, .due_s = INT64_MIN};
    return find_queued(cache, txn, &beginning, true, ret);
}

static int first_of_all(const struct cache *cache, MDB_txn *txn, struct cache_queued *ret)
{
    struct cache_group group;
    int r = queue_next_group(&cache->index, txn, NULL, &group);
    while (r == 0) {
        r = first_of_group(cache, txn, group.group, ret);
        if (r != CACHE_NONE)
            return r;
        r = queue_next_group(&cache->index, txn, &group, &group);
    }
    return r;
}

int cache_queue_next(const struct cache *cache, const struct cache_queued *after,
                     struct cache_queued *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    if (after) {
        struct queue_found place = {.group = after->group, .due_s = after->due_s};
        memcpy(place.id, after->key.bytes, sizeof(place.id));
        r = find_queued(cache, txn, &place, true, ret);
    } else {
        r = first_of_all(cache, txn, ret);
    }
    env_read_end(cache->index.env, txn);
    return r;
}

int cache_queue_first(const struct cache *cache, uint32_t group, struct cache_queued *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = first_of_group(cache, txn, group, ret);
    env_read_end(cache->index.env, txn);
    return r;
}

int cache_queue_next_group(const struct cache *cache, const struct cache_group *after,
                           struct cache_group *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = queue_next_group(&cache->index, txn, after, ret);
    env_read_end(cache->index.env, txn);
    return r;
}

int cache_queue_find(const struct cache *cache, const struct cache_key *key, int64_t *ret_due_s)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    struct queue_found found;
    r = queue_find(&cache->index, txn, key, &found);
    int hidden = r == 0 ? order_hides(&cache->index, txn, &found) : 0;
    env_read_end(cache->index.env, txn);
    if (r != 0 || hidden < 0)
        return r != 0 ? r : hidden;
    if (hidden)
        return CACHE_NONE;
    *ret_due_s = found.due_s;
    return 0;
}

/* ---- purging and forgetting ---- */

static void on_url_purged(struct cache_write *write)
{
    struct cache_purge *purge = container_of(write, struct cache_purge, write);
    purge->result = write->result;
    purge->purged = write->result == 0 && (write->existed || !purge->forget);
    purge->done(purge);
}

void cache_purge_start(struct cache *cache, struct cache_purge *purge)
{
    purge->result = 0;
    purge->purged = 0;
    purge->dequeued = 0;
    purge->write = (struct cache_write){.op = CACHE_ORDER};
    if (purge->what == CACHE_PURGE_URL)
        purge->write = (struct cache_write){
            .op = purge->forget ? CACHE_FORGET : CACHE_PURGE,
            .key = purge->key,
            .record = {.purged = 1, .host = purge->host},
            .done = on_url_purged,
        };
    writer_add(cache->writer, &purge->write);
}

void cache_set_shared_by(struct cache *cache, unsigned shared_by)
{
    cache->index.shared_by = shared_by;
}

uint64_t cache_purges(const struct cache *cache)
{
    return writer_purges(cache->writer);
}

void cache_sweep_start(struct cache *cache, struct cache_sweep *sweep)
{
    sweep->result = 0;
    sweep->visited = sweep->forgotten = sweep->early = 0;
    sweep->round = 0;
    sweep->write = (struct cache_write){.op = CACHE_TURN};
    writer_add(cache->writer, &sweep->write);
}

/* ---- the memo ---- */

int cache_memo_save(const struct cache *cache, const char *text, size_t len)
{
    return memo_save(cache->folder.memo, &cache->secret, (struct span){text, len});
}

int cache_memo_load(const struct cache *cache, char **ret, size_t *ret_len)
{
    return memo_load(cache->folder.memo, &cache->secret, ret, ret_len);
}

/* ---- figures ---- */

static uint64_t free_bytes(const struct cache *cache)
{
    struct env_space space;
    uint64_t again = 0;
    env_space(cache->index.env, &space);
    uint64_t left = space.pages > space.pages_used ? space.pages - space.pages_used : 0;
    (void)!env_free_pages(cache->index.env, &again);
    return (left + again) * space.page;
}

void cache_usage(const struct cache *cache, struct cache_usage *ret)
{
    struct cache_usage usage = {.index_lost = cache->index_lost};
    usage.index_bytes = folder_disk_bytes(&cache->folder);
    usage.segment_bytes = ring_disk_bytes(cache->ring);
    usage.bytes = usage.index_bytes + usage.segment_bytes;
    usage.index_left = free_bytes(cache);
    usage.oldest_picture_s = writer_oldest_picture(cache->writer);
    struct ring_outlook outlook;
    ring_outlook(cache->ring, clock_wall_s(), &outlook);
    usage.oldest_goes_s = outlook.oldest_goes_s;
    usage.stays_s = outlook.stays_s;
    MDB_txn *txn;
    if (env_read_begin(cache->index.env, &txn) == 0) {
        struct index_figures figures;
        index_figures(&cache->index, txn, &figures);
        usage.records = index_count(txn, cache->index.records);
        usage.pictures = index_count(txn, cache->index.contents);
        usage.pictures -= figures.gone < usage.pictures ? figures.gone : usage.pictures;
        usage.queued = index_count(txn, cache->index.places);
        usage.claimed = figures.kinds[RECORD_CLAIMED];
        usage.stored = figures.kinds[RECORD_STORED];
        usage.failed = figures.kinds[RECORD_FAILED];
        usage.purged = figures.kinds[RECORD_PURGED];
        usage.forgotten = figures.forgotten;
        usage.forgotten_early = figures.early;
        env_read_end(cache->index.env, txn);
    }
    *ret = usage;
}
