#include "daemon/outward.h"

#include "base/limits.h"
#include "sys/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_MS 4000

static void egress_changed(void *ctx, const struct egress *egress)
{
    (void)ctx;
    if (egress->down)
        log_warning("egress %s does not work: its hosts are fetched through the others",
                    egress->name);
    else
        log_info("egress %s works again", egress->name);
}

/* By file and line, which only the configuration knows. */
static void locate(const struct conf *conf, char *why)
{
    for (size_t i = 0; i < conf->egresses_count; i++) {
        char begin[LIMIT_EGRESS_NAME + 16];
        const struct conf_egress *egress = &conf->egresses[i];
        size_t len = (size_t)snprintf(begin, sizeof(begin), "[egress %s] ", egress->name);
        if (strncmp(why, begin, len) != 0 || !egress->where)
            continue;
        char sentence[CONF_WHY_SIZE];
        snprintf(sentence, sizeof(sentence), "%s", why);
        snprintf(why, CONF_WHY_SIZE, "%.200s: %.300s", egress->where, sentence);
        return;
    }
}

/* Half at most, or a proxy that is not there would look like an origin's silence. */
unsigned outward_connect_timeout(const struct conf *conf)
{
    return conf->fetch.timeout < 2 * CONNECT_MS ? (unsigned)conf->fetch.timeout / 2 : CONNECT_MS;
}

int outward_new(struct loop *loop, const struct conf *conf, const unsigned char *key, char *why,
                struct fetcher **ret)
{
    struct egress_conf egresses[LIMIT_EGRESSES];
    for (size_t i = 0; i < conf->egresses_count; i++) {
        const struct conf_egress *egress = &conf->egresses[i];
        egresses[i] = (struct egress_conf){
            .name = egress->name,
            .type = egress->type == CONF_EGRESS_SOCKS5 ? EGRESS_SOCKS5
                    : egress->type == CONF_EGRESS_HTTP ? EGRESS_HTTP
                                                       : EGRESS_DIRECT,
            .address = egress->address,
            .interface = egress->interface,
            .resolvers = egress->resolvers,
            .weight = (unsigned)egress->weight,
        };
    }
    const struct fetch_conf fetch = {
        .user_agent = conf->fetch.user_agent,
        .resolvers = conf->fetch.resolvers,
        .allow_private = conf->fetch.allow_private,
        .deny_hosts = conf->fetch.deny_hosts,
        .ports = conf->fetch.ports,
        .timeout_ms = (unsigned)conf->fetch.timeout,
        .connect_timeout_ms = outward_connect_timeout(conf),
        .max_bytes = conf->fetch.max_bytes,
        .per_host = (unsigned)conf->fetch.per_host,
        .total = (unsigned)conf->fetch.total,
        .https_only = conf->fetch.https_only,
        .egresses = egresses,
        .egresses_count = conf->egresses_count,
        .egress_key = key,
        .egress_changed = egress_changed,
    };
    int r = fetcher_new(loop, &fetch, why, ret);
    if (r == -EINVAL)
        locate(conf, why);
    return r;
}
