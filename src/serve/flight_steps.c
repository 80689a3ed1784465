#include "serve/flight_steps.h"

#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <string.h>

#define EGRESS_PAUSE_S 60 /* by then, a dead one may have been probed often */
#define HOP_PAUSE_S    5  /* by then, a hop that is due has had its turn; not tuned */

static void step_fetch(struct flight *flight);
static void step_hop(struct flight *flight);
static void step_gone(struct flight *flight);
static void step_fail(struct flight *flight, unsigned reason, int64_t retry_s);
static void step_put_off(struct flight *flight, unsigned reason, int64_t retry_s);

/* What is asked next time: where it redirects to, when that is known, not what answered so. */
static struct span next_url(const struct flight *flight)
{
    return flight->hop ? (struct span){flight->hop, flight->hop_len}
                       : (struct span){flight->url, flight->url_len};
}

static int64_t next_try_s(const struct flight *flight)
{
    return plan_retry_s(&flight->series, clock_wall_s());
}

/* No try of the origin's, so none of its schedule. */
static int64_t egress_again_s(const struct flight *flight)
{
    return clock_wall_s() + EGRESS_PAUSE_S + flight->series.spread[0] % EGRESS_PAUSE_S;
}

void flight_fail_for_good(struct flight *flight, unsigned reason)
{
    step_fail(flight, reason, 0);
}

void flight_fail_for_now(struct flight *flight, unsigned reason)
{
    step_fail(flight, reason, next_try_s(flight));
}

/* A write about this original, with the URL that the queue is to hold. */
static struct cache_write write_with_url(const struct flight *flight, enum cache_op op)
{
    struct span next = next_url(flight);
    struct budget_site site;
    budget_site(flight->owner->conf.budget, next.ptr, next.len, &site);
    struct cache_write write = {
        .op = op,
        .key = flight->key,
        .group = site.group,
        .seen = CACHE_CLAIMED, /* purged meanwhile: it stays purged */
        .record = flight->record,
        .bytes = next.ptr,
        .len = next.len,
    };
    if (flight->hop)
        write.record.hop_host = site.host;
    return write;
}

/* Purged or forgotten in flight; who was forgotten may have been queued anew since. */
static void finish_purged(struct flight *flight)
{
    flight->settled = true;
    flight_finish(flight, reply_constant(REPLY_GONE), true);
}

/* ---- claim: durable before any packet leaves ---- */

static void on_claimed(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result != 0) {
        if (write->result < 0)
            log_warning("claim: %s", strerror(-write->result));
        bool purged = write->result == CACHE_CHANGED && write->record.purged;
        flight_finish(flight, reply_constant(purged ? REPLY_GONE : REPLY_LATER), purged);
        return;
    }
    flight->record = write->record;
    flight->has_record = true;
    flight->lost = false;
    if (flight->hop)
        step_hop(flight);
    else
        step_fetch(flight);
}

void flight_start(struct flight *flight)
{
    struct flights *flights = flight->owner;
    struct budget_site site;
    flight->started = true;
    budget_site(flights->conf.budget, flight->url, flight->url_len, &site);
    /* Should we crash before there is an outcome, the claim counts as a failed try, and only the
     * queue still knows the URL. */
    flight->write = write_with_url(flight, CACHE_CLAIM);
    flight->write.seen = flight->lost         ? CACHE_CLAIMED
                         : flight->has_record ? flight->record.state
                                              : 0;
    flight->led = flight->hop != NULL;
    flight->write.silent = flight->led;
    struct cache_record *record = &flight->write.record;
    record->claimed_s = flight->series.first_s;
    record->retry_s = next_try_s(flight);
    record->host = site.host;
    record->tenant = flight->tenant; /* the store adds it to those that asked before */
    record->asked |= flight->asked;
    if (flight->delivered_s > record->delivered_s)
        record->delivered_s = flight->delivered_s;
    flight->write.done = on_claimed;
    cache_write_start(flights->conf.cache, &flight->write);
}

/* ---- fetch: one request ---- */

