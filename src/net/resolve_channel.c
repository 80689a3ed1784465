#include "net/resolve_channel.h"

#include "base/limits.h"

#include <errno.h>

/* A UDP and a TCP socket a server, and room for the ones c-ares opens before it closes others. */
#define SOCKETS (4 * RESOLVE_SERVERS)

struct watched {
    struct loop_fd watch;
    struct channel *channel; /* NULL: the slot is free */
};

struct channel {
    ares_channel ares;
    struct channels *pool;
    struct list idle;
    struct channel_use use;
    struct watched watched[SOCKETS];
};

/* ---- sockets ---- */

static void socket_ready(struct loop_fd *watch, uint32_t events)
{
    const struct watched *socket = container_of(watch, struct watched, watch);
    struct channel *channel = socket->channel;
    bool in = events & (EPOLLIN | EPOLLHUP | EPOLLERR);
    bool out = events & EPOLLOUT;
    ares_process_fd(channel->ares, in ? watch->fd : ARES_SOCKET_BAD,
                    out ? watch->fd : ARES_SOCKET_BAD);
    channel->use.settle(channel->use.ctx);
}

/* c-ares says which sockets it has and what it waits for; both zero: it is about to close it. */
static void socket_changed(void *ctx, ares_socket_t fd, int in, int out)
{
    struct channel *channel = ctx;
    struct loop *loop = channel->pool->loop;
    struct watched *known = NULL;
    struct watched *spare = NULL;
    for (int i = 0; i < SOCKETS; i++) {
        struct watched *s = &channel->watched[i];
        if (s->channel && s->watch.fd == fd)
            known = s;
        else if (!s->channel)
            spare = s;
    }
    uint32_t events = (in ? EPOLLIN : 0U) | (out ? EPOLLOUT : 0U);
    /* Where the kernel or the slots give out, the question runs into its timeout and fails. */
    if (known && (events == 0 || loop_fd_change(loop, &known->watch, events) < 0)) {
        loop_fd_remove(loop, &known->watch);
        known->channel = NULL;
    } else if (!known && spare && events != 0) {
        spare->watch = (struct loop_fd){.fd = fd, .ready = socket_ready};
        if (loop_fd_add(loop, &spare->watch, events) == 0)
            spare->channel = channel;
    }
}

static bool has_sockets(const struct channel *channel)
{
    for (int i = 0; i < SOCKETS; i++)
        if (channel->watched[i].channel)
            return true;
    return false;
}

/* ---- channels ---- */

static int channel_init(struct channel *channel)
{
    const struct channels *pool = channel->pool;
    char lookups[] = "b"; /* DNS only */
    /* All of these are set so that c-ares reads no file and no environment on our behalf. Without
     * ARES_FLAG_EDNS there is no room in a question for anything about us. A server that says
     * that it cannot tell is not asked again: c-ares would, if there is no other. */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | (pool->proxy ? ARES_FLAG_USEVC : 0) |
                 (pool->servers_most == 1 ? ARES_FLAG_NOCHECKRESP : 0),
        .timeout = pool->proxy ? LIMIT_DNS_TCP_MS : LIMIT_DNS_TRY_MS,
        .tries = pool->proxy ? 1 : LIMIT_DNS_TRIES,
        .ndots = 1,
        .lookups = lookups,
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = channel,
    };
    struct in_addr placeholder = {0};
    options.servers = &placeholder;
    options.nservers = 1;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
               ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
               ARES_OPT_SORTLIST | ARES_OPT_NOROTATE;
    return ares_init_options(&channel->ares, &options, mask) == ARES_SUCCESS ? 0 : -ENOMEM;
}

static int channel_new(struct channels *channels, struct channel **ret)
{
    struct channel *channel = calloc(1, sizeof(*channel));
    if (!channel)
        return -ENOMEM;
    channel->pool = channels;
    list_init(&channel->idle);
    if (channel_init(channel) < 0) {
        free(channel);
        return -ENOMEM;
    }
    *ret = channel;
    return 0;
}

static void channel_free(struct channel *channel)
{
    ares_destroy(channel->ares);
    free(channel);
}

static int set_servers(ares_channel ares, const struct server *servers, size_t count)
{
    struct ares_addr_port_node nodes[RESOLVE_SERVERS] = {0};
    for (size_t i = 0; i < count; i++) {
        const struct server *server = &servers[i];
        nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
        nodes[i].family = server->address.v6 ? AF_INET6 : AF_INET;
        nodes[i].udp_port = (int)server->port;
        nodes[i].tcp_port = (int)server->port;
        memcpy(&nodes[i].addr, server->address.bytes, server->address.v6 ? 16 : 4);
    }
    return ares_set_servers_ports(ares, nodes) == ARES_SUCCESS ? 0 : -ENOMEM;
}

void channels_init(struct channels *channels)
{
    list_init(&channels->idle);
}

void channels_free(struct channels *channels)
{
    list_for_each_safe (item, &channels->idle)
        channel_free(container_of(item, struct channel, idle));
}

int channel_take(struct channels *channels, const struct channel_use *use, struct channel **ret)
{
    struct channel *channel;
    if (channels->idle_count > 0) {
        channel = container_of(channels->idle.next, struct channel, idle);
        list_remove(&channel->idle);
        channels->idle_count--;
    } else if (channel_new(channels, &channel) < 0) {
        return -ENOMEM;
    }
    /* Anew each time: what c-ares has found out about a server goes, too. */
    if (set_servers(channel->ares, use->servers, use->count) < 0) {
        channel_free(channel);
        return -ENOMEM;
    }
    channel->use = *use;
    resolve_sockets_set(channel->ares, use->sockets);
    *ret = channel;
    return 0;
}

ares_channel channel_ares(const struct channel *channel)
{
    return channel->ares;
}

void channel_give(struct channel *channel, bool idle)
{
    struct channels *pool = channel->pool;
    if (!idle || has_sockets(channel) || pool->idle_count == LIMIT_LOOKUPS_IDLE) {
        channel_free(channel);
        return;
    }
    channel->use = (struct channel_use){0};
    list_add_head(&pool->idle, &channel->idle);
    pool->idle_count++;
}
