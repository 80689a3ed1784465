/*
 * One file, though long: turns and what goes beside a write weigh records alike, by one order of
 * worth, and take their sample of it for each other.
 */
#include "store/sweep.h"

#include "base/list.h"
#include "store/beside.h"
#include "store/content.h"
#include "store/order.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>

#define SHARE_OF_A_TURN 16    /* of what a turn sees, so much of the oldest goes */
#define SHARE_OF_LESS   64    /* of the sample: so much is enough to go on with; not tuned */
#define STEP            32    /* by this part the number of records falls at once; not tuned */
#define BEHIND          16    /* by this part of the target it may be missed; not tuned */
#define RETRY_GRACE_S   86400 /* a try so long overdue will not come */

/* How much a record is worth keeping, when not all can be kept. */
enum worth { WORTH_UNREACHABLE, WORTH_FAILED, WORTH_GONE, WORTH_STORED, WORTH_ALWAYS };

struct sweep {
    struct index *index;
    struct ring *ring;
    bool has_terms;
    int64_t now_s;
    int64_t retention_s;
    int64_t fetch_window_s;

    struct cache_key after;
    bool started;     /* `after` holds */
    bool whole;       /* this round began at the beginning */
    int64_t oldest_s; /* of it so far; 0: none */
    _Atomic int64_t oldest_picture_s;

    bool limited; /* by `target` */
    uint64_t target;
    uint64_t free_then; /* pages, when it was set */

    /* What the last so many records were worth, as in rank_of. */
    uint64_t sample[LIMIT_SWEEP_SAMPLE];
    size_t sample_count;
    size_t sample_next;

    struct order_lasting lasting; /* as of the transaction */

    /* For those beside what was written. */
    struct cache_key spared[LIMIT_BATCH_WRITES]; /* sorted */
    unsigned spared_count;
    uint64_t upto;    /* ranks that go */
    bool upto_known;  /* by a sample that was large enough */
    unsigned sampled; /* since then */
    unsigned looked;
};

int sweep_new(struct index *index, struct ring *ring, struct sweep **ret)
{
    struct sweep *sweep = calloc(1, sizeof(*sweep));
    if (!sweep)
        return -ENOMEM;
    sweep->index = index;
    sweep->ring = ring;
    /* Anywhere, or who is often restarted would only ever look at the first ones. */
    randombytes_buf(&sweep->after, sizeof(sweep->after));
    sweep->started = true;
    *ret = sweep;
    return 0;
}

void sweep_free(struct sweep *sweep)
{
    free(sweep);
}

void sweep_set_terms(struct sweep *sweep, const struct cache_sweep *terms)
{
    sweep->now_s = terms->now_s;
    sweep->retention_s = terms->retention_s;
    sweep->fetch_window_s = terms->fetch_window_s;
    sweep->has_terms = true;
}

int64_t sweep_oldest_picture(const struct sweep *sweep)
{
    return atomic_load_explicit(&sweep->oldest_picture_s, memory_order_relaxed);
}

/* ---- how many may stay ---- */

static uint64_t count_records(const struct index *index)
{
    uint64_t count = 0;
    for (int i = 0; i < RECORD_KINDS; i++)
        count += index->figures.kinds[i];
    return count;
}

/* By the figures and the room of the last index_begin. */
static void set_target(struct sweep *sweep)
{
    const struct index_room *room = &sweep->index->room;
    uint64_t count = count_records(sweep->index);
    if (room->free >= room->low + room->low / 4) {
        /* The next time, what is old is found out anew. */
        sweep->limited = false;
        sweep->upto_known = false;
        sweep->sample_count = 0;
    } else if (!sweep->limited && room->free < room->low) {
        sweep->limited = true;
        sweep->target = count - count / STEP;
        sweep->free_then = room->free;
    } else if (sweep->limited && count <= sweep->target &&
               (room->free < room->tight || room->free + room->low / 32 < sweep->free_then)) {
        sweep->target = count - count / STEP;
        sweep->free_then = room->free;
    }
}

bool sweep_pressed(struct sweep *sweep)
{
    if (!sweep->has_terms)
        return false;
    set_target(sweep);
    return sweep->limited && count_records(sweep->index) > sweep->target;
}

bool sweep_behind(struct sweep *sweep)
{
    if (!sweep_pressed(sweep))
        return false;
    const struct index_room *room = &sweep->index->room;
    uint64_t slack = room->free < room->low / 2 ? 0 : sweep->target / BEHIND;
    return count_records(sweep->index) > sweep->target + slack;
}

/* ---- one record ---- */