static void on_redirected(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result == CACHE_CHANGED) {
        finish_purged(flight);
    } else if (write->result < 0) { /* after a crash nobody would know of the hop */
        log_warning("redirect: %s", strerror(-write->result));
        flight_fail_for_now(flight, FETCH_NO_MEMORY);
    } else {
        step_hop(flight);
    }
}

/* From here on it is the target that a crash or a failure leaves to be asked. */
static void take_redirect(struct flight *flight, const char *location)
{
    char url[SHOJI_URL_MAX + 1];
    size_t len;
    if (shoji_url_canonical(location, strlen(location), flight->url, url, &len) != 0) {
        flight_fail_for_good(flight, FETCH_BROKEN);
        return;
    }
    flight->hop = strndup(url, len);
    flight->hop_len = len;
    if (!flight->hop) {
        flight_fail_for_now(flight, FETCH_NO_MEMORY);
        return;
    }
    flight->write = write_with_url(flight, CACHE_REQUEUE);
    flight->record.hop_host = flight->write.record.hop_host;
    flight->write.record.retry_s = next_try_s(flight);
    flight->write.done = on_redirected;
    cache_write_start(flight->owner->conf.cache, &flight->write);
}

static void on_fetched(void *ctx, struct fetch_result *result)
{
    struct flight *flight = ctx;
    flight->fetch = NULL;
    flight_count_outcome(flight, result->outcome);
    switch (result->outcome) {
    case FETCH_LATER:
        (flight->tried ? step_fail : step_put_off)(
            flight, REASON_PACED, (clock_wall_ms() + flight->later_ms + 999) / 1000);
        return;
    case FETCH_EGRESS:
        if (result->asked)
            flight_fail_for_now(flight, FETCH_EGRESS);
        else
            step_put_off(flight, REASON_EGRESS, egress_again_s(flight));
        return;
    case FETCH_OK:
        if (flight->paced)
            budget_bytes(flight->owner->conf.budget, result->body->len, clock_ms());
        flight->body = buf_steal(result->body, &flight->body_len);
        if (flight->body)
            fetcher_hold(flight->owner->conf.fetcher, flight->body_len);
        flight_decode(flight);
        return;
    case FETCH_REDIRECT:
        take_redirect(flight, result->location);
        return;
    case FETCH_DNS:
        if (result->asked)
            flight_fail_for_now(flight, FETCH_DNS);
        else
            step_put_off(flight, REASON_EGRESS, egress_again_s(flight));
        return;
    case FETCH_UNREACHABLE:
    case FETCH_TLS:
    case FETCH_TIMEOUT:
    case FETCH_ORIGIN_ERROR:
    case FETCH_BROKEN:
    case FETCH_NO_MEMORY:
        flight_fail_for_now(flight, result->outcome);
        return;
    default:
        flight_fail_for_good(flight, result->outcome);
    }
}

/* What was booked once is not put off again when its time has come, whichever of its addresses
 * answers: each is put off once at most, and its name is asked for twice at most. */
static bool may_connect(void *ctx, const struct address *address)
{
    struct flight *flight = ctx;
    if (!flight->paced)
        return true;
    if (!flight->booked || flight->tried) /* else this is the connection that was booked */
        flight->later_ms = budget_connect(flight->owner->conf.budget, address, clock_ms());
    bool may = flight->booked || flight->later_ms <= 0;
    flight->tried |= may;
    return may;
}

static void step_fetch(struct flight *flight)
{
    struct shoji_url_parts parts;
    if (shoji_url_split(flight->url, flight->url_len, &parts) != 0) {
        flight_fail_for_good(flight, FETCH_REFUSED);
        return;
    }
    const struct fetch_target target = {
        .url = flight->url,
        .https = parts.https,
        .host = parts.host,
        .host_len = parts.host_len,
        .port = parts.port,
        .may_connect = may_connect,
    };
    if (flight->paced && flight->hops > 0) { /* the queue has counted where it began */
        struct budget_site site;
        budget_site(flight->owner->conf.budget, flight->url, flight->url_len, &site);
        budget_begin(flight->owner->conf.budget, site.domain, clock_ms());
    }
    flight->tried = false;
    atomic_fetch_add(&flight->owner->counts.fetched, 1);
    if (fetch_start(flight->owner->conf.fetcher, &target, on_fetched, flight, &flight->fetch) < 0)
        flight_fail_for_now(flight, FETCH_NO_MEMORY);
}

