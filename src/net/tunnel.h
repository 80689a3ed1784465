/*
 * A TCP connection through a proxy egress: SOCKS5 (RFC 1928, without authentication) or HTTP
 * CONNECT (RFC 9110, 9.3.6). The proxy is given the binary address that was checked, never a name:
 * it resolves nothing. The proxy's own address is the operator's choice and is not checked.
 *
 * A tunnel lives on one loop and only its thread may call. The callback comes exactly once, never
 * from inside tunnel_start and not at all after tunnel_cancel; when it begins the tunnel is gone,
 * and the open socket (non-blocking, nothing of the far end read from it) is the callee's. What the
 * proxy sends is bounded in length by LIMIT_PROXY_HEAD and in time by the target's timeout.
 */
#ifndef NET_TUNNEL_H
#define NET_TUNNEL_H

#include "net/egress.h"
#include "sys/loop.h"

struct tunnel;

enum tunnel_answer {
    TUNNEL_OPEN = 0,
    TUNNEL_REFUSED, /* the proxy got no connection there, or would not try; it may be fine itself */
    TUNNEL_TIMEOUT, /* the same, by silence */
    TUNNEL_DEAD,    /* the proxy is not there or does not talk to us: nothing about the target */
    TUNNEL_NO_MEMORY, /* or descriptors: ours */
};

typedef void tunnel_done_fn(void *ctx, enum tunnel_answer answer, int fd);

/* Borrowed for the call; the egress for as long as the tunnel lives. */
struct tunnel_target {
    const struct egress *egress; /* not a direct one */
    struct server to;
    unsigned timeout_ms;
};

/* 0 or -ENOMEM. */
MUST_CHECK int tunnel_start(struct loop *loop, const struct tunnel_target *target,
                            tunnel_done_fn *done, void *ctx, struct tunnel **ret);

/* Was the proxy told where to connect to? */
bool tunnel_asked(const struct tunnel *tunnel);

/* Takes NULL. */
void tunnel_cancel(struct tunnel *tunnel);

#endif
