#include "store/queue.h"

#include "base/span.h"
#include "store/little.h"
#include "store/seal.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* The key in `waiting`: group and time so that byte order is their order, then the id. */
#define PLACE (4 + LITTLE_TIME + 8)

/* The value there. */
enum {
    AT_STAMP,
    AT_TENANT = AT_STAMP + 4,
    AT_DELIVERED = AT_TENANT + 2,
    AT_FLAGS = AT_DELIVERED + 2,
    AT_BODY = AT_FLAGS + 1, /* sealed (seal.h) */
};

/* The entry's key is not that of its URL (it is an original that redirects there), and stands in
 * the body before it. Otherwise it can be told from the URL. */
#define FLAG_KEY 1

/* The URL's first eight bytes are these, and are left out. */
#define FLAG_HTTPS 2
static const struct span https = {"https://", 8};

#define SEALED_MAX (AT_BODY + SEAL_PROOF + sizeof(struct cache_key) + LIMIT_URL)

/* The value in `places`: group and time as in the place. */
#define WHERE (4 + LITTLE_TIME)

static MDB_val value_of(const void *bytes, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)bytes};
}

static void put_group(uint8_t to[4], uint32_t group)
{
    group = htobe32(group);
    memcpy(to, &group, sizeof(group));
}

static uint32_t get_group(const uint8_t from[4])
{
    uint32_t group;
    memcpy(&group, from, sizeof(group));
    return be32toh(group);
}

static void put_place(uint8_t to[PLACE], const struct queue_found *found)
{
    put_group(to, found->group);
    little_put_time(to + 4, found->due_s);
    memcpy(to + WHERE, found->id, sizeof(found->id));
}

static void get_place(const uint8_t from[PLACE], struct queue_found *ret)
{
    ret->group = get_group(from);
    ret->due_s = little_get_time(from + 4);
    memcpy(ret->id, from + WHERE, sizeof(ret->id));
}

static void get_notes(const uint8_t *value, struct queue_found *ret)
{
    ret->stamp = little_get32(value + AT_STAMP);
    ret->tenant = little_get16(value + AT_TENANT);
    ret->delivered_s = (int64_t)little_get16(value + AT_DELIVERED) * 86400;
}

static void put_notes(uint8_t *value, const struct queue_found *found)
{
    little_put32(value + AT_STAMP, found->stamp);
    little_put16(value + AT_TENANT, found->tenant);
    little_put16(value + AT_DELIVERED, little_day(found->delivered_s));
}

/* ---- the heads of groups ---- */

/* The first place at or behind `from`. 0, CACHE_NONE or -errno. */
static int place_from(const struct index *index, MDB_txn *txn, const uint8_t from[PLACE],
                      uint8_t ret[PLACE])
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->waiting, &cursor));
    if (r < 0)
        return r;
    MDB_val k = value_of(from, PLACE), v;
    r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE));
    if (r == 0 && k.mv_size != PLACE)
        r = -EBADMSG;
    if (r == 0)
        memcpy(ret, k.mv_data, PLACE);
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}

static int head_of(const struct index *index, MDB_txn *txn, uint32_t group, int64_t *ret_due_s)
{
    uint8_t from[PLACE] = {0}, found[PLACE];
    put_group(from, group);
    int r = place_from(index, txn, from, found);
    if (r != 0)
        return r;
    if (get_group(found) != group)
        return CACHE_NONE;
    *ret_due_s = little_get_time(found + 4);
    return 0;
}

static void put_head(uint8_t to[WHERE], uint32_t group, int64_t due_s)
{
    little_put_time(to, due_s);
    put_group(to + LITTLE_TIME, group);
}

struct head {
    bool any;
    int64_t due_s;
};

static int read_head(const struct index *index, MDB_txn *txn, uint32_t group, struct head *ret)
{
    int r = head_of(index, txn, group, &ret->due_s);
    ret->any = r == 0;
    return r < 0 ? r : 0;
}

/* After `waiting` has changed in one place of this group: `before` is the head it had. */
static int keep_head(const struct index *index, MDB_txn *txn, uint32_t group,
                     const struct head *before)
{
    struct head now;
    uint8_t bytes[WHERE];
    int r = read_head(index, txn, group, &now);
    if (r < 0 || (now.any == before->any && (!now.any || now.due_s == before->due_s)))
        return r;
    MDB_val k = value_of(bytes, sizeof(bytes)), v = {0};
    if (before->any) {
        put_head(bytes, group, before->due_s);
        r = env_error(mdb_del(txn, index->heads, &k, NULL));
        if (r < 0 && r != -ENOENT)
            return r;
    }
    if (!now.any)
        return 0;
    put_head(bytes, group, now.due_s);
    return env_error(mdb_put(txn, index->heads, &k, &v, 0));
}

