#include "net/fetch.h"

#include "base/limits.h"
#include "base/list.h"
#include "net/resolve.h"
#include "net/transfer.h"

#include <errno.h>
#include <search.h>

/*
 * The way of a fetch: it waits in the line of its site; the fetcher lets it begin; its host is
 * resolved or is an address already; every address is checked; the first few are tried until one
 * connects; what comes back is the outcome. Every end, however early, goes through finish(), which
 * only moves the fetch's timer to "now": the callback is made from there.
 *
 * Sites with a fetch that may begin stand in one line and are served in turn, so that a host with
 * a thousand waiting pictures delays the others no more than one with a single picture does.
 */
#define IDLE_MS 3600000 /* nothing is due; the timer only keeps its place */

struct site {
    char *host;
    unsigned running;
    struct list waiting;
    struct list ready; /* in fetcher->ready while something waits and may begin; else empty */
};

struct fetcher {
    struct loop *loop;
    struct resolver *resolver;
    struct transfer_shared shared;
    struct loop_timer pump; /* always running, so that moving it needs no memory */
    void *sites;            /* a tsearch(3) tree by host: balanced, whoever chooses the names */
    struct list ready;
    unsigned running;
    size_t count; /* of fetches that live */
    unsigned timeout_ms;
    unsigned per_host;
    unsigned total;
    bool https_only;
};

enum stage { WAITING, RUNNING, ENDED };

struct fetch {
    struct fetcher *fetcher;
    fetch_done_fn *done;
    void *ctx;
    bool (*may_connect)(void *ctx, const struct address *address);
    enum stage stage;
    bool placed;             /* counts as running at its site and in all */
    struct loop_timer timer; /* runs from start to end, so moving it needs no memory */
    struct list link;        /* in site->waiting */
    struct site *site;

    bool https;
    unsigned port;
    char *path; /* and query */

    struct resolve *resolve;
    struct address addresses[LIMIT_CONNECT_TRIES];
    size_t addresses_count;
    size_t next_address;
    struct transfer transfer;
    enum fetch_outcome outcome;
};

/* ---- sites and turns ---- */

static int site_compare(const void *a, const void *b)
{
    return strcmp(((const struct site *)a)->host, ((const struct site *)b)->host);
}

static struct site *site_get(struct fetcher *fetcher, struct span host)
{
    char *name = strndup(host.ptr, host.len);
    struct site key = {.host = name};
    struct site **found = name ? tfind(&key, &fetcher->sites, site_compare) : NULL;
    if (found) {
        free(name);
        return *found;
    }
    struct site *site = name ? calloc(1, sizeof(*site)) : NULL;
    if (!site) {
        free(name);
        return NULL;
    }
    site->host = name;
    list_init(&site->waiting);
    list_init(&site->ready);
    if (!tsearch(site, &fetcher->sites, site_compare)) {
        free(name);
        free(site);
        return NULL;
    }
    return site;
}

/* After a change: puts the site into the line, or forgets it when nothing is left there. */
static void site_settle(struct fetcher *fetcher, struct site *site)
{
    if (list_empty(&site->waiting) || site->running >= fetcher->per_host)
        list_remove(&site->ready);
    else if (list_empty(&site->ready))
        list_add_tail(&fetcher->ready, &site->ready);
    if (list_empty(&site->waiting) && site->running == 0) {
        tdelete(site, &fetcher->sites, site_compare);
        free(site->host);
        free(site);
    }
}

static void pump_soon(struct fetcher *fetcher)
{
    must(loop_timer_set(fetcher->loop, &fetcher->pump, 0) == 0);
}

static void begin(struct fetch *fetch);

