#include "admin/submit.h"

#include "base/limits.h"
#include "serve/listener.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <errno.h>
#include <jansson.h>
#include <microhttpd.h>
#include <shoji/rewrite.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_CLIENTS      64        /* threads; further ones wait in the backlog */
#define MAX_JSON         (4 * MiB) /* some 1,000 longest URLs */
#define MAX_URLS         1000      /* a request */
#define MAX_REPORT_BYTES 4096      /* of JSON in the Shoji-Report header: the contract's figure */

struct submit {
    struct submit_env env;
    struct MHD_Daemon *daemon;
    char path[];
};

/* One request: its body as it comes in, then its answer. */
struct call {
    struct MHD_Connection *connection;
    const struct submit *submit;
    struct buf body;
};

struct endpoint {
    const char *path;
    size_t max_body;
    enum MHD_Result (*run)(struct call *call);
};

/* ---- answers ---- */

static enum MHD_Result send_bytes(struct call *call, unsigned status, const char *type, char *bytes,
                                  size_t len, const char *report)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(bytes);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    if (MHD_add_response_header(response, "Content-Type", type) == MHD_YES &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        (!report || MHD_add_response_header(response, "Shoji-Report", report) == MHD_YES) &&
        (status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(response, "Allow", "POST") == MHD_YES))
        result = MHD_queue_response(call->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_json(struct call *call, unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text ? send_bytes(call, status, "application/json", text, strlen(text), NULL) : MHD_NO;
}

static enum MHD_Result send_error(struct call *call, unsigned status, const char *sentence)
{
    return send_json(call, status, json_pack("{s:s}", "error", sentence));
}

/* ---- what requests share ---- */

static const char *argument(struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

static bool has_type(struct call *call, const char *type)
{
    const char *value =
        MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Content-Type");
    size_t len = strlen(type);
    return value && strncasecmp(value, type, len) == 0 &&
           (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

/* "2026-11-22" as days since 1970-01-01; false when it is no such date. */
static bool read_date(const char *text, int32_t *ret)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    if (!end || *end != '\0')
        return false;
    time_t seconds = timegm(&tm);
    if (seconds < 0 || seconds / 86400 > INT32_MAX)
        return false;
    *ret = (int32_t)(seconds / 86400);
    return true;
}

static struct shoji_signer signer(const struct submit *submit, const struct shoji_key *key)
{
    const char *suffix = submit->env.conf->server.url_suffix;
    return (struct shoji_signer){.key = key,
                                 .form = SHOJI_SEALED,
                                 .base_url = submit->env.base_url,
                                 .suffix = suffix ? suffix : ""};
}

/* ---- POST /v1/sign ---- */

static const char *sign_all(struct call *call, const json_t *request, const struct shoji_key *key,
                            json_t *signed_urls)
{
    const char *mailbox = json_string_value(json_object_get(request, "mailbox"));
    const char *delivered = json_string_value(json_object_get(request, "delivered"));
    struct shoji_url_options options = SHOJI_URL_OPTIONS_NONE;
    if (mailbox)
        shoji_mailbox_salt(key, mailbox, options.mailbox);
    if (delivered && !read_date(delivered, &options.delivered))
        return "delivered is not a date such as 2026-01-31";
    struct shoji_signer by = signer(call->submit, key);
    size_t i;
    json_t *url;
    json_array_foreach(json_object_get(request, "urls"), i, url)
    {
        char canonical[SHOJI_URL_MAX + 1], out[SHOJI_SIGNED_MAX + 1];
        size_t len;
        json_t *item = json_null(); /* no http or https URL */
        if (shoji_url_canonical(json_string_value(url), json_string_length(url), NULL, canonical,
                                &len) == 0 &&
            shoji_url_sign(&by, canonical, len, &options, out, &len) == 0)
            item = json_string(out);
        if (json_array_append_new(signed_urls, item) < 0)
            return "out of memory";
    }
    return NULL;
}

static const char *check_urls(const json_t *request, const json_t *urls)
{
    if (!request)
        return "the body is not JSON";
    if (!json_is_array(urls))
        return "an array \"urls\" is missing";
    if (json_array_size(urls) > MAX_URLS)
        return "more than 1000 URLs";
    size_t i;
    json_t *url;
    json_array_foreach((json_t *)(uintptr_t)urls, i, url)
    {
        if (!json_is_string(url))
            return "\"urls\" holds something that is not a string";
    }
    return NULL;
}

/* The body as a JSON object with an array "urls"; NULL after an error was sent (*ret). */
static json_t *read_urls(struct call *call, enum MHD_Result *ret)
{
    json_error_t error;
    struct span body = buf_span(&call->body);
    json_t *request = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
    const char *wrong = check_urls(request, json_object_get(request, "urls"));
    if (!wrong)
        return request;
    json_decref(request);
    *ret = send_error(call, MHD_HTTP_BAD_REQUEST, wrong);
    return NULL;
}

static enum MHD_Result run_sign(struct call *call)
{
    enum MHD_Result result = MHD_NO;
    json_t *request = read_urls(call, &result);
    if (!request)
        return result;
    struct keyset *set = keyring_get(call->submit->env.keyring);
    const struct shoji_key *key = shoji_keys_signer(keyset_keys(set), NULL);
    json_t *signed_urls = json_array();
    const char *error = !key           ? "no key signs"
                        : !signed_urls ? "out of memory"
                                       : sign_all(call, request, key, signed_urls);
    if (error) {
        json_decref(signed_urls);
        result =
            send_error(call, key ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR, error);
    } else {
        result = send_json(call, MHD_HTTP_OK, json_pack("{s:o}", "signed", signed_urls));
    }
    keyring_put(set);
    json_decref(request);
    return result;
}

/* ---- POST /v1/prefetch ---- */

struct url_list {
    char **urls;
    size_t count;
    size_t cap;
    bool failed;
};

static void url_list_add(void *ctx, const char *url, size_t len)
{
    struct url_list *list = ctx;
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

static void url_list_free(struct url_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->urls[i]);
    free(list->urls);
}

/* False: no http or https URL. */
static bool add_original(const json_t *url, struct url_list *list)
{
    char canonical[SHOJI_URL_MAX + 1];
    size_t len;
    if (shoji_url_canonical(json_string_value(url), json_string_length(url), NULL, canonical,
                            &len) != 0)
        return false;
    url_list_add(list, canonical, len);
    return true;
}

static int hand_over(const struct submit *submit, struct url_list *list)
{
    if (list->failed)
        return -ENOMEM;
    return prefetch_submit(submit->env.prefetch, (const char *const *)list->urls, list->count);
}

static enum MHD_Result run_prefetch(struct call *call)
{
    enum MHD_Result result = MHD_NO;
    if (!call->submit->env.conf->prefetch.enabled)
        return send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "prefetching is switched off");
    json_t *request = read_urls(call, &result);
    if (!request)
        return result;
    CLEANUP(url_list_free) struct url_list list = {0};
    size_t i, refused = 0;
    json_t *url;
    json_array_foreach(json_object_get(request, "urls"), i, url)
    {
        if (!add_original(url, &list))
            refused++;
    }
    json_decref(request);
    if (hand_over(call->submit, &list) < 0)
        return send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "the queue takes no more");
    return send_json(
        call, MHD_HTTP_ACCEPTED,
        json_pack("{s:I,s:I}", "queued", (json_int_t)list.count, "refused", (json_int_t)refused));
}

/* ---- POST /v1/rewrite ---- */

static bool choose(const char *text, const char *const *words, unsigned count, unsigned standard,
                   unsigned *ret)
{
    *ret = standard;
    for (unsigned i = 0; text && i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = i;
            return true;
        }
    }
    return text == NULL;
}

