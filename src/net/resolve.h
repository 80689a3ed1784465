/*
 * Name to addresses, by c-ares on the loop.
 *
 * Every lookup asks twice, A and AAAA, of the configured servers only: no hosts file, no search
 * domain, no alias file, no cache. Each has a channel of its own, hence ports of its own towards
 * the servers, and nothing of one lookup reaches the next. It judges no address; the caller does,
 * and has all of them: an answer that does not fit is no answer.
 *
 * A resolver lives on one loop and only its thread may call. The callback comes exactly once, never
 * from inside resolve_start, and not at all after resolve_cancel; when it begins the lookup is
 * gone. The addresses are borrowed for the length of the callback.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "net/address.h"
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
};

struct resolve_result {
    enum resolve_answer answer;
    const struct address *addresses; /* IPv4 and IPv6 in turn, IPv4 first, as the server sorts */
    size_t count;                    /* at least one with RESOLVE_OK */
};

typedef void resolve_done_fn(void *ctx, const struct resolve_result *result);

/*
 * `servers`: comma-separated "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53"; NULL
 * takes the system's, as they are now. 0; -EINVAL with a sentence in `why` (256 bytes); -errno.
 */
MUST_CHECK int resolver_new(struct loop *loop, const char *servers, char *why,
                            struct resolver **ret);

/* All lookups must have ended or been cancelled. Takes NULL. */
void resolver_free(struct resolver *resolver);

/* `name` is a host name of letters, digits, '-', '_' and dots, borrowed for the call. 0 or -ENOMEM.
 */
MUST_CHECK int resolve_start(struct resolver *resolver, struct span name, resolve_done_fn *done,
                             void *ctx, struct resolve **ret);

/* Takes NULL. */
void resolve_cancel(struct resolve *resolve);

#endif