static void pump(struct loop_timer *timer)
{
    struct fetcher *fetcher = container_of(timer, struct fetcher, pump);
    must(loop_timer_set(fetcher->loop, timer, IDLE_MS) == 0);
    while (fetcher->running < fetcher->total && !list_empty(&fetcher->ready)) {
        struct site *site = container_of(fetcher->ready.next, struct site, ready);
        struct fetch *fetch = container_of(site->waiting.next, struct fetch, link);
        list_remove(&site->ready); /* to the end of the line, if it stays in it */
        list_remove(&fetch->link);
        fetch->placed = true;
        site->running++;
        fetcher->running++;
        site_settle(fetcher, site);
        begin(fetch);
    }
}

/* ---- the end of a fetch ---- */

static void finish(struct fetch *fetch, enum fetch_outcome outcome)
{
    fetch->stage = ENDED;
    fetch->outcome = outcome;
    must(loop_timer_set(fetch->fetcher->loop, &fetch->timer, 0) == 0);
}

/* Lets go of the network and of the fetcher, which may be freed afterwards; keeps the result. */
static void leave(struct fetch *fetch)
{
    struct fetcher *fetcher = fetch->fetcher;
    resolve_cancel(fetch->resolve);
    fetch->resolve = NULL;
    transfer_stop(&fetch->transfer);
    fetcher->shared.held_bytes -= fetch->transfer.body.len;
    loop_timer_cancel(fetcher->loop, &fetch->timer);
    list_remove(&fetch->link);
    if (fetch->placed) {
        fetch->site->running--;
        fetcher->running--;
        pump_soon(fetcher);
    }
    if (fetch->site)
        site_settle(fetcher, fetch->site);
    fetcher->count--;
}

static void fetch_free(struct fetch *fetch)
{
    head_free(&fetch->transfer.head);
    buf_free(&fetch->transfer.body);
    free(fetch->path);
    free(fetch);
}

static void timer_fired(struct loop_timer *timer)
{
    struct fetch *fetch = container_of(timer, struct fetch, timer);
    struct fetch_result result = {
        .outcome = fetch->stage == ENDED ? fetch->outcome : FETCH_TIMEOUT,
    };
    leave(fetch);
    result.status = fetch->transfer.head.status;
    if (result.outcome == FETCH_OK)
        result.body = &fetch->transfer.body;
    if (result.outcome == FETCH_REDIRECT)
        result.location = fetch->transfer.head.location;
    fetch->done(fetch->ctx, &result);
    fetch_free(fetch);
}

void fetch_cancel(struct fetch *fetch)
{
    if (!fetch)
        return;
    leave(fetch);
    fetch_free(fetch);
}

/* ---- connecting ---- */

static void try_next(struct fetch *fetch)
{
    if (fetch->may_connect &&
        !fetch->may_connect(fetch->ctx, &fetch->addresses[fetch->next_address])) {
        finish(fetch, FETCH_LATER);
        return;
    }
    const struct transfer_target target = {
        .https = fetch->https,
        .host = span_of(fetch->site->host),
        .target = fetch->path,
        .address = fetch->addresses[fetch->next_address++],
        .port = fetch->port,
    };
    if (transfer_start(&fetch->transfer, &target) < 0)
        finish(fetch, FETCH_NO_MEMORY);
}

static void transferred(struct transfer *transfer)
{
    struct fetch *fetch = container_of(transfer, struct fetch, transfer);
    bool nobody_there =
        !transfer->connected && !transfer->decided &&
        (transfer->outcome == FETCH_UNREACHABLE || transfer->outcome == FETCH_TIMEOUT);
    if (nobody_there && fetch->next_address < fetch->addresses_count) {
        transfer_clear(transfer);
        try_next(fetch);
        return;
    }
    finish(fetch, transfer->outcome);
}

/* One address that we do not connect to spoils the whole answer: it was meant to. */
static void connect_to(struct fetch *fetch, const struct address *addresses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!policy_permits_address(fetch->fetcher->shared.policy, &addresses[i])) {
            finish(fetch, FETCH_REFUSED);
            return;
        }
    }
    fetch->addresses_count = count < LIMIT_CONNECT_TRIES ? count : LIMIT_CONNECT_TRIES;
    memcpy(fetch->addresses, addresses, fetch->addresses_count * sizeof(*addresses));
    try_next(fetch);
}