/* Fills in what the query says; a sentence when it is wrong. */
static const char *read_options(struct call *call, const struct shoji_key *key,
                                struct shoji_rewrite *how, unsigned *prefetch)
{
    static const char *const modes[] = {"proxy", "hold", "strip"};
    static const char *const links[] = {"keep", "clean"};
    static const char *const switches[] = {"0", "1"};
    const struct conf *conf = call->submit->env.conf;
    unsigned mode, link;
    if (!choose(argument(call, "mode"), modes, 3, (unsigned)conf->rewrite.mode, &mode))
        return "mode is proxy, hold or strip";
    if (!choose(argument(call, "links"), links, 2, (unsigned)conf->rewrite.links, &link))
        return "links is keep or clean";
    if (!choose(argument(call, "prefetch"), switches, 2, 0, prefetch))
        return "prefetch is 0 or 1";
    how->mode = (enum shoji_mode)mode;
    how->links = (enum shoji_links)link;
    how->options = SHOJI_URL_OPTIONS_NONE;
    const char *mailbox = argument(call, "mailbox"), *delivered = argument(call, "delivered");
    if (mailbox && *mailbox)
        shoji_mailbox_salt(key, mailbox, how->options.mailbox);
    if (delivered && strcmp(delivered, "today") == 0)
        how->options.delivered = (int32_t)(clock_wall_s() / 86400);
    else if (delivered && !read_date(delivered, &how->options.delivered))
        return "delivered is a date such as 2026-01-31, or today";
    return NULL;
}

