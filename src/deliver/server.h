/*
 * One request to the running server over one of its sockets for programs: HTTP/1.1, a connection a
 * request. Nothing is logged or printed here.
 */
#ifndef DELIVER_SERVER_H
#define DELIVER_SERVER_H

#include "base/buf.h"

struct server_request {
    const char *address; /* "/path", "unix:/path", "127.0.0.1:8081" or "[::1]:8081" */
    const char *token;   /* for TCP; NULL: none */
    const char *method;
    const char *target;
    const char *body;  /* JSON; NULL: none */
    unsigned wait_s;   /* for each piece of the answer; 0: as long as it takes */
    size_t max_answer; /* bytes */
};

/* The status of the answer, and its body appended to `ret`; or -errno: -ENOENT and -ECONNREFUSED
 * when nobody listens, -EPROTO when what answers is no such server, -ECONNRESET when the answer
 * was cut short, -EINVAL when the address is none. */
int server_ask(const struct server_request *request, struct buf *ret);

#endif
