#include "serve/flight_steps.h"

#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Reasons of a failure as they are stored: those of net/fetch.h as they are, those of
 * decode/pool.h behind them, then our own. Append, never renumber. */
#define REASON_DECODE    32
#define REASON_REDIRECTS 64

#define PIXEL_SIDE 3 /* a picture of at most 3 x 3 is there to be counted, not seen */

static void step_fetch(struct flight *flight);
static void step_hop(struct flight *flight);
static void step_decode(struct flight *flight, const struct buf *body);
static void step_store(struct flight *flight);
static void step_fail(struct flight *flight, unsigned reason, bool may_pass);

/* ---- claim: durable before any packet leaves ---- */

static void on_claimed(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result != 0) {
        if (write->result < 0)
            log_warning("claim: %s", strerror(-write->result));
        flight_finish(flight, reply_constant(REPLY_LATER), false);
        return;
    }
    flight->record = write->record;
    flight->has_record = true;
    if (flight->hop)
        step_hop(flight);
    else
        step_fetch(flight);
}

/* What is asked next time: where it redirects to, when that is known, not what answered so. */
static struct span next_url(const struct flight *flight)
{
    return flight->hop ? (struct span){flight->hop, flight->hop_len}
                       : (struct span){flight->url, flight->url_len};
}

static int64_t next_try_s(unsigned tries)
{
    return plan_retry_s(clock_wall_s(), tries, randombytes_random());
}

void flight_start(struct flight *flight)
{
    flight->started = true;
    flight->owner->figures.started++;
    /* Should we crash before there is an outcome, the claim counts as a failed try, and only the
     * queue still knows the URL. It is on disk before the claim is. */
    int64_t retry_s = next_try_s(flight->record.tries + 1U);
    if (retry_s != 0)
        flight_enqueue(flight->owner, &flight->key, next_url(flight), retry_s);
    flight->write = (struct cache_write){
        .op = CACHE_CLAIM,
        .key = flight->key,
        .seen = flight->has_record ? flight->record.state : 0,
        .record = flight->record,
        .done = on_claimed,
    };
    flight->write.record.claimed_s = clock_wall_s();
    cache_write_start(flight->owner->conf.cache, &flight->write);
}

/* ---- fetch: one request ---- */

static void take_redirect(struct flight *flight, const char *location)
{
    char url[SHOJI_URL_MAX + 1];
    size_t len;
    if (shoji_url_canonical(location, strlen(location), flight->url, url, &len) != 0) {
        step_fail(flight, FETCH_BROKEN, false);
        return;
    }
    flight->hop = strndup(url, len);
    flight->hop_len = len;
    if (!flight->hop) {
        step_fail(flight, FETCH_NO_MEMORY, true);
        return;
    }
    int64_t retry_s = next_try_s(flight->record.tries);
    if (retry_s != 0)
        flight_enqueue(flight->owner, &flight->key, next_url(flight), retry_s);
    step_hop(flight);
}

static void on_fetched(void *ctx, struct fetch_result *result)
{
    struct flight *flight = ctx;
    flight->fetch = NULL;
    switch (result->outcome) {
    case FETCH_OK:
        step_decode(flight, result->body);
        return;
    case FETCH_REDIRECT:
        take_redirect(flight, result->location);
        return;
    case FETCH_DNS:
    case FETCH_UNREACHABLE:
    case FETCH_TLS:
    case FETCH_TIMEOUT:
    case FETCH_ORIGIN_ERROR:
    case FETCH_BROKEN:
    case FETCH_NO_MEMORY:
        step_fail(flight, result->outcome, true);
        return;
    default:
        step_fail(flight, result->outcome, false);
    }
}

static void step_fetch(struct flight *flight)
{
    struct shoji_url_parts parts;
    if (shoji_url_split(flight->url, flight->url_len, &parts) != 0) {
        step_fail(flight, FETCH_REFUSED, false);
        return;
    }
    const struct fetch_target target = {
        .url = flight->url,
        .https = parts.https,
        .host = parts.host,
        .host_len = parts.host_len,
        .port = parts.port,
    };
    flight->owner->figures.fetched++;
    if (fetch_start(flight->owner->conf.fetcher, &target, on_fetched, flight, &flight->fetch) < 0)
        step_fail(flight, FETCH_NO_MEMORY, true);
}

/* ---- hop: every hop of a redirect is an original like any other ---- */

