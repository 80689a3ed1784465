#include "serve/flight.h"

#include "serve/flight_steps.h"

#include "sys/clock.h"

#include <errno.h>
#include <string.h>

int flights_new(const struct flights_conf *conf, struct flights **ret)
{
    struct flights *flights = calloc(1, sizeof(*flights));
    if (!flights)
        return -ENOMEM;
    int r = hash_init(&flights->table);
    if (r == 0)
        r = crowd_new(&flights->crowd);
    if (r < 0) {
        hash_free(&flights->table);
        free(flights);
        return r;
    }
    flights->conf = *conf;
    list_init(&flights->enqueues);
    *ret = flights;
    return 0;
}

void flights_on_queued(struct flights *flights, void (*queued)(void *ctx, int64_t due_s), void *ctx)
{
    flights->queued = queued;
    flights->queued_ctx = ctx;
}

void flight_queued(const struct flights *flights, int64_t due_s)
{
    if (flights->queued && due_s != 0)
        flights->queued(flights->queued_ctx, due_s);
}

struct enqueue {
    struct list link;
    struct flights *flights;
    struct cache_write write;
    char url[];
};

void flights_free(struct flights *flights)
{
    if (!flights)
        return;
    for (struct hash_link *link; (link = hash_pop(&flights->table));)
        flight_free(container_of(link, struct flight, link));
    for (struct list *link; (link = list_pop(&flights->enqueues));)
        free(container_of(link, struct enqueue, link));
    hash_free(&flights->table);
    crowd_free(flights->crowd);
    free(flights);
}

/* The keys are keyed hashes already: any eight bytes of one will do. */
static uint64_t hash_of(const struct cache_key *key)
{
    uint64_t hash;
    memcpy(&hash, key->bytes, sizeof(hash));
    return hash;
}

struct flight *flight_find(const struct flights *flights, const struct cache_key *key)
{
    uint64_t hash = hash_of(key);
    for (struct hash_link *link = hash_first(&flights->table, hash); link; link = hash_next(link)) {
        struct flight *flight = container_of(link, struct flight, link);
        if (memcmp(&flight->key, key, sizeof(*key)) == 0)
            return flight;
    }
    return NULL;
}

static int flight_new(struct flights *flights, const struct flight_ask *ask, struct flight **ret)
{
    struct flight *flight = calloc(1, sizeof(*flight));
    if (!flight)
        return -ENOMEM;
    flight->url = strndup(ask->url, ask->url_len);
    flight->hop = ask->hop ? strndup(ask->hop, ask->hop_len) : NULL;
    if (!flight->url || (ask->hop && !flight->hop)) {
        free(flight->url);
        free(flight->hop);
        free(flight);
        return -ENOMEM;
    }
    flight->owner = flights;
    flight->key = ask->key;
    flight->url_len = ask->url_len;
    flight->hop_len = ask->hop ? ask->hop_len : 0;
    list_init(&flight->waiters);
    list_init(&flight->hop_waiter.link);
    hash_add(&flights->table, &flight->link, hash_of(&ask->key));
    *ret = flight;
    return 0;
}

void flight_free(struct flight *flight)
{
    struct loop *loop = flight->owner->conf.loop;
    fetch_cancel(flight->fetch);
    decode_cancel(flight->decode);
    loop_timer_cancel(loop, &flight->decode_timer);
    loop_timer_cancel(loop, &flight->hop_waiter.timer);
    reply_unref(flight->hop_waiter.fixed);
    free(flight->url);
    free(flight->hop);
    flight_drop_body(flight);
    free(flight->bytes);
    free(flight);
}

static void flight_remove(struct flight *flight)
{
    hash_remove(&flight->owner->table, &flight->link);
    if (!flight->started)
        return;
    atomic_fetch_sub(&flight->owner->counts.active, 1);
    crowd_leave(flight->owner->crowd, flight->domain);
}

/* ---- waiters ---- */

static void waiter_tell(struct waiter *waiter, struct reply *reply)
{
    const struct flight_answer answer = {
        .reply = reply,
        .record = waiter->has_record ? &waiter->record : NULL,
        .final = waiter->final,
        .settled = waiter->settled,
    };
    waiter->answer(waiter, &answer);
}

