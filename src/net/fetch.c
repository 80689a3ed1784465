#include "net/fetcher.h"
#include "net/tunnel.h"
#include "sys/clock.h"

#include <errno.h>

/*
 * The way of a fetch: it waits for its turn; an egress is chosen; its host is resolved through
 * that, or is an address already; every address is checked; the first few are tried until one
 * connects; what comes back is the outcome. When the egress turns out not to work, the next one
 * takes over from where the way had come to. Every end, however early, goes through finish(),
 * which only moves the fetch's timer to "now": the callback is made from there.
 */

enum stage { WAITING, RUNNING, ENDED };

struct fetch {
    struct fetcher *fetcher;
    fetch_done_fn *done;
    void *ctx;
    bool (*may_connect)(void *ctx, const struct address *address);
    enum stage stage;
    struct loop_timer timer; /* runs from start to end, so moving it needs no memory */
    struct turn turn;

    bool https;
    unsigned port;
    char *path; /* and query */

    struct egress *egress;
    uint32_t tried;   /* egresses, a bit a number */
    uint32_t lacking; /* those that work, but have no way to any of the addresses */
    bool begun;       /* a connection to one of them, by any egress */
    bool asked;       /* see fetch_result */
    struct resolve *resolve;
    struct address addresses[LIMIT_CONNECT_TRIES];
    size_t addresses_count;
    size_t addresses_allowed; /* the first so many, by may_connect */
    size_t next_address;
    struct tunnel *tunnel;
    struct transfer transfer;
    enum fetch_outcome outcome;
};

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
    tunnel_cancel(fetch->tunnel);
    fetch->tunnel = NULL;
    transfer_stop(&fetch->transfer);
    fetcher->shared.held_bytes -= fetch->transfer.body.len;
    loop_timer_cancel(fetcher->loop, &fetch->timer);
    turn_leave(fetcher->turns, &fetch->turn);
    fetcher->count--;
}

static void fetch_free(struct fetch *fetch)
{
    head_free(&fetch->transfer.head);
    buf_free(&fetch->transfer.body);
    free(fetch->path);
    free(fetch);
}

static bool was_asked(const struct fetch *fetch)
{
    return fetch->asked || fetch->transfer.asked ||
           (fetch->tunnel && tunnel_asked(fetch->tunnel)) ||
           (fetch->resolve && resolve_asked(fetch->resolve));
}

/* Time is up: where nothing was asked all the while, that is the fault of the way there. */
static enum fetch_outcome timeout_of(const struct fetch *fetch)
{
    return fetch->stage == RUNNING && !was_asked(fetch) ? FETCH_EGRESS : FETCH_TIMEOUT;
}

