/*
 * Name to addresses, by c-ares on the loop, through one egress.
 *
 * Every lookup asks twice, A and AAAA, of the configured servers only: no hosts file, no search
 * domain, no alias file, no cache, no EDNS. A question that gets no answer is asked again of each
 * server LIMIT_DNS_TRIES times in all, and by TCP when the answer was cut; a no is final. Each
 * lookup has a channel to itself, hence ports of its own towards the servers, and no answer to one
 * lookup reaches the next. It judges no address; the caller does, and has all of them: an answer
 * that does not fit is no answer.
 *
 * So many lookups are under way at once; more wait, without limit, in lines by the last two labels
 * of their names, which are served in turn. One such domain has at most its part of the lookups, so
 * that names which never answer hold up only each other. How long is waited is the caller's affair.
 *
 * A direct egress's questions leave by its address and interface. Through a proxy they go by TCP,
 * both over one connection, to one server after the other until one answers; nothing ever goes
 * past the proxy.
 *
 * A resolver lives on one loop and only its thread may call. The callback comes exactly once, never
 * from inside resolve_start, and not at all after resolve_cancel; when it begins the lookup is
 * gone. The addresses are borrowed for the length of the callback.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "net/egress.h"
#include "sys/loop.h"

#define RESOLVE_SERVERS 3 /* as many as resolv.conf(5) takes */

struct resolver;
struct resolve;

enum resolve_answer {
    RESOLVE_OK = 0,
    RESOLVE_NO_NAME,  /* both questions: no such name, or nothing of that type */
    RESOLVE_FAILED,   /* neither question was answered with addresses, and not both with no */
    RESOLVE_TOO_MANY, /* more addresses than anyone needs */
    RESOLVE_NO_MEMORY,
    RESOLVE_EGRESS, /* the egress does not work, and nothing was asked */
};

struct resolve_result {
    enum resolve_answer answer;
    const struct address *addresses; /* IPv4 and IPv6 in turn, IPv4 first, as the server sorts */
    size_t count;                    /* at least one with RESOLVE_OK */
    bool asked;                      /* a question left */
};

typedef void resolve_done_fn(void *ctx, const struct resolve_result *result);

struct resolver_conf {
    struct loop *loop;
    const struct egress *egress; /* its `resolvers` are asked; outlives the resolver */
    unsigned connect_timeout_ms; /* towards a server, through a proxy */
    unsigned lookups;            /* at once, at least one */
};

/* 0; -EINVAL with a sentence in `why` (256 bytes); -errno. The system's servers are as they are
 * now. */
MUST_CHECK int resolver_new(const struct resolver_conf *conf, char *why, struct resolver **ret);

/* All lookups must have ended or been cancelled. Takes NULL. */
void resolver_free(struct resolver *resolver);

/* `name` is a host name of letters, digits, '-', '_' and dots, borrowed for the call. 0 or -ENOMEM.
 */
MUST_CHECK int resolve_start(struct resolver *resolver, struct span name, resolve_done_fn *done,
                             void *ctx, struct resolve **ret);

/* Has the egress a way to any of its servers? Always, as far as is known here, through a proxy. */
bool resolver_reaches(const struct resolver *resolver);

/* Has a question left so far? */
bool resolve_asked(const struct resolve *resolve);

/* Takes NULL. */
void resolve_cancel(struct resolve *resolve);

#endif