static void resolved(void *ctx, const struct resolve_result *result)
{
    struct fetch *fetch = ctx;
    fetch->resolve = NULL;
    switch (result->answer) {
    case RESOLVE_OK:
        connect_to(fetch, result->addresses, result->count);
        break;
    case RESOLVE_NO_NAME:
        finish(fetch, FETCH_NO_NAME);
        break;
    case RESOLVE_TOO_MANY:
        finish(fetch, FETCH_REFUSED);
        break;
    case RESOLVE_NO_MEMORY:
        finish(fetch, FETCH_NO_MEMORY);
        break;
    case RESOLVE_FAILED:
        finish(fetch, FETCH_DNS);
        break;
    }
}

/* ---- the beginning of a fetch ---- */

/* 0 when `host` is an address: dotted quad, or IPv6 in brackets. */
static int parse_literal(struct span host, struct address *ret)
{
    if (host.len < 2 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']')
        return memchr(host.ptr, ':', host.len) ? -EINVAL : address_parse(host, ret);
    struct address address;
    int r = address_parse(span_part(host, 1, host.len - 2), &address);
    if (r < 0 || !address.v6)
        return -EINVAL;
    *ret = address;
    return 0;
}

static void begin(struct fetch *fetch)
{
    struct fetcher *fetcher = fetch->fetcher;
    struct span host = span_of(fetch->site->host);
    struct address address;
    fetch->stage = RUNNING;
    must(loop_timer_set(fetcher->loop, &fetch->timer, fetcher->timeout_ms) == 0);
    if (parse_literal(host, &address) == 0)
        connect_to(fetch, &address, 1);
    else if (resolve_start(fetcher->resolver, host, resolved, fetch, &fetch->resolve) < 0)
        finish(fetch, FETCH_NO_MEMORY);
}

/* The path and query of the URL, if the URL is what the other members of the target say. */
static const char *target_path(const struct fetch_target *target)
{
    struct span url = span_of(target->url);
    struct span scheme = target->https ? SPAN("https://") : SPAN("http://");
    if (!span_starts(url, scheme))
        return NULL;
    struct span rest = span_part(url, scheme.len, url.len);
    if (!span_starts(rest, (struct span){target->host, target->host_len}))
        return NULL;
    const char *path = strchr(rest.ptr + target->host_len, '/');
    if (!path || path - rest.ptr > (ptrdiff_t)target->host_len + 6) /* at most ":65535" between */
        return NULL;
    for (const char *c = path; *c; c++)
        if (*c <= ' ' || *c >= 0x7f)
            return NULL;
    return path;
}

static bool refused(const struct fetcher *fetcher, const struct fetch_target *target)
{
    struct span host = {target->host, target->host_len};
    struct address address;
    if ((fetcher->https_only && !target->https) || !target_path(target) ||
        !policy_permits_port(fetcher->shared.policy, target->port))
        return true;
    if (parse_literal(host, &address) == 0)
        return !policy_permits_address(fetcher->shared.policy, &address);
    return !policy_permits_name(fetcher->shared.policy, host);
}