void flight_leave(struct waiter *waiter)
{
    struct flight *flight = waiter->flight;
    loop_timer_cancel(waiter->flights->conf.loop, &waiter->timer);
    list_remove(&waiter->link);
    waiter->flight = NULL;
    reply_unref(waiter->fixed);
    waiter->fixed = NULL;
    if (flight && !flight->started && list_empty(&flight->waiters)) {
        flight_remove(flight);
        flight_free(flight);
    }
}

/* Either the deadline, or the moment to tell an answer that was fixed while joining. */
static void on_timer(struct loop_timer *timer)
{
    struct waiter *waiter = container_of(timer, struct waiter, timer);
    struct reply *reply = reply_ref(waiter->fixed ? waiter->fixed : reply_constant(REPLY_LATER));
    flight_leave(waiter);
    waiter_tell(waiter, reply);
    reply_unref(reply);
}

static void on_task(struct loop_task *task)
{
    on_timer(&container_of(task, struct waiter, task)->timer);
}

static void waiter_fix(struct waiter *waiter, struct reply *reply, bool final)
{
    waiter->final = final;
    waiter->fixed = reply_ref(reply);
    if (loop_timer_set(waiter->flights->conf.loop, &waiter->timer, 0) == 0)
        return;
    waiter->task.run = on_task; /* out of memory; a task needs none */
    loop_post(waiter->flights->conf.loop, &waiter->task);
}

/* 0 or -ENOMEM: then it waits without a deadline. */
static int waiter_add(struct flight *flight, struct waiter *waiter, int64_t wait_ms)
{
    waiter->flight = flight;
    list_add_tail(&flight->waiters, &waiter->link);
    return wait_ms < 0 ? 0 : loop_timer_set(flight->owner->conf.loop, &waiter->timer, wait_ms);
}

void flight_finish(struct flight *flight, struct reply *reply, bool final)
{
    flight_remove(flight);
    for (struct list *link; (link = list_pop(&flight->waiters));) {
        struct waiter *waiter = container_of(link, struct waiter, link);
        loop_timer_cancel(flight->owner->conf.loop, &waiter->timer);
        waiter->flight = NULL;
        reply_unref(waiter->fixed); /* of flights_drain: this answer is better */
        waiter->fixed = NULL;
        waiter->final = final;
        waiter->settled = flight->settled;
        waiter->has_record = flight->has_record;
        waiter->record = flight->record;
        waiter_tell(waiter, reply);
    }
    flight_free(flight);
}

/* ---- joining ---- */

static void on_enqueued(struct cache_write *write)
{
    struct enqueue *enqueue = container_of(write, struct enqueue, write);
    if (write->result == 0)
        flight_queued(enqueue->flights, write->record.retry_s);
    list_remove(&enqueue->link);
    free(enqueue);
}

/* An evicted picture that many share: once more, at a time of our own. */
static void requeue(struct flights *flights, const struct flight_ask *ask)
{
    int64_t due_s;
    if (cache_queue_find(flights->conf.cache, &ask->key, &due_s) == 0)
        return; /* its time stands already: a reader does not move it */
    struct enqueue *enqueue = calloc(1, sizeof(*enqueue) + ask->url_len);
    if (!enqueue)
        return;
    memcpy(enqueue->url, ask->url, ask->url_len);
    enqueue->flights = flights;
    struct budget_site site;
    budget_site(flights->conf.budget, ask->url, ask->url_len, &site);
    enqueue->write = (struct cache_write){
        .op = CACHE_ENQUEUE,
        .key = ask->key,
        .group = site.group,
        .bytes = enqueue->url,
        .len = ask->url_len,
        .done = on_enqueued,
    };
    enqueue->write.record.tenant = ask->tenant;
    enqueue->write.record.retry_s =
        plan_requeue_s(ask->plan.now_s, flights->conf.delay_s, flights->conf.jitter_s);
    list_add_tail(&flights->enqueues, &enqueue->link);
    cache_write_start(flights->conf.cache, &enqueue->write);
}