int queue_next_group(const struct index *index, MDB_txn *txn, const struct cache_group *after,
                     struct cache_group *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->heads, &cursor));
    if (r < 0)
        return r;
    uint8_t bytes[WHERE];
    const MDB_val behind = value_of(bytes, sizeof(bytes));
    MDB_val k, v;
    if (after)
        put_head(bytes, after->group, after->due_s);
    r = env_seek(cursor, after ? &behind : NULL, &k, &v);
    if (r == 0 && k.mv_size != WHERE)
        r = -EBADMSG;
    if (r == 0) {
        ret->due_s = little_get_time(k.mv_data);
        ret->group = get_group((const uint8_t *)k.mv_data + LITTLE_TIME);
    }
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}

/* ---- entries ---- */

/* The value in `waiting`; it lives as long as nothing is written. 0, CACHE_NONE or -errno. */
static int value_at(const struct index *index, MDB_txn *txn, const struct queue_found *found,
                    MDB_val *ret)
{
    uint8_t place[PLACE];
    put_place(place, found);
    MDB_val k = value_of(place, sizeof(place));
    int r = env_error(mdb_get(txn, index->waiting, &k, ret));
    return r == -ENOENT ? CACHE_NONE : r;
}

int queue_find(const struct index *index, MDB_txn *txn, const struct cache_key *key,
               struct queue_found *ret)
{
    struct queue_found found = {0};
    memcpy(found.id, key->bytes, sizeof(found.id));
    MDB_val k = value_of(found.id, sizeof(found.id)), v;
    int r = env_error(mdb_get(txn, index->places, &k, &v));
    if (r < 0)
        return r == -ENOENT ? CACHE_NONE : r;
    if (v.mv_size != WHERE)
        return -EBADMSG;
    found.group = get_group(v.mv_data);
    found.due_s = little_get_time((const uint8_t *)v.mv_data + 4);
    r = value_at(index, txn, &found, &v);
    if (r != 0)
        return r;
    if (v.mv_size >= AT_BODY)
        get_notes(v.mv_data, &found);
    *ret = found;
    return 0;
}

int queue_remove_found(const struct index *index, MDB_txn *txn, const struct queue_found *found)
{
    struct head before;
    uint8_t place[PLACE];
    put_place(place, found);
    int r = read_head(index, txn, found->group, &before);
    if (r < 0)
        return r;
    MDB_val k = value_of(place, sizeof(place));
    r = env_error(mdb_del(txn, index->waiting, &k, NULL));
    if (r < 0 && r != -ENOENT)
        return r;
    k = value_of(found->id, sizeof(found->id));
    r = env_error(mdb_del(txn, index->places, &k, NULL));
    if (r < 0 && r != -ENOENT)
        return r;
    return keep_head(index, txn, found->group, &before);
}

int queue_remove(const struct index *index, MDB_txn *txn, const struct cache_key *key)
{
    struct queue_found found;
    int r = queue_find(index, txn, key, &found);
    return r != 0 ? r : queue_remove_found(index, txn, &found);
}

/* Writes a sealed entry and its place; none may stand under this id. */
static int put_sealed(const struct index *index, MDB_txn *txn, const struct queue_found *found,
                      const MDB_val *sealed)
{
    struct head before;
    uint8_t place[PLACE];
    put_place(place, found);
    int r = read_head(index, txn, found->group, &before);
    if (r < 0)
        return r;
    MDB_val k = value_of(place, sizeof(place)), v = *sealed;
    r = env_error(mdb_put(txn, index->waiting, &k, &v, 0));
    if (r < 0)
        return r;
    k = value_of(found->id, sizeof(found->id));
    v = value_of(place, WHERE);
    r = env_error(mdb_put(txn, index->places, &k, &v, 0));
    return r < 0 ? r : keep_head(index, txn, found->group, &before);
}

int queue_change(const struct index *index, MDB_txn *txn, const struct queue_found *from,
                 const struct queue_found *to)
{
    UNCLEARED uint8_t bytes[SEALED_MAX];
    MDB_val v;
    int r = value_at(index, txn, from, &v);
    if (r != 0 || v.mv_size < AT_BODY || v.mv_size > sizeof(bytes))
        return r < 0 ? r : 0;
    v = (MDB_val){.mv_size = v.mv_size, .mv_data = memcpy(bytes, v.mv_data, v.mv_size)};
    put_notes(bytes, to);
    r = queue_remove_found(index, txn, from);
    struct queue_found found = *from;
    found.due_s = to->due_s;
    return r < 0 ? r : put_sealed(index, txn, &found, &v);
}

