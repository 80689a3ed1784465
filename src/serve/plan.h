/*
 * When an original is fetched: the rule, as one pure function. Everything that asks for a picture
 * (a reader's request, the prefetch queue, a redirect) goes through it, and nothing else decides.
 */
#ifndef SERVE_PLAN_H
#define SERVE_PLAN_H

#include "store/cache.h"

#include <shoji/rules.h>
#include <shoji/url.h>

enum plan_who {
    PLAN_READER,    /* a request of a reader */
    PLAN_SCHEDULED, /* the queue: its time has come */
    PLAN_HOP,       /* another original redirects here */
};

enum plan {
    PLAN_SERVE,   /* it is here */
    PLAN_FETCH,   /* ask the origin, now */
    PLAN_WAIT,    /* its fetch is scheduled: wait for that, never advance it */
    PLAN_REQUEUE, /* evicted, and many share it: fetch it again at a time of our own */
    PLAN_LATER,   /* failed; a further try is scheduled */
    PLAN_MISSING, /* failed for good */
    PLAN_GONE,    /* was here, or could have been, and may not be fetched again */
};

struct plan_conf {
    int64_t retention_s;
    int64_t fetch_window_s;
    uint64_t refetch; /* enum conf_refetch */
    unsigned shared_by;
};

struct plan_ask {
    enum plan_who who;
    struct shoji_url_options options; /* of a reader's URL */
    bool again;                       /* what redirects here may be fetched again, so this may */
    int64_t now_s;
};

/* `record` is NULL when the original is not known; `have_picture` says whether its bytes are here.
 */
enum plan plan_decide(const struct plan_conf *conf, const struct plan_ask *ask,
                      const struct cache_record *record, bool have_picture);

/* Was it answered so long ago that it may be forgotten? */
bool plan_expired(const struct plan_conf *conf, const struct cache_record *record, int64_t now_s);

/* The name of a plan, for messages. */
const char *plan_name(enum plan plan);

/* How many different mailboxes of one kid asked for this original, as far as the record can say. */
unsigned plan_sharers(const struct cache_record *record);

/* The 16 bits that a record keeps of a mailbox salt: 6 of its kid, 10 of the salt. */
uint16_t plan_sharer(const char *kid, const char *salt);

/* When an original that is queued now is due: after the delay, and a random part of the jitter. */
int64_t plan_due_s(int64_t now_s, int64_t delay_s, int64_t jitter_s);

/*
 * When a try that failed may be followed by another: seconds after `now_s`, spread by `random` (any
 * number that outsiders cannot foresee); 0 when there is no further one. `tries` counts from 1.
 */
int64_t plan_retry_s(int64_t now_s, unsigned tries, uint32_t random);

#endif
