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

/* By what it is decided. */
struct plan_terms {
    int64_t retention_s;
    int64_t fetch_window_s;
    unsigned sharers; /* what was evicted is fetched again when so many mailboxes share it: 0: in
                       * any case, PLAN_NEVER */
};

#define PLAN_NEVER 15 /* more than a record holds */

/* The terms as they are, which may change at any time, from any thread: in one word, so that
 * whoever decides has those of before or those of after, and never some of each. */
struct plan_conf {
    _Atomic uint64_t packed;
};

/* The word; times of up to sixteen years. */
#define PLAN_PACKED(retention_s, fetch_window_s, sharers)                                          \
    ((uint64_t)(retention_s) << 34 | ((uint64_t)(fetch_window_s)&0x3fffffff) << 4 | (sharers))

void plan_set_terms(struct plan_conf *conf, const struct plan_terms *terms);

/* Once a decision. */
struct plan_terms plan_terms(const struct plan_conf *conf);

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

/* Is this a reader for whom an original is fetched at once, whoever else waits for it? */
bool plan_fetches_now(const struct plan_ask *ask);

/* Was it answered so long ago that it may be forgotten? */
bool plan_expired(const struct plan_conf *conf, const struct cache_record *record, int64_t now_s);

/* The name of a plan, for messages. */
const char *plan_name(enum plan plan);

/* The 16 bits that a record keeps of a mailbox salt: 6 of its kid, 10 of the salt. */
uint16_t plan_sharer(const char *kid, const char *salt);

/* When an original that is queued now is due: after the delay, and a random part of the jitter. */
int64_t plan_due_s(int64_t now_s, int64_t delay_s, int64_t jitter_s);

/* The same where it is a reader's request that has it queued: at any time of the hour that follows
 * (of the jitter, if that is longer), so that nobody can tell from the fetch when he asked. */
#define PLAN_REQUEUE_SPREAD_S 3600
int64_t plan_requeue_s(int64_t now_s, int64_t delay_s, int64_t jitter_s);

/*
 * The tries that follow a first one that failed are as old as that one: each at its distance from
 * the moment at which the first was due, spread by a keyed hash of the original. So neither an
 * outcome nor a reader can move them, and a sender that fails on purpose learns nothing from when
 * he is asked again.
 */
#define PLAN_RETRIES 3

struct plan_series {
    int64_t first_s;                  /* when the first try was due */
    uint8_t spread[PLAN_RETRIES * 4]; /* what outsiders cannot foresee: of a keyed hash */
};

/* The first of the further tries that lies behind `now_s`; 0: there is none. */
int64_t plan_retry_s(const struct plan_series *series, int64_t now_s);

/* Where the series of an original begins whose first try is made at `now_s` and was due at `due_s`:
 * there; but one that had to wait for long, for its turn or for a server that was down, begins
 * when it is begun, or its further tries would lie in the past. */
int64_t plan_first_s(int64_t due_s, int64_t now_s);

#endif
