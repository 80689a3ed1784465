/*
 * How many flights are under way for one domain: so that an origin that never answers holds a share
 * of all places, and not every one.
 *
 * A domain is known by 64 bits that outsiders cannot choose (budget_site). Only domains that have
 * something under way take memory. One thread at a time; it never blocks and decides nothing.
 */
#ifndef SERVE_CROWD_H
#define SERVE_CROWD_H

#include "base/err.h"

#include <stdint.h>

struct crowd;

/* 0 or -ENOMEM. */
MUST_CHECK int crowd_new(struct crowd **ret);
void crowd_free(struct crowd *crowd); /* takes NULL */

unsigned crowd_count(const struct crowd *crowd, uint64_t domain);

/* One more of that domain. 0 or -ENOMEM. */
MUST_CHECK int crowd_enter(struct crowd *crowd, uint64_t domain);

/* One that entered has ended. */
void crowd_leave(struct crowd *crowd, uint64_t domain);

#endif
