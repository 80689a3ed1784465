#include "net/resolve.h"

#include "base/limits.h"
#include "base/list.h"
#include "net/resolve_socket.h"
#include "net/tunnel.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#define DNS_PORT 53

/* A UDP and a TCP socket a server, and room for the ones c-ares opens before it closes others. */
#define SOCKETS (4 * RESOLVE_SERVERS)

struct resolver {
    struct loop *loop;
    const struct egress *egress;
    unsigned connect_timeout_ms;
    struct server servers[RESOLVE_SERVERS];
    size_t servers_count;
};

struct question {
    struct resolve *resolve;
    bool v6;
    int status; /* of c-ares */
    struct address addresses[LIMIT_NAME_ADDRESSES];
    size_t count;
    bool too_many;
};

struct socket {
    struct loop_fd watch;
    struct resolve *resolve; /* NULL: the slot is free */
};

struct resolve {
    struct resolver *resolver;
    resolve_done_fn *done;
    void *ctx;
    ares_channel channel;    /* NULL until there is somebody to ask */
    struct loop_timer timer; /* runs as long as the lookup does, so moving it needs no memory */
    struct socket watched[SOCKETS];
    unsigned unanswered;
    struct question questions[2];
    struct resolve_sockets sockets;
    struct tunnel *tunnel; /* through a proxy: to one server after the other */
    size_t next_server;
    char name[256]; /* at most 253 characters, and a dot */
};

/* ---- the servers ---- */

static int servers_of_text(struct resolver *resolver, const char *text, char *why)
{
    const struct server_list list = {
        .key = "resolvers", .port = DNS_PORT, .most = RESOLVE_SERVERS, .why = why};
    int n = server_parse_list(&list, span_of(text), resolver->servers);
    resolver->servers_count = n < 0 ? 0 : (size_t)n;
    return n < 0 ? n : 0;
}

static int servers_of_system(struct resolver *resolver, char *why)
{
    ares_channel channel;
    struct ares_addr_port_node *list;
    if (ares_init(&channel) != ARES_SUCCESS || ares_get_servers_ports(channel, &list)) {
        snprintf(why, 256, "resolvers: the system's cannot be read");
        return -EINVAL;
    }
    for (const struct ares_addr_port_node *node = list; node; node = node->next) {
        if (resolver->servers_count == RESOLVE_SERVERS)
            break;
        struct server *server = &resolver->servers[resolver->servers_count++];
        server->address.v6 = node->family == AF_INET6;
        memcpy(server->address.bytes, &node->addr, node->family == AF_INET6 ? 16 : 4);
        server->port = node->udp_port > 0 ? (unsigned)node->udp_port : DNS_PORT;
    }
    ares_free_data(list);
    ares_destroy(channel);
    if (resolver->servers_count == 0) {
        snprintf(why, 256, "resolvers: the system names none");
        return -EINVAL;
    }
    return 0;
}

/* What is bound to an interface never gets to another one, the loopback among them. */
static int check_servers(const struct resolver *resolver, char *why)
{
    const char *interface = resolver->egress->interface;
    if (!interface || resolver->egress->type != EGRESS_DIRECT || strcmp(interface, "lo") == 0)
        return 0;
    for (size_t i = 0; i < resolver->servers_count; i++) {
        const struct address *address = &resolver->servers[i].address;
        char text[ADDRESS_TEXT];
        address_format(address, text);
        if (address->v6 ? strcmp(text, "::1") != 0 : address->bytes[0] != 127)
            continue;
        snprintf(why, 256, "resolvers: %s is not reached by interface %.40s; name others", text,
                 interface);
        return -EINVAL;
    }
    return 0;
}

int resolver_new(const struct resolver_conf *conf, char *why, struct resolver **ret)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (!resolver)
        return -ENOMEM;
    resolver->loop = conf->loop;
    resolver->egress = conf->egress;
    resolver->connect_timeout_ms = conf->connect_timeout_ms;
    int r = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -ENOMEM;
    if (r < 0) {
        free(resolver);
        return r;
    }
    const char *servers = conf->egress->resolvers;
    r = servers ? servers_of_text(resolver, servers, why) : servers_of_system(resolver, why);
    if (r == 0)
        r = check_servers(resolver, why);
    if (r < 0) {
        resolver_free(resolver);
        return r;
    }
    *ret = resolver;
    return 0;
}

