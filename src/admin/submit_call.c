#include "admin/submit_call.h"

#include "sys/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

static bool read_date(const char *text, int32_t *ret)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (!end || *end != '\0')
        return false;
    struct tm again = tm;
    time_t seconds = timegm(&again); /* makes the 31st of February one of March */
    if (again.tm_mday != tm.tm_mday || seconds < 0 || seconds / 86400 > INT32_MAX)
        return false;
    *ret = (int32_t)(seconds / 86400);
    return true;
}

const char *submit_read_delivered(const char *text, int32_t *ret)
{
    *ret = SHOJI_NOT_DELIVERED;
    if (!text || !*text)
        return NULL;
    if (strcmp(text, "today") == 0)
        *ret = clock_day();
    else if (!read_date(text, ret))
        return "delivered is a date such as 2026-01-31, or today";
    return NULL;
}

struct shoji_signer submit_signer(const struct call *call, const struct shoji_key *key)
{
    const char *suffix = submit_env(call)->conf->server.url_suffix;
    return (struct shoji_signer){.key = key,
                                 .form = SHOJI_SEALED,
                                 .base_url = submit_env(call)->base_url,
                                 .suffix = suffix ? suffix : ""};
}

uint16_t submit_tenant(const struct call *call, const struct shoji_key *key)
{
    return keyring_tenant(prefetch_cache(submit_env(call)->prefetch), key);
}

/* ---- URLs on their way to the queue ---- */

void submit_urls_add(void *ctx, const char *url, size_t len)
{
    struct submit_urls *list = ctx;
    if (list->count == list->cap) {
        size_t cap = list->cap ? list->cap * 2 : 64;
        char **grown = reallocarray(list->urls, cap, sizeof(char *));
        if (!grown) {
            list->failed = true;
            return;
        }
        list->urls = grown;
        list->cap = cap;
    }
    char *copy = strndup(url, len);
    if (copy)
        list->urls[list->count++] = copy;
    else
        list->failed = true;
}

void submit_urls_free(struct submit_urls *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->urls[i]);
    free(list->urls);
}

int submit_urls_hand_over(const struct call *call, const struct submit_urls *list)
{
    if (list->failed)
        return -ENOMEM;
    const struct prefetch_batch batch = {
        .urls = (const char *const *)list->urls,
        .count = list->count,
        .delivered_s = list->delivered_s,
        .tenant = list->tenant,
    };
    return prefetch_submit(submit_env(call)->prefetch, &batch);
}
