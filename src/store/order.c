#include "store/order.h"

#include "store/little.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* On disk, by number, the highest byte first. */
enum {
    AT_WHAT,
    AT_FORGET,
    AT_PHASE,
    AT_TENANT = 4,
    AT_GROUP = 8,
    AT_HOST = 12,
    AT_DUE = 20,
    AT_ID = 28,
    AT_AFTER = 36,
    AT_PURGED = 68,
    AT_DEQUEUED = 76,
    AT_GIVEN = 84,
    ORDER = 92,
};

static void put_number(uint8_t to[4], uint32_t number)
{
    number = htobe32(number);
    memcpy(to, &number, sizeof(number));
}

static int unpack(const MDB_val *k, const MDB_val *v, struct order *ret)
{
    uint32_t number;
    if (k->mv_size != sizeof(number) || v->mv_size != ORDER)
        return -EBADMSG;
    memcpy(&number, k->mv_data, sizeof(number));
    const uint8_t *at = v->mv_data;
    *ret = (struct order){
        .number = be32toh(number),
        .what = at[AT_WHAT],
        .forget = at[AT_FORGET],
        .phase = at[AT_PHASE],
        .given_s = (int64_t)little_get64(at + AT_GIVEN),
        .tenant = little_get16(at + AT_TENANT),
        .host = little_get64(at + AT_HOST),
        .place = {.group = little_get32(at + AT_GROUP),
                  .due_s = (int64_t)little_get64(at + AT_DUE)},
        .purged = little_get64(at + AT_PURGED),
        .dequeued = little_get64(at + AT_DEQUEUED),
    };
    memcpy(ret->place.id, at + AT_ID, sizeof(ret->place.id));
    memcpy(ret->after.bytes, at + AT_AFTER, sizeof(ret->after.bytes));
    return 0;
}

int order_put(const struct index *index, MDB_txn *txn, const struct order *order)
{
    uint8_t number[4], bytes[ORDER] = {0};
    put_number(number, order->number);
    bytes[AT_WHAT] = order->what;
    bytes[AT_FORGET] = order->forget;
    bytes[AT_PHASE] = order->phase;
    little_put16(bytes + AT_TENANT, order->tenant);
    little_put64(bytes + AT_HOST, order->host);
    little_put32(bytes + AT_GROUP, order->place.group);
    little_put64(bytes + AT_DUE, (uint64_t)order->place.due_s);
    memcpy(bytes + AT_ID, order->place.id, sizeof(order->place.id));
    memcpy(bytes + AT_AFTER, order->after.bytes, sizeof(order->after.bytes));
    little_put64(bytes + AT_PURGED, order->purged);
    little_put64(bytes + AT_DEQUEUED, order->dequeued);
    little_put64(bytes + AT_GIVEN, (uint64_t)order->given_s);
    MDB_val k = {.mv_size = sizeof(number), .mv_data = number};
    MDB_val v = {.mv_size = sizeof(bytes), .mv_data = bytes};
    return env_error(mdb_put(txn, index->orders, &k, &v, 0));
}

int order_remove(const struct index *index, MDB_txn *txn, uint32_t number)
{
    uint8_t bytes[4];
    put_number(bytes, number);
    MDB_val k = {.mv_size = sizeof(bytes), .mv_data = bytes};
    int r = env_error(mdb_del(txn, index->orders, &k, NULL));
    return r == -ENOENT ? 0 : r;
}

bool order_any(const struct index *index, MDB_txn *txn)
{
    return index_count(txn, index->orders) > 0;
}

/* The first, or the one after `*number`. 0, CACHE_NONE or -errno. */
static int next_order(const struct index *index, MDB_txn *txn, const uint32_t *after,
                      struct order *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->orders, &cursor));
    if (r < 0)
        return r;
    uint8_t bytes[4];
    MDB_val k = {.mv_size = sizeof(bytes), .mv_data = bytes}, v;
    if (after)
        put_number(bytes, *after + 1);
    r = env_error(mdb_cursor_get(cursor, &k, &v, after ? MDB_SET_RANGE : MDB_FIRST));
    if (r == 0)
        r = unpack(&k, &v, ret);
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}

