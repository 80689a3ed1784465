/*
 * The inside of a flight, shared by the two files that make it: flight.c (who waits) and
 * flight_steps.c (what happens). Nobody else includes this.
 *
 *     claim ─► fetch ─► decode ─► store ─► answered
 *                │  └──► fail (remembered) ─► answered
 *                └─► hop: another flight's answer is ours
 */
#ifndef SERVE_FLIGHT_STEPS_H
#define SERVE_FLIGHT_STEPS_H

#include "base/hash.h"
#include "serve/flight.h"

struct flights {
    struct flights_conf conf;
    struct hash table;
    bool draining;
    struct flight_figures figures;
};

struct flight {
    struct hash_link link;
    struct cache_key key;
    struct flights *owner;
    struct list waiters;
    bool started; /* false: it only gathers waiters until the queue starts it */
    bool has_record;
    struct cache_record record;
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

/* Cancels what is under way and frees; waiters must be gone. */
void flight_free(struct flight *flight);

/* Puts a URL into the queue under `key`, in place of an entry that stands there; takes it out. Fire
 * and forget: out of memory, the URL is not tried again. */
void flight_enqueue(struct flights *flights, const struct cache_key *key, struct span url,
                    int64_t due_s);
void flight_dequeue(struct flights *flights, const struct cache_key *key);

#endif
