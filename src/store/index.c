#include "store/index.h"

#include "store/record.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* What one write on its own can need when every page on its way must be copied and split. */
#define KEPT_PAGES 64

static MDB_val value_of(const void *bytes, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)bytes};
}

static int open_databases(struct index *index)
{
    const struct {
        const char *name;
        MDB_dbi *dbi;
    } all[] = {
        {"records", &index->records}, {"claims", &index->claims}, {"contents", &index->contents},
        {"queue", &index->queue},     {"due", &index->due},
    };
    MDB_txn *txn;
    int r = env_write_begin(index->env, &txn);
    if (r < 0)
        return r;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        r = env_error(mdb_dbi_open(txn, all[i].name, MDB_CREATE, all[i].dbi));
        if (r < 0) {
            mdb_txn_abort(txn);
            return r;
        }
    }
    return env_error(mdb_txn_commit(txn));
}

int index_open(const struct env_conf *conf, const struct secret *secret, struct index *ret)
{
    struct index index = {.secret = secret};
    struct env_conf env_conf = *conf;
    env_conf.databases = 5;
    int r = env_open(&env_conf, &index.env);
    if (r < 0)
        return r;
    r = open_databases(&index);
    if (r < 0) {
        index_close(&index);
        return r;
    }
    *ret = index;
    return 0;
}

void index_close(struct index *index)
{
    env_close(index->env);
    index->env = NULL;
}

/* Counting free pages walks a list, so it is asked only when the map has been used to its end. */
static int is_tight(struct index *index, bool *ret)
{
    struct env_space space;
    env_space(index->env, &space);
    uint64_t kept = space.pages / 32 > KEPT_PAGES ? space.pages / 32 : KEPT_PAGES;
    uint64_t left = space.pages > space.pages_used ? space.pages - space.pages_used : 0;
    uint64_t again = 0;
    if (left < kept) {
        int r = env_free_pages(index->env, &again);
        if (r < 0)
            return r;
    }
    *ret = left + again < kept;
    return 0;
}

int index_begin(struct index *index, MDB_txn **ret)
{
    int r = is_tight(index, &index->tight);
    return r < 0 ? r : env_write_begin(index->env, ret);
}

/* ---- records ---- */

int index_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                 struct cache_record *ret)
{
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v;
    int r = env_error(mdb_get(txn, index->records, &k, &v));
    if (r == -ENOENT)
        return CACHE_NONE;
    if (r == 0 && v.mv_size != RECORD_SIZE)
        r = -EBADMSG;
    return r < 0 ? r : record_unpack(v.mv_data, key, index->secret, ret);
}

static int remove_key(MDB_txn *txn, MDB_dbi dbi, const uint8_t key[32])
{
    MDB_val k = value_of(key, 32);
    int r = env_error(mdb_del(txn, dbi, &k, NULL));
    return r == -ENOENT ? 0 : r;
}

int index_record_put(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                     const struct cache_record *record)
{
    uint8_t bytes[RECORD_SIZE];
    record_pack(record, key, index->secret, bytes);
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v = value_of(bytes, sizeof(bytes));
    int r = env_error(mdb_put(txn, index->records, &k, &v, 0));
    if (r < 0)
        return r;
    if (record->state != CACHE_CLAIMED)
        return remove_key(txn, index->claims, key->bytes);
    MDB_val nothing = {0};
    return env_error(mdb_put(txn, index->claims, &k, &nothing, 0));
}

int index_record_remove(const struct index *index, MDB_txn *txn, const struct cache_key *key)
{
    int r = remove_key(txn, index->records, key->bytes);
    return r < 0 ? r : remove_key(txn, index->claims, key->bytes);
}

int index_claim_next(const struct index *index, MDB_txn *txn, const struct cache_key *after,
                     struct cache_key *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->claims, &cursor));
    if (r < 0)
        return r;
    MDB_val k = {0}, v;
    if (after)
        k = value_of(after->bytes, sizeof(after->bytes));
    r = env_error(mdb_cursor_get(cursor, &k, &v, after ? MDB_SET_RANGE : MDB_FIRST));
    if (r == 0 && after && k.mv_size == sizeof(after->bytes) &&
        memcmp(k.mv_data, after->bytes, sizeof(after->bytes)) == 0)
        r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
    if (r == 0 && k.mv_size != sizeof(ret->bytes))
        r = -EBADMSG;
    if (r == 0)
        memcpy(ret->bytes, k.mv_data, sizeof(ret->bytes));
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}

/* ---- pictures ---- */

int index_content(const struct index *index, MDB_txn *txn, const uint8_t content[32],
                  uint64_t *ret_generation)
{
    MDB_val k = value_of(content, 32), v;
    int r = env_error(mdb_get(txn, index->contents, &k, &v));
    if (r == -ENOENT)
        return CACHE_NONE;
    uint64_t generation;
    if (r == 0 && v.mv_size != sizeof(generation))
        r = -EBADMSG;
    if (r < 0)
        return r;
    memcpy(&generation, v.mv_data, sizeof(generation));
    *ret_generation = le64toh(generation);
    return 0;
}

int index_content_put(const struct index *index, MDB_txn *txn, const uint8_t content[32],
                      uint64_t generation)
{
    uint64_t little = htole64(generation);
    MDB_val k = value_of(content, 32), v = value_of(&little, sizeof(little));
    return env_error(mdb_put(txn, index->contents, &k, &v, 0));
}

int index_content_remove(const struct index *index, MDB_txn *txn, const uint8_t content[32])
{
    return remove_key(txn, index->contents, content);
}

uint64_t index_count(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat stat;
    return mdb_stat(txn, dbi, &stat) == 0 ? stat.ms_entries : 0;
}
