/*
 * One file, though long: what one thread does in one round, from taking the writes to telling of
 * them, and what it does when a part of that fails, is read from top to bottom.
 */
#include "store/writer.h"

#include "base/list.h"
#include "store/apply.h"
#include "store/commit.h"
#include "store/content.h"
#include "store/evict.h"
#include "store/purge.h"
#include "store/shred.h"
#include "store/sweep.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#define NEW_SEGMENTS_A_COMMIT                                                                      \
    3 /* a picture that does not fit into that many new ones never will                            \
       */

#define WAITS_FOR_READERS   20
#define WAIT_FOR_READERS_NS 5000000 /* a few time slices; not tuned */

#define CLEANED 2 /* one in so many pictures has the page of its name gone through; not tuned */

#define SWEEPS_A_BATCH 8 /* at most, when the index fills up: twice what a batch can add */
#define PAUSE_S        1 /* before a purge that failed is gone on with */

struct writes {
    struct cache_write *first;
    struct cache_write **last;
};

struct writer {
    struct writer_conf conf;
    pthread_t thread;
    _Atomic uint64_t purges;

    /* The thread's own. */
    struct sweep *sweep;
    struct evict evict;
    unsigned tidied;
    struct writes turns;        /* asked for, not taken yet */
    struct cache_purge *orders; /* given by callers that wait, the oldest first */
    bool purging;               /* there are orders in the index */
    bool paused;                /* the last turn of theirs failed */
    unsigned purge_limit;

    pthread_mutex_t lock; /* of the rest */
    pthread_cond_t some;
    struct writes waiting; /* not taken by the thread yet */
    struct writes posted;  /* on the loop, `done` not called yet */
    bool stopping;
};

static void writes_init(struct writes *writes)
{
    writes->first = NULL;
    writes->last = &writes->first;
}

static void writes_add(struct writes *writes, struct cache_write *write)
{
    write->next = NULL;
    *writes->last = write;
    writes->last = &write->next;
}

static struct cache_write *writes_pop(struct writes *writes)
{
    struct cache_write *write = writes->first;
    if (write) {
        writes->first = write->next;
        if (!writes->first)
            writes->last = &writes->first;
        write->next = NULL;
    }
    return write;
}

/* ---- handing back ---- */

static void run_done(struct loop_task *task)
{
    struct cache_write *write = container_of(task, struct cache_write, task);
    struct writer *writer = write->writer;
    pthread_mutex_lock(&writer->lock);
    must(writes_pop(&writer->posted) == write); /* the loop keeps the order of posting */
    pthread_mutex_unlock(&writer->lock);
    write->done(write);
}

static void run_nothing(struct loop_task *task)
{
    (void)task;
}

/* `write->done` is posted under the lock: otherwise it could run, and stop the writer, before it is
 * noted. */
static void post(struct writer *writer, struct cache_write *write)
{
    write->task.run = run_done;
    pthread_mutex_lock(&writer->lock);
    if (!writer->stopping) {
        writes_add(&writer->posted, write);
        loop_post(writer->conf.loop, &write->task);
    }
    pthread_mutex_unlock(&writer->lock);
}

/* ---- purges and sweeps ---- */

static void tell_purge(struct cache_write *write)
{
    struct cache_purge *purge = container_of(write, struct cache_purge, write);
    purge->done(purge);
}

static void tell_sweep(struct cache_write *write)
{
    struct cache_sweep *sweep = container_of(write, struct cache_sweep, write);
    sweep->done(sweep);
}

static void finish_purge(struct writer *writer, struct cache_purge *purge)
{
    purge->write.done = tell_purge;
    post(writer, &purge->write);
}

/* An order was given, or not; if so it is waited for. */
static void take_order(struct writer *writer, struct cache_purge *purge, uint32_t number)
{
    if (purge->result < 0) {
        finish_purge(writer, purge);
        return;
    }
    purge->number = number;
    purge->next = NULL;
    struct cache_purge **last = &writer->orders;
    while (*last)
        last = &(*last)->next;
    *last = purge;
    writer->purging = true;
}

