/*
 * The queue at work: fetches each original at the time that was set when it was queued, or as soon
 * after that as the budgets let it.
 *
 * What is due is served in turn: every group of the queue (a few hosts of one domain, see
 * serve/budget.h) gives its first entry, and then it is the next one's turn, so that a campaign of
 * a hundred thousand delays the others no more than one picture does. An entry that has to wait
 * stays where it is, on disk, and costs nothing meanwhile. A reader never moves an entry.
 *
 * Lives on the back loop; only its thread may call, except prefetch_submit and prefetch_figures,
 * which any thread may. The queue itself survives a restart (store/cache.h); here are only its
 * timer and the few fetches that are under way.
 */
#ifndef SERVE_PREFETCH_H
#define SERVE_PREFETCH_H

#include "serve/flight.h"

struct prefetch;

/* What may change while the queue is at work. */
struct prefetch_terms {
    int64_t delay_s;
    int64_t jitter_s;        /* a random part of it is added to the delay, for each original */
    unsigned at_once;        /* fetches under way */
    unsigned at_once_domain; /* of them: a slow origin does not take all places */
};

struct prefetch_conf {
    struct loop *loop;
    struct cache *cache;
    struct flights *flights;
    struct budget *budget;
    struct prefetch_terms terms;
    const struct plan_conf *plan;
    struct ruleset *blocked; /* trackers, never fetched; NULL: none are */
};

/* Begins with what is due. 0 or -ENOMEM. */
MUST_CHECK int prefetch_new(const struct prefetch_conf *conf, struct prefetch **ret);
void prefetch_free(struct prefetch *prefetch); /* takes NULL; before flights_free */

/* From now on; what is queued keeps its date, and what is under way goes on. */
void prefetch_change(struct prefetch *prefetch, const struct prefetch_terms *terms);

/* No further fetch starts. */
void prefetch_stop(struct prefetch *prefetch);

/* What is handed in together. Borrowed for the call. */
struct prefetch_batch {
    const char *const *urls; /* canonical */
    size_t count;
    int64_t delivered_s; /* the day that option d of their signed URLs names; 0: they carry none */
    uint16_t tenant;     /* keyring_tenant, CACHE_TENANTS, or 0 */
};

/*
 * Queues URLs and waits until they are on disk, all in a few commits; blocks, so never from a loop.
 * Originals that were answered before, and trackers, are left out. 0; -ENOSPC or another -errno
 * when one could not be queued: then none of them may be taken as handed over.
 */
MUST_CHECK int prefetch_submit(struct prefetch *prefetch, const struct prefetch_batch *batch);

/* The cache that the queue stands in: borrowed. */
const struct cache *prefetch_cache(const struct prefetch *prefetch);

struct prefetch_figures {
    unsigned long submitted; /* URLs handed in */
    unsigned long queued;    /* of them; the others were known, or trackers */
    unsigned long begun;     /* fetches */
    unsigned under_way;
    int64_t late_s; /* how long the entry that should have been first has been due; 0: none is */
};

void prefetch_figures(const struct prefetch *prefetch, struct prefetch_figures *ret);

#endif