void resolver_free(struct resolver *resolver)
{
    if (!resolver)
        return;
    ares_library_cleanup();
    free(resolver);
}

/* ---- answers ---- */

/* A and AAAA may end differently: one may lack, one may fail. Only two clear noes are a no. */
static enum resolve_answer judge(const struct resolve *resolve)
{
    bool any = false;
    bool no_name = true;
    for (int i = 0; i < 2; i++) {
        const struct question *q = &resolve->questions[i];
        if (q->too_many)
            return RESOLVE_TOO_MANY;
        if (q->status == ARES_ENOMEM)
            return RESOLVE_NO_MEMORY;
        any = any || q->count > 0;
        no_name = no_name && (q->status == ARES_ENOTFOUND || q->status == ARES_ENODATA);
    }
    if (any)
        return RESOLVE_OK;
    if (resolve->sockets.broken && !resolve->sockets.asked)
        return RESOLVE_EGRESS;
    return no_name ? RESOLVE_NO_NAME : RESOLVE_FAILED;
}

static void end(struct resolve *resolve, enum resolve_answer answer)
{
    struct address addresses[2 * LIMIT_NAME_ADDRESSES];
    struct resolve_result result = {
        .answer = answer, .addresses = addresses, .asked = resolve->sockets.asked};
    const struct question *q = resolve->questions;
    if (result.answer == RESOLVE_OK)
        for (size_t i = 0; i < LIMIT_NAME_ADDRESSES; i++)
            for (int family = 0; family < 2; family++)
                if (i < q[family].count)
                    addresses[result.count++] = q[family].addresses[i];
    resolve_done_fn *done = resolve->done;
    void *ctx = resolve->ctx;
    resolve_cancel(resolve);
    done(ctx, &result);
}

static void answer_add(struct question *q, const struct hostent *host)
{
    for (char **each = host->h_addr_list; *each; each++) {
        if (q->count == LIMIT_NAME_ADDRESSES) {
            q->too_many = true;
            return;
        }
        struct address *address = &q->addresses[q->count++];
        *address = (struct address){.v6 = q->v6};
        memcpy(address->bytes, *each, q->v6 ? 16 : 4);
    }
}

static void answered(void *ctx, int status, int timeouts, unsigned char *bytes, int len)
{
    struct question *q = ctx;
    (void)timeouts;
    if (status == ARES_EDESTRUCTION)
        return;
    q->resolve->unanswered--;
    /* c-ares 1.18 takes codes beyond REFUSED, such as NOTAUTH, for NOERROR without data. */
    if (status == ARES_SUCCESS && len > 3 && (bytes[3] & 15) > ns_r_refused)
        status = ARES_ESERVFAIL;
    if (status == ARES_SUCCESS) {
        struct hostent *host = NULL;
        status = q->v6 ? ares_parse_aaaa_reply(bytes, len, &host, NULL, NULL)
                       : ares_parse_a_reply(bytes, len, &host, NULL, NULL);
        if (status == ARES_SUCCESS) {
            answer_add(q, host);
            ares_free_hostent(host);
        }
    }
    /* c-ares must not be destroyed in here: settle() looks when it has returned. */
    q->status = status;
}

/* ---- the loop ---- */

static bool next_server(struct resolve *resolve);

