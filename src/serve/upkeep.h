/*
 * What the cache has to have done regularly: a turn of forgetting, again and again (store/cache.h),
 * and a word in the log, once an hour, when originals had to be forgotten before their time.
 *
 * Lives on the back loop; only its thread may call.
 */
#ifndef SERVE_UPKEEP_H
#define SERVE_UPKEEP_H

#include "serve/plan.h"

struct upkeep;

struct upkeep_conf {
    struct loop *loop;
    struct cache *cache;
    const struct plan_conf *plan; /* as it is at each turn; borrowed */
};

/* The first turn comes soon. 0 or -ENOMEM. */
MUST_CHECK int upkeep_new(const struct upkeep_conf *conf, struct upkeep **ret);

/* After cache_close, which calls nothing any more. Takes NULL. */
void upkeep_free(struct upkeep *upkeep);

#endif