static void end_order(struct writer *writer, const struct order *order)
{
    struct cache_purge **at = &writer->orders;
    while (*at && (*at)->number != order->number)
        at = &(*at)->next;
    struct cache_purge *purge = *at;
    if (!purge)
        return; /* given before this opening */
    *at = purge->next;
    purge->purged = order->purged;
    purge->dequeued = order->dequeued;
    finish_purge(writer, purge);
}

/* What is not noted as done is done once more. */
static void shred(struct writer *w)
{
    (void)!shred_all(w->conf.index, w->conf.ring);
}

/* A turn that finds no room is taken in smaller steps: each page it touches is copied. */
static void purge_some(struct writer *w)
{
    struct order order;
    unsigned changes = w->conf.index->room.changes;
    int r = purge_turn(w->conf.index, changes < w->purge_limit ? changes : w->purge_limit, &order);
    shred(w);
    if (r == -ENOSPC && w->purge_limit > 1)
        w->purge_limit /= 2;
    else if (r >= 0 && w->purge_limit < LIMIT_PURGE_TURN)
        w->purge_limit *= 2;
    else
        w->paused = r < 0;
    if (r == PURGE_NONE)
        w->purging = false;
    if (r == PURGE_DONE)
        end_order(w, &order);
}

/* Turns that were asked for: one at a time. */
static void sweep_asked(struct writer *w)
{
    struct cache_write *write = writes_pop(&w->turns);
    if (!write)
        return;
    struct cache_sweep *sweep = container_of(write, struct cache_sweep, write);
    sweep_set_terms(w->sweep, sweep);
    sweep->result = sweep_turn(w->sweep, sweep);
    shred(w);
    write->done = tell_sweep;
    post(w, write);
}

static void sweep_pressing(struct writer *w)
{
    struct cache_sweep unasked = {0};
    for (unsigned i = 0; i < SWEEPS_A_BATCH && sweep_behind(w->sweep); i++)
        if (sweep_turn(w->sweep, &unasked) < 0)
            break;
    shred(w);
}

static void hand_back(struct writer *writer, struct cache_write *write,
                      const struct outcome *outcome)
{
    write->result = outcome->result;
    write->existed = outcome->existed;
    bool wish = write->op == CACHE_ORDER || write->op == CACHE_FORGET ||
                (write->op == CACHE_PURGE && outcome->record.purged);
    if (wish && outcome->result == 0)
        atomic_fetch_add(&writer->purges, 1);
    if (write->op == CACHE_ORDER) {
        struct cache_purge *purge = container_of(write, struct cache_purge, write);
        purge->result = outcome->result;
        take_order(writer, purge, outcome->record.stamp);
        return;
    }
    write->record = outcome->record;
    if (write->done) {
        post(writer, write);
        return;
    }
    free((void *)(uintptr_t)write->bytes);
    free(write);
}

/* ---- committing ---- */

struct batch {
    struct cache_write *writes[LIMIT_BATCH_WRITES];
    struct outcome outcomes[LIMIT_BATCH_WRITES];
    size_t count;
    int no_picture;   /* see struct apply */
    bool no_eviction; /* none with this one */
    bool full;        /* the newest segment, for the next picture */
    unsigned new_segments;
    unsigned waited; /* for readers */
};

/* Makes room ahead, in the same transactions, for what is about to be applied. */
static int evict_with(struct writer *w, const struct apply *apply, const struct batch *batch,
                      size_t from, size_t count)
{
    unsigned pictures = 0;
    uint64_t bytes = 0;
    for (size_t i = from; i < from + count; i++) {
        bool picture = batch->writes[i]->op == CACHE_STORE && !batch->writes[i]->record.pixel;
        pictures += picture;
        bytes += picture ? batch->writes[i]->len : 0;
    }
    bool due = pictures > 0 && !batch->no_eviction && !batch->no_picture;
    return due ? evict_some(&w->evict, apply, pictures, bytes) : 0;
}

/* How many of `count` writes from `from` could be applied: *ret_applied; and what ended that. */
static int apply_some(const struct apply *apply, struct batch *batch, size_t from, size_t count,
                      size_t *ret_applied)
{
    int r = 0;
    size_t applied = 0;
    while (applied < count) {
        r = apply_write(apply, batch->writes[from + applied], &batch->outcomes[from + applied]);
        if (r != 0)
            break;
        applied++;
    }
    *ret_applied = applied;
    return r;
}

