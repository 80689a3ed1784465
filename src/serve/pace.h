/*
 * Token buckets by key, in a table that cannot grow: how fast may something go on?
 *
 * A bucket holds `burst` units and gains `per_s` a second. It is kept as the one moment at which it
 * would be full again (the "theoretical arrival time" of GCRA, ITU-T I.371), so a bucket that is
 * full need not be remembered at all, and one that was taken from beyond its content stays in debt.
 * A key is any 64 bits that outsiders cannot choose: a keyed hash.
 *
 * Pure: the clock is passed in, in milliseconds, and never goes back. One thread at a time. When
 * the table is full, buckets that are full again give way; where all that are looked at still owe,
 * new keys wait: a debt is never forgotten to make room for an asker.
 */
#ifndef SERVE_PACE_H
#define SERVE_PACE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct pace;

struct pace_rate {
    uint64_t per_s; /* units; 0: without limit */
    uint64_t burst; /* units at once, at least 1 */
};

/* `most` buckets, at least 1. 0 or -ENOMEM. */
MUST_CHECK int pace_new(const struct pace_rate *rate, size_t most, struct pace **ret);
void pace_free(struct pace *pace); /* takes NULL */

/* From now on; debts stay. */
void pace_change(struct pace *pace, const struct pace_rate *rate);

/* How long until one unit may be taken; 0: now. Takes nothing. */
int64_t pace_wait_ms(struct pace *pace, uint64_t key, int64_t now_ms);

/* Takes `units`, also those that are not there. */
void pace_take(struct pace *pace, uint64_t key, uint64_t units, int64_t now_ms);

/* Takes one unit and tells in how many milliseconds it is there; 0: at once. */
int64_t pace_book(struct pace *pace, uint64_t key, int64_t now_ms);

#endif