static int64_t latest(const struct cache_record *record)
{
    return record->delivered_s > record->answered_s ? record->delivered_s : record->answered_s;
}

/* 1, 0 or -errno. A name that leads to a segment which is no more does not count. */
static int has_picture(const struct sweep *sweep, MDB_txn *txn, const struct cache_record *record)
{
    struct content_place place;
    if (record->size == 0)
        return 0;
    if (record->place != 0 && ring_find(sweep->ring, record->place))
        return 1;
    int r = content_find(sweep->index, txn, record->content, &place);
    if (r != 0)
        return r < 0 ? r : 0;
    return ring_find(sweep->ring, place.generation) != NULL;
}

static enum worth worth_of(const struct sweep *sweep, const struct cache_record *record,
                           bool picture)
{
    bool unreachable = record->delivered_s != 0 && !record->asked &&
                       latest(record) + sweep->fetch_window_s < sweep->now_s;
    if (record->purged)
        return WORTH_ALWAYS;
    if (picture)
        return WORTH_STORED;
    if (unreachable)
        return WORTH_UNREACHABLE;
    return record->state == CACHE_FAILED ? WORTH_FAILED : WORTH_GONE;
}

#define RANK_TIME UINT64_C(0xffffffffffff)

/* Smaller goes first: by worth, then by time. */
static uint64_t rank_of(enum worth worth, const struct cache_record *record)
{
    int64_t time_s = latest(record);
    return (uint64_t)worth << 48 | (time_s > 0 ? (uint64_t)time_s & RANK_TIME : 0);
}

static void add_to_sample(struct sweep *sweep, uint64_t rank)
{
    sweep->sample[sweep->sample_next] = rank;
    sweep->sample_next = (sweep->sample_next + 1) % LIMIT_SWEEP_SAMPLE;
    if (sweep->sample_count < LIMIT_SWEEP_SAMPLE)
        sweep->sample_count++;
    sweep->sampled++;
}

