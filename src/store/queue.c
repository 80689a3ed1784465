#include "store/queue.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG   crypto_aead_xchacha20poly1305_ietf_ABYTES

/* In `queue`, by key. */
struct sealed {
    uint64_t due; /* as in struct place */
    uint8_t nonce[NONCE];
    uint8_t body[LIMIT_URL + TAG];
};

#define SEALED_HEAD offsetof(struct sealed, body)

/* The key in `due`: byte order is time order, so the sign bit is turned round. */
struct place {
    uint64_t due;
    uint8_t key[32];
};

static uint64_t pack_due(int64_t due_s)
{
    return htobe64((uint64_t)due_s ^ (1ULL << 63));
}

static int64_t unpack_due(uint64_t due)
{
    return (int64_t)(be64toh(due) ^ (1ULL << 63));
}

static MDB_val value_of(const void *bytes, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)bytes};
}

static struct place place_of(const struct cache_key *key, int64_t due_s)
{
    struct place place = {.due = pack_due(due_s)};
    memcpy(place.key, key->bytes, sizeof(place.key));
    return place;
}

int queue_due(const struct index *index, MDB_txn *txn, const struct cache_key *key,
              int64_t *ret_due_s)
{
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v;
    int r = env_error(mdb_get(txn, index->queue, &k, &v));
    if (r == -ENOENT)
        return CACHE_NONE;
    uint64_t due;
    if (r == 0 && v.mv_size < sizeof(due))
        r = -EBADMSG;
    if (r < 0)
        return r;
    memcpy(&due, v.mv_data, sizeof(due));
    *ret_due_s = unpack_due(due);
    return 0;
}

/* Writes an entry and its place; none may stand there. */
static int put_sealed(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                      const struct sealed *sealed, size_t len)
{
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v = value_of(sealed, len);
    int r = env_error(mdb_put(txn, index->queue, &k, &v, 0));
    if (r < 0)
        return r;
    struct place place = place_of(key, unpack_due(sealed->due));
    k = value_of(&place, sizeof(place));
    v = (MDB_val){0};
    return env_error(mdb_put(txn, index->due, &k, &v, 0));
}

int queue_put(const struct index *index, MDB_txn *txn, const struct queue_entry *entry)
{
    if (entry->len == 0 || entry->len > LIMIT_URL)
        return -EINVAL;
    int r = queue_remove(index, txn, entry->key);
    if (r < 0)
        return r;
    struct sealed sealed = {.due = pack_due(entry->due_s)};
    unsigned long long body_len;
    randombytes_buf(sealed.nonce, sizeof(sealed.nonce));
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.body, &body_len, entry->url, entry->len,
                                               entry->key->bytes, sizeof(entry->key->bytes), NULL,
                                               sealed.nonce, index->secret->queue);
    return put_sealed(index, txn, entry->key, &sealed, SEALED_HEAD + body_len);
}

int queue_move(const struct index *index, MDB_txn *txn, const struct cache_key *key, int64_t due_s)
{
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v;
    int r = env_error(mdb_get(txn, index->queue, &k, &v));
    struct sealed sealed;
    if (r < 0 || v.mv_size < SEALED_HEAD || v.mv_size > sizeof(sealed))
        return r == -ENOENT || r == 0 ? 0 : r;
    size_t len = v.mv_size;
    memcpy(&sealed, v.mv_data, len);
    r = queue_remove(index, txn, key);
    sealed.due = pack_due(due_s);
    return r < 0 ? r : put_sealed(index, txn, key, &sealed, len);
}

int queue_remove(const struct index *index, MDB_txn *txn, const struct cache_key *key)
{
    int64_t due_s;
    int r = queue_due(index, txn, key, &due_s);
    if (r != 0)
        return r == CACHE_NONE ? 0 : r;
    struct place place = place_of(key, due_s);
    MDB_val k = value_of(&place, sizeof(place));
    r = env_error(mdb_del(txn, index->due, &k, NULL));
    if (r < 0 && r != -ENOENT)
        return r;
    k = value_of(key->bytes, sizeof(key->bytes));
    return env_error(mdb_del(txn, index->queue, &k, NULL));
}

/* 0, or CACHE_NONE when the entry cannot be opened. */
static int unseal(const struct index *index, MDB_txn *txn, struct cache_queued *queued)
{
    MDB_val k = value_of(queued->key.bytes, sizeof(queued->key.bytes)), v;
    int r = env_error(mdb_get(txn, index->queue, &k, &v));
    if (r < 0)
        return r == -ENOENT ? CACHE_NONE : r;
    if (v.mv_size < SEALED_HEAD + TAG || v.mv_size > sizeof(struct sealed))
        return CACHE_NONE;
    struct sealed sealed;
    memcpy(&sealed, v.mv_data, v.mv_size);
    unsigned long long len;
    if (unpack_due(sealed.due) != queued->due_s ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(
            (unsigned char *)queued->url, &len, NULL, sealed.body, v.mv_size - SEALED_HEAD,
            queued->key.bytes, sizeof(queued->key.bytes), sealed.nonce, index->secret->queue) != 0)
        return CACHE_NONE;
    queued->url[len] = '\0';
    queued->url_len = len;
    return 0;
}

/* Puts the cursor on the first place after `after`. */
static int seek(MDB_cursor *cursor, const struct cache_queued *after, MDB_val *ret_place)
{
    MDB_val v;
    if (!after)
        return env_error(mdb_cursor_get(cursor, ret_place, &v, MDB_FIRST));
    struct place place = place_of(&after->key, after->due_s);
    MDB_val k = value_of(&place, sizeof(place));
    int r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE));
    if (r == 0 && k.mv_size == sizeof(place) && memcmp(k.mv_data, &place, sizeof(place)) == 0)
        r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
    *ret_place = k;
    return r;
}

int queue_next(const struct index *index, MDB_txn *txn, const struct cache_queued *after,
               struct cache_queued *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->due, &cursor));
    if (r < 0)
        return r;
    struct cache_queued found;
    MDB_val k = {0}, v;
    r = seek(cursor, after, &k);
    while (r == 0) {
        struct place place;
        r = CACHE_NONE;
        if (k.mv_size == sizeof(place)) {
            memcpy(&place, k.mv_data, sizeof(place));
            memcpy(found.key.bytes, place.key, sizeof(found.key.bytes));
            found.due_s = unpack_due(place.due);
            r = unseal(index, txn, &found);
        }
        if (r != CACHE_NONE)
            break;
        r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
    }
    mdb_cursor_close(cursor);
    if (r == 0)
        *ret = found;
    return r == -ENOENT ? CACHE_NONE : r;
}