int order_first(const struct index *index, MDB_txn *txn, struct order *ret)
{
    return next_order(index, txn, NULL, ret);
}

/* ---- what they cover ---- */

bool order_covers(const struct order *order, const struct cache_record *record)
{
    if (record->stamp >= order->number)
        return false;
    switch (order->what) {
    case CACHE_PURGE_HOST:
        return record->host == order->host || record->hop_host == order->host;
    case CACHE_PURGE_TENANT:
        return record->tenant == order->tenant;
    default:
        return order->what == CACHE_PURGE_ALL;
    }
}

int order_lasting(const struct index *index, MDB_txn *txn, struct order_lasting *ret)
{
    struct order order;
    unsigned count = 0;
    int r = order_any(index, txn) ? order_first(index, txn, &order) : CACHE_NONE;
    while (r == 0 && count < LIMIT_PURGES) {
        if (!order.forget)
            ret->all[count++] = order;
        r = next_order(index, txn, &order.number, &order);
    }
    if (r < 0)
        return r;
    ret->count = count;
    return 0;
}

bool order_lasting_covers(const struct order_lasting *lasting, const struct cache_record *record)
{
    for (unsigned i = 0; i < lasting->count; i++)
        if (order_covers(&lasting->all[i], record))
            return true;
    return false;
}

int order_covers_entry(const struct index *index, MDB_txn *txn, const struct order *order,
                       const struct queue_found *found)
{
    if (found->stamp >= order->number)
        return 0;
    if (order->what != CACHE_PURGE_HOST)
        return order->what == CACHE_PURGE_ALL || found->tenant == order->tenant;
    UNCLEARED struct cache_queued queued;
    int r = queue_unseal(index, txn, found, &queued);
    if (r != 0)
        return r < 0 ? r : 0;
    struct span url = {queued.url, queued.url_len};
    return secret_host_of_url(index->secret, url) == order->host;
}

void order_purge(struct cache_record *record, int64_t given_s)
{
    record->answered_s = given_s;
    record->state = CACHE_STORED;
    record->reason = 0;
    record->retry_s = 0;
    record->type = 0;
    record->pixel = 0;
    record->size = 0;
    record->place = 0;
    record->purged = 1;
    memset(record->content, 0, sizeof(record->content));
}

int order_hides(const struct index *index, MDB_txn *txn, const struct queue_found *found)
{
    struct order order;
    int r = order_any(index, txn) ? order_first(index, txn, &order) : CACHE_NONE;
    while (r == 0) {
        r = order_covers_entry(index, txn, &order, found);
        if (r != 0)
            return r;
        r = next_order(index, txn, &order.number, &order);
    }
    return r == CACHE_NONE ? 0 : r;
}

/* An entry of the queue, without a record, that an order will turn into a tombstone. */
static int queued_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                         struct cache_record *ret)
{
    struct queue_found found;
    int r = queue_find(index, txn, key, &found);
    if (r != 0)
        return r;
    struct order order;
    r = order_first(index, txn, &order);
    while (r == 0) {
        r = order_covers_entry(index, txn, &order, &found);
        if (r < 0 || (r == 1 && order.forget))
            return r < 0 ? r : CACHE_NONE;
        if (r == 1) {
            *ret = (struct cache_record){.tenant = found.tenant, .delivered_s = found.delivered_s};
            order_purge(ret, order.given_s);
            return 0;
        }
        r = next_order(index, txn, &order.number, &order);
    }
    return r;
}

int order_record(const struct index *index, MDB_txn *txn, const struct cache_key *key,
                 struct cache_record *ret)
{
    struct cache_record record;
    int r = index_record(index, txn, key, &record);
    if (r < 0 || !order_any(index, txn)) {
        if (r == 0)
            *ret = record;
        return r;
    }
    if (r == CACHE_NONE)
        return queued_record(index, txn, key, ret);
    struct order order;
    r = order_first(index, txn, &order);
    while (r == 0) {
        if (order_covers(&order, &record)) {
            if (order.forget)
                return CACHE_NONE;
            order_purge(&record, order.given_s);
        }
        r = next_order(index, txn, &order.number, &order);
    }
    if (r < 0)
        return r;
    *ret = record;
    return 0;
}
