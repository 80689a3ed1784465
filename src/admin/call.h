/*
 * One request on a socket for programs: its body as it came in, what it asks with, and how it is
 * answered. Inside of admin/; a call lives on the thread of its connection and is owned by proto.c.
 * Each call is answered exactly once; errors are JSON: {"error":"sentence"}.
 */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "base/buf.h"

#include <jansson.h>
#include <microhttpd.h>

struct call_header {
    const char *name; /* NULL: none */
    const char *value;
};

struct call {
    struct MHD_Connection *connection;
    void *env; /* of the socket: what its owner gave to proto_new */
    struct buf body;
    struct call_header told; /* of whatever it is answered with; static texts */
};

/* Answers with `bytes` (malloc'ed, taken over). */
enum MHD_Result call_send(struct call *call, const char *type, char *bytes, size_t len);

/* The same, with one more header. */
enum MHD_Result call_send_with(struct call *call, const struct call_header *header,
                               const char *type, char *bytes, size_t len);

/* Answers with JSON, whose reference is taken over. */
enum MHD_Result call_send_json(struct call *call, unsigned status, json_t *json);
enum MHD_Result call_send_error(struct call *call, unsigned status, const char *sentence);
enum MHD_Result call_send_error_with(struct call *call, const struct call_header *header,
                                     unsigned status, const char *sentence);

/* An argument of the query, or NULL. Borrowed. */
const char *call_argument(struct call *call, const char *name);
bool call_has_type(struct call *call, const char *type);

/* A member that is a text, or NULL where there is none (or null); false where it is something else:
 * what is silently left out could be what mattered. Borrowed from `object`. */
bool call_json_text(const json_t *object, const char *name, const char **ret);

#endif
