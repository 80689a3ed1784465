/*
 * HTTP on a socket for programs: the two of admin/ (submit.h, control.h) are tables of endpoints
 * over this.
 *
 * A thread a connection, since callers are few and known. A Unix socket gets the mode that is
 * asked for, and whoever can open it may use it. A TCP address needs a token file: every request
 * must then carry `Authorization: Bearer TOKEN`, which is compared in constant time; whoever has
 * none is told so and hung up on. Nothing is logged of what passes through.
 *
 * Nobody holds a connection for ever: each header, body and answer has a deadline that no byte
 * moves (serve/watch.h), so that clients that are stuck, or mean it, shut nobody out for longer.
 * While a request is carried out there is none: what takes long there sets an end of its own.
 */
#ifndef ADMIN_PROTO_H
#define ADMIN_PROTO_H

#include "admin/call.h"
#include "serve/watch.h"

#include <stddef.h>
#include <sys/types.h>

struct proto;

struct proto_endpoint {
    const char *method; /* "GET", which answers HEAD as well, or "POST" */
    const char *path;
    size_t max_body; /* bytes; a body that is larger is answered 413 */
    enum MHD_Result (*run)(struct call *call);
};

struct proto_conf {
    const char *address;     /* "/path", "unix:/path", "127.0.0.1:8081" or "[::1]:8081" */
    const int *socket;       /* or this, which listens already; duplicated */
    mode_t mode;             /* of a Unix socket */
    const char *token_file;  /* NULL: none, which is refused for TCP */
    unsigned max_clients;    /* threads; further ones wait in the backlog, or are hung up on */
    unsigned max_of_peer;    /* of them from one address, over TCP; 0: all */
    struct watch_conf watch; /* all 0: as in limits.h; `max` is not looked at */
    const struct proto_endpoint *endpoints; /* must live until proto_free, like `env` */
    size_t endpoints_count;
    void *env;
};

/* Would the address and the token file do, as far as can be told without opening a socket? 0 or
 * -errno with a sentence in `why` (256 bytes). */
MUST_CHECK int proto_check(const struct proto_conf *conf, char *why);

/* The same answers. */
MUST_CHECK int proto_new(const struct proto_conf *conf, char *why, struct proto **ret);

/* The path, or the address with its real port. Borrowed. */
const char *proto_address(const struct proto *proto);

/* Ends what is under way and takes a Unix socket away. Takes NULL. */
void proto_free(struct proto *proto);

#endif
