/*
 * The public listener: libmicrohttpd, one daemon and thread a front, each with a socket of its own.
 *
 * Only what libmicrohttpd must be told lives here: sockets, limits, and refusing at the first call
 * of the handler what may not be answered at the second. Everything else is serve/request.
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include "serve/request.h"
#include "serve/watch.h"

struct http;

struct http_conf {
    const char *listen; /* comma-separated: address:port, [v6]:port or unix:/path */
    int *sockets;       /* or these, which listen already; taken over, also on failure: -1 then */
    size_t sockets_count;
    unsigned fronts;          /* of each address; more where it has more sockets */
    unsigned max_connections; /* all fronts together */
    size_t hot_memory;        /* bytes, all fronts together */
    size_t answers_held;      /* of images that are sent, beyond that; 0: LIMIT_ANSWERS_HELD */
    struct watch_conf watch;  /* how slow a reader may be; `max` is not looked at */
};

/* 0; -EINVAL, -EADDRINUSE or another -errno with a sentence in `why` (256 bytes). `env` must live
 * until http_free. */
MUST_CHECK int http_new(const struct http_conf *conf, struct request_env *env, char *why,
                        struct http **ret);

/* The addresses that are listened on, with the ports that the kernel chose: "127.0.0.1:8080
 * unix:/path". Borrowed. */
const char *http_addresses(const struct http *http);

struct http_figures {
    unsigned long answers[TALLY_STEPS_COUNT][TALLY_STATUSES]; /* statuses: tally_statuses */
    unsigned long hot_bytes;
    unsigned parked; /* requests that wait for the back thread */
    unsigned connections;
    unsigned fronts;
};

/* All fronts together. Any thread, until http_free. */
void http_figures(const struct http *http, struct http_figures *ret);

/* Another figure for `hot_memory`: each front takes it over with its next request. Any thread. */
void http_set_hot_memory(struct http *http, size_t bytes);

/* No new connections and no new misses; waits until no request is parked, no answer under way and
 * no connection left that might still bring a request, in LIMIT_DRAIN_MS at most. Who keeps a
 * connection learns with his next answer that it ends. The back loop must be running and must have
 * been told to drain its flights. */
void http_drain(struct http *http);

/* After http_drain. Takes NULL. */
void http_free(struct http *http);

#endif
