#include "net/resolve.h"

#include "base/limits.h"
#include "base/list.h"
#include "net/resolve_channel.h"
#include "net/tunnel.h"
#include "net/turns.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#define DNS_PORT 53
#define REST_MS  60000 /* nothing is due later; it only keeps the timer's place in the heap */

struct resolver {
    struct loop *loop;
    const struct egress *egress;
    unsigned connect_timeout_ms;
    struct server servers[RESOLVE_SERVERS];
    size_t servers_count;
    struct channels channels;
    struct turns *turns;
};

struct question {
    struct resolve *resolve;
    bool v6;
    int status; /* of c-ares */
    struct address addresses[LIMIT_NAME_ADDRESSES];
    size_t count;
    bool too_many;
};

struct resolve {
    struct resolver *resolver;
    resolve_done_fn *done;
    void *ctx;
    struct turn turn;
    struct channel *channel; /* NULL until there is somebody to ask */
    struct loop_timer timer; /* runs as long as the lookup does, so moving it needs no memory */
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

bool resolver_reaches(const struct resolver *resolver)
{
    bool any = egress_is_proxy(resolver->egress);
    for (size_t i = 0; i < resolver->servers_count && !any; i++)
        any = egress_reaches(resolver->egress, &resolver->servers[i]);
    return any;
}

static void begin(struct turn *turn);

static int make_lines(struct resolver *resolver, unsigned lookups)
{
    bool proxy = egress_is_proxy(resolver->egress);
    unsigned site = lookups / LIMIT_LOOKUPS_SITE;
    const struct turns_conf turns = {
        .loop = resolver->loop, .per_host = site > 0 ? site : 1, .total = lookups, .begin = begin};
    resolver->channels.loop = resolver->loop;
    resolver->channels.proxy = proxy;
    resolver->channels.servers_most = proxy ? 1 : resolver->servers_count;
    return turns_new(&turns, &resolver->turns);
}

int resolver_new(const struct resolver_conf *conf, char *why, struct resolver **ret)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (!resolver)
        return -ENOMEM;
    resolver->loop = conf->loop;
    resolver->egress = conf->egress;
    resolver->connect_timeout_ms = conf->connect_timeout_ms;
    channels_init(&resolver->channels);
    int r = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -ENOMEM;
    if (r < 0) {
        free(resolver);
        return r;
    }
    const char *servers = conf->egress->resolvers;
    r = servers ? servers_of_text(resolver, servers, why) : servers_of_system(resolver, why);
    if (r == 0)
        r = check_servers(resolver, why);
    if (r == 0)
        r = make_lines(resolver, conf->lookups);
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
    turns_free(resolver->turns);
    channels_free(&resolver->channels);
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
    const struct timeval *next = ares_timeout(channel_ares(resolve->channel), &most, &left);
    int64_t ms = (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1;
    must(loop_timer_set(resolve->resolver->loop, &resolve->timer, ms) == 0);
}

static void timer_fired(struct loop_timer *timer)
{
    struct resolve *resolve = container_of(timer, struct resolve, timer);
    must(loop_timer_set(resolve->resolver->loop, timer, REST_MS) == 0);
    if (!resolve->channel)
        return;
    ares_process_fd(channel_ares(resolve->channel), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    settle(resolve);
}

/* ---- a lookup ---- */

static void settle_use(void *ctx)
{
    settle(ctx);
}

static int channel_open(struct resolve *resolve, const struct server *servers, size_t count)
{
    const struct channel_use use = {
        .servers = servers,
        .count = count,
        .sockets = &resolve->sockets,
        .settle = settle_use,
        .ctx = resolve,
    };
    return channel_take(&resolve->resolver->channels, &use, &resolve->channel);
}

static void channel_close(struct resolve *resolve)
{
    if (resolve->channel)
        channel_give(resolve->channel, resolve->unanswered == 0);
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
        ares_query(channel_ares(resolve->channel), resolve->name, ns_c_in, types[i], answered,
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

static void begin(struct turn *turn)
{
    struct resolve *resolve = container_of(turn, struct resolve, turn);
    struct resolver *resolver = resolve->resolver;
    if (egress_is_proxy(resolver->egress)) {
        if (!next_server(resolve))
            end(resolve, RESOLVE_NO_MEMORY);
        return;
    }
    if (channel_open(resolve, resolver->servers, resolver->servers_count) < 0) {
        end(resolve, RESOLVE_NO_MEMORY);
        return;
    }
    ask(resolve);
    settle(resolve);
}

/* Whoever owns a domain can make all of its names slow: the last two labels wait in one line. */
static struct span site_of(struct span name)
{
    size_t at = name.len;
    for (int dots = 0; at > 0; at--)
        if (name.ptr[at - 1] == '.' && at < name.len && ++dots == 2)
            break;
    return span_part(name, at, name.len);
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
    int r = loop_timer_set(resolver->loop, &resolve->timer, REST_MS);
    if (r == 0)
        r = turn_wait(resolver->turns, &resolve->turn, site_of(name));
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
    turn_leave(resolve->resolver->turns, &resolve->turn);
    loop_timer_cancel(resolve->resolver->loop, &resolve->timer);
    free(resolve);
}
