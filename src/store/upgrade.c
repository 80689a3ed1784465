#include "store/upgrade.h"

#include "store/queue.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG   crypto_aead_xchacha20poly1305_ietf_ABYTES

#define AT_NONCE 8 /* behind the time: big-endian, its sign turned round */
#define AT_BODY  (AT_NONCE + NONCE)

#define ENTRIES_A_COMMIT 500 /* keeps a transaction's pages to some MiB; not tuned */

/* Both tables, or CACHE_NONE. Their names stay known for as long as the index is open. */
static int open_old(struct index *index, MDB_dbi *ret_queue, MDB_dbi *ret_due)
{
    MDB_txn *txn;
    int r = index_begin(index, &txn);
    if (r < 0)
        return r;
    r = env_error(mdb_dbi_open(txn, "queue", 0, ret_queue));
    if (r == 0)
        r = env_error(mdb_dbi_open(txn, "due", 0, ret_due));
    if (r < 0) {
        index_abort(index, txn);
        return r == -ENOENT ? CACHE_NONE : r;
    }
    return index_commit(index, txn);
}

/* 0; CACHE_NONE when it cannot be opened; -errno. */
static int bring_over(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                      const MDB_val *value)
{
    UNCLEARED uint8_t url[LIMIT_URL];
    unsigned long long len;
    uint64_t due;
    const uint8_t *bytes = value->mv_data;
    if (value->mv_size <= AT_BODY + TAG || value->mv_size > AT_BODY + TAG + sizeof(url))
        return CACHE_NONE;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            url, &len, NULL, bytes + AT_BODY, value->mv_size - AT_BODY, key->bytes,
            sizeof(key->bytes), bytes + AT_NONCE, index->secret->queue) != 0)
        return CACHE_NONE;
    memcpy(&due, bytes, sizeof(due));
    struct queue_entry entry = {
        .key = key,
        .url = url,
        .len = len,
        .due_s = (int64_t)(be64toh(due) ^ (1ULL << 63)),
        .stamp = index->figures.last_order,
    };
    return queue_put(index, txn, &entry);
}

/* 0; CACHE_NONE when none is left; -errno. */
static int bring_one(const struct index *index, MDB_txn *txn, MDB_dbi queue)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, queue, &cursor));
    if (r < 0)
        return r;
    MDB_val k, v;
    struct cache_key key;
    UNCLEARED uint8_t copy[AT_BODY + LIMIT_URL + TAG]; /* what is written may move the page */
    bool good = false;
    r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_FIRST));
    if (r == 0) {
        good = k.mv_size == sizeof(key.bytes) && v.mv_size <= sizeof(copy);
        if (good) {
            memcpy(key.bytes, k.mv_data, sizeof(key.bytes));
            memcpy(copy, v.mv_data, v.mv_size);
            v.mv_data = copy;
        }
        r = env_error(mdb_cursor_del(cursor, 0));
    }
    mdb_cursor_close(cursor);
    if (r < 0)
        return r == -ENOENT ? CACHE_NONE : r;
    r = good ? bring_over(index, txn, &key, &v) : CACHE_NONE;
    return r < 0 ? r : 0;
}

static int drop_old(MDB_txn *txn, MDB_dbi queue, MDB_dbi due)
{
    int r = env_error(mdb_drop(txn, queue, 1));
    return r < 0 ? r : env_error(mdb_drop(txn, due, 1));
}

/* 0: there is more; CACHE_NONE: that was all; -errno. */
static int bring_some(struct index *index, MDB_dbi queue, MDB_dbi due)
{
    MDB_txn *txn;
    int r = index_begin(index, &txn);
    if (r < 0)
        return r;
    for (unsigned i = 0; i < ENTRIES_A_COMMIT && i < index->room.changes && r == 0; i++)
        r = bring_one(index, txn, queue);
    bool all = r == CACHE_NONE;
    if (all)
        r = drop_old(txn, queue, due);
    if (r < 0) {
        index_abort(index, txn);
        return r;
    }
    r = index_commit(index, txn);
    return r < 0 ? r : all ? CACHE_NONE : 0;
}

int upgrade_queue(struct index *index)
{
    MDB_dbi queue, due;
    int r = open_old(index, &queue, &due);
    while (r == 0)
        r = bring_some(index, queue, due);
    return r < 0 ? r : 0;
}
