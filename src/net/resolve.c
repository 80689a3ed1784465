#include "net/resolve.h"

#include "base/limits.h"
#include "base/list.h"
#include "net/items.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>

/* A UDP and a TCP socket a server, and room for the ones c-ares opens before it closes others. */
#define SOCKETS (4 * RESOLVE_SERVERS)

struct resolver {
    struct loop *loop;
    struct ares_addr_port_node servers[RESOLVE_SERVERS]; /* linked as c-ares wants them */
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
    ares_channel channel;
    struct loop_timer timer; /* runs as long as the lookup does, so moving it needs no memory */
    struct socket sockets[SOCKETS];
    unsigned unanswered;
    struct question questions[2];
};

/* ---- the servers ---- */

static int split_server(struct span text, struct span *ret_host, struct span *ret_port)
{
    struct span host = text;
    struct span port = SPAN("53");
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        if (!end)
            return -EINVAL;
        host = span_part(text, 1, (size_t)(end - text.ptr) - 1);
        struct span tail = span_part(text, host.len + 2, text.len);
        if (tail.len > 0 && tail.ptr[0] != ':')
            return -EINVAL;
        if (tail.len > 0)
            port = span_part(tail, 1, tail.len);
    } else {
        const char *colon = memchr(text.ptr, ':', text.len);
        if (colon && colon == memrchr(text.ptr, ':', text.len)) {
            host = span_part(text, 0, (size_t)(colon - text.ptr));
            port = span_part(text, host.len + 1, text.len);
        }
    }
    *ret_host = host;
    *ret_port = port;
    return 0;
}

static int parse_port(struct span text, int *ret)
{
    int port = 0;
    if (text.len == 0 || text.len > 5)
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -EINVAL;
        port = port * 10 + (text.ptr[i] - '0');
    }
    if (port == 0 || port > 65535)
        return -EINVAL;
    *ret = port;
    return 0;
}

static int parse_server(struct span text, struct ares_addr_port_node *ret)
{
    struct span host;
    struct span port_text;
    int port;
    struct address address;
    if (split_server(text, &host, &port_text) < 0 || parse_port(port_text, &port) < 0 ||
        address_parse(host, &address) < 0)
        return -EINVAL;
    struct ares_addr_port_node node = {
        .family = address.v6 ? AF_INET6 : AF_INET, .udp_port = port, .tcp_port = port};
    memcpy(&node.addr, address.bytes, address.v6 ? 16 : 4);
    *ret = node;
    return 0;
}

static int servers_of_text(struct resolver *resolver, const char *text, char *why)
{
    struct span rest = span_of(text);
    struct span item;
    while (items_next(&rest, &item)) {
        if (resolver->servers_count == RESOLVE_SERVERS) {
            snprintf(why, 256, "resolvers: at most %d are used", RESOLVE_SERVERS);
            return -EINVAL;
        }
        if (parse_server(item, &resolver->servers[resolver->servers_count]) < 0) {
            snprintf(why, 256,
                     "resolvers: '%.*s' is not an address, address:port or [v6 address]:port",
                     (int)(item.len > 80 ? 80 : item.len), item.ptr);
            return -EINVAL;
        }
        resolver->servers_count++;
    }
    if (resolver->servers_count == 0) {
        snprintf(why, 256, "resolvers: the list is empty");
        return -EINVAL;
    }
    return 0;
}

static int servers_of_system(struct resolver *resolver, char *why)
{
    ares_channel channel;
    struct ares_addr_port_node *list;
    if (ares_init(&channel) != ARES_SUCCESS || ares_get_servers_ports(channel, &list)) {
        snprintf(why, 256, "resolvers: the system's cannot be read");
        return -EINVAL;
    }
    for (const struct ares_addr_port_node *node = list; node; node = node->next)
        if (resolver->servers_count < RESOLVE_SERVERS)
            resolver->servers[resolver->servers_count++] = *node;
    ares_free_data(list);
    ares_destroy(channel);
    if (resolver->servers_count == 0) {
        snprintf(why, 256, "resolvers: the system names none");
        return -EINVAL;
    }
    return 0;
}

int resolver_new(struct loop *loop, const char *servers, char *why, struct resolver **ret)
{
    struct resolver *resolver = calloc(1, sizeof(*resolver));
    if (!resolver)
        return -ENOMEM;
    resolver->loop = loop;
    int r = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : -ENOMEM;
    if (r < 0) {
        free(resolver);
        return r;
    }
    r = servers ? servers_of_text(resolver, servers, why) : servers_of_system(resolver, why);
    if (r < 0) {
        resolver_free(resolver);
        return r;
    }
    for (size_t i = 0; i < resolver->servers_count; i++)
        resolver->servers[i].next =
            i + 1 < resolver->servers_count ? &resolver->servers[i + 1] : NULL;
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
    return no_name ? RESOLVE_NO_NAME : RESOLVE_FAILED;
}

static void end(struct resolve *resolve)
{
    struct address addresses[2 * LIMIT_NAME_ADDRESSES];
    struct resolve_result result = {.answer = judge(resolve), .addresses = addresses};
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

/* After every call into c-ares: either both answers are there, or it says when it wants to act. */
static void settle(struct resolve *resolve)
{
    struct timeval most = {.tv_sec = 60};
    struct timeval left;
    if (resolve->unanswered == 0) {
        end(resolve);
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
        struct socket *s = &resolve->sockets[i];
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

static int channel_open(struct resolve *resolve)
{
    char lookups[] = "b"; /* DNS only */
    /* All of these are set so that c-ares reads no file and no environment on our behalf. */
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = LIMIT_DNS_TRY_MS,
        .tries = LIMIT_DNS_TRIES,
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
    if (ares_init_options(&resolve->channel, &options, mask) != ARES_SUCCESS)
        return -ENOMEM;
    if (ares_set_servers_ports(resolve->channel, resolve->resolver->servers) != ARES_SUCCESS) {
        ares_destroy(resolve->channel);
        return -ENOMEM;
    }
    return 0;
}

static void ask(struct resolve *resolve, const char *name)
{
    static const int types[2] = {ns_t_a, ns_t_aaaa};
    resolve->unanswered = 2;
    for (int i = 0; i < 2; i++) {
        resolve->questions[i].resolve = resolve;
        resolve->questions[i].v6 = types[i] == ns_t_aaaa;
        ares_query(resolve->channel, name, ns_c_in, types[i], answered, &resolve->questions[i]);
    }
}

int resolve_start(struct resolver *resolver, struct span name, resolve_done_fn *done, void *ctx,
                  struct resolve **ret)
{
    char text[256]; /* a name has at most 253 characters, and a dot */
    must(name.len < sizeof(text));
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';

    struct resolve *resolve = calloc(1, sizeof(*resolve));
    if (!resolve)
        return -ENOMEM;
    resolve->resolver = resolver;
    resolve->done = done;
    resolve->ctx = ctx;
    resolve->timer.fire = timer_fired;
    int r = loop_timer_set(resolver->loop, &resolve->timer, 0);
    if (r == 0)
        r = channel_open(resolve);
    if (r < 0) {
        loop_timer_cancel(resolver->loop, &resolve->timer);
        free(resolve);
        return r;
    }
    /* The timer runs at once, so that even an answer that is there already comes later. */
    ask(resolve, text);
    *ret = resolve;
    return 0;
}

void resolve_cancel(struct resolve *resolve)
{
    if (!resolve)
        return;
    ares_destroy(resolve->channel);
    loop_timer_cancel(resolve->resolver->loop, &resolve->timer);
    free(resolve);
}