static bool puts_record(const struct cache_write *write, const struct outcome *outcome)
{
    return outcome->result == 0 &&
           (write->op == CACHE_CLAIM || write->op == CACHE_STORE || write->op == CACHE_FAIL);
}

/* Takes out of the pages that these writes have changed what is old in them, if there is need. */
static int tidy_beside(struct writer *w, const struct apply *apply, const struct batch *batch,
                       size_t from, size_t count)
{
    if (batch->no_eviction)
        return 0;
    const struct cache_key *keys[LIMIT_BATCH_WRITES];
    for (size_t i = 0; i < count; i++)
        keys[i] = &batch->writes[from + i]->key;
    int r = sweep_spare(w->sweep, apply->txn, keys, (unsigned)count);
    uint64_t oldest = ring_first_generation(apply->ring);
    for (size_t i = from; i < from + count && r == 0; i++) {
        const struct cache_write *write = batch->writes[i];
        const struct outcome *outcome = &batch->outcomes[i];
        if (!puts_record(write, outcome))
            continue;
        r = sweep_beside(w->sweep, apply->txn, &write->key);
        if (r != 0 || write->op != CACHE_STORE || outcome->record.size == 0)
            continue;
        if (w->tidied++ % CLEANED == 0)
            r = content_clean_beside(apply->index, apply->txn, oldest, outcome->record.content);
    }
    return r;
}

/* Applies and commits `count` writes from `from`, or as many of them as the newest segment has room
 * for: *ret_applied. 0; APPLY_FULL when that is none, APPLY_BROKEN, -errno of the index: then
 * nothing was applied. */
static int commit(struct writer *w, struct batch *batch, size_t from, size_t count,
                  size_t *ret_applied)
{
    const struct evict before = w->evict;
    struct apply apply = {
        .index = w->conf.index, .ring = w->conf.ring, .no_picture = batch->no_picture};
    int r = index_begin(w->conf.index, &apply.txn);
    if (r < 0)
        return r;
    size_t applied = 0;
    r = evict_with(w, &apply, batch, from, count);
    if (r == 0)
        r = apply_some(&apply, batch, from, count, &applied);
    bool full = r == APPLY_FULL && (applied > 0 || w->evict.kept != before.kept);
    if (r == 0 || full)
        r = tidy_beside(w, &apply, batch, from, applied);
    if (r == 0)
        r = commit_all(w->conf.index, w->conf.ring, apply.txn);
    else
        commit_none(w->conf.index, w->conf.ring, apply.txn);
    if (r == 0) {
        *ret_applied = applied;
        batch->full = full;
        shred(w);
    } else {
        w->evict = before;
    }
    return r;
}

static void new_segment(struct writer *w, struct batch *batch)
{
    int r = -ENOSPC;
    if (batch->new_segments++ < NEW_SEGMENTS_A_COMMIT)
        r = evict_for_new(w->conf.ring);
    if (r < 0)
        batch->no_picture = r;
}

/* The writes from `from` on get their outcome; how many is the result: 0 when that was only room
 * made. */
static size_t commit_some(struct writer *w, struct batch *batch, size_t from)
{
    size_t count = batch->count - from, applied = 0;
    if (count > w->conf.index->room.changes)
        count = w->conf.index->room.changes;
    batch->no_picture = 0;
    batch->no_eviction = false;
    batch->new_segments = 0;
    /* What is left of it may do for a smaller picture or two: each time less, and a commit each. */
    if (batch->full)
        new_segment(w, batch);
    batch->full = false;
    for (;;) {
        int r = commit(w, batch, from, count, &applied);
        if (r == 0)
            return applied;
        if (r != APPLY_FULL && !batch->no_eviction) {
            batch->no_eviction = true; /* which may be what failed */
        } else if (r > 0) {
            new_segment(w, batch);
        } else if (count > 1) {
            count = 1;
        } else if (r == -ENOSPC && batch->waited++ < WAITS_FOR_READERS) {
            /* Pages that were freed are used again only when the oldest reader has moved on, and it
             * may be asleep; on a full index, this is in vain. */
            nanosleep(&(struct timespec){.tv_nsec = WAIT_FOR_READERS_NS}, NULL);
        } else {
            batch->outcomes[from] = (struct outcome){.result = r};
            return 1;
        }
    }
}

