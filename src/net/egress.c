#include "net/egress.h"

#include "base/limits.h"
#include "net/items.h"

#include <errno.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

struct egress_pool {
    struct egress *all;
    size_t count;
    unsigned char key[EGRESS_KEY_LEN];
    egress_changed_fn *changed;
    void *changed_ctx;
};

/* ---- the choice ---- */

/* Uniform in (0, 1). */
static double draw(const struct egress_pool *pool, const struct egress *egress,
                   const struct egress_ask *ask)
{
    crypto_generichash_state state;
    uint64_t number;
    unsigned char hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, pool->key, sizeof(pool->key), sizeof(hash));
    crypto_generichash_update(&state, (const void *)egress->name, strlen(egress->name) + 1);
    crypto_generichash_update(&state, (const void *)&ask->day, sizeof(ask->day));
    crypto_generichash_update(&state, (const void *)ask->host.ptr, ask->host.len);
    crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(&number, hash, sizeof(number));
    return ((double)(number >> 11) + 0.5) / 9007199254740992.0; /* 2^53 */
}

static int64_t pause_ms(unsigned failures)
{
    unsigned doublings = failures < 16 ? failures - 1 : 15;
    int64_t ms = (int64_t)LIMIT_EGRESS_PAUSE_MS << doublings;
    return ms < LIMIT_EGRESS_PAUSE_MOST_MS ? ms : LIMIT_EGRESS_PAUSE_MOST_MS;
}

/* Weighted rendezvous hashing: the least of -ln(u)/weight wins an egress its share. */
struct egress *egress_choose(struct egress_pool *pool, const struct egress_ask *ask)
{
    struct egress *best = NULL;
    double best_score = 0;
    for (size_t i = 0; i < pool->count; i++) {
        struct egress *egress = &pool->all[i];
        if (ask->tried >> i & 1 || (egress->down && ask->now_ms < egress->until_ms))
            continue;
        double score = -log(draw(pool, egress, ask)) / egress->weight;
        if (best && score >= best_score)
            continue;
        best = egress;
        best_score = score;
    }
    /* The others wait for what this one finds out. */
    if (best && best->down)
        best->until_ms = ask->now_ms + pause_ms(++best->failures);
    return best;
}

static void changed(struct egress *egress)
{
    const struct egress_pool *pool = egress->pool;
    if (pool->changed)
        pool->changed(pool->changed_ctx, egress);
}

void egress_failed(struct egress *egress, int64_t now_ms)
{
    if (egress->down) /* many fail together; the pause was set by the first */
        return;
    egress->down = true;
    egress->failures = 1;
    egress->until_ms = now_ms + pause_ms(1);
    changed(egress);
}

void egress_worked(struct egress *egress)
{
    if (!egress->down)
        return;
    egress->down = false;
    egress->failures = 0;
    changed(egress);
}

/* ---- sockets ---- */

static int bind_socket(const struct egress *egress, int fd, int family)
{
    static const int on = 1;
    bool v6 = family == AF_INET6;
    struct sockaddr_storage at;
    if (egress->interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, egress->interface,
                                        (socklen_t)strlen(egress->interface)) < 0)
        return -EADDRNOTAVAIL;
    if (egress->type != EGRESS_DIRECT || !egress->has_source[v6])
        return 0;
    /* The port is chosen when the other end is known: as many connections as ever. */
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    const struct server source = {.address = egress->source[v6]};
    socklen_t len = server_to_sockaddr(&source, &at);
    return bind(fd, (const struct sockaddr *)&at, len) == 0 ? 0 : -EADDRNOTAVAIL;
}

