/*
 * What the server has counted, gathered in one place: the numbers behind /metrics and /v1/stats.
 *
 * No number here tells one URL, host or reader from another. Counters begin with the process.
 */
#ifndef ADMIN_FIGURES_H
#define ADMIN_FIGURES_H

#include "base/limits.h"
#include "serve/http.h"

struct figures_source {
    struct loop *back;
    struct http *http;
    struct flights *flights;
    struct pool *pool;
    struct fetcher *fetcher;
    struct cache *cache;
};

struct figures {
    struct http_figures http;
    struct flight_figures flights;
    struct pool_figures decode;
    struct fetch_egress egresses[LIMIT_EGRESSES]; /* their names live as long as the fetcher */
    size_t egresses_count;
    struct cache_usage cache;
    int64_t queue_lag_s; /* how long the first entry is overdue; 0: nothing is */
};

/* Asks all parts; waits for the back loop, so never from its thread. 0; -ETIMEDOUT when that does
 * not turn within LIMIT_BACK_TURN_MS; -ENOMEM. */
MUST_CHECK int figures_gather(const struct figures_source *source, struct figures *ret);

#endif
