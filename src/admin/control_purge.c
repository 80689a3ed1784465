#include "admin/control_call.h"

#include "sys/clock.h"

#include <errno.h>
#include <shoji/url.h>
#include <string.h>

/* Owned by the list of the control until `done` has run or the cache is closed. */
struct purging {
    struct list link;
    struct control *control;
    struct cache_purge purge;
    bool done;
    bool left; /* nobody waits for it any more */
};

/* ---- what is to be purged ---- */

/* The original behind one of our URLs, or of an original its canonical form. */
static const char *read_url(const struct control_env *env, const char *text, struct cache_key *ret)
{
    const struct request_env *requests = env->requests;
    const char *path = text;
    size_t base_len = env->base_url ? strlen(env->base_url) : 0;
    if (base_len > 0 && strncmp(text, env->base_url, base_len) == 0 && text[base_len] == '/')
        path += base_len;
    struct shoji_opened opened;
    struct keyset *set = keyring_get(requests->keyring);
    int r = shoji_url_open(keyset_keys(set), requests->url_suffix, path, strlen(path), &opened);
    keyring_put(set);
    if (r == 0) {
        cache_key_of_url(requests->cache, opened.url, opened.url_len, ret);
        return NULL;
    }
    if (path != text)
        return "this is under our base URL, but no signature of ours holds";
    char url[SHOJI_URL_MAX + 1];
    size_t len;
    if (shoji_url_canonical(text, strlen(text), NULL, url, &len) != 0)
        return "\"url\" is neither a signed URL of ours nor an http or https URL";
    cache_key_of_url(requests->cache, url, len, ret);
    return NULL;
}

/* As the URL parser spells it: an IDN host becomes its A-labels, an IPv4 address four numbers. */
static const char *read_host(const struct cache *cache, const char *text, uint64_t *ret)
{
    static const char wrong[] = "\"host\" is a name or an address, without scheme, port and path";
    char long_form[SHOJI_URL_MAX + 1], url[SHOJI_URL_MAX + 1];
    size_t len;
    struct shoji_url_parts parts;
    if (strpbrk(text, "/\\?#@ \t\r\n") ||
        (size_t)snprintf(long_form, sizeof(long_form), "http://%s/", text) >= sizeof(long_form) ||
        shoji_url_canonical(long_form, strlen(long_form), NULL, url, &len) != 0 ||
        shoji_url_split(url, len, &parts) != 0 ||
        len != strlen("http://") + parts.host_len + strlen("/"))
        return wrong;
    /* ":80" would vanish as the port that the scheme has anyway. */
    const char *colon = strrchr(text, ':');
    if (colon && (text[0] != '[' || text[strlen(text) - 1] != ']'))
        return wrong;
    *ret = cache_host_hash(cache, parts.host, parts.host_len);
    return NULL;
}

/* How many of the four ways are in the request. */
static size_t count_ways(const json_t *request)
{
    static const char *const ways[] = {"url", "host", "tenant", "all"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        const json_t *value = json_object_get(request, ways[i]);
        count += value && !json_is_null(value) && !json_is_false(value);
    }
    return count;
}

static const char *read_way(const struct control_env *env, const json_t *request,
                            struct cache_purge *ret)
{
    const char *url, *host, *tenant;
    const json_t *all = json_object_get(request, "all");
    if (!call_json_text(request, "url", &url) || !call_json_text(request, "host", &host) ||
        !call_json_text(request, "tenant", &tenant))
        return "\"url\", \"host\" and \"tenant\" are strings";
    if (url) {
        ret->what = CACHE_PURGE_URL;
        return read_url(env, url, &ret->key);
    }
    if (host) {
        ret->what = CACHE_PURGE_HOST;
        return read_host(env->requests->cache, host, &ret->host);
    }
    if (tenant) {
        size_t len = strlen(tenant);
        ret->what = CACHE_PURGE_TENANT;
        ret->tenant = cache_tenant_hash(env->requests->cache, tenant, len);
        return len > 0 && len <= SHOJI_TENANT_MAX ? NULL : "a tenant's name has 1 to 64 characters";
    }
    ret->what = CACHE_PURGE_ALL;
    return json_is_true(all) ? NULL : "\"all\" is true or not there";
}

/* A sentence when the request is wrong, else NULL. A member that nobody knows stops it: a
 * misspelt "forget" would be a tombstone. */
