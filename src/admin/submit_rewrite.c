#include "admin/submit_call.h"

#include "sys/clock.h"

#include <sodium.h>
#include <string.h>

#define QUEUED           "queued"
#define MAX_REPORT_BYTES 4096 /* of JSON in the Shoji-Report header: the contract's figure */

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
    const struct conf *conf = submit_env(call)->conf;
    unsigned mode, link, consent;
    if (!choose(call_argument(call, "mode"), modes, 3, (unsigned)conf->rewrite.mode, &mode))
        return "mode is proxy, hold or strip";
    if (!choose(call_argument(call, "links"), links, 2, (unsigned)conf->rewrite.links, &link))
        return "links is keep or clean";
    if (!choose(call_argument(call, "prefetch"), switches, 2, 0, prefetch))
        return "prefetch is 0 or 1";
    if (!choose(call_argument(call, "consent"), switches, 2, 0, &consent))
        return "consent is 0 or 1";
    how->mode = (enum shoji_mode)mode;
    how->links = (enum shoji_links)link;
    how->options = SHOJI_URL_OPTIONS_NONE;
    how->options.consent = consent;
    const char *mailbox = call_argument(call, "mailbox");
    const char *delimiters = submit_env(call)->conf->rewrite.recipient_delimiter;
    if (mailbox && *mailbox &&
        shoji_address_salt(key, mailbox, delimiters, how->options.mailbox) < 0)
        return "out of memory";
    return submit_read_delivered(call_argument(call, "delivered"), &how->options.delivered);
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

/* What became of them, in the words of `shoji rewrite --report`. */
static const char *hand_over(struct call *call, const struct submit_urls *list)
{
    if (!submit_env(call)->conf->prefetch.enabled)
        return "off";
    return submit_urls_hand_over(call, list) == 0 ? QUEUED : "failed";
}

/*
 * With prefetch, twice: the first pass finds the URLs, which are handed to the queue; only if that
 * succeeded does the second write them with the day of delivery, as ones that no reader makes us
 * fetch.
 */
static int rewrite_and_prefetch(struct call *call, struct shoji_rewrite *how, bool mail,
                                struct rewritten *ret)
{
    CLEANUP(submit_urls_free) struct submit_urls list = {0};
    struct shoji_rewrite first = *how;
    first.options.delivered = SHOJI_NOT_DELIVERED;
    first.emitted = submit_urls_add;
    first.emitted_ctx = &list;
    if (how->options.delivered == SHOJI_NOT_DELIVERED)
        how->options.delivered = clock_day();
    list.tenant = submit_tenant(call, how->signer.key);
    list.delivered_s = (int64_t)how->options.delivered * 86400;
    int r = rewrite(call, &first, mail, ret);
    if (r < 0)
        return r;
    const char *became = hand_over(call, &list);
    call->told = (struct call_header){"Shoji-Prefetch", became};
    if (strcmp(became, QUEUED) != 0)
        return r;
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
    return call_send_json(call, MHD_HTTP_OK, json);
}

static enum MHD_Result send_rewritten(struct call *call, struct rewritten *out, bool mail)
{
    const char *accept = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Accept");
    if (accept && strstr(accept, "application/json"))
        return send_as_json(call, out);
    char *report = report_text(&out->report);
    if (!report)
        return MHD_NO;
    enum MHD_Result result = call_send_with(call, &(struct call_header){"Shoji-Report", report},
                                            mail ? "message/rfc822" : "text/html; charset=utf-8",
                                            take(out->body), out->len);
    free(report);
    return result;
}

enum MHD_Result submit_rewrite(struct call *call)
{
    bool mail = call_has_type(call, "message/rfc822");
    if (!mail && !call_has_type(call, "text/html"))
        return call_send_error(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                               "Content-Type is text/html or message/rfc822");
    const struct conf *conf = submit_env(call)->conf;
    struct keyset *set = keyring_get(submit_env(call)->keyring);
    struct ruleset_use *rules = ruleset_get(submit_env(call)->rules);
    const struct shoji_key *key = shoji_keys_signer(keyset_keys(set), NULL);
    struct shoji_rewrite how = {
        .signer = submit_signer(call, key),
        .keys = keyset_keys(set),
        .max_images = conf->rewrite.max_images,
        .max_message = conf->rewrite.max_message,
        .keep_receipts = conf->rewrite.receipts_keep,
        .signed_mail = (enum shoji_signed)conf->rewrite.signed_mail,
        .spam_header = conf->rewrite.spam_header,
        .accept_base = conf->rewrite.accept_base,
        .rules = ruleset_rules(rules),
        .trackers = conf->trackers.policy == CONF_POLICY_BLOCK ? SHOJI_TRACKERS_BLOCK
                                                               : SHOJI_TRACKERS_PROXY,
        .ignore_geometry = !conf->trackers.geometry,
    };
    unsigned prefetch = 0;
    const char *error = key ? read_options(call, key, &how, &prefetch) : "no key signs";
    CLEANUP(rewritten_free) struct rewritten out = {0};
    enum MHD_Result result;
    if (error)
        result = call_send_error(call, key ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR,
                                 error);
    else if ((prefetch ? rewrite_and_prefetch(call, &how, mail, &out)
                       : rewrite(call, &how, mail, &out)) < 0)
        result = call_send_error(call, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    else
        result = send_rewritten(call, &out, mail);
    ruleset_put(rules);
    keyring_put(set);
    return result;
}