static void timer_fired(struct loop_timer *timer)
{
    struct fetch *fetch = container_of(timer, struct fetch, timer);
    struct fetch_result result = {
        .outcome = fetch->stage == ENDED ? fetch->outcome : timeout_of(fetch),
        .asked = was_asked(fetch),
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

static void resolve_name(struct fetch *fetch);
static void try_next(struct fetch *fetch);

/* The next egress that may be tried; false, and the end, when there is none: never past them all.
 */
static bool choose_egress(struct fetch *fetch)
{
    const struct egress_ask ask = {
        .host = span_of(turn_host(&fetch->turn)),
        .day = clock_day(),
        .tried = fetch->tried,
        .now_ms = clock_ms(),
    };
    uint32_t all = (uint32_t)((1ULL << egress_pool_count(fetch->fetcher->pool)) - 1);
    fetch->egress = egress_choose(fetch->fetcher->pool, &ask);
    if (!fetch->egress) {
        /* Where each works and none gets there, waiting is of no use. */
        finish(fetch, fetch->lacking == all ? FETCH_UNREACHABLE : FETCH_EGRESS);
        return false;
    }
    fetch->tried |= 1U << fetch->egress->number;
    return true;
}

/* What was found out so far holds for any egress: no name is asked for twice. */
static void egress_lost(struct fetch *fetch)
{
    egress_failed(fetch->egress, clock_ms());
    if (!choose_egress(fetch))
        return;
    if (fetch->addresses_count == 0) {
        resolve_name(fetch);
        return;
    }
    fetch->next_address--;
    try_next(fetch);
}

static void next_or_end(struct fetch *fetch, enum fetch_outcome outcome)
{
    if (fetch->next_address < fetch->addresses_count)
        try_next(fetch);
    else
        finish(fetch, outcome);
}

/* `fd`: through a proxy, the tunnel to just this address; else -1. */
static void transfer(struct fetch *fetch, int fd)
{
    const struct transfer_target target = {
        .https = fetch->https,
        .host = span_of(turn_host(&fetch->turn)),
        .target = fetch->path,
        .to = {.address = fetch->addresses[fetch->next_address - 1], .port = fetch->port},
        .egress = fetch->egress,
        .tunnel_fd = fd,
    };
    if (transfer_start(&fetch->transfer, &target) < 0)
        finish(fetch, FETCH_NO_MEMORY);
}

static void tunnelled(void *ctx, enum tunnel_answer answer, int fd)
{
    struct fetch *fetch = ctx;
    fetch->tunnel = NULL;
    if (answer == TUNNEL_DEAD) {
        egress_lost(fetch);
        return;
    }
    if (answer == TUNNEL_NO_MEMORY) {
        finish(fetch, FETCH_NO_MEMORY);
        return;
    }
    egress_worked(fetch->egress);
    fetch->asked = true;
    fetch->begun = true;
    if (answer == TUNNEL_OPEN)
        transfer(fetch, fd);
    else
        next_or_end(fetch, answer == TUNNEL_TIMEOUT ? FETCH_TIMEOUT : FETCH_UNREACHABLE);
}

/* Asked once for each address, however many egresses it is tried by. */
static bool may_connect(struct fetch *fetch)
{
    if (!fetch->may_connect || fetch->next_address < fetch->addresses_allowed)
        return true;
    fetch->addresses_allowed = fetch->next_address + 1;
    return fetch->may_connect(fetch->ctx, &fetch->addresses[fetch->next_address]);
}

static void try_next(struct fetch *fetch)
{
    if (!may_connect(fetch)) {
        finish(fetch, FETCH_LATER);
        return;
    }
    const struct tunnel_target target = {
        .egress = fetch->egress,
        .to = {.address = fetch->addresses[fetch->next_address++], .port = fetch->port},
        .timeout_ms = fetch->fetcher->shared.connect_timeout_ms,
    };
    if (!egress_is_proxy(fetch->egress))
        transfer(fetch, -1);
    else if (tunnel_start(fetch->fetcher->loop, &target, tunnelled, fetch, &fetch->tunnel) < 0)
        finish(fetch, FETCH_NO_MEMORY);
}

/*
 * Not even a packet to that address. Which addresses there are is the sender's choice, so that
 * alone says nothing against the egress: it may lack IPv6. It is down if it has no way to its name
 * servers either; else another one may have a way to what it has none to.
 */
static void no_way(struct fetch *fetch)
{
    if (!resolver_reaches(fetch->fetcher->resolvers[fetch->egress->number])) {
        egress_lost(fetch);
        return;
    }
    if (fetch->next_address < fetch->addresses_count || fetch->begun) {
        next_or_end(fetch, FETCH_UNREACHABLE);
        return;
    }
    fetch->lacking |= 1U << fetch->egress->number;
    if (!choose_egress(fetch))
        return;
    fetch->next_address = 0;
    try_next(fetch);
}

static void transferred(struct transfer *transfer)
{
    struct fetch *fetch = container_of(transfer, struct fetch, transfer);
    enum fetch_outcome outcome = transfer->outcome;
    if (outcome == FETCH_EGRESS) {
        transfer_clear(transfer);
        egress_lost(fetch);
        return;
    }
    if (transfer->no_way) {
        transfer_clear(transfer);
        no_way(fetch);
        return;
    }
    fetch->asked |= transfer->asked;
    fetch->begun |= transfer->asked;
    if (transfer->asked)
        egress_worked(fetch->egress);
    bool nobody_there = !transfer->connected && !transfer->decided &&
                        (outcome == FETCH_UNREACHABLE || outcome == FETCH_TIMEOUT);
    if (!nobody_there) {
        finish(fetch, outcome);
        return;
    }
    if (fetch->next_address < fetch->addresses_count)
        transfer_clear(transfer);
    next_or_end(fetch, outcome);
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
    fetch->asked |= result->asked;
    if (result->asked && result->answer != RESOLVE_EGRESS && result->answer != RESOLVE_NO_MEMORY)
        egress_worked(fetch->egress);
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
    case RESOLVE_EGRESS:
        egress_lost(fetch);
        break;
    case RESOLVE_FAILED:
        finish(fetch, FETCH_DNS);
        break;
    }
}

static void resolve_name(struct fetch *fetch)
{
    struct resolver *resolver = fetch->fetcher->resolvers[fetch->egress->number];
    struct span host = span_of(turn_host(&fetch->turn));
    if (resolve_start(resolver, host, resolved, fetch, &fetch->resolve) < 0)
        finish(fetch, FETCH_NO_MEMORY);
}

/* An IPv4 address, or an IPv6 one in brackets. */
static int parse_literal(struct span host, struct address *ret)
{
    struct address address;
    bool v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    int r = address_parse(v6 ? span_part(host, 1, host.len - 2) : host, &address);
    if (r < 0 || v6 != address.v6)
        return -EINVAL;
    *ret = address;
    return 0;
}

void fetch_begin(struct turn *turn)
{
    struct fetch *fetch = container_of(turn, struct fetch, turn);
    struct fetcher *fetcher = fetch->fetcher;
    struct address address;
    fetch->stage = RUNNING;
    must(loop_timer_set(fetcher->loop, &fetch->timer, fetcher->timeout_ms) == 0);
    if (!choose_egress(fetch))
        return;
    if (parse_literal(span_of(turn_host(turn)), &address) == 0)
        connect_to(fetch, &address, 1);
    else
        resolve_name(fetch);
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
    fetch->transfer.tunnel_fd = -1;
    fetch->https = target->https;
    fetch->port = target->port;
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
    if (!fetch->path ||
        turn_wait(fetcher->turns, &fetch->turn, (struct span){target->host, target->host_len}) < 0)
        finish(fetch, FETCH_NO_MEMORY);
    return 0;
}
