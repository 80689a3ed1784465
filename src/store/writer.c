#include "store/writer.h"

#include "base/list.h"
#include "store/apply.h"
#include "store/evict.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#define NEW_SEGMENTS_A_COMMIT                                                                      \
    3 /* a picture that does not fit into that many new ones never will                            \
       */

#define WAITS_FOR_READERS   20
#define WAIT_FOR_READERS_NS 5000000 /* a few time slices; not tuned */

struct writes {
    struct cache_write *first;
    struct cache_write **last;
};

struct writer {
    struct writer_conf conf;
    pthread_t thread;

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

static void hand_back(struct writer *writer, struct cache_write *write,
                      const struct outcome *outcome)
{
    write->result = outcome->result;
    write->record = outcome->record;
    if (!write->done) {
        free((void *)(uintptr_t)write->bytes);
        free(write);
        return;
    }
    write->task.run = run_done;
    /* Posted under the lock: otherwise `done` could run, and stop the writer, before it is noted.
     */
    pthread_mutex_lock(&writer->lock);
    if (!writer->stopping) {
        writes_add(&writer->posted, write);
        loop_post(writer->conf.loop, &write->task);
    }
    pthread_mutex_unlock(&writer->lock);
}

/* ---- committing ---- */

struct batch {
    struct cache_write *writes[LIMIT_BATCH_WRITES];
    struct outcome outcomes[LIMIT_BATCH_WRITES];
    size_t count;
    int no_picture; /* see struct apply */
    unsigned new_segments;
    unsigned waited; /* for readers */
};

static void abort_all(struct writer *w, MDB_txn *txn)
{
    if (ring_newest(w->conf.ring))
        segment_abort(ring_newest(w->conf.ring));
    if (txn)
        mdb_txn_abort(txn);
}

/* Applies and commits `count` writes from `from`, or as many of them as the newest segment has room
 * for: *ret_applied. 0; APPLY_FULL when that is none, APPLY_BROKEN, -errno of the index: then
 * nothing was applied. */
static int commit(struct writer *w, struct batch *batch, size_t from, size_t count,
                  size_t *ret_applied)
{
    struct apply apply = {
        .index = w->conf.index, .ring = w->conf.ring, .no_picture = batch->no_picture};
    int r = index_begin(w->conf.index, &apply.txn);
    if (r < 0)
        return r;
    size_t applied = 0;
    while (applied < count) {
        r = apply_write(&apply, batch->writes[from + applied], &batch->outcomes[from + applied]);
        if (r != 0)
            break;
        applied++;
    }
    if (r < 0 || r == APPLY_BROKEN || applied == 0) {
        abort_all(w, apply.txn);
        return r;
    }
    if (ring_newest(w->conf.ring) && segment_commit(ring_newest(w->conf.ring)) < 0) {
        abort_all(w, apply.txn);
        return APPLY_BROKEN;
    }
    r = env_error(mdb_txn_commit(apply.txn));
    if (r == 0)
        *ret_applied = applied;
    return r;
}

static void new_segment(struct writer *w, struct batch *batch)
{
    int r = -ENOSPC;
    if (batch->new_segments++ < NEW_SEGMENTS_A_COMMIT)
        r = evict_for_new(w->conf.index, w->conf.ring);
    if (r < 0)
        batch->no_picture = r;
}

/* At least one write from `from` on gets its outcome; how many is the result. */
static size_t commit_some(struct writer *w, struct batch *batch, size_t from)
{
    size_t count = batch->count - from, applied = 0;
    batch->no_picture = 0;
    batch->new_segments = 0;
    for (;;) {
        int r = commit(w, batch, from, count, &applied);
        if (r == 0)
            return applied;
        if (r > 0) {
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

/* Waits for writes. False when there are none and there will be none. */
static bool gather(struct writer *w, struct batch *batch)
{
    uint64_t bytes = 0;
    batch->count = 0;
    batch->waited = 0;
    pthread_mutex_lock(&w->lock);
    while (!w->waiting.first && !w->stopping)
        pthread_cond_wait(&w->some, &w->lock);
    while (w->waiting.first && batch->count < LIMIT_BATCH_WRITES &&
           (bytes == 0 || bytes + w->waiting.first->len <= LIMIT_BATCH_BYTES)) {
        bytes += w->waiting.first->len;
        batch->writes[batch->count++] = writes_pop(&w->waiting);
    }
    pthread_mutex_unlock(&w->lock);
    return batch->count > 0;
}

static void *run(void *arg)
{
    struct writer *writer = arg;
    struct batch batch;
    while (gather(writer, &batch))
        commit_batch(writer, &batch);
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
    free(writer);
}
