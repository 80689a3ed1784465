/*
 * What the tests of fetching share: a scripted DNS server, a scripted origin, and fetches that run
 * to their end on a loop of their own. Included by test_fetch*.c only.
 */
#ifndef TESTS_FETCH_WORLD_H
#define TESTS_FETCH_WORLD_H

#include "net/fetch.h"
#include "scripted_dns.h"
#include "scripted_origin.h"

struct got {
    int calls;
    bool inside_start;
    enum fetch_outcome outcome;
    long status;
    bool asked;
    char *body; /* NULL: none */
    size_t body_len;
    char location[9000]; /* empty: none */
    int order;           /* the first to end has 1 */
};

/* Defaults: the loopback is allowed, any port, 5 s in all. */
struct fetch_conf world_conf(const struct scripted_dns *dns);

/* Fetches all URLs at once; false when the fetcher would not start. Frees nothing in `ret`. */
void world_fetch(const struct fetch_conf *conf, const char *const *urls, size_t count,
                 struct got *ret);

/* One URL. The caller frees got.body. */
struct got world_fetch_one(const struct fetch_conf *conf, const char *url);

/* Splits "http(s)://host[:port]/..." the way the library would; borrowed from `url`. */
struct fetch_target world_target(const char *url);

#endif