/* What the steps need to know of who asked and of what is known. */
static void prepare(struct flight *flight, const struct flight_ask *ask,
                    const struct waiter *waiter)
{
    const struct cache_record *record = waiter->has_record ? &waiter->record : NULL;
    bool failed = record && record->state == CACHE_FAILED;
    /* A turn that was put off, or an egress that was down, moves no later try. */
    bool goes_on = failed && record->tries > 0 &&
                   !plan_expired(flight->owner->conf.plan, record, ask->plan.now_s);
    struct cache_key spread;
    cache_keyed_hash(flight->owner->conf.cache, "retry", ask->key.bytes, sizeof(ask->key.bytes),
                     &spread);
    memcpy(flight->series.spread, spread.bytes, sizeof(flight->series.spread));
    flight->series.first_s =
        plan_first_s(ask->due_s, ask->plan.now_s); /* claimed_s keeps it for the next try */
    if (goes_on && record->claimed_s > 0 && record->claimed_s <= ask->plan.now_s)
        flight->series.first_s = record->claimed_s;
    flight->hops = ask->hops;
    flight->paced = ask->paced;
    flight->booked = failed && record->reason == REASON_PACED;
    flight->asked = ask->plan.who == PLAN_READER;
    flight->delivered_s = ask->delivered_s;
    flight->tenant = ask->tenant;
    flight->has_record = waiter->has_record;
    flight->record = waiter->record;
    flight->lost = waiter->lost;
    flight->again =
        (record && record->state == CACHE_STORED) || ask->plan.again || ask->plan.options.consent;
}

/*
 * Is there a place for one more of this domain? An origin that never answers keeps its readers'
 * places as long as it can, so it gets a share of them; and the queue has some that readers do not
 * get, or delivered mail would wait for what strangers open. The queue has its own bounds for a
 * domain. It and hops (a domain that redirects to itself needs two places a picture) may find a
 * domain's share taken, and so have as much again.
 */
static bool has_place(const struct flights *flights, const struct flight_ask *ask, uint64_t domain)
{
    unsigned most = flights->conf.max_flights, most_domain = LIMIT_FLIGHTS_DOMAIN;
    if (ask->paced)
        most += LIMIT_FLIGHTS_QUEUE;
    if (ask->paced || ask->plan.who == PLAN_HOP)
        most_domain *= 2;
    /* What could not be decoded is not fetched: it would have to be asked for again. */
    return !pool_hopeless(flights->conf.pool) && atomic_load(&flights->counts.active) < most &&
           crowd_count(flights->crowd, domain) < most_domain;
}

/* Starts or finds the flight of this original and adds the waiter to it. */
static void board(struct flights *flights, const struct flight_ask *ask, struct waiter *waiter,
                  bool start)
{
    struct flight *flight = flight_find(flights, &ask->key);
    struct budget_site site = {0};
    if (start)
        budget_site(flights->conf.budget, ask->url, ask->url_len, &site);
    if ((start && !has_place(flights, ask, site.domain)) ||
        (!flight && flight_new(flights, ask, &flight) < 0)) {
        waiter_fix(waiter, reply_constant(REPLY_OVERLOAD), false);
        return;
    }
    if (waiter_add(flight, waiter, ask->wait_ms) < 0 ||
        (start && crowd_enter(flights->crowd, site.domain) < 0)) {
        flight_leave(waiter);
        waiter_fix(waiter, reply_constant(REPLY_OVERLOAD), false);
        return;
    }
    if (!start)
        return;
    flight->domain = site.domain;
    if (ask->hop && !flight->hop) {
        flight->hop = strndup(ask->hop, ask->hop_len);
        flight->hop_len = ask->hop_len;
    }
    prepare(flight, ask, waiter);
    flight_count_start(flights, ask, waiter->has_record ? &waiter->record : NULL);
    flight_start(flight);
}

static void carry_out(struct flights *flights, const struct flight_ask *ask, struct waiter *waiter,
                      enum plan plan)
{
    switch (plan) {
    case PLAN_FETCH:
    case PLAN_WAIT:
        board(flights, ask, waiter, plan == PLAN_FETCH);
        return;
    case PLAN_REQUEUE:
        requeue(flights, ask);
        waiter_fix(waiter, reply_constant(REPLY_LATER), false);
        return;
    case PLAN_LATER:
        waiter_fix(waiter, reply_constant(REPLY_LATER), false);
        return;
    case PLAN_GONE:
        waiter_fix(waiter, reply_constant(REPLY_GONE), true);
        return;
    default:
        waiter_fix(waiter, reply_constant(REPLY_MISSING), true);
    }
}

