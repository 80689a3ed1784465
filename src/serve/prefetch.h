/*
 * The queue at work: fetches each original at the time that was set when it was queued.
 *
 * Lives on the back loop; only its thread may call, except prefetch_submit, which any thread may.
 * The queue itself is on disk (store/cache.h) and survives a restart; here are only its timer and
 * the few fetches that are under way. A reader never moves an entry.
 */
#ifndef SERVE_PREFETCH_H
#define SERVE_PREFETCH_H

#include "serve/flight.h"

struct prefetch;

struct prefetch_conf {
    struct loop *loop;
    struct cache *cache;
    struct flights *flights;
    int64_t delay_s;
    int64_t jitter_s; /* a random part of it is added to the delay, for each original */
    struct plan_conf plan;
    const struct shoji_rules *blocked; /* trackers, never fetched; NULL: none are */
    unsigned at_once;                  /* fetches under way */
};

/* Begins with what is due. 0 or -ENOMEM. */
MUST_CHECK int prefetch_new(const struct prefetch_conf *conf, struct prefetch **ret);
void prefetch_free(struct prefetch *prefetch); /* takes NULL; before flights_free */

/* No further fetch starts. */
void prefetch_stop(struct prefetch *prefetch);

/*
 * Queues canonical URLs and waits until they are on disk; blocks, so never from a loop. Originals
 * that were answered before, and trackers, are left out. 0; -ENOSPC or another -errno when one
 * could not be queued: then none of them may be taken as handed over.
 */
MUST_CHECK int prefetch_submit(struct prefetch *prefetch, const char *const *urls, size_t count);

#endif
