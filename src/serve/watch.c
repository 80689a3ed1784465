#include "serve/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define CACHE_LINE 64
#define NEVER      INT64_MAX

/* A line of its own: its neighbours belong to other fronts. */
struct watched {
    alignas(CACHE_LINE) _Atomic int64_t deadline_ms; /* NEVER also where no connection is */
    atomic_bool answering;
    int fd; /* under the lock */
    struct watch *watch;
    struct watched *next_free; /* under the lock */
};

struct watch {
    /* Read by every request, written once a tick. */
    alignas(CACHE_LINE) _Atomic int64_t now_ms;
    struct watch_conf conf;

    alignas(CACHE_LINE) pthread_mutex_t lock;
    struct watched *free;
    size_t used; /* of the places: those after were never taken, and their memory never touched */
    bool ends;
    pthread_cond_t wake;
    pthread_t thread;

    struct watched places[];
};

static void lock(struct watch *watch)
{
    pthread_mutex_lock(&watch->lock);
}

static void unlock(struct watch *watch)
{
    pthread_mutex_unlock(&watch->lock);
}

/* ---- connections ---- */

static void allow(struct watched *watched, uint64_t ms)
{
    struct watch *watch = watched->watch;
    /* A tick more, since the clock may be that old: early would be wrong, late is not. */
    int64_t now = atomic_load_explicit(&watch->now_ms, memory_order_relaxed);
    atomic_store_explicit(&watched->deadline_ms, now + (int64_t)ms + watch->conf.tick_ms,
                          memory_order_relaxed);
}

struct watched *watch_add(struct watch *watch, int fd)
{
    lock(watch);
    struct watched *watched = watch->free;
    if (watched) {
        watch->free = watched->next_free;
    } else if (watch->used < watch->conf.max) {
        watched = &watch->places[watch->used++];
        watched->watch = watch;
    }
    if (watched) {
        watched->fd = fd;
        allow(watched, watch->conf.header_ms);
    }
    unlock(watch);
    return watched;
}

static void set_answering(struct watched *watched, bool answering)
{
    atomic_store_explicit(&watched->answering, answering, memory_order_relaxed);
}

void watch_remove(struct watched *watched)
{
    if (!watched)
        return;
    struct watch *watch = watched->watch;
    lock(watch);
    watch_pause(watched);
    set_answering(watched, false);
    watched->next_free = watch->free;
    watch->free = watched;
    unlock(watch);
}

/* The end is told before the descriptor is closed: what watch_remove asks for. */
void watch_notify(void *watch, struct MHD_Connection *connection, void **socket_context,
                  enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        *socket_context = watch_add(watch, fd);
        if (!*socket_context)
            shutdown(fd, SHUT_RDWR);
    } else {
        watch_remove(*socket_context);
        *socket_context = NULL;
    }
}

void watch_header(struct watched *watched)
{
    if (!watched)
        return;
    set_answering(watched, false);
    allow(watched, watched->watch->conf.header_ms);
}

void watch_answer(struct watched *watched, size_t bytes)
{
    if (!watched)
        return;
    const struct watch_conf *conf = &watched->watch->conf;
    set_answering(watched, true);
    allow(watched, conf->answer_ms + bytes * UINT64_C(1000) / conf->answer_rate);
}

void watch_pause(struct watched *watched)
{
    if (watched)
        atomic_store_explicit(&watched->deadline_ms, NEVER, memory_order_relaxed);
}

/* ---- the clock ---- */

static bool is_due(const struct watched *watched, int64_t now_ms)
{
    return atomic_load_explicit(&watched->deadline_ms, memory_order_relaxed) <= now_ms;
}

static void reset(struct watched *watched, int64_t now_ms)
{
    lock(watched->watch);
    if (is_due(watched, now_ms)) { /* else it went or was answered just now */
        /* Without this the kernel goes on feeding what it has, up to megabytes, at the reader's
         * pace, long after the descriptor is closed. */
        const struct linger at_once = {.l_onoff = 1};
        setsockopt(watched->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        shutdown(watched->fd, SHUT_RDWR);
        watch_pause(watched);
    }
    unlock(watched->watch);
}

void watch_step(struct watch *watch, unsigned ms)
{
    int64_t now_ms = atomic_fetch_add_explicit(&watch->now_ms, ms, memory_order_relaxed) + ms;
    lock(watch);
    size_t used = watch->used;
    unlock(watch);
    for (size_t i = 0; i < used; i++)
        if (is_due(&watch->places[i], now_ms))
            reset(&watch->places[i], now_ms);
}

size_t watch_answers(struct watch *watch)
{
    lock(watch);
    size_t used = watch->used;
    unlock(watch);
    size_t count = 0;
    for (size_t i = 0; i < used; i++)
        count += atomic_load_explicit(&watch->places[i].answering, memory_order_relaxed);
    return count;
}

static struct timespec after(unsigned ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

/* True when the tick has passed, false when the watch ends. */
static bool await_tick(struct watch *watch)
{
    const struct timespec until = after(watch->conf.tick_ms);
    int r = 0;
    lock(watch);
    while (!watch->ends && r != ETIMEDOUT)
        r = pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
    bool goes_on = !watch->ends;
    unlock(watch);
    return goes_on;
}

static void *watch_main(void *arg)
{
    struct watch *watch = arg;
    pthread_setname_np(pthread_self(), "shoji-watch");
    while (await_tick(watch))
        watch_step(watch, watch->conf.tick_ms);
    return NULL;
}

/* ---- starting and stopping ---- */

int watch_new(const struct watch_conf *conf, struct watch **ret)
{
    must(conf->answer_rate > 0);
    struct watch *watch =
        aligned_alloc(CACHE_LINE, sizeof(*watch) + conf->max * sizeof(struct watched));
    if (!watch)
        return -ENOMEM;
    *watch = (struct watch){.conf = *conf};
    pthread_mutex_init(&watch->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int r = conf->tick_ms ? -pthread_create(&watch->thread, NULL, watch_main, watch) : 0;
    if (r < 0) {
        free(watch);
        return r;
    }
    *ret = watch;
    return 0;
}

void watch_free(struct watch *watch)
{
    if (!watch)
        return;
    if (watch->conf.tick_ms) {
        lock(watch);
        watch->ends = true;
        pthread_cond_signal(&watch->wake);
        unlock(watch);
        pthread_join(watch->thread, NULL);
    }
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}
