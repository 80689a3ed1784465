#include "admin/figures.h"

#include "sys/clock.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

/* What only the back thread may read. Freed by whoever is last: it or the one that asked. */
struct asking {
    struct loop_task task;
    struct figures_source source;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    bool done;
    bool given_up;
    struct figures figures; /* of them, what the back thread fills in */
};

static void asking_free(struct asking *asking)
{
    pthread_cond_destroy(&asking->answered);
    pthread_mutex_destroy(&asking->lock);
    free(asking);
}

static void on_back(struct loop_task *task)
{
    struct asking *asking = container_of(task, struct asking, task);
    struct figures *figures = &asking->figures;
    flight_figures(asking->source.flights, &figures->flights);
    pool_figures(asking->source.pool, &figures->decode);
    size_t count = fetcher_egresses(asking->source.fetcher, figures->egresses, LIMIT_EGRESSES);
    figures->egresses_count = count < LIMIT_EGRESSES ? count : LIMIT_EGRESSES;
    pthread_mutex_lock(&asking->lock);
    asking->done = true;
    bool given_up = asking->given_up;
    pthread_cond_signal(&asking->answered);
    pthread_mutex_unlock(&asking->lock);
    if (given_up)
        asking_free(asking);
}

static void end_of_wait(struct timespec *ret)
{
    clock_gettime(CLOCK_MONOTONIC, ret);
    ret->tv_sec += LIMIT_BACK_TURN_MS / 1000;
}

static int ask_back(const struct figures_source *source, struct figures *ret)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    if (!asking)
        return -ENOMEM;
    asking->source = *source;
    asking->task.run = on_back;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&asking->answered, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&asking->lock, NULL);
    struct timespec end;
    end_of_wait(&end);
    loop_post(source->back, &asking->task);

    pthread_mutex_lock(&asking->lock);
    int r = 0;
    while (!asking->done && r == 0)
        r = -pthread_cond_timedwait(&asking->answered, &asking->lock, &end);
    bool done = asking->done;
    asking->given_up = !done;
    pthread_mutex_unlock(&asking->lock);
    if (!done)
        return -ETIMEDOUT;
    *ret = asking->figures;
    asking_free(asking);
    return 0;
}

static int64_t queue_lag_s(const struct cache *cache)
{
    struct cache_queued first;
    if (cache_queue_next(cache, NULL, &first) != 0)
        return 0;
    int64_t lag_s = clock_wall_s() - first.due_s;
    return lag_s > 0 ? lag_s : 0;
}

int figures_gather(const struct figures_source *source, struct figures *ret)
{
    struct figures figures = {0};
    int r = ask_back(source, &figures);
    if (r < 0)
        return r;
    http_figures(source->http, &figures.http);
    cache_usage(source->cache, &figures.cache);
    figures.queue_lag_s = queue_lag_s(source->cache);
    *ret = figures;
    return 0;
}