/* ---- sealing ---- */

int queue_put(const struct index *index, MDB_txn *txn, const struct queue_entry *entry)
{
    UNCLEARED uint8_t sealed[SEALED_MAX];
    UNCLEARED uint8_t text[sizeof(struct cache_key) + LIMIT_URL];
    if (entry->len == 0 || entry->len > LIMIT_URL)
        return -EINVAL;
    int r = queue_remove(index, txn, entry->key);
    if (r < 0)
        return r;
    struct queue_found found = {.group = entry->group,
                                .due_s = entry->due_s,
                                .stamp = entry->stamp,
                                .tenant = entry->tenant,
                                .delivered_s = entry->delivered_s};
    memcpy(found.id, entry->key->bytes, sizeof(found.id));
    struct seal seal = {.secret = index->secret};
    memcpy(seal.id, found.id, sizeof(seal.id));

    struct span url = {entry->url, entry->len};
    struct cache_key key_of_url;
    secret_url_key(index->secret, url.ptr, url.len, key_of_url.bytes);
    size_t before = 0;
    if (memcmp(&key_of_url, entry->key, sizeof(key_of_url)) != 0) {
        seal.flags |= FLAG_KEY;
        before = sizeof(*entry->key);
        memcpy(text, entry->key, before);
    }
    if (span_starts(url, https)) {
        seal.flags |= FLAG_HTTPS;
        url = span_part(url, https.len, url.len);
    }
    memcpy(text + before, url.ptr, url.len);
    put_notes(sealed, &found);
    sealed[AT_FLAGS] = seal.flags;
    seal_close(&seal, text, before + url.len, sealed + AT_BODY);
    MDB_val v = value_of(sealed, AT_BODY + SEAL_PROOF + before + url.len);
    return put_sealed(index, txn, &found, &v);
}

static int take_text(const struct index *index, uint8_t flags, struct span text,
                     struct cache_queued *ret)
{
    bool has_key = flags & FLAG_KEY;
    if (has_key) {
        if (text.len < sizeof(ret->key))
            return -EBADMSG;
        memcpy(&ret->key, text.ptr, sizeof(ret->key));
        text = span_part(text, sizeof(ret->key), text.len);
    }
    size_t before = flags & FLAG_HTTPS ? https.len : 0;
    if (before + text.len > LIMIT_URL)
        return -EBADMSG;
    memcpy(ret->url, https.ptr, before);
    memcpy(ret->url + before, text.ptr, text.len);
    ret->url_len = before + text.len;
    ret->url[ret->url_len] = '\0';
    if (!has_key)
        secret_url_key(index->secret, ret->url, ret->url_len, ret->key.bytes);
    return 0;
}

int queue_unseal(const struct index *index, MDB_txn *txn, const struct queue_found *found,
                 struct cache_queued *ret)
{
    MDB_val v;
    int r = value_at(index, txn, found, &v);
    if (r != 0)
        return r;
    if (v.mv_size < AT_BODY + SEAL_PROOF || v.mv_size > SEALED_MAX)
        return CACHE_NONE;
    const uint8_t *value = v.mv_data;
    struct seal seal = {.secret = index->secret, .flags = value[AT_FLAGS]};
    memcpy(seal.id, found->id, sizeof(seal.id));
    size_t len = v.mv_size - AT_BODY - SEAL_PROOF;
    UNCLEARED uint8_t text[sizeof(ret->key) + LIMIT_URL];
    if (seal_open(&seal, value + AT_BODY, len + SEAL_PROOF, text) < 0 ||
        take_text(index, seal.flags, (struct span){(const char *)text, len}, ret) < 0)
        return CACHE_NONE;
    ret->due_s = found->due_s;
    ret->group = found->group;
    ret->tenant = found->tenant;
    ret->delivered_s = found->delivered_s;
    return memcmp(ret->key.bytes, found->id, sizeof(found->id)) == 0 ? 0 : CACHE_NONE;
}

int queue_next(const struct index *index, MDB_txn *txn, const struct queue_found *after,
               struct queue_found *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->waiting, &cursor));
    if (r < 0)
        return r;
    uint8_t place[PLACE];
    put_place(place, after);
    const MDB_val behind = value_of(place, sizeof(place));
    MDB_val k, v;
    r = env_seek(cursor, &behind, &k, &v);
    if (r == 0 && k.mv_size != PLACE)
        r = -EBADMSG;
    if (r == 0) {
        *ret = (struct queue_found){0};
        get_place(k.mv_data, ret);
        if (v.mv_size >= AT_BODY)
            get_notes(v.mv_data, ret);
    }
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}
