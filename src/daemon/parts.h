/*
 * The parts of the server, and how the configuration becomes the configuration of each. In which
 * order they start and end is daemon.c's.
 *
 * Owned and used by the main thread, but for `back`, which runs the loop. A part is NULL until its
 * start succeeded; each start leaves what it made in its place, even where it failed half way, and
 * whoever holds the struct frees all of it.
 */
#ifndef DAEMON_PARTS_H
#define DAEMON_PARTS_H

#include "admin/control.h"
#include "admin/submit.h"
#include "serve/http.h"
#include "serve/upkeep.h"
#include "sys/activation.h"
#include "sys/conf.h"

#include <pthread.h>
#include <shoji/url.h>

struct parts {
    const struct conf *conf;
    struct activation *activation; /* sockets that were handed over */
    bool dev;                      /* a sandbox that cannot be entered is a warning only */
    char base_url[SHOJI_BASE_MAX + 1];
    struct loop *loop;
    struct keyring *keyring;
    struct ruleset *rules;
    struct plan_conf plan; /* when originals are fetched; the threads read it */
    struct pool *pool;
    struct control *control; /* NULL where there is to be none */
    struct cache *cache;
    struct fetcher *fetcher;
    struct budget *budget;
    struct pixels *pixels;
    struct flights *flights;
    struct prefetch *prefetch;
    struct upkeep *upkeep;
    pthread_t back;
    bool back_runs;
    struct request_env env;
    struct http *http;
    struct submit *submit;
};

/* What the configuration says of the queue that may change while it is at work. */
struct prefetch_terms parts_prefetch_terms(const struct conf *conf);

/* As the configuration says now, for all that decide by it. */
void parts_set_plan(struct parts *parts);

/* Each: 0, or -errno, perhaps with a sentence in `why` (CONF_WHY_SIZE bytes). A start needs those
 * above it. */
MUST_CHECK int parts_start_loop(struct parts *parts, char *why);
MUST_CHECK int parts_start_keyring(struct parts *parts, char *why);
MUST_CHECK int parts_start_rules(struct parts *parts, char *why);
MUST_CHECK int parts_start_pool(struct parts *parts, char *why);
MUST_CHECK int parts_start_control(struct parts *parts, char *why);
MUST_CHECK int parts_start_cache(struct parts *parts, char *why);
MUST_CHECK int parts_start_fetcher(struct parts *parts, char *why);
MUST_CHECK int parts_start_flights(struct parts *parts,
                                   char *why); /* budget, pixels, queue, upkeep, too */
MUST_CHECK int parts_start_http(struct parts *parts, char *why); /* and settles base_url */
MUST_CHECK int parts_start_submit(struct parts *parts, char *why);
MUST_CHECK int parts_open_control(struct parts *parts, char *why); /* the server serves */

/* The rules alone, as they are configured. The same answers. */
MUST_CHECK int parts_load_rules(const struct conf *conf, char *why, struct ruleset **ret);

/* A bounded piece of the spool becomes part of the queue. True: there is more. */
bool parts_collect_spool(const struct parts *parts);

#endif