/* After every call into c-ares: either both answers are there, or it says when it wants to act. */
static void settle(struct resolve *resolve)
{
    struct timeval most = {.tv_sec = 60};
    struct timeval left;
    if (resolve->unanswered == 0) {
        enum resolve_answer answer = judge(resolve);
        if (answer != RESOLVE_FAILED || !next_server(resolve))
            end(resolve, answer);
        return;
    }
    const struct timeval *next = ares_timeout(resolve->channel, &most, &left);
    int64_t ms = (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1;
    must(loop_timer_set(resolve->resolver->loop, &resolve->timer, ms) == 0);
}

/* Nothing is due later than this; it only keeps the timer's place in the heap. */
static void keep_timer(struct resolve *resolve)
{
    must(loop_timer_set(resolve->resolver->loop, &resolve->timer, 60000) == 0);
}

static void socket_ready(struct loop_fd *watch, uint32_t events)
{
    struct socket *s = container_of(watch, struct socket, watch);
    struct resolve *resolve = s->resolve;
    bool in = events & (EPOLLIN | EPOLLHUP | EPOLLERR);
    bool out = events & EPOLLOUT;
    ares_process_fd(resolve->channel, in ? watch->fd : ARES_SOCKET_BAD,
                    out ? watch->fd : ARES_SOCKET_BAD);
    settle(resolve);
}

static void timer_fired(struct loop_timer *timer)
{
    struct resolve *resolve = container_of(timer, struct resolve, timer);
    keep_timer(resolve);
    if (!resolve->channel)
        return;
    ares_process_fd(resolve->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    settle(resolve);
}

/* c-ares says which sockets it has and what it waits for; both zero: it is about to close it. */
static void socket_changed(void *ctx, ares_socket_t fd, int in, int out)
{
    struct resolve *resolve = ctx;
    struct loop *loop = resolve->resolver->loop;
    struct socket *known = NULL;
    struct socket *spare = NULL;
    for (int i = 0; i < SOCKETS; i++) {
        struct socket *s = &resolve->watched[i];
        if (s->resolve && s->watch.fd == fd)
            known = s;
        else if (!s->resolve)
            spare = s;
    }
    uint32_t events = (in ? EPOLLIN : 0U) | (out ? EPOLLOUT : 0U);
    /* Where the kernel or the slots give out, the question runs into its timeout and fails. */
    if (known && (events == 0 || loop_fd_change(loop, &known->watch, events) < 0)) {
        loop_fd_remove(loop, &known->watch);
        known->resolve = NULL;
    } else if (!known && spare && events != 0) {
        spare->watch = (struct loop_fd){.fd = fd, .ready = socket_ready};
        if (loop_fd_add(loop, &spare->watch, events) == 0)
            spare->resolve = resolve;
    }
}

/* ---- a lookup ---- */

static int set_servers(ares_channel channel, const struct server *servers, size_t count)
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
    return ares_set_servers_ports(channel, nodes) == ARES_SUCCESS ? 0 : -ENOMEM;
}

static int channel_open(struct resolve *resolve, const struct server *servers, size_t count)
{
    char lookups[] = "b"; /* DNS only */
    bool proxy = egress_is_proxy(resolve->resolver->egress);
    /* All of these are set so that c-ares reads no file and no environment on our behalf. Without
     * ARES_FLAG_EDNS there is no room in a question for anything about us. A server that says
     * that it cannot tell is not asked again: c-ares would, if there is no other. */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | (proxy ? ARES_FLAG_USEVC : 0) |
                 (count == 1 ? ARES_FLAG_NOCHECKRESP : 0),
        .timeout = proxy ? LIMIT_DNS_TCP_MS : LIMIT_DNS_TRY_MS,
        .tries = proxy ? 1 : LIMIT_DNS_TRIES,
        .ndots = 1,
        .lookups = lookups,
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = resolve,
    };
    struct in_addr placeholder = {0};
    options.servers = &placeholder;
    options.nservers = 1;
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS |
               ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_SERVERS | ARES_OPT_DOMAINS |
               ARES_OPT_SORTLIST | ARES_OPT_NOROTATE;
    ares_channel channel;
    if (ares_init_options(&channel, &options, mask) != ARES_SUCCESS)
        return -ENOMEM;
    resolve_sockets_set(channel, &resolve->sockets);
    if (set_servers(channel, servers, count) < 0) {
        ares_destroy(channel);
        return -ENOMEM;
    }
    resolve->channel = channel;
    return 0;
}

