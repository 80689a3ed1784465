#include "admin/submit_call.h"

#include <string.h>

/* ---- POST /v1/sign ---- */

static const char *read_options(const json_t *request, const struct shoji_key *key,
                                struct shoji_url_options *ret)
{
    const char *mailbox, *delivered;
    if (!call_json_text(request, "mailbox", &mailbox))
        return "\"mailbox\" is a string";
    if (!call_json_text(request, "delivered", &delivered))
        return "\"delivered\" is a string";
    *ret = SHOJI_URL_OPTIONS_NONE;
    /* As it is given: who signs by himself, elsewhere, must come to the same URL. */
    if (mailbox && *mailbox)
        shoji_mailbox_salt(key, mailbox, ret->mailbox);
    return submit_read_delivered(delivered, &ret->delivered);
}

static const char *sign_all(struct call *call, const json_t *request, const struct shoji_key *key,
                            json_t *signed_urls)
{
    struct shoji_url_options options;
    const char *wrong = read_options(request, key, &options);
    if (wrong)
        return wrong;
    struct shoji_signer by = submit_signer(call, key);
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
    if (json_array_size(urls) > SUBMIT_MAX_URLS)
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
    *ret = call_send_error(call, MHD_HTTP_BAD_REQUEST, wrong);
    return NULL;
}

enum MHD_Result submit_sign(struct call *call)
{
    enum MHD_Result result = MHD_NO;
    json_t *request = read_urls(call, &result);
    if (!request)
        return result;
    struct keyset *set = keyring_get(submit_env(call)->keyring);
    const struct shoji_key *key = shoji_keys_signer(keyset_keys(set), NULL);
    json_t *signed_urls = json_array();
    const char *error = !key           ? "no key signs"
                        : !signed_urls ? "out of memory"
                                       : sign_all(call, request, key, signed_urls);
    if (error) {
        json_decref(signed_urls);
        result = call_send_error(call, key ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_INTERNAL_SERVER_ERROR,
                                 error);
    } else {
        result = call_send_json(call, MHD_HTTP_OK, json_pack("{s:o}", "signed", signed_urls));
    }
    keyring_put(set);
    json_decref(request);
    return result;
}

/* ---- POST /v1/prefetch ---- */

/* False: no http or https URL. */
static bool add_original(const json_t *url, struct submit_urls *list)
{
    char canonical[SHOJI_URL_MAX + 1];
    size_t len;
    if (shoji_url_canonical(json_string_value(url), json_string_length(url), NULL, canonical,
                            &len) != 0)
        return false;
    submit_urls_add(list, canonical, len);
    return true;
}

/* "delivered", from those whose signed URLs will carry that day: what nobody can cause a fetch of
 * need not be remembered for as long. */
static const char *read_delivered(const json_t *request, int64_t *ret_s)
{
    const char *text;
    int32_t day;
    if (!call_json_text(request, "delivered", &text))
        return "\"delivered\" is a string";
    const char *wrong = submit_read_delivered(text, &day);
    if (!wrong && day != SHOJI_NOT_DELIVERED)
        *ret_s = (int64_t)day * 86400;
    return wrong;
}

/* "kid", from those who sign with a key of their own choice; else it is ours. */
static const char *read_tenant(const struct call *call, const json_t *request, uint16_t *ret)
{
    const char *kid;
    if (!call_json_text(request, "kid", &kid))
        return "\"kid\" is a string";
    struct keyset *set = keyring_get(submit_env(call)->keyring);
    const struct shoji_keys *keys = keyset_keys(set);
    *ret = submit_tenant(call, kid ? shoji_keys_find(keys, kid, strlen(kid))
                                   : shoji_keys_signer(keys, NULL));
    keyring_put(set);
    return NULL;
}

enum MHD_Result submit_prefetch(struct call *call)
{
    enum MHD_Result result = MHD_NO;
    if (!submit_env(call)->conf->prefetch.enabled)
        return call_send_error(call, MHD_HTTP_FORBIDDEN, "prefetching is switched off");
    json_t *request = read_urls(call, &result);
    if (!request)
        return result;
    CLEANUP(submit_urls_free) struct submit_urls list = {0};
    const char *wrong = read_delivered(request, &list.delivered_s);
    if (!wrong)
        wrong = read_tenant(call, request, &list.tenant);
    if (wrong) {
        json_decref(request);
        return call_send_error(call, MHD_HTTP_BAD_REQUEST, wrong);
    }
    size_t i, refused = 0;
    json_t *url;
    json_array_foreach(json_object_get(request, "urls"), i, url)
    {
        if (!add_original(url, &list))
            refused++;
    }
    json_decref(request);
    if (submit_urls_hand_over(call, &list) < 0)
        return call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "the queue takes no more");
    return call_send_json(
        call, MHD_HTTP_ACCEPTED,
        json_pack("{s:I,s:I}", "queued", (json_int_t)list.count, "refused", (json_int_t)refused));
}
