/*
 * The ways out of this machine: which one an origin is reached by, and whether it works.
 *
 * A pool is made from the configuration and owns copies of it; without any egress in it there is
 * one, direct and bound to nothing. Which egress a host has is drawn by rendezvous hashing with the
 * pool's key over host and day: each egress has its share of the hosts, by weight, nobody outside
 * can foresee which, and when one is down only its own hosts go elsewhere.
 *
 * An egress that failed is down: it is left alone for a while, longer each time, then one fetch
 * may try it. Only what does not depend on the origin counts as such a failure, or a sender could
 * switch egresses off. There is no way around a pool: where nothing works, nothing is sent.
 *
 * One thread at a time. Egresses are the pool's and live as long as it does.
 */
#ifndef NET_EGRESS_H
#define NET_EGRESS_H

#include "net/server.h"

#include <stdint.h>

#define EGRESS_WHY     256 /* bytes: room for one sentence that says what is wrong */
#define EGRESS_KEY_LEN 32

enum egress_type { EGRESS_DIRECT, EGRESS_SOCKS5, EGRESS_HTTP };

/* Texts may be NULL where there is none. */
struct egress_conf {
    const char *name;
    enum egress_type type;
    const char *address;   /* direct: ours, at most one a family, comma-separated; else the proxy's
                            * address:port */
    const char *interface; /* everything leaves by this one */
    const char *resolvers; /* comma-separated; NULL: those of the pool */
    unsigned weight;       /* at least 1 */
};

struct egress {
    char *name;
    enum egress_type type;
    unsigned number; /* of the pool, from 0 */
    unsigned weight;
    char *resolvers; /* NULL: the system's */
    char *interface;
    bool has_source[2]; /* IPv4, IPv6 */
    struct address source[2];
    struct server proxy;
    bool down;
    unsigned failures; /* since it last worked */
    int64_t until_ms;  /* while down: not to be tried before, by the clock of sys/clock.h */
    struct egress_pool *pool;
};

static inline bool egress_is_proxy(const struct egress *egress)
{
    return egress->type != EGRESS_DIRECT;
}

typedef void egress_changed_fn(void *ctx, const struct egress *egress);

struct egress_pool_conf {
    const struct egress_conf *egresses;
    size_t count;
    const char *resolvers; /* of egresses that name none, or NULL */
    unsigned char key[EGRESS_KEY_LEN];
    egress_changed_fn *changed; /* one went down or works again; may be NULL */
    void *changed_ctx;
};

struct egress_pool;

/* 0; -EINVAL with a sentence in `why`; -errno. */
MUST_CHECK int egress_pool_new(const struct egress_pool_conf *conf, char *why,
                               struct egress_pool **ret);

/* Takes NULL. */
void egress_pool_free(struct egress_pool *pool);

size_t egress_pool_count(const struct egress_pool *pool);
struct egress *egress_pool_at(const struct egress_pool *pool, size_t number);

/* What a host's egress is chosen by. */
struct egress_ask {
    struct span host; /* as the URL spells it */
    int64_t day;      /* since 1970-01-01 */
    uint32_t tried;   /* a bit a number: not those */
    int64_t now_ms;
};

/* The first choice of those that may be tried now; NULL when there is none. One that was down is
 * being tried from now on: tell it what came of it. */
struct egress *egress_choose(struct egress_pool *pool, const struct egress_ask *ask);

void egress_failed(struct egress *egress, int64_t now_ms);
void egress_worked(struct egress *egress);

/*
 * A socket that leaves by this egress, or towards its proxy: bound, non-blocking. -EAFNOSUPPORT
 * when the egress has no address of that family, -EADDRNOTAVAIL when its address or interface is
 * not there, else -errno of our own making.
 */
MUST_CHECK int egress_socket(const struct egress *egress, int family, int type);

/* An errno of connect() or of a first send: does it say that nothing left, since this machine has
 * no way there? (The other end, or a router, says some of them later, and of itself.) */
bool egress_cut_off(int error);

/* Has a direct egress a way there, as the kernel routes now? Nothing is sent. */
bool egress_reaches(const struct egress *egress, const struct server *to);

#endif