static void channel_close(struct resolve *resolve)
{
    if (resolve->channel)
        ares_destroy(resolve->channel);
    resolve->channel = NULL;
    if (resolve->sockets.tunnel_fd >= 0)
        close(resolve->sockets.tunnel_fd);
    resolve->sockets.tunnel_fd = -1;
}

static void ask(struct resolve *resolve)
{
    static const int types[2] = {ns_t_a, ns_t_aaaa};
    resolve->unanswered = 2;
    for (int i = 0; i < 2; i++) {
        resolve->questions[i] = (struct question){.resolve = resolve, .v6 = types[i] == ns_t_aaaa};
        ares_query(resolve->channel, resolve->name, ns_c_in, types[i], answered,
                   &resolve->questions[i]);
    }
}

static void tunnelled(void *ctx, enum tunnel_answer answer, int fd)
{
    struct resolve *resolve = ctx;
    resolve->tunnel = NULL;
    resolve->sockets.tunnel_fd = fd;
    if (answer == TUNNEL_OPEN) {
        if (channel_open(resolve, &resolve->resolver->servers[resolve->next_server - 1], 1) == 0) {
            ask(resolve);
            settle(resolve);
            return;
        }
        answer = TUNNEL_NO_MEMORY;
    }
    /* A proxy that reaches no server of the operator's list is of no use, whoever's fault it is. */
    if (answer == TUNNEL_NO_MEMORY)
        end(resolve, RESOLVE_NO_MEMORY);
    else if (answer == TUNNEL_DEAD || !next_server(resolve))
        end(resolve, resolve->sockets.asked ? RESOLVE_FAILED : RESOLVE_EGRESS);
}

/* Through a proxy, the first server or the one behind that gave no answer; false: none is left. */
static bool next_server(struct resolve *resolve)
{
    struct resolver *resolver = resolve->resolver;
    if (!egress_is_proxy(resolver->egress) || resolve->next_server == resolver->servers_count)
        return false;
    const struct tunnel_target target = {
        .egress = resolver->egress,
        .to = resolver->servers[resolve->next_server],
        .timeout_ms = resolver->connect_timeout_ms,
    };
    channel_close(resolve);
    if (tunnel_start(resolver->loop, &target, tunnelled, resolve, &resolve->tunnel) < 0)
        return false;
    resolve->next_server++;
    return true;
}

static int begin(struct resolve *resolve)
{
    struct resolver *resolver = resolve->resolver;
    if (egress_is_proxy(resolver->egress)) {
        keep_timer(resolve);
        return next_server(resolve) ? 0 : -ENOMEM;
    }
    int r = channel_open(resolve, resolver->servers, resolver->servers_count);
    if (r == 0) /* The timer runs at once: even an answer that is there already comes later. */
        ask(resolve);
    return r;
}

int resolve_start(struct resolver *resolver, struct span name, resolve_done_fn *done, void *ctx,
                  struct resolve **ret)
{
    struct resolve *resolve = calloc(1, sizeof(*resolve));
    if (!resolve)
        return -ENOMEM;
    must(name.len < sizeof(resolve->name));
    memcpy(resolve->name, name.ptr, name.len);
    resolve->resolver = resolver;
    resolve->done = done;
    resolve->ctx = ctx;
    resolve->sockets = (struct resolve_sockets){.egress = resolver->egress, .tunnel_fd = -1};
    resolve->timer.fire = timer_fired;
    int r = loop_timer_set(resolver->loop, &resolve->timer, 0);
    if (r == 0)
        r = begin(resolve);
    if (r < 0) {
        resolve_cancel(resolve);
        return r;
    }
    *ret = resolve;
    return 0;
}

bool resolve_asked(const struct resolve *resolve)
{
    return resolve->sockets.asked;
}

void resolve_cancel(struct resolve *resolve)
{
    if (!resolve)
        return;
    tunnel_cancel(resolve->tunnel);
    channel_close(resolve);
    loop_timer_cancel(resolve->resolver->loop, &resolve->timer);
    free(resolve);
}