static const char *read_request(const struct control_env *env, const json_t *request,
                                struct cache_purge *ret)
{
    static const char *const members[] = {"url", "host", "tenant", "all", "forget"};
    if (!json_is_object(request))
        return "the body is not a JSON object";
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)request, name, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
            known = known || strcmp(name, members[i]) == 0;
        if (!known)
            return "only \"url\", \"host\", \"tenant\", \"all\" and \"forget\" are known";
    }
    const json_t *forget = json_object_get(request, "forget");
    if (forget && !json_is_boolean(forget))
        return "\"forget\" is true or false";
    ret->forget = json_is_true(forget);
    if (count_ways(request) != 1)
        return "one of \"url\", \"host\", \"tenant\" and \"all\" is needed";
    return read_way(env, request, ret);
}

/* ---- purging ---- */

/* Back thread. */
static void on_purged(struct cache_purge *purge)
{
    struct purging *purging = container_of(purge, struct purging, purge);
    struct control *control = purging->control;
    pthread_mutex_lock(&control->lock);
    purging->done = true;
    if (purging->left) {
        list_remove(&purging->link);
        free(purging);
    }
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
}

/* False when so many are waited for that others could not get through. */
static bool enlist(struct control *control, struct purging *purging)
{
    pthread_mutex_lock(&control->lock);
    bool has_room = control->purges_awaited < LIMIT_PURGES_AWAITED;
    if (has_room) {
        list_add_tail(&control->purges, &purging->link);
        control->purges_awaited++;
    }
    pthread_mutex_unlock(&control->lock);
    return has_room;
}

/* 0, -EINTR when the server ends before the purge has, -ETIMEDOUT when that takes too long to be
 * waited for, or the purge's own error. */
static int purge_and_wait(struct control *control, struct purging *purging, uint64_t *ret)
{
    const int64_t until_ms = clock_ms() + control->purge_wait_ms;
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    cache_purge_start(control->env.requests->cache, &purging->purge);
    int waited = 0;
    pthread_mutex_lock(&control->lock);
    while (!purging->done && waited == 0 && atomic_load(&control->phase) == CONTROL_SERVING)
        waited = pthread_cond_clockwait(&control->changed, &control->lock, CLOCK_MONOTONIC, &until);
    int r = waited == ETIMEDOUT ? -ETIMEDOUT : -EINTR;
    control->purges_awaited--;
    purging->left = true;
    if (purging->done) {
        r = purging->purge.result;
        *ret = purging->purge.purged;
        list_remove(&purging->link);
        free(purging);
    }
    pthread_mutex_unlock(&control->lock);
    return r;
}

static enum MHD_Result send_result(struct call *call, int r, uint64_t purged)
{
    switch (r) {
    case 0:
        return call_send_json(call, MHD_HTTP_OK, json_pack("{s:I}", "purged", (json_int_t)purged));
    case -EINTR:
        return call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                               "the server stops; the purge goes on when it runs again");
    case -ETIMEDOUT:
        return call_send_error(call, MHD_HTTP_GATEWAY_TIMEOUT,
                               "the purge takes long; it goes on, and nobody waits for it");
    case -EAGAIN:
        return call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                               "too many purges are under way; none was begun");
    default:
        return call_send_error(call, MHD_HTTP_INTERNAL_SERVER_ERROR,
                               "the index cannot be written; nothing was purged");
    }
}

enum MHD_Result control_purge(struct call *call, struct control *control)
{
    struct purging *purging = calloc(1, sizeof(*purging));
    if (!purging)
        return call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    purging->control = control;
    purging->purge.done = on_purged;
    json_error_t error;
    struct span body = buf_span(&call->body);
    json_t *request = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &error);
    const char *wrong =
        request ? read_request(&control->env, request, &purging->purge) : "the body is not JSON";
    json_decref(request);
    if (wrong) {
        free(purging);
        return call_send_error(call, MHD_HTTP_BAD_REQUEST, wrong);
    }
    if (!enlist(control, purging)) {
        free(purging);
        return send_result(call, -EAGAIN, 0);
    }
    /* However long it takes: the listener would drop a connection that seems idle. */
    MHD_set_connection_option(call->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    uint64_t purged = 0;
    int r = purge_and_wait(control, purging, &purged);
    return send_result(call, r, purged);
}

/* ---- the end ---- */

void control_purges_leave(struct control *control)
{
    pthread_mutex_lock(&control->lock);
    pthread_cond_broadcast(&control->changed);
    pthread_mutex_unlock(&control->lock);
}

void control_purges_free(struct control *control)
{
    for (struct list *link; (link = list_pop(&control->purges));)
        free(container_of(link, struct purging, link));
}