struct rewritten {
    char *body;
    size_t len;
    struct shoji_report report;
};

static void rewritten_free(struct rewritten *out)
{
    free(out->body);
    shoji_report_free(&out->report);
    *out = (struct rewritten){0};
}

static int rewrite(struct call *call, const struct shoji_rewrite *how, bool mail,
                   struct rewritten *ret)
{
    struct span body = buf_span(&call->body);
    return mail ? shoji_rewrite_mail(how, body.ptr, body.len, &ret->body, &ret->len, &ret->report)
                : shoji_rewrite_html(how, body.ptr, body.len, &ret->body, &ret->len, &ret->report);
}

/*
 * With prefetch, twice: the first pass finds the URLs, which are handed to the queue; only if that
 * succeeded does the second write them with the day of delivery, as ones that no reader makes us
 * fetch.
 */
static int rewrite_and_prefetch(struct call *call, struct shoji_rewrite *how, bool mail,
                                struct rewritten *ret)
{
    CLEANUP(url_list_free) struct url_list list = {0};
    struct shoji_rewrite first = *how;
    first.options.delivered = SHOJI_NOT_DELIVERED;
    first.emitted = url_list_add;
    first.emitted_ctx = &list;
    int r = rewrite(call, &first, mail, ret);
    if (r < 0 || !call->submit->env.conf->prefetch.enabled || hand_over(call->submit, &list) < 0)
        return r;
    if (how->options.delivered == SHOJI_NOT_DELIVERED)
        how->options.delivered = (int32_t)(clock_wall_s() / 86400);
    rewritten_free(ret);
    return rewrite(call, how, mail, ret);
}

