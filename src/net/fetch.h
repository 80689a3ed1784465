/*
 * One request to one origin: choose an egress, resolve through it, check the address, connect to
 * just that address, send a constant head, take the answer within limits. A redirect is an answer,
 * not followed here.
 *
 * A fetcher lives on one loop and only its thread may call. The callback comes exactly once, never
 * from inside fetch_start, and not at all after fetch_cancel. The result is borrowed for the length
 * of the callback, its body too (take it with buf_steal). Nothing here reads the environment, a
 * cookie, a hosts file or a search domain; nothing is kept from one request to the next: no
 * connection, no TLS session, no validator.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include "base/buf.h"
#include "net/egress.h"
#include "sys/loop.h"

struct fetcher;
struct fetch;

struct fetch_conf {
    const char *user_agent;    /* one for all installations */
    const char *resolvers;     /* comma-separated addresses, or NULL: the system's */
    const char *allow_private; /* comma-separated CIDR list that may be connected to, or NULL */
    const char *deny_hosts;    /* comma-separated names (with all below them) and CIDRs, or NULL */
    const char *ports;         /* comma-separated list, or "any" */
    unsigned timeout_ms;       /* for one request, resolving included; waiting for a turn is not */
    unsigned connect_timeout_ms;
    size_t max_bytes;  /* body */
    unsigned per_host; /* connections at once to one host; more wait their turn */
    unsigned total;    /* connections at once; more wait their turn */
    bool https_only;
    const char *ca_file;                /* NULL: the system's; for tests */
    const struct egress_conf *egresses; /* none: directly, bound to nothing */
    size_t egresses_count;
    const unsigned char *egress_key;   /* EGRESS_KEY_LEN bytes; NULL with less than two of them */
    egress_changed_fn *egress_changed; /* NULL, or told when one goes down or works again */
    void *egress_changed_ctx;
};

/* 0, -EINVAL with a sentence in `why` (256 bytes) when a list cannot be read, or -errno. */
MUST_CHECK int fetcher_new(struct loop *loop, const struct fetch_conf *conf, char *why,
                           struct fetcher **ret);

struct fetch_egress {
    const char *name; /* borrowed from the fetcher */
    bool down;
};

/* For figures: how many egresses there are, the first `most` in `ret`. */
size_t fetcher_egresses(const struct fetcher *fetcher, struct fetch_egress *ret, size_t most);

/*
 * A body that was taken stays in memory until it is decoded: whoever holds it says so, from inside
 * the callback, and says when it is gone. It counts towards LIMIT_BODIES_HELD like those under way,
 * and while all together reach LIMIT_BODIES_BEGIN no fetch begins: they wait for their turn.
 */
void fetcher_hold(struct fetcher *fetcher, size_t len);
void fetcher_release(struct fetcher *fetcher, size_t len);

/* All fetches must have ended or been cancelled, all that was held released. Takes NULL. */
void fetcher_free(struct fetcher *fetcher);

/* Other times, for what begins from now on. */
void fetcher_change_timeout(struct fetcher *fetcher, unsigned timeout_ms,
                            unsigned connect_timeout_ms);

/* Other numbers of connections at once: what is under way goes on. */
void fetcher_change_limits(struct fetcher *fetcher, unsigned per_host, unsigned total);

/* Why there is no picture. The numbers are stored: append, never renumber. */
enum fetch_outcome {
    FETCH_OK = 0,          /* 200 with a complete body */
    FETCH_REDIRECT = 1,    /* 301, 302, 303, 307, 308 with a Location */
    FETCH_REFUSED = 2,     /* address, name, port or scheme that we do not connect to */
    FETCH_NO_NAME = 3,     /* the name does not exist (final) */
    FETCH_DNS = 4,         /* the resolver gave no answer (may pass) */
    FETCH_UNREACHABLE = 5, /* no connection */
    FETCH_TLS = 6,         /* certificate or handshake */
    FETCH_TIMEOUT = 7,
    FETCH_GONE = 8,         /* 4xx, and 204 and 205, which are meant to have no body: final */
    FETCH_ORIGIN_ERROR = 9, /* 5xx, 408, 425, 429: may pass */
    FETCH_TOO_LARGE = 10,   /* body or header */
    FETCH_BROKEN = 11, /* truncated, wrong length, not HTTP, an answer or encoding not asked for */
    FETCH_NO_MEMORY = 12, /* ours, or all bodies together reach LIMIT_BODIES_HELD */
    FETCH_LATER = 13,     /* may_connect said no: nothing was sent, the origin has no part in it */
    FETCH_EGRESS = 14,    /* no egress works at present; it may again (nothing goes past them) */
};

struct fetch_result {
    enum fetch_outcome outcome;
    long status;          /* of the origin, or 0 */
    struct buf *body;     /* FETCH_OK */
    bool asked;           /* something left that the origin's side may have seen: a question about
                           * its name, or a connection; if not, it was no try */
    const char *location; /* FETCH_REDIRECT: the header's value as it came, any bytes, terminated */
};

/* Borrowed for the call. All of it as the WHATWG parser serialises it; the library splits it. */
struct fetch_target {
    const char *url; /* terminated, no user, password or fragment */
    bool https;
    const char *host; /* IPv6 in brackets */
    size_t host_len;
    unsigned port;
    /* Asked once for each address before it is connected to, with fetch_start's ctx; NULL: all may
     * be. It neither blocks nor calls back. */
    bool (*may_connect)(void *ctx, const struct address *address);
};

typedef void fetch_done_fn(void *ctx, struct fetch_result *result);

/* 0 or -ENOMEM. */
MUST_CHECK int fetch_start(struct fetcher *fetcher, const struct fetch_target *target,
                           fetch_done_fn *done, void *ctx, struct fetch **ret);

/* Takes NULL. */
void fetch_cancel(struct fetch *fetch);

#endif