static int by_rank(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Up to which rank a record is among the oldest: one in `share`. False while there is too little to
 * tell by. */
static bool find_threshold(const struct sweep *sweep, uint64_t count, unsigned share, uint64_t *ret)
{
    size_t wanted = count < LIMIT_SWEEP_SAMPLE ? (size_t)count : LIMIT_SWEEP_SAMPLE;
    if (sweep->sample_count < wanted / 2 || sweep->sample_count == 0)
        return false;
    /* In a small index an older part of the sample would be the same records once more. */
    size_t used = sweep->sample_count < wanted ? sweep->sample_count : wanted;
    uint64_t *sorted = malloc(used * sizeof(*sorted));
    if (!sorted)
        return false;
    for (size_t i = 0; i < used; i++)
        sorted[i] =
            sweep->sample[(sweep->sample_next + LIMIT_SWEEP_SAMPLE - 1 - i) % LIMIT_SWEEP_SAMPLE];
    qsort(sorted, used, sizeof(*sorted), by_rank);
    uint64_t rank = sorted[used / share];
    /* While there is enough of what is worth less, the rest is left alone. */
    uint64_t end_of_worth = sorted[used / SHARE_OF_LESS] | RANK_TIME;
    free(sorted);
    *ret = rank < end_of_worth ? rank : end_of_worth;
    return true;
}

/* ---- a turn ---- */

#define ENOUGH 3 /* a positive answer that is no other's */

struct turn {
    struct index_visitor visitor;
    struct sweep *sweep;
    MDB_txn *txn;
    bool pressed;
    uint64_t upto;  /* ranks that go */
    uint64_t spare; /* how many may go before their time or are only unreachable */
    unsigned visited;
    unsigned count;
    unsigned early;
    struct cache_key last;
    struct cache_key keys[LIMIT_SWEEP_TURN];
    bool before_time[LIMIT_SWEEP_TURN];
};

/* Of what is being asked, or will be, nothing is forgotten; nor what a purge has yet to get to: for
 * its readers that is purged already, and would be unknown without a record. */
static bool must_stay(const struct sweep *sweep, const struct cache_record *record)
{
    return record->state == CACHE_CLAIMED ||
           (record->state == CACHE_FAILED && record->retry_s != 0 &&
            record->retry_s + RETRY_GRACE_S > sweep->now_s) ||
           order_lasting_covers(&sweep->lasting, record);
}

/* What is to be known of a record before it goes. */
struct weight {
    bool picture; /* there is one */
    bool expired; /* its time is over, and no picture needs it */
    enum worth worth;
};

static int weigh(const struct sweep *sweep, MDB_txn *txn, const struct cache_record *record,
                 struct weight *ret)
{
    int picture = has_picture(sweep, txn, record);
    if (picture < 0)
        return picture;
    ret->picture = picture;
    ret->expired = !picture && latest(record) + sweep->retention_s < sweep->now_s;
    ret->worth = worth_of(sweep, record, picture);
    return 0;
}

/* 0 or -errno. */
static int judge(struct turn *t, const struct cache_key *key, const struct cache_record *record)
{
    struct sweep *sweep = t->sweep;
    if (must_stay(sweep, record))
        return 0;
    struct weight w;
    int r = weigh(sweep, t->txn, record, &w);
    if (r < 0)
        return r;
    if (w.picture && (sweep->oldest_s == 0 || record->answered_s < sweep->oldest_s))
        sweep->oldest_s = record->answered_s;
    if (w.expired) {
        t->keys[t->count++] = *key;
        return 0;
    }
    if (!t->pressed || w.worth == WORTH_ALWAYS)
        return 0;
    uint64_t rank = rank_of(w.worth, record);
    add_to_sample(sweep, rank);
    if (t->spare == 0 || rank > t->upto)
        return 0;
    t->spare--;
    t->before_time[t->count] = w.worth != WORTH_UNREACHABLE;
    t->early += w.worth != WORTH_UNREACHABLE;
    t->keys[t->count++] = *key;
    return 0;
}

static int visit(struct index_visitor *self, const struct cache_key *key,
                 const struct cache_record *record)
{
    struct turn *t = container_of(self, struct turn, visitor);
    int r = record ? judge(t, key, record) : 0;
    if (r < 0)
        return r;
    t->last = *key;
    return ++t->visited < LIMIT_SWEEP_TURN ? 0 : ENOUGH;
}

static int forget_some(struct turn *t, unsigned from, unsigned count)
{
    struct index *index = t->sweep->index;
    MDB_txn *txn;
    int r = index_begin(index, &txn);
    if (r < 0)
        return r;
    for (unsigned i = from; i < from + count && r == 0; i++) {
        r = index_record_remove(index, txn, &t->keys[i]);
        index->figures.early += t->before_time[i];
    }
    if (r < 0) {
        index_abort(index, txn);
        return r;
    }
    index->figures.forgotten += count;
    return index_commit(index, txn);
}

/* In one transaction when there is room: each page that it touches is copied first. */
static int forget(struct turn *t)
{
    unsigned step = t->sweep->index->room.changes;
    for (unsigned done = 0; done < t->count;) {
        if (step > t->count - done)
            step = t->count - done;
        int r = forget_some(t, done, step);
        if (r < 0 && (r != -ENOSPC || step == 1))
            return r;
        if (r == 0)
            done += step;
        else
            step /= 2;
    }
    return 0;
}

/* Looks without a write transaction: most turns have nothing to write. Nobody else writes. */
static int look(struct turn *t)
{
    struct sweep *sweep = t->sweep;
    int r = env_read_begin(sweep->index->env, &t->txn);
    if (r < 0)
        return r;
    r = order_lasting(sweep->index, t->txn, &sweep->lasting);
    if (r == 0)
        r = index_record_each(sweep->index, t->txn, sweep->started ? &sweep->after : NULL,
                              &t->visitor);
    env_read_end(sweep->index->env, t->txn);
    return r;
}

static int take_turn(struct turn *t, struct cache_sweep *ret)
{
    struct sweep *sweep = t->sweep;
    int walked = look(t);
    if (walked < 0)
        return walked;
    int r = t->count > 0 ? forget(t) : 0;
    if (r < 0)
        return r;
    sweep->started = walked != CACHE_NONE;
    sweep->after = t->last;
    if (walked == CACHE_NONE) {
        if (sweep->whole)
            atomic_store_explicit(&sweep->oldest_picture_s, sweep->oldest_s, memory_order_relaxed);
        sweep->whole = true;
        sweep->oldest_s = 0;
        ret->round = 1;
    }
    ret->visited += t->visited;
    ret->forgotten += t->count;
    ret->early += t->early;
    return 0;
}

int sweep_turn(struct sweep *sweep, struct cache_sweep *ret)
{
    if (!sweep->has_terms)
        return 0;
    struct turn *t = calloc(1, sizeof(*t));
    if (!t)
        return -ENOMEM;
    t->visitor.visit = visit;
    t->sweep = sweep;
    t->pressed = sweep_pressed(sweep);
    if (t->pressed) {
        uint64_t count = count_records(sweep->index);
        if (find_threshold(sweep, count, SHARE_OF_A_TURN, &t->upto))
            t->spare = count - sweep->target;
    }
    int r = take_turn(t, ret);
    free(t);
    return r;
}

/* ---- beside what was written ---- */

#define SHARE_BESIDE    4
#define MOST_BESIDE     2 /* go for one that was written, so that their number can fall */
#define SAMPLED_BESIDE  8 /* one in so many is looked at closely; not tuned */
#define SAMPLES_A_SHARE 1024

struct old {
    uint64_t rank;
    bool early;
    struct cache_key key;
};

struct around {
    struct beside_visitor visitor;
    struct sweep *sweep;
    MDB_txn *txn;
    unsigned count;
    struct old old[BESIDE_MOST];
};

/* Whether there is a picture is what takes the time to tell; without one a record is worth the
 * least that it can be. */
static bool may_be_old(const struct sweep *sweep, const struct cache_record *record)
{
    return sweep->upto_known && rank_of(worth_of(sweep, record, false), record) <= sweep->upto;
}

static int rank_beside(struct around *a, const struct cache_record *record, struct old *old)
{
    struct sweep *sweep = a->sweep;
    /* The sample is of all, and so not to be taken among the old. */
    bool sampled = sweep->looked++ % SAMPLED_BESIDE == 0 || !sweep->upto_known;
    if (must_stay(sweep, record) || (!sampled && !may_be_old(sweep, record)))
        return 0;
    struct weight w;
    int r = weigh(sweep, a->txn, record, &w);
    if (r < 0)
        return r;
    if (w.worth == WORTH_ALWAYS && !w.expired)
        return 0;
    old->early = !w.expired && w.worth != WORTH_UNREACHABLE;
    old->rank = w.expired ? 0 : rank_of(w.worth, record);
    if (sampled && !w.expired)
        add_to_sample(sweep, old->rank);
    if ((w.expired || (sweep->upto_known && old->rank <= sweep->upto)) && a->count < BESIDE_MOST)
        a->old[a->count++] = *old;
    return 0;
}

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct cache_key));
}

