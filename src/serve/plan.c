#include "serve/plan.h"

#include "sys/conf.h"

#include <sodium.h>
#include <string.h>

static enum plan decide_unknown(const struct plan_conf *conf, const struct plan_ask *ask)
{
    if (ask->who != PLAN_READER || ask->options.consent ||
        ask->options.delivered == SHOJI_NOT_DELIVERED)
        return PLAN_FETCH;
    int64_t delivered_s = (int64_t)ask->options.delivered * 86400;
    return delivered_s + conf->fetch_window_s < ask->now_s ? PLAN_GONE : PLAN_WAIT;
}

static enum plan decide_evicted(const struct plan_conf *conf, const struct plan_ask *ask,
                                const struct cache_record *record)
{
    if (ask->again || (ask->who == PLAN_READER && ask->options.consent))
        return PLAN_FETCH;
    if (conf->refetch == CONF_REFETCH_ALWAYS)
        return PLAN_FETCH;
    if (conf->refetch == CONF_REFETCH_NEVER || plan_sharers(record) < conf->shared_by)
        return PLAN_GONE;
    return ask->who == PLAN_READER ? PLAN_REQUEUE : PLAN_FETCH;
}

static enum plan decide_failed(const struct plan_ask *ask, const struct cache_record *record)
{
    if (record->retry_s == 0)
        return PLAN_MISSING;
    if (ask->who == PLAN_SCHEDULED && record->retry_s <= ask->now_s)
        return PLAN_FETCH;
    return PLAN_LATER;
}

bool plan_expired(const struct plan_conf *conf, const struct cache_record *record, int64_t now_s)
{
    return record->state != CACHE_CLAIMED && record->answered_s + conf->retention_s < now_s;
}

enum plan plan_decide(const struct plan_conf *conf, const struct plan_ask *ask,
                      const struct cache_record *record, bool have_picture)
{
    if (record && !have_picture && plan_expired(conf, record, ask->now_s))
        record = NULL;
    if (!record)
        return decide_unknown(conf, ask);
    switch (record->state) {
    case CACHE_STORED:
        return have_picture ? PLAN_SERVE : decide_evicted(conf, ask, record);
    case CACHE_FAILED:
        return decide_failed(ask, record);
    default:
        return PLAN_LATER; /* claimed: being asked at this moment */
    }
}

const char *plan_name(enum plan plan)
{
    static const char *const names[] = {
        [PLAN_SERVE] = "serve",     [PLAN_FETCH] = "fetch", [PLAN_WAIT] = "wait",
        [PLAN_REQUEUE] = "requeue", [PLAN_LATER] = "later", [PLAN_MISSING] = "missing",
        [PLAN_GONE] = "gone",
    };
    return names[plan];
}

unsigned plan_sharers(const struct cache_record *record)
{
    unsigned most = 0;
    for (unsigned i = 0; i < record->sharers_count; i++) {
        unsigned of_kid = 0;
        for (unsigned j = 0; j < record->sharers_count; j++)
            if (record->sharers[j] >> 10 == record->sharers[i] >> 10)
                of_kid++;
        if (of_kid > most)
            most = of_kid;
    }
    return most;
}

static uint32_t hash_text(const char *text)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
    return (uint32_t)hash[0] << 8 | hash[1];
}

uint16_t plan_sharer(const char *kid, const char *salt)
{
    return (uint16_t)((hash_text(kid) & 0x3f) << 10 | (hash_text(salt) & 0x3ff));
}

int64_t plan_due_s(int64_t now_s, int64_t delay_s, int64_t jitter_s)
{
    return now_s + delay_s +
           (jitter_s > 0 ? (int64_t)randombytes_uniform((uint32_t)jitter_s + 1) : 0);
}

int64_t plan_retry_s(int64_t now_s, unsigned tries, uint32_t random)
{
    static const int64_t delays_s[] = {60, 15 * 60, 4 * 3600}; /* not tuned */
    if (tries == 0 || tries > sizeof(delays_s) / sizeof(delays_s[0]))
        return 0;
    int64_t delay_s = delays_s[tries - 1];
    return now_s + delay_s + (int64_t)(random % (uint32_t)(delay_s / 2 + 1));
}
