/*
 * How much the prefetch queue may ask of the world: fetches a second in all, of one registrable
 * domain, of one network, and bytes a second. So one mail does not become thousands of requests to
 * somebody who never sent it, and a campaign does not stand in everybody's way.
 *
 * A domain is what the Public Suffix List says can be registered (mail.example.co.uk counts as
 * example.co.uk); an address counts for itself. A network is a /24 of IPv4 or a /48 of IPv6, and is
 * known only when the name is resolved, whatever the name was: that budget is what limits a sender
 * with many domains and one victim.
 *
 * budget_site is for any thread; all else for one, with a clock in milliseconds that never goes
 * back. Memory is bounded by LIMIT_PACED_SITES. Readers' own requests are not held up by any of it.
 */
#ifndef SERVE_BUDGET_H
#define SERVE_BUDGET_H

#include "base/span.h"
#include "net/address.h"
#include "store/cache.h"

struct budget;

struct budget_conf {
    const struct cache *cache; /* for keyed hashes */
    uint64_t rate;             /* fetches a second; 0 here and below: without limit */
    uint64_t per_domain;       /* of them */
    uint64_t bandwidth;        /* bytes a second */
};

/* 0 or -ENOMEM. */
MUST_CHECK int budget_new(const struct budget_conf *conf, struct budget **ret);
void budget_free(struct budget *budget); /* takes NULL */

/* Other figures from now on; `cache` is not looked at. */
void budget_change(struct budget *budget, const struct budget_conf *conf);

/* The registrable domain of a canonical host, a part of it; the host itself where there is none (an
 * address, a public suffix). Any thread. */
struct span budget_domain(const struct budget *budget, struct span host);

/* Is it an address, not a name? */
bool budget_is_address(struct span host);

/* Where an original counts. */
struct budget_site {
    uint64_t domain; /* for this process's life */
    uint64_t host;   /* cache_host_hash */
    uint32_t group;  /* of the queue: the domain has a few, and each host stands in one of them, so
                        that a host with a long line rarely stands before another of its domain */
};

/* `url` is canonical. */
void budget_site(const struct budget *budget, const char *url, size_t len, struct budget_site *ret);

/* How long until another fetch may begin at all, or of that domain; 0: now. */
int64_t budget_wait_ms(const struct budget *budget, int64_t now_ms);
int64_t budget_domain_wait_ms(const struct budget *budget, uint64_t domain, int64_t now_ms);

/* A fetch begins. */
void budget_begin(struct budget *budget, uint64_t domain, int64_t now_ms);

/* So much came in. */
void budget_bytes(struct budget *budget, uint64_t bytes, int64_t now_ms);

/* Books one connection to the network of `address`: in how many milliseconds it may be made. */
int64_t budget_connect(struct budget *budget, const struct address *address, int64_t now_ms);

#endif