static void on_hopped(struct waiter *waiter, const struct flight_answer *answer)
{
    struct flight *flight = container_of(waiter, struct flight, hop_waiter);
    const struct cache_record *record = answer->record;
    if (!record || record->state != CACHE_STORED) {
        bool may_pass = !record || record->retry_s != 0 || record->state == CACHE_CLAIMED;
        step_fail(flight, record ? record->reason : (unsigned)FETCH_NO_MEMORY, may_pass);
        return;
    }
    const void *bytes;
    flight->len = reply_bytes(answer->reply, &bytes);
    flight->type = flight->len > 0 ? reply_type(answer->reply) : IMAGE_NONE;
    if (flight->len > 0) {
        flight->bytes = malloc(flight->len);
        if (!flight->bytes) {
            step_fail(flight, FETCH_NO_MEMORY, true);
            return;
        }
        memcpy(flight->bytes, bytes, flight->len);
    } else if (!record->pixel) { /* it was here and is gone */
        step_fail(flight, record->reason, false);
        return;
    }
    step_store(flight);
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
    struct flight_ask ask = {
        .plan = {.who = PLAN_HOP, .options = SHOJI_URL_OPTIONS_NONE},
        .url = flight->hop,
        .url_len = flight->hop_len,
        .hops = flight->hops + 1,
        .wait_ms = -1,
    };
    cache_key_of_url(flights->conf.cache, flight->hop, flight->hop_len, &ask.key);
    if (ask.hops > flights->conf.max_redirects || is_circle(flight, &ask.key)) {
        step_fail(flight, REASON_REDIRECTS, false);
        return;
    }
    flight->hop_waiter.answer = on_hopped;
    flight_join(flights, &ask, &flight->hop_waiter);
}

/* ---- decode: foreign bytes never meet this process's heap as a picture ---- */

static void on_decoded(void *ctx, struct decode_result *result)
{
    struct flight *flight = ctx;
    flight->decode = NULL;
    if (result->outcome != DECODE_OK) {
        /* A picture that kills the decoder is not offered to it again. */
        step_fail(flight, REASON_DECODE + result->outcome, result->outcome == DECODE_NO_MEMORY);
        return;
    }
    if (result->width <= PIXEL_SIDE && result->height <= PIXEL_SIDE) {
        step_store(flight);
        return;
    }
    flight->type = result->type;
    flight->bytes = result->bytes;
    flight->len = result->len;
    result->bytes = NULL;
    step_store(flight);
}

static void step_decode(struct flight *flight, const struct buf *body)
{
    struct span bytes = buf_span(body);
    if (decode_start(flight->owner->conf.pool, bytes.ptr, bytes.len, on_decoded, flight,
                     &flight->decode) < 0)
        step_fail(flight, REASON_DECODE + DECODE_NO_MEMORY, true);
}

/* ---- store ---- */

static void on_stored(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result == CACHE_CHANGED) {
        flight_finish(flight, reply_constant(REPLY_GONE), true);
        return;
    }
    flight->record = write->record;
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

/* Keeps what `flight->bytes` holds; without bytes it was a tracking pixel. */
static void step_store(struct flight *flight)
{
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
    record->state = CACHE_STORED;
    record->type = (uint8_t)flight->type;
    record->pixel = flight->bytes == NULL;
    record->size = (uint32_t)flight->len;
    record->reason = 0;
    record->retry_s = 0;
    record->answered_s = clock_wall_s();
    cache_write_start(flight->owner->conf.cache, &flight->write);
    flight_dequeue(flight->owner, &flight->key);
}

/* ---- fail: remembered, tried again on our own clock only ---- */

static void on_failed(struct cache_write *write)
{
    struct flight *flight = container_of(write, struct flight, write);
    if (write->result < 0)
        log_warning("fail: %s", strerror(-write->result));
    if (write->result != CACHE_CHANGED)
        flight->record = write->record;
    bool final = flight->record.retry_s == 0;
    flight_finish(flight, reply_constant(final ? REPLY_MISSING : REPLY_LATER), final);
}

static void step_fail(struct flight *flight, unsigned reason, bool may_pass)
{
    struct flights *flights = flight->owner;
    int64_t retry_s = may_pass ? next_try_s(flight->record.tries) : 0;
    if (retry_s != 0)
        flight_enqueue(flights, &flight->key, next_url(flight), retry_s);
    else
        flight_dequeue(flights, &flight->key);
    flight->write = (struct cache_write){
        .op = CACHE_FAIL,
        .key = flight->key,
        .seen = CACHE_CLAIMED,
        .record = flight->record,
        .done = on_failed,
    };
    struct cache_record *record = &flight->write.record;
    record->state = CACHE_FAILED;
    record->reason = (uint8_t)reason;
    record->retry_s = retry_s;
    record->answered_s = clock_wall_s();
    cache_write_start(flights->conf.cache, &flight->write);
}
