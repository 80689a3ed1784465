#include "admin/call.h"

#include "sys/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* ---- answers ---- */

struct answer {
    unsigned status;
    const char *type;
    char *bytes; /* malloc'ed, taken over */
    size_t len;
    const char *report; /* or NULL */
};

static enum MHD_Result send_answer(struct call *call, const struct answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->len, answer->bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(answer->bytes);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(response, "Content-Type", answer->type) == MHD_YES &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        (!answer->report ||
         MHD_add_response_header(response, "Shoji-Report", answer->report) == MHD_YES) &&
        (answer->status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(response, "Allow", "POST") == MHD_YES))
        result = MHD_queue_response(call->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result call_send(struct call *call, const char *type, char *bytes, size_t len,
                          const char *report)
{
    const struct answer answer = {MHD_HTTP_OK, type, bytes, len, report};
    return send_answer(call, &answer);
}

enum MHD_Result call_send_json(struct call *call, unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text)
        return MHD_NO;
    const struct answer answer = {status, "application/json", text, strlen(text), NULL};
    return send_answer(call, &answer);
}

enum MHD_Result call_send_error(struct call *call, unsigned status, const char *sentence)
{
    return call_send_json(call, status, json_pack("{s:s}", "error", sentence));
}

/* ---- what requests share ---- */

const char *call_argument(struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool call_has_type(struct call *call, const char *type)
{
    const char *value =
        MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Content-Type");
    size_t len = strlen(type);
    return value && strncasecmp(value, type, len) == 0 &&
           (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

int32_t call_today(void)
{
    return (int32_t)(clock_wall_s() / 86400);
}

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

const char *call_read_options(const struct shoji_key *key, const char *mailbox,
                              const char *delivered, struct shoji_url_options *ret)
{
    *ret = SHOJI_URL_OPTIONS_NONE;
    if (mailbox && *mailbox)
        shoji_mailbox_salt(key, mailbox, ret->mailbox);
    if (!delivered || !*delivered)
        return NULL;
    if (strcmp(delivered, "today") == 0)
        ret->delivered = call_today();
    else if (!read_date(delivered, &ret->delivered))
        return "delivered is a date such as 2026-01-31, or today";
    return NULL;
}

struct shoji_signer call_signer(const struct call *call, const struct shoji_key *key)
{
    const char *suffix = call->env->conf->server.url_suffix;
    return (struct shoji_signer){.key = key,
                                 .form = SHOJI_SEALED,
                                 .base_url = call->env->base_url,
                                 .suffix = suffix ? suffix : ""};
}

/* ---- URLs on their way to the queue ---- */

void call_urls_add(void *ctx, const char *url, size_t len)
{
    struct call_urls *list = ctx;
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

void call_urls_free(struct call_urls *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->urls[i]);
    free(list->urls);
}

int call_urls_hand_over(const struct call *call, const struct call_urls *list)
{
    if (list->failed)
        return -ENOMEM;
    return prefetch_submit(call->env->prefetch, (const char *const *)list->urls, list->count);
}