static bool is_spared(const struct sweep *sweep, const struct cache_key *key)
{
    return bsearch(key, sweep->spared, sweep->spared_count, sizeof(*key), by_key) != NULL;
}

static int visit_beside(struct beside_visitor *self, const MDB_val *k, const MDB_val *v)
{
    struct around *a = container_of(self, struct around, visitor);
    struct cache_record record;
    struct old old;
    if (k->mv_size != sizeof(old.key.bytes))
        return 0;
    memcpy(old.key.bytes, k->mv_data, sizeof(old.key.bytes));
    bool sound =
        record_unpack(v->mv_data, v->mv_size, &old.key, a->sweep->index->secret, &record) == 0;
    return sound && !is_spared(a->sweep, &old.key) ? rank_beside(a, &record, &old) : 0;
}

static int by_age(const void *a, const void *b)
{
    const struct old *x = a, *y = b;
    return by_rank(&x->rank, &y->rank);
}

static int forget_beside(struct around *a, uint64_t spare)
{
    struct index *index = a->sweep->index;
    qsort(a->old, a->count, sizeof(a->old[0]), by_age);
    for (unsigned i = 0; i < a->count && i < spare && i < MOST_BESIDE; i++) {
        int r = index_record_remove(index, a->txn, &a->old[i].key);
        if (r < 0)
            return r;
        index->figures.forgotten++;
        index->figures.early += a->old[i].early;
    }
    return 0;
}

int sweep_spare(struct sweep *sweep, MDB_txn *txn, const struct cache_key *const *keys,
                unsigned count)
{
    must(count <= LIMIT_BATCH_WRITES);
    if (!sweep->limited)
        return 0;
    for (unsigned i = 0; i < count; i++)
        sweep->spared[i] = *keys[i];
    sweep->spared_count = count;
    qsort(sweep->spared, count, sizeof(sweep->spared[0]), by_key);
    return order_lasting(sweep->index, txn, &sweep->lasting);
}

int sweep_beside(struct sweep *sweep, MDB_txn *txn, const struct cache_key *key)
{
    uint64_t count = count_records(sweep->index);
    if (!sweep->limited || count <= sweep->target)
        return 0;
    if (!sweep->upto_known || sweep->sampled >= SAMPLES_A_SHARE) {
        sweep->sampled = 0;
        sweep->upto_known = find_threshold(sweep, count, SHARE_BESIDE, &sweep->upto);
    }
    UNCLEARED struct around around;
    around.visitor.visit = visit_beside;
    around.sweep = sweep;
    around.txn = txn;
    around.count = 0;
    int r = beside_each(txn, sweep->index->records, key->bytes, &around.visitor);
    return r < 0 ? r : forget_beside(&around, count - sweep->target);
}