/* ---- hop: every hop of a redirect is an original like any other ---- */

/* A chain that is too long is the fault of where it began; an original on the way may do well when
 * it is asked for itself. */
static void fail_for_redirects(struct flight *flight)
{
    if (flight->hops == 0)
        flight_fail_for_good(flight, REASON_REDIRECTS);
    else
        flight_fail_for_now(flight, REASON_REDIRECTS);
}

/* Right after the hop's own next try, which then has the answer. A hop whose time has come is held
 * up by the budgets: to ask after it again and again would be a commit each time. */
static int64_t after_hop_s(const struct cache_record *hop)
{
    int64_t soonest_s = clock_wall_s() + HOP_PAUSE_S;
    return hop->retry_s < soonest_s ? soonest_s : hop->retry_s + 1;
}

static void take_failure_of_hop(struct flight *flight, const struct cache_record *record)
{
    int64_t retry_s = next_try_s(flight);
    if (!record || record->state != CACHE_FAILED)
        step_fail(flight, FETCH_NO_MEMORY, retry_s);
    else if (record->reason == REASON_REDIRECTS)
        fail_for_redirects(flight);
    else if (reason_unasked(record->reason)) /* that nobody was asked is true of the hop alone */
        (flight->led ? step_put_off : step_fail)(flight, FETCH_LATER, after_hop_s(record));
    else if (record->retry_s != 0)
        step_fail(flight, record->reason, after_hop_s(record));
    else
        flight_fail_for_good(flight, record->reason);
}

static void on_hopped(struct waiter *waiter, const struct flight_answer *answer)
{
    struct flight *flight = container_of(waiter, struct flight, hop_waiter);
    if (!reply_is_picture(answer->reply)) {
        if (answer->final && answer->record && answer->record->state == CACHE_STORED)
            step_gone(flight); /* it was here, and may not be fetched again */
        else
            take_failure_of_hop(flight, answer->record);
        return;
    }
    /* A purge of the host that the picture came from is to find it here, too. */
    const struct cache_record *hop = answer->record;
    if (hop && (hop->hop_host || hop->host))
        flight->record.hop_host = hop->hop_host ? hop->hop_host : hop->host;
    const void *bytes;
    flight->len = reply_bytes(answer->reply, &bytes);
    flight->type = reply_type(answer->reply);
    if (flight->len > 0) {
        flight->bytes = malloc(flight->len);
        if (!flight->bytes) {
            flight_fail_for_now(flight, FETCH_NO_MEMORY);
            return;
        }
        memcpy(flight->bytes, bytes, flight->len);
    }
    flight_store(flight);
}

/* Would waiting for `key` mean waiting for ourselves? */
static bool is_circle(const struct flight *flight, const struct cache_key *key)
{
    const struct flight *at = flight_find(flight->owner, key);
    while (at && at != flight)
        at = at->hop_waiter.flight;
    return at == flight;
}

static void step_hop(struct flight *flight)
{
    struct flights *flights = flight->owner;
    /* What only leads to a tracker is one. */
    if (ruleset_blocks(flights->conf.blocked, flight->hop, flight->hop_len)) {
        flight_store(flight);
        return;
    }
    struct flight_ask ask = {
        .plan = {.who = PLAN_HOP, .options = SHOJI_URL_OPTIONS_NONE, .again = flight->again},
        .url = flight->hop,
        .url_len = flight->hop_len,
        .hops = flight->hops + 1,
        .paced = flight->paced,
        .due_s = flight->series.first_s,
        .delivered_s = flight->delivered_s,
        .tenant = flight->record.tenant,
        .wait_ms = -1,
    };
    cache_key_of_url(flights->conf.cache, flight->hop, flight->hop_len, &ask.key);
    if (ask.hops > flights->conf.max_redirects || is_circle(flight, &ask.key)) {
        fail_for_redirects(flight);
        return;
    }
    flight->hop_waiter.answer = on_hopped;
    flight_join(flights, &ask, &flight->hop_waiter);
}

/* ---- store ---- */

