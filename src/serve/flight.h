/*
 * One fetch an original, however many wait for it.
 *
 * A flight takes an original from the claim to the stored picture and tells everybody who joined
 * it. Flights live on the back loop and only its thread may call. A waiter is embedded in what
 * waits and is owned by it; its `answer` comes exactly once, never from inside flight_join, and not
 * at all after flight_leave. A waiter that leaves or runs out of time never stops the flight:
 * others, and the promise to fetch once, depend on it.
 */
#ifndef SERVE_FLIGHT_H
#define SERVE_FLIGHT_H

#include "base/list.h"
#include "decode/pool.h"
#include "net/fetch.h"
#include "serve/budget.h"
#include "serve/pixels.h"
#include "serve/plan.h"
#include "serve/reason.h"
#include "serve/reply.h"
#include "serve/ruleset.h"
#include "store/cache.h"

struct flight;
struct flights;

struct flights_conf {
    struct loop *loop;
    struct cache *cache;
    struct fetcher *fetcher;
    struct pool *pool;
    struct budget *budget;
    const struct plan_conf *plan;
    struct ruleset *blocked; /* trackers: no hop leads there; NULL: none are */
    struct pixels *pixels;   /* told of what originals turn out to be; or NULL */
    unsigned max_redirects;
    unsigned max_flights;
    int64_t delay_s; /* of a fetch that is queued again */
    int64_t jitter_s;
};

MUST_CHECK int flights_new(const struct flights_conf *conf, struct flights **ret);

/* Ends all flights; waiters that are left get no answer. Takes NULL. */
void flights_free(struct flights *flights);

/* Who is to know when something was put into the queue: called on the loop, with its date. */
void flights_on_queued(struct flights *flights, void (*queued)(void *ctx, int64_t due_s),
                       void *ctx);

/* Other times for what is queued again from now on. */
void flights_change_delay(struct flights *flights, int64_t delay_s, int64_t jitter_s);

/* From now on every waiter is answered at once: those that wait, and those that join. */
void flights_drain(struct flights *flights);

struct flight_answer {
    struct reply *reply;               /* borrowed; never NULL */
    const struct cache_record *record; /* what is known now, or NULL */
    bool final;                        /* false: the reply is "later", and the queue has it */
    bool settled; /* the queue was seen to in one commit with the outcome, or with the purge that
                     came before it: what stands there now is a later entry */
};

struct waiter {
    void (*answer)(struct waiter *self, const struct flight_answer *answer);
    /* What follows is the flight's. */
    struct list link;
    struct loop_timer timer;
    struct loop_task task;
    struct flights *flights;
    struct flight *flight; /* NULL: the answer is fixed, and comes with the timer */
    struct reply *fixed;
    struct cache_record record;
    bool has_record;
    bool lost; /* the record says CLAIMED, and no flight has it: see find_lost in flight.c */
    bool final;
    bool settled;
};

struct flight_ask {
    struct plan_ask plan; /* now_s is filled in here */
    struct cache_key key;
    const char *url; /* canonical; borrowed for the call */
    size_t url_len;
    const char *hop; /* the original is known to redirect there: begin with that; or NULL */
    size_t hop_len;
    unsigned hops;       /* redirects on the way here */
    bool paced;          /* the queue's: it goes by the budgets, a reader's own fetch does not */
    int64_t due_s;       /* when the first try was due, as it was fixed before; 0: now */
    int64_t delivered_s; /* the day of the mail that had it queued, or 0 */
    uint16_t tenant;     /* of whoever asks (keyring_tenant), CACHE_TENANTS, or 0 */
    int64_t wait_ms;     /* how long the waiter waits, -1: for ever */
};

void flight_join(struct flights *flights, const struct flight_ask *ask, struct waiter *waiter);

/* Takes a waiter out that was joined and is not answered yet. */
void flight_leave(struct waiter *waiter);

/* Why an original that had been answered was asked once more. */
enum flight_again {
    FLIGHT_AGAIN_SHARED,  /* refetch = shared, and several mailboxes had asked for it */
    FLIGHT_AGAIN_ALWAYS,  /* refetch = always */
    FLIGHT_AGAIN_CONSENT, /* a reader asked for it: option c */
    FLIGHT_AGAIN_HOP,     /* what redirects there was asked again */
    FLIGHT_AGAINS
};

const char *flight_again_name(enum flight_again why);

/*
 * What the decoded bytes of an original say it is there for, whatever its URL said. Only the size
 * counts: at most 3 x 3 pixels, of whatever colour, show nobody anything. What is longer on one
 * side (a line, a rule of a table) or larger and wholly transparent holds a layout together: it is
 * served as it is, in its own size.
 */
enum flight_verdict {
    FLIGHT_PICTURE,
    FLIGHT_SPACER, /* wholly transparent, as far as was looked: see decode/pool.h */
    FLIGHT_PIXEL,  /* at most 3 x 3: readers get the constant blank */
    FLIGHT_VERDICTS
};

const char *flight_verdict_name(enum flight_verdict verdict);

struct flight_figures {
    unsigned long started;
    unsigned long fetched;   /* requests that went out */
    unsigned long joined;    /* waiters that found a flight under way */
    unsigned long refetched; /* originals answered before, and within `retention`: all causes */
    unsigned long again[FLIGHT_AGAINS];
    unsigned long expired; /* answered before, but longer than `retention` ago */
    unsigned long tries;   /* fetches after one that had failed */
    unsigned long outcomes[REASON_CLASSES];
    unsigned long verdicts[FLIGHT_VERDICTS];
    unsigned active; /* started and not ended */
};

/* Any thread. */
void flight_figures(const struct flights *flights, struct flight_figures *ret);

#endif