int egress_socket(const struct egress *egress, int family, int type)
{
    bool bound = egress->has_source[0] || egress->has_source[1];
    if (egress->type == EGRESS_DIRECT && bound && !egress->has_source[family == AF_INET6])
        return -EAFNOSUPPORT;
    int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int r = bind_socket(egress, fd, family);
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

bool egress_cut_off(int error)
{
    return error == ENETUNREACH || error == ENETDOWN || error == EHOSTUNREACH || error == ENODEV ||
           error == EADDRNOTAVAIL;
}

/* Connecting a UDP socket looks for a route, and that is all it does. */
bool egress_reaches(const struct egress *egress, const struct server *to)
{
    struct sockaddr_storage at;
    int fd = egress_socket(egress, to->address.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
    if (fd < 0)
        return fd != -EADDRNOTAVAIL && fd != -EAFNOSUPPORT;
    socklen_t len = server_to_sockaddr(to, &at);
    bool reaches = connect(fd, (const struct sockaddr *)&at, len) == 0 || !egress_cut_off(errno);
    close(fd);
    return reaches;
}

/* ---- from the configuration ---- */

static int complain(char *why, const struct egress_conf *conf, const char *sentence)
{
    snprintf(why, EGRESS_WHY, "[egress %.*s] %s", LIMIT_EGRESS_NAME, conf->name, sentence);
    return -EINVAL;
}

static int read_sources(struct egress *egress, const struct egress_conf *conf, char *why)
{
    struct span rest = span_of(conf->address ? conf->address : "");
    struct span item;
    while (items_next(&rest, &item)) {
        struct address address;
        if (address_parse(item, &address) < 0)
            return complain(why, conf, "address: direct takes addresses of this machine");
        if (egress->has_source[address.v6])
            return complain(why, conf, "address: one IPv4 and one IPv6 address at most");
        egress->has_source[address.v6] = true;
        egress->source[address.v6] = address;
    }
    if (!egress->has_source[0] && !egress->has_source[1] && !conf->interface)
        return complain(why, conf, "direct needs an address or an interface");
    return 0;
}

static int read_proxy(struct egress *egress, const struct egress_conf *conf, char *why)
{
    if (server_parse(span_of(conf->address ? conf->address : ""), 0, &egress->proxy) < 0)
        return complain(why, conf,
                        "address: a proxy's is address:port or [v6 address]:port, no name");
    /* Questions go through the proxy, and the system's resolver is not behind it. */
    if (!egress->resolvers)
        return complain(why, conf,
                        "resolvers: a proxy needs them, here or in [fetch]: it is asked to "
                        "connect to them");
    return 0;
}

static int copy_text(const char *text, char **ret)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

static int egress_read(struct egress *egress, const struct egress_conf *conf,
                       const char *standard_resolvers, char *why)
{
    egress->type = conf->type;
    egress->weight = conf->weight;
    int r = copy_text(conf->name, &egress->name);
    if (r == 0)
        r = copy_text(conf->interface, &egress->interface);
    if (r == 0)
        r = copy_text(conf->resolvers ? conf->resolvers : standard_resolvers, &egress->resolvers);
    if (r < 0)
        return r;
    if (conf->weight == 0)
        return complain(why, conf, "weight: at least 1");
    if (conf->interface && (!*conf->interface || strlen(conf->interface) >= IFNAMSIZ))
        return complain(why, conf, "interface: a name such as eth0 or wg0");
    return conf->type == EGRESS_DIRECT ? read_sources(egress, conf, why)
                                       : read_proxy(egress, conf, why);
}

static void pool_freep(struct egress_pool **pool)
{
    egress_pool_free(*pool);
}

int egress_pool_new(const struct egress_pool_conf *conf, char *why, struct egress_pool **ret)
{
    if (conf->count > LIMIT_EGRESSES) {
        snprintf(why, EGRESS_WHY, "more than %d sections [egress NAME]", LIMIT_EGRESSES);
        return -EINVAL;
    }
    CLEANUP(pool_freep) struct egress_pool *pool = calloc(1, sizeof(*pool));
    if (!pool)
        return -ENOMEM;
    size_t count = conf->count > 0 ? conf->count : 1;
    pool->all = calloc(count, sizeof(*pool->all));
    if (!pool->all)
        return -ENOMEM;
    pool->count = count;
    memcpy(pool->key, conf->key, sizeof(pool->key));
    pool->changed = conf->changed;
    pool->changed_ctx = conf->changed_ctx;
    int r = 0;
    for (size_t i = 0; i < conf->count && r == 0; i++)
        r = egress_read(&pool->all[i], &conf->egresses[i], conf->resolvers, why);
    if (conf->count == 0) {
        pool->all[0].weight = 1;
        r = copy_text("direct", &pool->all[0].name);
        if (r == 0)
            r = copy_text(conf->resolvers, &pool->all[0].resolvers);
    }
    for (size_t i = 0; i < count; i++) {
        pool->all[i].number = (unsigned)i;
        pool->all[i].pool = pool;
    }
    if (r < 0)
        return r;
    *ret = take(pool);
    return 0;
}

void egress_pool_free(struct egress_pool *pool)
{
    if (!pool)
        return;
    for (size_t i = 0; i < pool->count; i++) {
        free(pool->all[i].name);
        free(pool->all[i].interface);
        free(pool->all[i].resolvers);
    }
    free(pool->all);
    free(pool);
}

size_t egress_pool_count(const struct egress_pool *pool)
{
    return pool->count;
}

struct egress *egress_pool_at(const struct egress_pool *pool, size_t number)
{
    return &pool->all[number];
}
