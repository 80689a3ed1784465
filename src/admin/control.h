/*
 * The admin socket, for operators: health, metrics, and the questions that a support person has.
 *
 *   GET  /healthz       200 while the process does its work: the back loop turns
 *   GET  /readyz        200 from the moment the public listener serves until the end begins
 *   GET  /metrics       Prometheus
 *   GET  /v1/stats      the same figures as JSON
 *   GET  /v1/explain    ?url=: why an image is shown or not (serve/explain.h)
 *   GET  /v1/trackers   ?since=&format=json|csv: where pixels came from (serve/pixels.h)
 *   POST /v1/purge      {"url"|"host"|"tenant"|"all":..., "forget":bool} in, {"purged":N} out
 *
 * It listens before everything else is there and until everything is drained, so that both can be
 * watched; between control_new and control_open all but health is answered 503. Whoever can open
 * the socket may use it: its mode is 0600. Nothing is logged of what is asked.
 *
 * LIMIT_PURGES_AWAITED connections at most wait for purges, so that the others are left for whoever
 * asks for health; one more is answered 503 and purges nothing. A wait has an end (504), after
 * which the purge goes on.
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include "admin/figures.h"

struct control;

struct control_conf {
    const char *address;    /* of a Unix socket, or TCP with a token: see proto.h */
    const int *socket;      /* or this: see proto.h; NULL: none */
    const char *token_file; /* NULL: none */
    unsigned purge_wait_ms; /* how long a connection waits for a purge; 0: LIMIT_PURGE_WAIT_S */
};

struct control_env {
    struct figures_source figures;
    const struct request_env *requests;
    const char *base_url;
    struct pixels *pixels;
};

/* What a start would find wrong with the address or the token: 0 or -errno with a sentence in `why`
 * (256 bytes). */
MUST_CHECK int control_check(const struct control_conf *conf, char *why);

/* The same answers. */
MUST_CHECK int control_new(const struct control_conf *conf, char *why, struct control **ret);

/* The server serves. What `env` names must live until control_free. */
void control_open(struct control *control, const struct control_env *env);

/* The path, or the address with its real port. Borrowed. */
const char *control_address(const struct control *control);

/* The end has begun: not ready any more, all else goes on. Takes NULL. */
void control_close(struct control *control);

/* Nobody is answered any more. The back loop must still run. Takes NULL. */
void control_stop(struct control *control);

/* After control_stop and cache_close, or when control_open was never called. Takes NULL. */
void control_free(struct control *control);

#endif
