#include "store/index.h"

#include "store/content.h"
#include "store/little.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* What one write on its own can need when every page on its way must be copied and split. */
#define KEPT_PAGES 64

/* Commits between two counts of the free pages, while there are enough of them. */
#define UNCOUNTED 16

/* What a change takes, twice: some leaves, and now and then a branch; not tuned. */
#define PAGES_A_CHANGE 8

static MDB_val value_of(const void *bytes, size_t len)
{
    return (MDB_val){.mv_size = len, .mv_data = (void *)(uintptr_t)bytes};
}

/* ---- figures ---- */

#define OLD_FIGURES ((RECORD_KINDS + 2) * 8 + 4) /* of format 2 */
#define FIGURES     (OLD_FIGURES + 4 + 2 * 8)

static const char figures_name[] = "figures";

static int read_figures(const struct index *index, MDB_txn *txn, struct index_figures *ret)
{
    MDB_val k = value_of(figures_name, sizeof(figures_name) - 1), v;
    int r = env_error(mdb_get(txn, index->about, &k, &v));
    if (r == -ENOENT)
        return CACHE_NONE;
    if (r == 0 && v.mv_size != FIGURES && v.mv_size != OLD_FIGURES)
        r = -EBADMSG;
    if (r < 0)
        return r;
    uint8_t bytes[FIGURES] = {0};
    const uint8_t *at = bytes;
    memcpy(bytes, v.mv_data, v.mv_size);
    *ret = (struct index_figures){0};
    for (int i = 0; i < RECORD_KINDS; i++, at += 8)
        ret->kinds[i] = little_get64(at);
    ret->forgotten = little_get64(at);
    ret->early = little_get64(at + 8);
    ret->last_order = little_get32(at + 16);
    ret->slots = little_get32(at + 20);
    ret->slots_of = little_get64(at + 24);
    ret->gone = little_get64(at + 32);
    return 0;
}

/* Not when nothing has changed: a transaction without changes costs no flush. */
static int write_figures(struct index *index, MDB_txn *txn)
{
    if (memcmp(&index->figures, &index->figures_read, sizeof(index->figures)) == 0)
        return 0;
    uint8_t bytes[FIGURES], *at = bytes;
    for (int i = 0; i < RECORD_KINDS; i++, at += 8)
        little_put64(at, index->figures.kinds[i]);
    little_put64(at, index->figures.forgotten);
    little_put64(at + 8, index->figures.early);
    little_put32(at + 16, index->figures.last_order);
    little_put32(at + 20, index->figures.slots);
    little_put64(at + 24, index->figures.slots_of);
    little_put64(at + 32, index->figures.gone);
    MDB_val k = value_of(figures_name, sizeof(figures_name) - 1), v = value_of(bytes, FIGURES);
    return env_error(mdb_put(txn, index->about, &k, &v, 0));
}

void index_figures(const struct index *index, MDB_txn *txn, struct index_figures *ret)
{
    *ret = (struct index_figures){0};
    (void)!read_figures(index, txn, ret);
}

/* Once, for an index of a version that did not keep any. */
static int count_kinds(struct index *index, MDB_txn *txn)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->records, &cursor));
    if (r < 0)
        return r;
    MDB_val k, v;
    while ((r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT))) == 0) {
        enum record_kind kind = record_kind(v.mv_data, v.mv_size);
        if (kind != RECORD_KINDS)
            index->figures.kinds[kind]++;
    }
    mdb_cursor_close(cursor);
    return r == -ENOENT ? 0 : r;
}

/* ---- transactions ---- */

/* Counting free pages walks a list, so it is done seldom while there are many. */
static int count_free(struct index *index, const struct env_space *space)
{
    struct index_room *room = &index->room;
    uint64_t left = space->pages > space->pages_used ? space->pages - space->pages_used : 0;
    if (left >= 2 * room->low) {
        room->free = left;
        index->uncounted = UNCOUNTED;
        return 0;
    }
    if (index->uncounted++ < UNCOUNTED && room->free >= 2 * room->low)
        return 0;
    uint64_t again = 0;
    int r = env_free_pages(index->env, &again);
    if (r < 0)
        return r;
    room->free = left + again;
    index->uncounted = 0;
    return 0;
}

