/* Decoding: foreign bytes never meet this process's heap as a picture. */
#include "serve/flight_steps.h"

#define DECODE_TRIES    5
#define DECODE_PAUSE_MS 2000 /* then twice that, ...: a minute in all; not tuned */

#define PIXEL_SIDE 3 /* the contract's figure: what is larger keeps its dimensions */

void flight_drop_body(struct flight *flight)
{
    if (flight->body)
        fetcher_release(flight->owner->conf.fetcher, flight->body_len);
    free(take(flight->body));
}

/* The origin has answered and is not asked again for what went wrong here. */
static void decode_later(struct flight *flight)
{
    int64_t pause_ms = (int64_t)DECODE_PAUSE_MS << flight->decode_tries;
    if (++flight->decode_tries > DECODE_TRIES ||
        loop_timer_set(flight->owner->conf.loop, &flight->decode_timer, pause_ms) < 0)
        flight_fail_for_good(flight, REASON_DECODE + DECODE_NO_MEMORY);
}

static void on_decode_timer(struct loop_timer *timer)
{
    flight_decode(container_of(timer, struct flight, decode_timer));
}

static enum flight_verdict judge(const struct decode_result *result)
{
    if (result->width <= PIXEL_SIDE && result->height <= PIXEL_SIDE)
        return FLIGHT_PIXEL;
    return result->transparent ? FLIGHT_SPACER : FLIGHT_PICTURE;
}

static struct span body_of(const struct flight *flight)
{
    return (struct span){flight->body, flight->body_len};
}

static void on_decoded(void *ctx, struct decode_result *result)
{
    struct flight *flight = ctx;
    flight->decode = NULL;
    if (result->outcome == DECODE_NO_MEMORY) {
        decode_later(flight);
        return;
    }
    poison_note(&flight->owner->poison, flight->owner->conf.cache, body_of(flight),
                result->outcome);
    flight_drop_body(flight);
    if (result->outcome != DECODE_OK) {
        flight_count_outcome(flight, REASON_DECODE + result->outcome);
        /* A picture that kills the decoder is not offered to it again. */
        flight_fail_for_good(flight, REASON_DECODE + result->outcome);
        return;
    }
    enum flight_verdict verdict = judge(result);
    flight_count_verdict(flight, verdict);
    if (verdict != FLIGHT_PIXEL) {
        flight->type = result->type;
        flight->bytes = result->bytes;
        flight->len = result->len;
        result->bytes = NULL;
    }
    flight_store(flight);
}

/* The same bytes have killed the decoder under other URLs. */
static bool is_poison(struct flight *flight)
{
    struct flights *flights = flight->owner;
    enum decode_outcome outcome =
        poison_find(&flights->poison, flights->conf.cache, body_of(flight));
    if (outcome == DECODE_OK)
        return false;
    flight_drop_body(flight);
    flight_count_outcome(flight, REASON_DECODE + outcome);
    flight_fail_for_good(flight, REASON_DECODE + outcome);
    return true;
}

void flight_decode(struct flight *flight)
{
    flight->decode_timer.fire = on_decode_timer;
    if (!flight->body)
        flight_fail_for_now(flight, FETCH_NO_MEMORY);
    else if (!is_poison(flight) &&
             decode_start(flight->owner->conf.pool, flight->body, flight->body_len, on_decoded,
                          flight, &flight->decode) < 0)
        decode_later(flight);
}