static void commit_batch(struct writer *w, struct batch *batch)
{
    for (size_t at = 0; at < batch->count;) {
        size_t next = at + commit_some(w, batch, at);
        for (; at < next; at++)
            hand_back(w, batch->writes[at], &batch->outcomes[at]);
    }
}

static bool has_work(const struct writer *w)
{
    return w->waiting.first || w->stopping || w->turns.first || (w->purging && !w->paused);
}

/* Waits until there is something to do; while purges are paused, not for ever. */
static void wait_for_work(struct writer *w)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PAUSE_S;
    while (!has_work(w)) {
        if (!w->purging)
            pthread_cond_wait(&w->some, &w->lock);
        else if (pthread_cond_timedwait(&w->some, &w->lock, &until) != 0)
            break;
    }
    w->paused = false;
}

/* Takes the next writes, if there are any. False when there are none and there will be none. */
static bool gather(struct writer *w, struct batch *batch)
{
    uint64_t bytes = 0;
    batch->count = 0;
    batch->waited = 0;
    batch->full = false;
    pthread_mutex_lock(&w->lock);
    wait_for_work(w);
    while (w->waiting.first && batch->count < LIMIT_BATCH_WRITES &&
           (bytes == 0 || bytes + w->waiting.first->len <= LIMIT_BATCH_BYTES)) {
        struct cache_write *write = writes_pop(&w->waiting);
        if (write->op == CACHE_TURN) {
            writes_add(&w->turns, write);
            continue;
        }
        bytes += write->len;
        batch->writes[batch->count++] = write;
    }
    bool more = batch->count > 0 || !w->stopping;
    pthread_mutex_unlock(&w->lock);
    return more;
}

static void *run(void *arg)
{
    struct writer *writer = arg;
    UNCLEARED struct batch batch;
    while (gather(writer, &batch)) {
        commit_batch(writer, &batch);
        if (writer->purging && !writer->paused)
            purge_some(writer);
        sweep_asked(writer);
        if (batch.count > 0)
            sweep_pressing(writer);
    }
    return NULL;
}

/* ---- starting and stopping ---- */

int writer_start(const struct writer_conf *conf, struct writer **ret)
{
    struct writer *writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->conf = *conf;
    writes_init(&writer->waiting);
    writes_init(&writer->posted);
    writes_init(&writer->turns);
    writer->purging = true; /* perhaps: the first turn tells */
    writer->purge_limit = LIMIT_PURGE_TURN;
    if (sweep_new(conf->index, conf->ring, &writer->sweep) < 0) {
        free(writer);
        return -ENOMEM;
    }
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->some, NULL);
    sigset_t all, before; /* signals are for the threads that wait for them */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = -pthread_create(&writer->thread, NULL, run, writer);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (r < 0) {
        pthread_cond_destroy(&writer->some);
        pthread_mutex_destroy(&writer->lock);
        sweep_free(writer->sweep);
        free(writer);
        return r;
    }
    *ret = writer;
    return 0;
}

void writer_add(struct writer *writer, struct cache_write *write)
{
    write->writer = writer;
    pthread_mutex_lock(&writer->lock);
    writes_add(&writer->waiting, write);
    pthread_cond_signal(&writer->some);
    pthread_mutex_unlock(&writer->lock);
}

void writer_stop(struct writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    pthread_cond_signal(&writer->some);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    struct cache_write *write;
    while ((write = writes_pop(&writer->posted)))
        write->task.run = run_nothing;
    pthread_cond_destroy(&writer->some);
    pthread_mutex_destroy(&writer->lock);
    sweep_free(writer->sweep);
    free(writer);
}

uint64_t writer_purges(const struct writer *writer)
{
    return atomic_load_explicit(&writer->purges, memory_order_acquire);
}

int64_t writer_oldest_picture(const struct writer *writer)
{
    return sweep_oldest_picture(writer->sweep);
}
