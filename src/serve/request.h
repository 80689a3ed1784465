/*
 * The way of a request: read this first. The steps stand in one table in request.c, in their order.
 *
 * A front is what one front thread owns: nothing in it is shared with another front, and a hit
 * touches nothing else. A request that misses is parked (its connection suspended) and crosses to
 * the back loop and back once; one whose picture is on the disk only, likewise to a reader thread.
 * Who calls: the thread of the front, except where said otherwise.
 */
#ifndef SERVE_REQUEST_H
#define SERVE_REQUEST_H

#include "serve/flight.h"
#include "serve/hot.h"
#include "serve/keyring.h"
#include "serve/known.h"
#include "serve/readers.h"
#include "serve/ruleset.h"
#include "serve/tally.h"

#include <stdatomic.h>

/* What all fronts share; immutable while they run, but for what is atomic. */
struct request_env {
    struct loop *back;
    struct cache *cache;
    struct flights *flights;
    struct readers *readers; /* of http.c, which sets it */
    struct keyring *keyring;
    const char *url_suffix;
    struct ruleset *blocked; /* trackers, never fetched; NULL: none are */
    const struct plan_conf *plan;
    _Atomic int64_t wait_ms;
    _Atomic size_t hot_memory; /* bytes, of each front; http.c sets this and the next */
    _Atomic size_t most_held;  /* bytes of images at once, hot memory included */
    atomic_bool draining;      /* true: misses are refused, hits go on */
};

struct front {
    struct request_env *env;
    struct hot *hot;
    struct known *known;
    uint64_t stamp; /* of keys, rules and purges, as this request found them: see hot.h */
    atomic_uint parked;
    struct tally tally;
};

/* 0 or -ENOMEM. */
MUST_CHECK int front_init(struct front *front, struct request_env *env);
void front_finish(struct front *front);

struct request_line {
    const char *path;
    bool head;
    bool conditional; /* carries If-None-Match, If-Range or Range */
};

struct request;

/*
 * Answers, or parks the connection and sets *state; called again with the same *state when it was
 * resumed. MHD_NO: close the connection.
 */
enum MHD_Result request_handle(struct front *front, struct MHD_Connection *connection,
                               const struct request_line *line, struct request **state);

/* The connection is done with this request, answered or not. Takes NULL. */
void request_forget(struct request *request);

#endif