static int measure(struct index *index)
{
    struct index_room *room = &index->room;
    struct env_space space;
    env_space(index->env, &space);
    room->all = space.pages;
    room->tight = space.pages / 32 > KEPT_PAGES ? space.pages / 32 : KEPT_PAGES;
    room->low = space.pages / 8 > 4 * room->tight ? space.pages / 8 : 4 * room->tight;
    int r = count_free(index, &space);
    if (r < 0)
        return r;
    uint64_t changes = room->free / PAGES_A_CHANGE;
    room->changes = changes < 1 ? 1 : changes > UINT16_MAX ? UINT16_MAX : (unsigned)changes;
    return 0;
}

static uint64_t pages_of(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat stat;
    if (mdb_stat(txn, dbi, &stat) != 0)
        return 0;
    return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

int index_begin(struct index *index, MDB_txn **ret)
{
    int r = measure(index);
    if (r < 0)
        return r;
    MDB_txn *txn;
    r = env_write_begin(index->env, &txn);
    if (r < 0)
        return r;
    r = read_figures(index, txn, &index->figures);
    if (r != 0) {
        mdb_txn_abort(txn);
        return r < 0 ? r : -EBADMSG;
    }
    index->figures_read = index->figures;
    index->tight = index->room.free < index->room.tight;
    index->queue_full =
        pages_of(txn, index->waiting) + pages_of(txn, index->places) + pages_of(txn, index->heads) >
        index->room.all / 2;
    *ret = txn;
    return 0;
}

int index_commit(struct index *index, MDB_txn *txn)
{
    int r = write_figures(index, txn);
    if (r < 0) {
        index_abort(index, txn);
        return r;
    }
    return env_commit(index->env, txn);
}

void index_abort(struct index *index, MDB_txn *txn)
{
    (void)index; /* its figures are read anew when it begins again */
    mdb_txn_abort(txn);
}

/* ---- opening ---- */

static int open_databases(struct index *index, MDB_txn *txn)
{
    const struct {
        const char *name;
        MDB_dbi *dbi;
    } all[] = {
        {"records", &index->records}, {"claims", &index->claims}, {"contents", &index->contents},
        {"waiting", &index->waiting}, {"places", &index->places}, {"heads", &index->heads},
        {"orders", &index->orders},   {"about", &index->about},   {"shreds", &index->shreds},
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        int r = env_error(mdb_dbi_open(txn, all[i].name, MDB_CREATE, all[i].dbi));
        if (r < 0)
            return r;
    }
    return 0;
}

static int prepare(struct index *index)
{
    MDB_txn *txn;
    int r = measure(index);
    if (r == 0)
        r = env_write_begin(index->env, &txn);
    if (r < 0)
        return r;
    r = open_databases(index, txn);
    if (r == 0)
        r = read_figures(index, txn, &index->figures);
    if (r == CACHE_NONE) {
        index->figures_read.last_order = UINT32_MAX; /* so that they are written */
        r = count_kinds(index, txn);
    } else {
        index->figures_read = index->figures;
    }
    if (r == 0)
        return index_commit(index, txn);
    index_abort(index, txn);
    return r;
}

int index_open(const struct env_conf *conf, const struct secret *secret, struct index *ret)
{
    struct index index = {.secret = secret, .uncounted = UNCOUNTED, .shreds_due = true};
    struct env_conf env_conf = *conf;
    env_conf.trail = true;
    env_conf.databases = 11; /* two of them an older version's (upgrade.h) */
    int r = env_open(&env_conf, &index.env);
    if (r < 0)
        return r;
    r = prepare(&index);
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

/* ---- records ---- */

int index_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                 struct cache_record *ret)
{
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v;
    int r = env_error(mdb_get(txn, index->records, &k, &v));
    if (r == -ENOENT)
        return CACHE_NONE;
    return r < 0 ? r : record_unpack(v.mv_data, v.mv_size, key, index->secret, ret);
}

static int remove_key(MDB_txn *txn, MDB_dbi dbi, const uint8_t key[32])
{
    MDB_val k = value_of(key, 32);
    int r = env_error(mdb_del(txn, dbi, &k, NULL));
    return r == -ENOENT ? 0 : r;
}

/* What stands there, and is counted no more: *ret_holds tells whether it was counted as a holder of
 * `ret_content`. */
static int uncount(struct index *index, MDB_txn *txn, const struct cache_key *key, bool *ret_holds,
                   uint8_t ret_content[32])
{
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v;
    int r = env_error(mdb_get(txn, index->records, &k, &v));
    *ret_holds = r == 0 && record_holds(v.mv_data, v.mv_size, ret_content);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    enum record_kind kind = record_kind(v.mv_data, v.mv_size);
    if (kind != RECORD_KINDS && index->figures.kinds[kind] > 0)
        index->figures.kinds[kind]--;
    return 0;
}

/* Keeps count of who holds which picture. */
static int change_hold(struct index *index, MDB_txn *txn, const struct cache_key *key,
                       struct cache_record *record)
{
    bool held;
    uint8_t before[32];
    int r = uncount(index, txn, key, &held, before);
    if (r < 0)
        return r;
    if (held && record->size != 0 && memcmp(before, record->content, sizeof(before)) == 0) {
        record->counted = 1;
        return 0;
    }
    /* First the new one: the old one may go for good, and both may be the same. */
    r = record->size != 0 ? content_hold(index, txn, record->content) : 0;
    if (r < 0)
        return r;
    record->counted = r == 1;
    r = held ? content_release(index, txn, before) : 0;
    return r < 0 ? r : 0;
}

int index_record_put(struct index *index, MDB_txn *txn, const struct cache_key *key,
                     const struct cache_record *given)
{
    struct cache_record record = *given;
    int r = change_hold(index, txn, key, &record);
    if (r < 0)
        return r;
    uint8_t bytes[RECORD_MAX];
    size_t len = record_pack(&record, key, index->secret, bytes);
    MDB_val k = value_of(key->bytes, sizeof(key->bytes)), v = value_of(bytes, len);
    r = env_error(mdb_put(txn, index->records, &k, &v, 0));
    if (r < 0)
        return r;
    enum record_kind kind = record_kind(bytes, len);
    must(kind != RECORD_KINDS);
    index->figures.kinds[kind]++;
    if (record.state != CACHE_CLAIMED)
        return remove_key(txn, index->claims, key->bytes);
    MDB_val nothing = {0};
    return env_error(mdb_put(txn, index->claims, &k, &nothing, 0));
}

int index_record_remove(struct index *index, MDB_txn *txn, const struct cache_key *key)
{
    struct cache_record nothing = {0};
    int r = change_hold(index, txn, key, &nothing);
    if (r == 0)
        r = remove_key(txn, index->records, key->bytes);
    return r < 0 ? r : remove_key(txn, index->claims, key->bytes);
}

static int seek(MDB_cursor *cursor, const struct cache_key *after, MDB_val *ret_key,
                MDB_val *ret_value)
{
    const MDB_val key = after ? value_of(after->bytes, sizeof(after->bytes)) : (MDB_val){0};
    return env_seek(cursor, after ? &key : NULL, ret_key, ret_value);
}

int index_record_each(const struct index *index, MDB_txn *txn, const struct cache_key *after,
                      struct index_visitor *visitor)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->records, &cursor));
    if (r < 0)
        return r;
    MDB_val k, v;
    int at = seek(cursor, after, &k, &v);
    while (r == 0 && at == 0) {
        struct cache_key key;
        struct cache_record record;
        if (k.mv_size == sizeof(key.bytes)) {
            memcpy(key.bytes, k.mv_data, sizeof(key.bytes));
            bool good = record_unpack(v.mv_data, v.mv_size, &key, index->secret, &record) == 0;
            r = visitor->visit(visitor, &key, good ? &record : NULL);
        }
        at = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
    }
    mdb_cursor_close(cursor);
    if (r != 0)
        return r;
    return at == -ENOENT ? CACHE_NONE : at;
}

int index_claim_next(const struct index *index, MDB_txn *txn, const struct cache_key *after,
                     struct cache_key *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->claims, &cursor));
    if (r < 0)
        return r;
    MDB_val k, v;
    r = seek(cursor, after, &k, &v);
    if (r == 0 && k.mv_size != sizeof(ret->bytes))
        r = -EBADMSG;
    if (r == 0)
        memcpy(ret->bytes, k.mv_data, sizeof(ret->bytes));
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}

uint64_t index_count(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat stat;
    return mdb_stat(txn, dbi, &stat) == 0 ? stat.ms_entries : 0;
}
