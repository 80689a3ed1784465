/*
 * The inside of a flight, shared by the files that make it: flight.c (who waits), flight_steps.c
 * (what happens), flight_decode.c (one of the steps) and flight_count.c (figures). Nobody else
 * includes this.
 *
 *     claim ─► fetch ─► decode ─► store ─► answered
 *                │  └──► fail (remembered) ─► answered
 *                └─► hop: another flight's answer is ours
 */
#ifndef SERVE_FLIGHT_STEPS_H
#define SERVE_FLIGHT_STEPS_H

#include "base/hash.h"
#include "serve/crowd.h"
#include "serve/flight.h"
#include "serve/poison.h"

#include <stdatomic.h>

/* Counted on the back loop, read by any thread. */
struct flight_counts {
    atomic_ulong started, fetched, joined, expired, tries;
    atomic_ulong again[FLIGHT_AGAINS];
    atomic_ulong outcomes[REASON_CLASSES];
    atomic_ulong verdicts[FLIGHT_VERDICTS];
    atomic_uint active;
};

struct flights {
    struct flights_conf conf;
    struct hash table;
    struct crowd *crowd;  /* those that are started */
    struct list enqueues; /* writes to the queue under way */
    void (*queued)(void *ctx, int64_t due_s);
    void *queued_ctx;
    bool draining;
    struct flight_counts counts;
    struct poison poison;
};

struct flight {
    struct hash_link link;
    struct cache_key key;
    struct flights *owner;
    uint64_t domain; /* where it is counted in the crowd, once it is started */
    struct list waiters;
    bool started; /* false: it only gathers waiters until the queue starts it */
    bool paced;   /* it goes by the budgets of the queue */
    bool booked;  /* its connection has been booked before, and this is its time */
    bool tried;   /* an address of it was connected to, by this fetch */
    bool led;     /* where it redirects to was known when it began */
    bool asked;   /* by a reader of mail that was not delivered through us */
    bool again;   /* it was here before and may be fetched again, and so may what it redirects to */
    bool settled; /* see struct flight_answer */
    bool has_record;
    bool lost; /* see struct waiter; until it is claimed anew */
    struct cache_record record;
    struct plan_series series;
    int64_t delivered_s;
    uint16_t tenant;
    int64_t later_ms; /* until it may connect, when it may not yet */
    unsigned hops;
    char *url;
    size_t url_len;
    char *hop; /* where it redirects to, or NULL */
    size_t hop_len;
    /* At most one of these is under way. */
    struct cache_write write;
    struct fetch *fetch;
    struct decode *decode;
    struct waiter hop_waiter;
    /* The answer of the origin, kept until it is decoded. */
    char *body;
    size_t body_len;
    unsigned decode_tries;
    struct loop_timer decode_timer;
    /* The picture on its way to the store. */
    enum image_type type;
    void *bytes;
    size_t len;
};

/* The first step; flight.c has filled in key, URL and record. */
void flight_start(struct flight *flight);

/* Tells all waiters and frees the flight. `reply` is borrowed. */
void flight_finish(struct flight *flight, struct reply *reply, bool final);

struct flight *flight_find(const struct flights *flights, const struct cache_key *key);

/* The origin's answer, if it is there, is needed no more. */
void flight_drop_body(struct flight *flight);

/* ---- between the steps; each goes on with the flight, or ends it ---- */

/* Makes a picture of `body`. */
void flight_decode(struct flight *flight);

/* Keeps what `bytes` holds; without bytes it was a tracking pixel. */
void flight_store(struct flight *flight);

/* It failed: never again, or again by the schedule. */
void flight_fail_for_good(struct flight *flight, unsigned reason);
void flight_fail_for_now(struct flight *flight, unsigned reason);

/* ---- counting: flight_count.c ---- */

void flight_count_start(struct flights *flights, const struct flight_ask *ask,
                        const struct cache_record *record);
void flight_count_outcome(struct flight *flight, unsigned reason);
void flight_count_verdict(struct flight *flight, enum flight_verdict verdict);

/* ---- the end ---- */

/* Cancels what is under way and frees; who waits for it is not told. */
void flight_free(struct flight *flight);

/* Something stands in the queue for that time; 0: nothing does. */
void flight_queued(const struct flights *flights, int64_t due_s);

#endif