int fetch_start(struct fetcher *fetcher, const struct fetch_target *target, fetch_done_fn *done,
                void *ctx, struct fetch **ret)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    if (!fetch)
        return -ENOMEM;
    fetch->fetcher = fetcher;
    fetch->done = done;
    fetch->ctx = ctx;
    fetch->may_connect = target->may_connect;
    fetch->timer.fire = timer_fired;
    fetch->transfer.shared = &fetcher->shared;
    fetch->transfer.done = transferred;
    fetch->https = target->https;
    fetch->port = target->port;
    list_init(&fetch->link);
    if (loop_timer_set(fetcher->loop, &fetch->timer, LIMIT_FETCH_WAIT_MS) < 0) {
        free(fetch);
        return -ENOMEM;
    }
    fetcher->count++;
    *ret = fetch;
    if (refused(fetcher, target)) {
        finish(fetch, FETCH_REFUSED);
        return 0;
    }
    fetch->path = strdup(target_path(target));
    fetch->site =
        fetch->path ? site_get(fetcher, (struct span){target->host, target->host_len}) : NULL;
    if (!fetch->site) {
        finish(fetch, FETCH_NO_MEMORY);
        return 0;
    }
    list_add_tail(&fetch->site->waiting, &fetch->link);
    site_settle(fetcher, fetch->site);
    pump_soon(fetcher);
    return 0;
}

/* ---- the fetcher ---- */

static int check_numbers(const struct fetch_conf *conf, char *why)
{
    const char *wrong = NULL;
    if (conf->timeout_ms == 0 || conf->connect_timeout_ms == 0)
        wrong = "timeout: must be more than zero";
    else if (conf->per_host == 0 || conf->total == 0)
        wrong = "per_host and total: must be at least one";
    else if (conf->max_bytes == 0 || conf->max_bytes > LIMIT_BODIES_HELD)
        wrong = "max_bytes: must be more than zero and at most 512M";
    for (const char *c = conf->user_agent; *c; c++)
        if (*c < ' ' || *c >= 0x7f)
            wrong = "user_agent: must be printable ASCII";
    if (!wrong)
        return 0;
    snprintf(why, POLICY_WHY, "%s", wrong);
    return -EINVAL;
}

static void fetcher_freep(struct fetcher **fetcher)
{
    fetcher_free(*fetcher);
}

int fetcher_new(struct loop *loop, const struct fetch_conf *conf, char *why, struct fetcher **ret)
{
    int r = check_numbers(conf, why);
    if (r < 0)
        return r;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    CLEANUP(fetcher_freep) struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
    if (!fetcher) {
        curl_global_cleanup();
        return -ENOMEM;
    }
    struct transfer_shared *shared = &fetcher->shared;
    fetcher->loop = loop;
    fetcher->timeout_ms = conf->timeout_ms;
    fetcher->per_host = conf->per_host;
    fetcher->total = conf->total;
    fetcher->https_only = conf->https_only;
    fetcher->pump.fire = pump;
    list_init(&fetcher->ready);
    shared->max_bytes = conf->max_bytes;
    shared->connect_timeout_ms = conf->connect_timeout_ms;
    shared->user_agent = strdup(conf->user_agent);
    if (conf->ca_file)
        shared->ca_file = strdup(conf->ca_file);
    if (!shared->user_agent || (conf->ca_file && !shared->ca_file))
        return -ENOMEM;

    const struct policy_conf rules = {
        .allow_private = conf->allow_private,
        .deny_hosts = conf->deny_hosts,
        .ports = conf->ports,
    };
    r = policy_new(&rules, why, &shared->policy);
    if (r == 0)
        r = resolver_new(loop, conf->resolvers, why, &fetcher->resolver);
    if (r == 0)
        r = transfer_fields(&shared->fields);
    if (r == 0)
        r = multi_new(loop, &shared->multi);
    if (r == 0)
        r = loop_timer_set(loop, &fetcher->pump, IDLE_MS);
    if (r < 0)
        return r;
    *ret = take(fetcher);
    return 0;
}

void fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    must(fetcher->count == 0);
    loop_timer_cancel(fetcher->loop, &fetcher->pump);
    multi_free(fetcher->shared.multi);
    resolver_free(fetcher->resolver);
    policy_free(fetcher->shared.policy);
    curl_slist_free_all(fetcher->shared.fields);
    free(fetcher->shared.user_agent);
    free(fetcher->shared.ca_file);
    free(fetcher);
    curl_global_cleanup();
}
