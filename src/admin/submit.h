/*
 * The submit socket: HTTP on a Unix socket, for webmail backends, milters and Sieve.
 *
 *   POST /v1/rewrite   a message or an HTML document in, rewritten out
 *   POST /v1/unrewrite the way back: the original URLs again, for what leaves the house
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
    const int *socket; /* that listens already: see proto.h; NULL: none */
    struct keyring *keyring;
    struct prefetch *prefetch;
    struct ruleset *rules; /* may be NULL */
};

/* 0 or -errno with a sentence in `why` (256 bytes). `env` must live until submit_free. The socket
 * is made at env->conf's path, with mode 0660, or it is env->socket. */
MUST_CHECK int submit_new(const struct submit_env *env, char *why, struct submit **ret);

/* The path, or the address of a socket that was handed over. Borrowed. */
const char *submit_address(const struct submit *submit);

/* Ends what is under way and takes the socket away. The back loop must still run. Takes NULL. */
void submit_free(struct submit *submit);

#endif
