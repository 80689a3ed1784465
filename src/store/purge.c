#include "store/purge.h"

#include "base/list.h"
#include "sys/clock.h"

#include <errno.h>
#include <string.h>

int purge_give(struct index *index, MDB_txn *txn, const struct cache_purge *purge,
               uint32_t *ret_number)
{
    if (index_count(txn, index->orders) >= LIMIT_PURGES)
        return -EAGAIN;
    struct order order = {
        .number = index->figures.last_order + 1,
        .what = (uint8_t)purge->what,
        .forget = purge->forget,
        .tenant = purge->tenant,
        .host = purge->host,
        .given_s = clock_wall_s(),
        .place = {.due_s = INT64_MIN},
    };
    int r = order_put(index, txn, &order);
    if (r < 0)
        return r;
    index->figures.last_order = order.number;
    *ret_number = order.number;
    return 0;
}

struct turn {
    struct index *index;
    MDB_txn *txn;
    struct order order;
    unsigned limit;
};

/* ---- the queue ---- */

/* An entry is all that is known of its URL: then it is the entry that is purged. */
static int leave_tombstone(struct turn *t, const struct queue_found *found)
{
    UNCLEARED struct cache_queued queued;
    int r = queue_unseal(t->index, t->txn, found, &queued);
    if (r != 0)
        return r < 0 ? r : 0;
    struct cache_record record;
    r = index_record(t->index, t->txn, &queued.key, &record);
    if (r != CACHE_NONE)
        return r == -EBADMSG ? 0 : r;
    t->order.purged++;
    if (t->order.forget)
        return 0;
    record = (struct cache_record){
        .tenant = queued.tenant,
        .delivered_s = queued.delivered_s,
        .host = secret_host_of_url(t->index->secret, (struct span){queued.url, queued.url_len}),
        .stamp = t->order.number,
    };
    order_purge(&record, t->order.given_s);
    return index_record_put(t->index, t->txn, &queued.key, &record);
}

static int purge_entry(struct turn *t, const struct queue_found *found)
{
    int r = order_covers_entry(t->index, t->txn, &t->order, found);
    if (r != 1)
        return r;
    r = leave_tombstone(t, found);
    if (r < 0)
        return r;
    t->order.dequeued++;
    return queue_remove_found(t->index, t->txn, found);
}

static int turn_queue(struct turn *t)
{
    for (unsigned i = 0; i < t->limit; i++) {
        struct queue_found found;
        int r = queue_next(t->index, t->txn, &t->order.place, &found);
        if (r == CACHE_NONE)
            t->order.phase = ORDER_RECORDS;
        if (r != 0)
            return r < 0 ? r : 0;
        r = purge_entry(t, &found);
        if (r < 0)
            return r;
        t->order.place = found;
    }
    return 0;
}

/* ---- records ---- */

#define ENOUGH 3 /* a positive answer that is no other's */

struct covered {
    struct index_visitor visitor;
    struct turn *turn;
    unsigned visited;
    unsigned count;
    struct cache_key last;
    struct cache_key keys[LIMIT_PURGE_TURN];
};

/* A record that cannot be read may be of this host or tenant as well as not; `all` is all. */
static int note_covered(struct index_visitor *self, const struct cache_key *key,
                        const struct cache_record *record)
{
    struct covered *c = container_of(self, struct covered, visitor);
    const struct order *order = &c->turn->order;
    if (record ? order_covers(order, record) : order->what == CACHE_PURGE_ALL)
        c->keys[c->count++] = *key;
    c->last = *key;
    return ++c->visited < c->turn->limit ? 0 : ENOUGH;
}

static int purge_record(struct turn *t, const struct cache_key *key)
{
    struct cache_record record = {0};
    int r = index_record(t->index, t->txn, key, &record);
    if (r != 0 && r != -EBADMSG)
        return r < 0 ? r : 0;
    if (r == 0 && record.purged && !t->order.forget)
        return 0;
    if (t->order.forget) {
        r = index_record_remove(t->index, t->txn, key);
    } else {
        order_purge(&record, t->order.given_s);
        record.stamp = t->order.number;
        r = index_record_put(t->index, t->txn, key, &record);
    }
    if (r < 0)
        return r;
    t->order.purged++;
    r = queue_remove(t->index, t->txn, key);
    if (r == 0)
        t->order.dequeued++;
    return r < 0 ? r : 0;
}

/* 0; CACHE_NONE after the last record; -errno. */
static int turn_records(struct turn *t, struct covered *c)
{
    static const struct cache_key beginning;
    bool first = memcmp(&t->order.after, &beginning, sizeof(beginning)) == 0;
    int walked = index_record_each(t->index, t->txn, first ? NULL : &t->order.after, &c->visitor);
    if (walked < 0)
        return walked;
    for (unsigned i = 0; i < c->count; i++) {
        int r = purge_record(t, &c->keys[i]);
        if (r < 0)
            return r;
    }
    if (c->visited > 0)
        t->order.after = c->last;
    return walked == CACHE_NONE ? CACHE_NONE : 0;
}

/* ---- turns ---- */

static int take_turn(struct turn *t)
{
    if (t->order.phase == ORDER_QUEUE) {
        int r = turn_queue(t);
        return r < 0 ? r : order_put(t->index, t->txn, &t->order);
    }
    struct covered *c = calloc(1, sizeof(*c));
    if (!c)
        return -ENOMEM;
    c->visitor.visit = note_covered;
    c->turn = t;
    int r = turn_records(t, c);
    free(c);
    if (r < 0)
        return r;
    if (r == 0)
        return order_put(t->index, t->txn, &t->order);
    r = order_remove(t->index, t->txn, t->order.number);
    return r < 0 ? r : PURGE_DONE;
}

int purge_turn(struct index *index, unsigned limit, struct order *ret)
{
    struct turn turn = {.index = index,
                        .limit = limit < LIMIT_PURGE_TURN ? limit : LIMIT_PURGE_TURN};
    int r = index_begin(index, &turn.txn);
    if (r < 0)
        return r;
    r = order_first(index, turn.txn, &turn.order);
    if (r == 0)
        r = take_turn(&turn);
    else if (r == CACHE_NONE)
        r = PURGE_NONE;
    if (r < 0 || r == PURGE_NONE) {
        index_abort(index, turn.txn);
        return r;
    }
    int committed = index_commit(index, turn.txn);
    if (committed < 0)
        return committed;
    if (r == PURGE_DONE)
        *ret = turn.order;
    return r;
}
