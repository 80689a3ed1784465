/* What flights are counted by, for figures. */
#include "serve/flight_steps.h"

static enum flight_again why_again(const struct flights *flights, const struct flight_ask *ask)
{
    if (ask->plan.options.consent)
        return FLIGHT_AGAIN_CONSENT;
    if (ask->plan.again)
        return FLIGHT_AGAIN_HOP;
    return plan_terms(flights->conf.plan).sharers == 0 ? FLIGHT_AGAIN_ALWAYS : FLIGHT_AGAIN_SHARED;
}

void flight_count_start(struct flights *flights, const struct flight_ask *ask,
                        const struct cache_record *record)
{
    struct flight_counts *counts = &flights->counts;
    atomic_fetch_add(&counts->active, 1);
    atomic_fetch_add(&counts->started, 1);
    if (!record)
        return;
    if (record->state == CACHE_FAILED && record->tries > 0)
        atomic_fetch_add(&counts->tries, 1);
    if (record->state != CACHE_STORED)
        return;
    if (plan_expired(flights->conf.plan, record, ask->plan.now_s))
        atomic_fetch_add(&counts->expired, 1);
    else
        atomic_fetch_add(&counts->again[why_again(flights, ask)], 1);
}

void flight_count_outcome(struct flight *flight, unsigned reason)
{
    atomic_fetch_add(&flight->owner->counts.outcomes[reason_class(reason)], 1);
}

void flight_count_verdict(struct flight *flight, enum flight_verdict verdict)
{
    atomic_fetch_add(&flight->owner->counts.verdicts[verdict], 1);
}

const char *flight_again_name(enum flight_again why)
{
    static const char *const names[FLIGHT_AGAINS] = {"shared", "always", "consent", "redirect"};
    return names[why];
}

const char *flight_verdict_name(enum flight_verdict verdict)
{
    static const char *const names[FLIGHT_VERDICTS] = {"picture", "spacer", "pixel"};
    return names[verdict];
}

void flight_figures(const struct flights *flights, struct flight_figures *ret)
{
    const struct flight_counts *counts = &flights->counts;
    *ret = (struct flight_figures){
        .started = atomic_load(&counts->started),
        .fetched = atomic_load(&counts->fetched),
        .joined = atomic_load(&counts->joined),
        .expired = atomic_load(&counts->expired),
        .tries = atomic_load(&counts->tries),
        .active = atomic_load(&counts->active),
    };
    for (int i = 0; i < FLIGHT_AGAINS; i++) {
        ret->again[i] = atomic_load(&counts->again[i]);
        ret->refetched += ret->again[i];
    }
    for (int i = 0; i < FLIGHT_VERDICTS; i++)
        ret->verdicts[i] = atomic_load(&counts->verdicts[i]);
    for (int i = 0; i < REASON_CLASSES; i++)
        ret->outcomes[i] = atomic_load(&counts->outcomes[i]);
}
