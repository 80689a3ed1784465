#include "serve/budget.h"

#include "base/span.h"
#include "serve/pace.h"

#include <errno.h>
#include <libpsl.h>
#include <shoji/url.h>
#include <sodium.h>
#include <string.h>

#define GROUPS 16 /* of one domain, in the queue; not tuned */

/* Many senders' domains lie at one provider of images or behind one CDN, so a network may be asked
 * for more than a domain. Not tuned. */
#define NETWORK_FACTOR 2

struct budget {
    const struct cache *cache;
    const psl_ctx_t *suffixes;
    psl_ctx_t *suffixes_own; /* to be freed; NULL: those that are built into libpsl */
    unsigned char key[crypto_shorthash_KEYBYTES];
    struct pace *all;
    struct pace *bytes;
    struct pace *domains;
    struct pace *networks;
};

static void budget_freep(struct budget **budget)
{
    budget_free(*budget);
}

struct rates {
    struct pace_rate all, bytes, domain, network;
};

static struct rates rates_of(const struct budget_conf *conf)
{
    uint64_t per_network = conf->per_domain * NETWORK_FACTOR;
    return (struct rates){
        .all = {conf->rate, conf->rate},
        .bytes = {conf->bandwidth, conf->bandwidth},
        .domain = {conf->per_domain, 2 * conf->per_domain},
        .network = {per_network, 2 * per_network},
    };
}

int budget_new(const struct budget_conf *conf, struct budget **ret)
{
    CLEANUP(budget_freep) struct budget *budget = calloc(1, sizeof(*budget));
    if (!budget)
        return -ENOMEM;
    budget->cache = conf->cache;
    crypto_shorthash_keygen(budget->key);
    /* The list that Debian keeps up to date, or the one that libpsl was built with. */
    budget->suffixes_own = psl_latest(NULL);
    budget->suffixes = budget->suffixes_own ? budget->suffixes_own : psl_builtin();
    const struct rates rates = rates_of(conf);
    int r = pace_new(&rates.all, 1, &budget->all);
    if (r == 0)
        r = pace_new(&rates.bytes, 1, &budget->bytes);
    if (r == 0)
        r = pace_new(&rates.domain, LIMIT_PACED_SITES, &budget->domains);
    if (r == 0)
        r = pace_new(&rates.network, LIMIT_PACED_SITES, &budget->networks);
    if (r < 0)
        return r;
    *ret = take(budget);
    return 0;
}

void budget_change(struct budget *budget, const struct budget_conf *conf)
{
    const struct rates rates = rates_of(conf);
    pace_change(budget->all, &rates.all);
    pace_change(budget->bytes, &rates.bytes);
    pace_change(budget->domains, &rates.domain);
    pace_change(budget->networks, &rates.network);
}

void budget_free(struct budget *budget)
{
    if (!budget)
        return;
    pace_free(budget->all);
    pace_free(budget->bytes);
    pace_free(budget->domains);
    pace_free(budget->networks);
    psl_free(budget->suffixes_own);
    free(budget);
}

static uint64_t hash_of(const struct budget *budget, const void *bytes, size_t len)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t ret;
    crypto_shorthash(hash, bytes, len, budget->key);
    memcpy(&ret, hash, sizeof(ret));
    return ret;
}

/* As the URL parser writes it: the last label of an IPv4 address, and of nothing else, is a number.
 */
bool budget_is_address(struct span host)
{
    return host.len == 0 || host.ptr[0] == '[' ||
           (host.ptr[host.len - 1] >= '0' && host.ptr[host.len - 1] <= '9' &&
            strspn(host.ptr, "0123456789.") >= host.len);
}

struct span budget_domain(const struct budget *budget, struct span host)
{
    char
        name[256]; /* a host in DNS has at most 253; what is longer is refused before it is asked */
    while (host.len > 0 && host.ptr[host.len - 1] == '.')
        host.len--;
    if (budget_is_address(host) || host.len >= sizeof(name) || !budget->suffixes)
        return host;
    memcpy(name, host.ptr, host.len);
    name[host.len] = '\0';
    const char *domain = psl_registrable_domain(budget->suffixes, name);
    return domain ? span_part(host, (size_t)(domain - name), host.len) : host;
}

void budget_site(const struct budget *budget, const char *url, size_t len, struct budget_site *ret)
{
    struct shoji_url_parts parts;
    *ret = (struct budget_site){0};
    if (shoji_url_split(url, len, &parts) != 0)
        return;
    struct span domain = budget_domain(budget, (struct span){parts.host, parts.host_len});
    ret->domain = hash_of(budget, domain.ptr, domain.len);
    ret->host = cache_host_hash(budget->cache, parts.host, parts.host_len);
    /* Which of the domain's groups must be the same after a restart: no hash of this process's. */
    char name[LIMIT_URL + 1];
    must(domain.len < sizeof(name));
    memcpy(name, domain.ptr, domain.len);
    name[domain.len] = (char)('a' + ret->host % GROUPS);
    ret->group = cache_group_hash(budget->cache, name, domain.len + 1);
}

int64_t budget_wait_ms(const struct budget *budget, int64_t now_ms)
{
    int64_t all_ms = pace_wait_ms(budget->all, 0, now_ms);
    int64_t bytes_ms = pace_wait_ms(budget->bytes, 0, now_ms);
    return all_ms > bytes_ms ? all_ms : bytes_ms;
}

int64_t budget_domain_wait_ms(const struct budget *budget, uint64_t domain, int64_t now_ms)
{
    return pace_wait_ms(budget->domains, domain, now_ms);
}

void budget_begin(struct budget *budget, uint64_t domain, int64_t now_ms)
{
    pace_take(budget->all, 0, 1, now_ms);
    pace_take(budget->domains, domain, 1, now_ms);
}

void budget_bytes(struct budget *budget, uint64_t bytes, int64_t now_ms)
{
    pace_take(budget->bytes, 0, bytes, now_ms);
}

int64_t budget_connect(struct budget *budget, const struct address *address, int64_t now_ms)
{
    struct address embedded;
    const struct address *at = address_embedded(address, &embedded) ? &embedded : address;
    unsigned char network[1 + 6] = {at->v6};
    memcpy(network + 1, at->bytes, at->v6 ? 6 : 3);
    return pace_book(budget->networks, hash_of(budget, network, sizeof(network)), now_ms);
}
