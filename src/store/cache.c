#include "store/cache.h"

#include "store/evict.h"
#include "store/folder.h"
#include "store/queue.h"
#include "store/secret.h"
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
};

/* ---- opening ---- */

/* A claim without outcome is a failed try, due again when its queue entry is. */
static int fail_claim(struct cache *cache, MDB_txn *txn, const struct cache_key *key)
{
    struct cache_record record;
    int r = index_record(&cache->index, txn, key, &record);
    if (r == CACHE_NONE)
        return index_record_remove(&cache->index, txn, key);
    if (r < 0)
        return r == -EBADMSG ? 0 : r;
    int64_t due_s = 0;
    r = queue_due(&cache->index, txn, key, &due_s);
    if (r < 0)
        return r;
    record.state = CACHE_FAILED;
    record.reason = CACHE_REASON_CRASHED;
    record.answered_s = clock_wall_s();
    record.retry_s = due_s;
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
        mdb_txn_abort(txn);
        return r;
    }
    return env_error(mdb_txn_commit(txn));
}

static int open_index(struct cache *cache, uint64_t size, bool *ret_fresh)
{
    struct env_conf conf = {
        .dir = cache->folder.index, .size = size, .closed = cache->folder.closed};
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
    if (r != 0)
        return r;
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
                                  .empty = fresh};
    r = ring_open(&ring_conf, &cache->ring);
    if (r == 0)
        r = evict_surplus(&cache->index, cache->ring);
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
    folder_close(&cache->folder);
    sodium_memzero(&cache->secret, sizeof(cache->secret));
    free(cache);
}

/* ---- keys ---- */

void cache_key_of_url(const struct cache *cache, const char *url, size_t len, struct cache_key *ret)
{
    crypto_generichash(ret->bytes, sizeof(ret->bytes), (const unsigned char *)url, len,
                       cache->secret.url, sizeof(cache->secret.url));
}

void cache_keyed_hash(const struct cache *cache, const char *label, const void *bytes, size_t len,
                      struct cache_key *ret)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, cache->secret.purpose, sizeof(cache->secret.purpose),
                            sizeof(ret->bytes));
    crypto_generichash_update(&state, (const unsigned char *)label, strlen(label) + 1);
    crypto_generichash_update(&state, bytes, len);
    crypto_generichash_final(&state, ret->bytes, sizeof(ret->bytes));
}

/* ---- reading ---- */

int cache_lookup(const struct cache *cache, const struct cache_key *key, struct cache_record *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = index_record(&cache->index, txn, key, ret);
    env_read_end(cache->index.env, txn);
    return r;
}

static int find_segment(const struct cache *cache, const struct cache_record *record,
                        uint64_t *ret_generation)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = index_content(&cache->index, txn, record->content, ret_generation);
    env_read_end(cache->index.env, txn);
    return r;
}

int cache_read(const struct cache *cache, const struct cache_record *record, void **ret,
               size_t *ret_len)
{
    if (sodium_is_zero(record->content, sizeof(record->content)))
        return CACHE_NONE;
    uint64_t tried = 0;
    for (;;) {
        uint64_t generation;
        int r = find_segment(cache, record, &generation);
        if (r != 0)
            return r;
        if (generation == tried)
            return CACHE_NONE;
        r = ring_read(cache->ring, generation, record->content, ret, ret_len);
        if (r != -ENOENT)
            return r;
        tried = generation; /* once more, in case it moved to a younger segment meanwhile */
    }
}

void cache_write_start(struct cache *cache, struct cache_write *write)
{
    writer_add(cache->writer, write);
}

/* ---- the queue ---- */

int cache_queue_next(const struct cache *cache, const struct cache_queued *after,
                     struct cache_queued *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = queue_next(&cache->index, txn, after, ret);
    env_read_end(cache->index.env, txn);
    return r;
}

int cache_queue_find(const struct cache *cache, const struct cache_key *key, int64_t *ret_due_s)
{
    MDB_txn *txn;
    int r = env_read_begin(cache->index.env, &txn);
    if (r < 0)
        return r;
    r = queue_due(&cache->index, txn, key, ret_due_s);
    env_read_end(cache->index.env, txn);
    return r;
}

/* ---- figures ---- */

void cache_usage(const struct cache *cache, struct cache_usage *ret)
{
    struct cache_usage usage = {.index_lost = cache->index_lost};
    usage.bytes = folder_disk_bytes(&cache->folder) + ring_disk_bytes(cache->ring);
    MDB_txn *txn;
    if (env_read_begin(cache->index.env, &txn) == 0) {
        usage.records = index_count(txn, cache->index.records);
        usage.pictures = index_count(txn, cache->index.contents);
        usage.queued = index_count(txn, cache->index.queue);
        env_read_end(cache->index.env, txn);
    }
    *ret = usage;
}
