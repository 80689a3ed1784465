/*
 * The submit socket: HTTP on a Unix socket, for webmail backends, milters and Sieve.
 *
 *   POST /v1/rewrite   a message or an HTML document in, rewritten out
 *   POST /v1/sign      {"urls":[...]} in, {"signed":[...]} out
 *   POST /v1/prefetch  {"urls":[...]} in, 202 when they are durably queued
 *
 * A table of endpoints over proto.h; whoever can open the socket may use it.
 * Errors are JSON: {"error":"sentence"}. Nothing is logged of what passes through.
 */
#ifndef ADMIN_SUBMIT_H
#define ADMIN_SUBMIT_H

#include "serve/keyring.h"
#include "serve/prefetch.h"
#include "serve/ruleset.h"
#include "sys/conf.h"

struct submit;

struct submit_env {
    const struct conf *conf;
    const char *base_url;
    struct keyring *keyring;
    struct prefetch *prefetch;
    struct ruleset *rules; /* may be NULL */
};

/* 0 or -errno with a sentence in `why` (256 bytes). `env` must live until submit_free. The socket
 * is made with mode 0660. */
MUST_CHECK int submit_new(const struct submit_env *env, const char *path, char *why,
                          struct submit **ret);

/* Ends what is under way and takes the socket away. The back loop must still run. Takes NULL. */
void submit_free(struct submit *submit);

#endif