/* The report for the header: whole, or only its counts when it is long. The caller frees it. */
static char *report_text(const struct shoji_report *report)
{
    char *json = shoji_report_json(report);
    if (json && strlen(json) > MAX_REPORT_BYTES) {
        free(json);
        json_t *counts = json_pack(
            "{s:i,s:b,s:{s:I,s:I,s:I},s:I,s:{s:I,s:I}}", "v", 1, "truncated", 1, "images",
            "proxied", (json_int_t)report->images_proxied, "inline",
            (json_int_t)report->images_inline, "dropped", (json_int_t)report->images_dropped,
            "trackers", (json_int_t)report->trackers_count, "links", "tracked",
            (json_int_t)report->links_tracked, "cleaned", (json_int_t)report->links_cleaned);
        json = counts ? json_dumps(counts, JSON_COMPACT) : NULL;
        json_decref(counts);
    }
    if (!json)
        return NULL;
    size_t size = sodium_base64_encoded_len(strlen(json), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = malloc(size);
    if (text)
        sodium_bin2base64(text, size, (unsigned char *)json, strlen(json),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    free(json);
    return text;
}

static enum MHD_Result send_as_json(struct call *call, const struct rewritten *out)
{
    size_t size = sodium_base64_encoded_len(out->len, sodium_base64_VARIANT_ORIGINAL);
    char *base64 = malloc(size);
    char *report = shoji_report_json(&out->report);
    json_t *report_json = report ? json_loads(report, 0, NULL) : NULL;
    free(report);
    if (!base64 || !report_json) {
        free(base64);
        json_decref(report_json);
        return MHD_NO;
    }
    sodium_bin2base64(base64, size, (unsigned char *)out->body, out->len,
                      sodium_base64_VARIANT_ORIGINAL);
    json_t *json = json_pack("{s:s,s:o}", "body_base64", base64, "report", report_json);
    free(base64);
    return send_json(call, MHD_HTTP_OK, json);
}

static enum MHD_Result send_rewritten(struct call *call, struct rewritten *out, bool mail)
{
    const char *accept = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Accept");
    if (accept && strstr(accept, "application/json"))
        return send_as_json(call, out);
    char *report = report_text(&out->report);
    if (!report)
        return MHD_NO;
    enum MHD_Result result =
        send_bytes(call, MHD_HTTP_OK, mail ? "message/rfc822" : "text/html; charset=utf-8",
                   take(out->body), out->len, report);
    free(report);
    return result;
}

static enum MHD_Result run_rewrite(struct call *call)
{
    bool mail = has_type(call, "message/rfc822");
    if (!mail && !has_type(call, "text/html"))
        return send_error(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                          "Content-Type is text/html or message/rfc822");
    const struct conf *conf = call->submit->env.conf;
    struct keyset *set = keyring_get(call->submit->env.keyring);
    const struct shoji_key *key = shoji_keys_signer(keyset_keys(set), NULL);
    struct shoji_rewrite how = {
        .signer = signer(call->submit, key),
        .keys = keyset_keys(set),
        .max_images = conf->rewrite.max_images,
        .max_message = conf->rewrite.max_message,
        .keep_receipts = conf->rewrite.receipts_keep,
    };
    unsigned prefetch = 0;
    const char *error = key ? read_options(call, key, &how, &prefetch) : "no key signs";
    CLEANUP(rewritten_free) struct rewritten out = {0};
    enum MHD_Result result;
    if (error)
        result =
            send_error(call, key ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR, error);
    else if ((prefetch ? rewrite_and_prefetch(call, &how, mail, &out)
                       : rewrite(call, &how, mail, &out)) < 0)
        result = send_error(call, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    else
        result = send_rewritten(call, &out, mail);
    keyring_put(set);
    return result;
}

/* ---- the door ---- */

static const struct endpoint endpoints[] = {
    {"/v1/prefetch", MAX_JSON, run_prefetch},
    {"/v1/rewrite", LIMIT_MESSAGE + 1 * MiB, run_rewrite},
    {"/v1/sign", MAX_JSON, run_sign},
};

static const struct endpoint *find_endpoint(const char *url)
{
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        if (strcmp(url, endpoints[i].path) == 0)
            return &endpoints[i];
    return NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **context)
{
    (void)version;
    struct call *call = *context;
    const struct endpoint *endpoint = find_endpoint(url);
    if (!call) {
        call = calloc(1, sizeof(*call));
        if (!call)
            return MHD_NO;
        *call = (struct call){.connection = connection, .submit = cls};
        call->body = BUF_INIT(endpoint ? endpoint->max_body : 0);
        *context = call;
        return MHD_YES;
    }
    if (*body_len > 0) {
        buf_add(&call->body, body, *body_len); /* its error sticks, and is answered at the end */
        *body_len = 0;
        return MHD_YES;
    }
    if (!endpoint)
        return send_error(call, MHD_HTTP_NOT_FOUND, "no such request here");
    if (strcmp(method, "POST") != 0)
        return send_error(call, MHD_HTTP_METHOD_NOT_ALLOWED, "only POST");
    if (buf_error(&call->body))
        return send_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    return endpoint->run(call);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    struct call *call = *context;
    if (call)
        buf_free(&call->body);
    free(call);
    *context = NULL;
}

int submit_new(const struct submit_env *env, const char *path, char *why, struct submit **ret)
{
    struct submit *submit = calloc(1, sizeof(*submit) + strlen(path) + 1);
    if (!submit)
        return -ENOMEM;
    submit->env = *env;
    memcpy(submit->path, path, strlen(path) + 1);
    char address[LISTENER_TEXT], text[LISTENER_TEXT];
    int fd = -1;
    int r = snprintf(address, sizeof(address), "unix:%s", path) < (int)sizeof(address)
                ? listener_open(address, 1, &fd, text)
                : -ENAMETOOLONG;
    if (r == 0 && chmod(path, 0660) < 0)
        r = -errno;
    if (r == 0) {
        submit->daemon = MHD_start_daemon(
            MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, on_request,
            submit, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)MAX_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_NOTIFY_COMPLETED,
            on_completed, NULL, MHD_OPTION_END);
        if (!submit->daemon)
            r = -EIO;
    }
    if (r < 0) {
        snprintf(why, 256, "cannot listen on %.100s: %s", path, strerror(-r));
        fd_close(&fd);
        free(submit);
        return r;
    }
    *ret = submit;
    return 0;
}

void submit_free(struct submit *submit)
{
    if (!submit)
        return;
    MHD_stop_daemon(submit->daemon);
    unlink(submit->path);
    free(submit);
}
