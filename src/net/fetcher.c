#include "net/fetcher.h"

#include <errno.h>

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

/* Better late than begun and thrown away: that would be a try, and ask again. */
static bool may_begin(void *ctx)
{
    const struct fetcher *fetcher = ctx;
    return fetcher->shared.held_bytes < LIMIT_BODIES_BEGIN;
}

static void fetcher_freep(struct fetcher **fetcher)
{
    fetcher_free(*fetcher);
}

static int make_shared(struct transfer_shared *shared, struct loop *loop,
                       const struct fetch_conf *conf, char *why)
{
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
    int r = policy_new(&rules, why, &shared->policy);
    if (r == 0)
        r = transfer_fields(&shared->fields);
    if (r == 0)
        r = multi_new(loop, &shared->multi);
    return r;
}

static int make_egresses(struct fetcher *fetcher, const struct fetch_conf *conf, char *why)
{
    struct egress_pool_conf pool = {
        .egresses = conf->egresses,
        .count = conf->egresses_count,
        .resolvers = conf->resolvers,
        .changed = conf->egress_changed,
        .changed_ctx = conf->egress_changed_ctx,
    };
    if (conf->egress_key)
        memcpy(pool.key, conf->egress_key, sizeof(pool.key));
    must(conf->egress_key || conf->egresses_count < 2);
    int r = egress_pool_new(&pool, why, &fetcher->pool);
    for (size_t i = 0; r == 0 && i < egress_pool_count(fetcher->pool); i++) {
        const struct resolver_conf resolver = {
            .loop = fetcher->loop,
            .egress = egress_pool_at(fetcher->pool, i),
            .connect_timeout_ms = conf->connect_timeout_ms,
            .lookups = LIMIT_LOOKUPS / (unsigned)egress_pool_count(fetcher->pool),
        };
        char reason[EGRESS_WHY] = "";
        r = resolver_new(&resolver, reason, &fetcher->resolvers[i]);
        if (r == -EINVAL && conf->egresses_count > 0)
            snprintf(why, EGRESS_WHY, "[egress %.*s] %.200s", LIMIT_EGRESS_NAME,
                     resolver.egress->name, reason);
        else if (r == -EINVAL)
            snprintf(why, EGRESS_WHY, "%s", reason);
    }
    return r;
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
    fetcher->loop = loop;
    fetcher->timeout_ms = conf->timeout_ms;
    fetcher->https_only = conf->https_only;
    const struct turns_conf turns = {
        .loop = loop,
        .per_host = conf->per_host,
        .total = conf->total,
        .begin = fetch_begin,
        .may_begin = may_begin,
        .ctx = fetcher,
    };
    r = make_shared(&fetcher->shared, loop, conf, why);
    if (r == 0)
        r = make_egresses(fetcher, conf, why);
    if (r == 0)
        r = turns_new(&turns, &fetcher->turns);
    if (r < 0)
        return r;
    *ret = take(fetcher);
    return 0;
}

void fetcher_hold(struct fetcher *fetcher, size_t len)
{
    fetcher->taken_bytes += len;
    fetcher->shared.held_bytes += len;
}

void fetcher_release(struct fetcher *fetcher, size_t len)
{
    must(len <= fetcher->taken_bytes);
    fetcher->taken_bytes -= len;
    fetcher->shared.held_bytes -= len;
    turns_again(fetcher->turns);
}

size_t fetcher_egresses(const struct fetcher *fetcher, struct fetch_egress *ret, size_t most)
{
    size_t count = egress_pool_count(fetcher->pool);
    for (size_t i = 0; i < count && i < most; i++) {
        const struct egress *egress = egress_pool_at(fetcher->pool, i);
        ret[i] = (struct fetch_egress){.name = egress->name, .down = egress->down};
    }
    return count;
}

void fetcher_change_timeout(struct fetcher *fetcher, unsigned timeout_ms,
                            unsigned connect_timeout_ms)
{
    must(timeout_ms > 0 && connect_timeout_ms > 0);
    fetcher->timeout_ms = timeout_ms;
    fetcher->shared.connect_timeout_ms = connect_timeout_ms;
}

void fetcher_change_limits(struct fetcher *fetcher, unsigned per_host, unsigned total)
{
    turns_change(fetcher->turns, per_host, total);
}

void fetcher_free(struct fetcher *fetcher)
{
    if (!fetcher)
        return;
    must(fetcher->count == 0 && fetcher->taken_bytes == 0);
    turns_free(fetcher->turns);
    multi_free(fetcher->shared.multi);
    for (size_t i = 0; i < LIMIT_EGRESSES; i++)
        resolver_free(fetcher->resolvers[i]);
    egress_pool_free(fetcher->pool);
    policy_free(fetcher->shared.policy);
    curl_slist_free_all(fetcher->shared.fields);
    free(fetcher->shared.user_agent);
    free(fetcher->shared.ca_file);
    free(fetcher);
    curl_global_cleanup();
}