static void on_stored(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result == CACHE_CHANGED) {
        finish_purged(flight);
        return;
    }
    flight->record = write->record;
    flight->settled = write->result == 0;
    if (write->result < 0)
        log_warning("store: %s", strerror(-write->result));
    if (!flight->bytes) {
        flight_finish(flight, reply_constant(REPLY_BLANK), true);
        return;
    }
    /* A full disk costs the picture its place, not these readers their answer. */
    struct cache_key tag;
    memcpy(tag.bytes, flight->record.content, sizeof(tag.bytes));
    if (write->result < 0)
        cache_keyed_hash(flight->owner->conf.cache, "etag", flight->bytes, flight->len, &tag);
    flight->record.state = CACHE_STORED;
    void *bytes = take(flight->bytes);
    struct reply *reply = NULL;
    if (reply_image(flight->type, bytes, flight->len, tag.bytes, &reply) < 0) {
        flight_finish(flight, reply_constant(REPLY_OVERLOAD), true);
        return;
    }
    flight_finish(flight, reply, true);
    reply_unref(reply);
}

/* The same original, asked once more, is no other. */
static void note_verdict(const struct flight *flight)
{
    if (!flight->record.answered)
        pixels_note(flight->owner->conf.pixels, flight->url, flight->url_len, !flight->bytes);
}

void flight_store(struct flight *flight)
{
    note_verdict(flight);
    flight->write = (struct cache_write){
        .op = CACHE_STORE,
        .key = flight->key,
        .seen = CACHE_CLAIMED, /* purged meanwhile: it stays purged */
        .record = flight->record,
        .bytes = flight->bytes,
        .len = flight->len,
        .done = on_stored,
    };
    struct cache_record *record = &flight->write.record;
    record->hop_host = flight->hop ? record->hop_host : 0;
    record->state = CACHE_STORED;
    record->type = (uint8_t)flight->type;
    record->pixel = flight->bytes == NULL;
    record->size = (uint32_t)flight->len;
    record->reason = 0;
    record->retry_s = 0;
    record->answered_s = clock_wall_s();
    cache_write_start(flight->owner->conf.cache, &flight->write);
}

/* ---- gone ---- */

static void on_gone(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    flight->record = write->record;
    flight_finish(flight, reply_constant(REPLY_GONE), true);
}

static void step_gone(struct flight *flight)
{
    flight->write = (struct cache_write){.op = CACHE_PURGE, .key = flight->key, .done = on_gone};
    cache_write_start(flight->owner->conf.cache, &flight->write);
}

/* ---- fail: remembered, tried again on our own clock only ---- */

static void on_failed(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result == CACHE_CHANGED) {
        finish_purged(flight);
        return;
    }
    if (write->result < 0) {
        log_warning("fail: %s", strerror(-write->result));
        flight_finish(flight, reply_constant(REPLY_LATER), false);
        return;
    }
    flight->record = write->record;
    if (flight->record.reason == REASON_PACED && !flight->paced) {
        flight_start(flight); /* meanwhile somebody came who does not wait for the queue */
        return;
    }
    bool final = flight->record.retry_s == 0;
    flight->settled = true;
    flight_queued(flight->owner, flight->record.retry_s);
    flight_finish(flight, reply_constant(final ? REPLY_MISSING : REPLY_LATER), final);
}

static void fail(struct flight *flight, unsigned reason, int64_t retry_s)
{
    flight->write.done = on_failed;
    struct cache_record *record = &flight->write.record;
    record->reason = (uint8_t)reason;
    record->retry_s = retry_s;
    record->answered_s = clock_wall_s();
    cache_write_start(flight->owner->conf.cache, &flight->write);
}

/* Again at `retry_s`, when that is not 0. */
static void step_fail(struct flight *flight, unsigned reason, int64_t retry_s)
{
    flight->write = write_with_url(flight, CACHE_FAIL);
    fail(flight, reason, retry_s);
}

/* Nobody was asked, so it was no try. */
static void step_put_off(struct flight *flight, unsigned reason, int64_t retry_s)
{
    flight->write = write_with_url(flight, CACHE_FAIL);
    flight->write.untried = 1;
    flight->write.silent = flight->led;
    fail(flight, reason, retry_s);
}