/* A hop that is known already: a reader's request says so itself, where it is answered. */
static void note_hop(struct flights *flights, const struct flight_ask *ask,
                     const struct cache_record *record)
{
    if (ask->plan.who != PLAN_HOP || !cache_tenant_is_news(record, ask->tenant))
        return;
    struct cache_write *write = calloc(1, sizeof(*write));
    if (!write)
        return;
    *write = (struct cache_write){.op = CACHE_NOTE, .key = ask->key, .record.tenant = ask->tenant};
    cache_write_start(flights->conf.cache, write);
}

/*
 * A claim whose flight has ended: its outcome could not be written. It is what a crash leaves
 * behind, without the crash, and counts as the same: a try that failed, due again when its queue
 * entry is. 0 or -errno.
 */
static int find_lost(const struct flights *flights, const struct cache_key *key,
                     struct waiter *waiter)
{
    int64_t due_s = 0;
    if (!waiter->has_record || waiter->record.state != CACHE_CLAIMED)
        return 0;
    int r = cache_queue_find(flights->conf.cache, key, &due_s);
    if (r < 0)
        return r;
    waiter->lost = true;
    waiter->record.state = CACHE_FAILED;
    waiter->record.reason = CACHE_REASON_CRASHED;
    waiter->record.answered_s = clock_wall_s();
    waiter->record.retry_s = due_s;
    return 0;
}

void flight_join(struct flights *flights, const struct flight_ask *ask_given, struct waiter *waiter)
{
    struct flight_ask ask = *ask_given;
    ask.plan.now_s = clock_wall_s();
    *waiter = (struct waiter){.answer = waiter->answer, .timer.fire = on_timer, .flights = flights};
    list_init(&waiter->link);
    if (flights->draining) {
        waiter_fix(waiter, reply_constant(REPLY_OVERLOAD), false);
        return;
    }
    struct flight *flight = flight_find(flights, &ask.key);
    if (flight && flight->started) {
        atomic_fetch_add(&flights->counts.joined, 1);
        if (plan_fetches_now(&ask.plan)) {
            flight->paced = false; /* this one may not be put off */
            flight->asked = true;
        }
        if (waiter_add(flight, waiter, ask.wait_ms) < 0) {
            flight_leave(waiter);
            waiter_fix(waiter, reply_constant(REPLY_OVERLOAD), false);
        }
        return;
    }
    int r = cache_lookup(flights->conf.cache, &ask.key, &waiter->record);
    waiter->has_record = r == 0;
    if (r >= 0)
        r = find_lost(flights, &ask.key, waiter);
    if (r < 0) {
        waiter_fix(waiter, reply_constant(REPLY_OVERLOAD), false);
        return;
    }
    const struct cache_record *record = waiter->has_record ? &waiter->record : NULL;
    struct reply *picture = NULL;
    if (record)
        note_hop(flights, &ask, record);
    if (record && record->state == CACHE_STORED)
        r = reply_stored(flights->conf.cache, record, &picture);
    if (picture) {
        waiter_fix(waiter, picture, true);
        reply_unref(picture);
        return;
    }
    if (r < 0) { /* not gone, only not to be read now: no reason to ask its origin again */
        waiter_fix(waiter, reply_constant(REPLY_OVERLOAD), false);
        return;
    }
    carry_out(flights, &ask, waiter, plan_decide(flights->conf.plan, &ask.plan, record, false));
}

void flights_change_delay(struct flights *flights, int64_t delay_s, int64_t jitter_s)
{
    flights->conf.delay_s = delay_s;
    flights->conf.jitter_s = jitter_s;
}

void flights_drain(struct flights *flights)
{
    flights->draining = true;
    for (size_t i = 0; i <= flights->table.mask; i++) {
        for (struct hash_link *link = flights->table.buckets[i]; link; link = link->next) {
            struct flight *flight = container_of(link, struct flight, link);
            list_for_each_safe (item, &flight->waiters) {
                /* Readers only, who have a deadline; and in the next turn, since an answer may
                 * change the lists that we walk here. */
                struct waiter *waiter = container_of(item, struct waiter, link);
                if (!loop_timer_running(&waiter->timer) ||
                    loop_timer_set(flights->conf.loop, &waiter->timer, 0) < 0)
                    continue;
                waiter->fixed = reply_ref(reply_constant(REPLY_OVERLOAD));
            }
        }
    }
}
