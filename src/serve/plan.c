#include "serve/plan.h"

#include "serve/reason.h"

#include <sodium.h>
#include <string.h>

_Static_assert(CACHE_SHARERS < PLAN_NEVER, "never is more than any record has");

void plan_set_terms(struct plan_conf *conf, const struct plan_terms *terms)
{
    must(terms->retention_s >> 29 == 0 && terms->fetch_window_s >> 29 == 0);
    must(terms->sharers <= PLAN_NEVER);
    conf->packed = PLAN_PACKED(terms->retention_s, terms->fetch_window_s, terms->sharers);
}

struct plan_terms plan_terms(const struct plan_conf *conf)
{
    uint64_t packed = conf->packed;
    return (struct plan_terms){
        .retention_s = (int64_t)packed >> 34, /* with its sign */
        .fetch_window_s = (int64_t)(packed << 30) >> 34,
        .sharers = (unsigned)packed & 15,
    };
}

bool plan_fetches_now(const struct plan_ask *ask)
{
    return ask->who == PLAN_READER &&
           (ask->options.consent || ask->options.delivered == SHOJI_NOT_DELIVERED);
}

static enum plan decide_unknown(const struct plan_terms *terms, const struct plan_ask *ask)
{
    if (ask->who != PLAN_READER || plan_fetches_now(ask))
        return PLAN_FETCH;
    int64_t delivered_s = (int64_t)ask->options.delivered * 86400;
    return delivered_s + terms->fetch_window_s < ask->now_s ? PLAN_GONE : PLAN_WAIT;
}

static enum plan decide_evicted(const struct plan_terms *terms, const struct plan_ask *ask,
                                const struct cache_record *record)
{
    if (ask->again || (ask->who == PLAN_READER && ask->options.consent))
        return PLAN_FETCH;
    if (cache_sharers(record) < terms->sharers)
        return PLAN_GONE;
    if (ask->who != PLAN_READER)
        return PLAN_FETCH;
    /* Option d stands above `always`: no request for delivered mail ever causes a fetch. */
    bool at_once = terms->sharers == 0 && ask->options.delivered == SHOJI_NOT_DELIVERED;
    return at_once ? PLAN_FETCH : PLAN_REQUEUE;
}

static enum plan decide_failed(const struct plan_terms *terms, const struct plan_ask *ask,
                               const struct cache_record *record)
{
    /* Nobody was asked yet; but what was answered in an earlier series is no reader's to have
     * fetched again, unless he consents. */
    if (reason_unasked(record->reason) && record->tries == 0 && ask->who == PLAN_READER &&
        (!record->answered || ask->options.consent))
        return decide_unknown(terms, ask);
    if (record->retry_s == 0)
        return PLAN_MISSING;
    if (ask->who == PLAN_SCHEDULED && record->retry_s <= ask->now_s)
        return PLAN_FETCH;
    return PLAN_LATER;
}

static bool expired(const struct plan_terms *terms, const struct cache_record *record,
                    int64_t now_s)
{
    return record->state != CACHE_CLAIMED && record->answered_s + terms->retention_s < now_s;
}

bool plan_expired(const struct plan_conf *conf, const struct cache_record *record, int64_t now_s)
{
    const struct plan_terms terms = plan_terms(conf);
    return expired(&terms, record, now_s);
}

enum plan plan_decide(const struct plan_conf *conf, const struct plan_ask *ask,
                      const struct cache_record *record, bool have_picture)
{
    const struct plan_terms terms = plan_terms(conf);
    if (record && record->purged && !have_picture)
        return PLAN_GONE; /* an operator's wish, whoever asks */
    if (record && !have_picture && expired(&terms, record, ask->now_s))
        record = NULL;
    if (!record)
        return decide_unknown(&terms, ask);
    switch (record->state) {
    case CACHE_STORED:
        return have_picture ? PLAN_SERVE : decide_evicted(&terms, ask, record);
    case CACHE_FAILED:
        return decide_failed(&terms, ask, record);
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

static uint32_t hash_text(const char *text)
{
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)text, strlen(text), NULL, 0);
    return (uint32_t)hash[0] << 8 | hash[1];
}

uint16_t plan_sharer(const char *kid, const char *salt)
{
    return (uint16_t)((hash_text(kid) & 0x3f) << CACHE_SHARER_SALT | (hash_text(salt) & 0x3ff));
}

int64_t plan_due_s(int64_t now_s, int64_t delay_s, int64_t jitter_s)
{
    return now_s + delay_s +
           (jitter_s > 0 ? (int64_t)randombytes_uniform((uint32_t)jitter_s + 1) : 0);
}

/* An hour: not tuned; many mailboxes share what is queued so, and one of them was opened then. */
int64_t plan_requeue_s(int64_t now_s, int64_t delay_s, int64_t jitter_s)
{
    return plan_due_s(now_s, delay_s,
                      jitter_s > PLAN_REQUEUE_SPREAD_S ? jitter_s : PLAN_REQUEUE_SPREAD_S);
}

/* About a minute, a quarter of an hour, and four hours; each up to half as much later. Not tuned.
 */
static const int64_t retries_s[PLAN_RETRIES] = {60, 15 * 60, 4 * 3600};

static uint32_t spread_of(const struct plan_series *series, unsigned try)
{
    uint32_t spread;
    memcpy(&spread, series->spread + try * sizeof(spread), sizeof(spread));
    return spread;
}

int64_t plan_retry_s(const struct plan_series *series, int64_t now_s)
{
    for (unsigned try = 0; try < PLAN_RETRIES; try++) {
        int64_t after_s = retries_s[try];
        uint32_t later_s = spread_of(series, try) % (uint32_t)(after_s / 2 + 1);
        if (series->first_s + after_s + later_s > now_s)
            return series->first_s + after_s + later_s;
    }
    return 0;
}

int64_t plan_first_s(int64_t due_s, int64_t now_s)
{
    return due_s > 0 && due_s <= now_s && now_s - due_s < retries_s[0] ? due_s : now_s;
}
