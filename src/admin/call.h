/*
 * One request on the submit socket: its body as it came in, what it asks with, and how it is
 * answered. Inside of admin/; a call lives on the thread of its connection and is owned by
 * submit.c.
 */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include "admin/submit.h"
#include "base/buf.h"
#include "base/limits.h"

#include <jansson.h>
#include <microhttpd.h>
#include <shoji/rewrite.h>

#define CALL_MAX_JSON (4 * MiB) /* of a body: some 1,000 longest URLs */
#define CALL_MAX_URLS 1000      /* of a request */

struct call {
    struct MHD_Connection *connection;
    const struct submit_env *env;
    struct buf body;
};

/* The requests. Each answers the call as a whole. */
enum MHD_Result call_prefetch(struct call *call);
enum MHD_Result call_rewrite(struct call *call);
enum MHD_Result call_sign(struct call *call);

/* Answers with `bytes` (malloc'ed, taken over); `report` may be NULL. */
enum MHD_Result call_send(struct call *call, const char *type, char *bytes, size_t len,
                          const char *report);

/* Answers with JSON, whose reference is taken over. */
enum MHD_Result call_send_json(struct call *call, unsigned status, json_t *json);
enum MHD_Result call_send_error(struct call *call, unsigned status, const char *sentence);

/* An argument of the query, or NULL. Borrowed. */
const char *call_argument(struct call *call, const char *name);
bool call_has_type(struct call *call, const char *type);

/* Fills in mailbox and day of delivery ("2026-11-22" or "today") of a request; either may be NULL
 * or empty. A sentence when one is wrong, else NULL. */
const char *call_read_options(const struct shoji_key *key, const char *mailbox,
                              const char *delivered, struct shoji_url_options *ret);

/* Today, as option d counts days. */
int32_t call_today(void);

struct shoji_signer call_signer(const struct call *call, const struct shoji_key *key);

/* Canonical URLs on their way to the queue. `failed`: memory ran out, one is missing. */
struct call_urls {
    char **urls;
    size_t count;
    size_t cap;
    bool failed;
};

/* Fits struct shoji_rewrite's `emitted`. */
void call_urls_add(void *urls, const char *url, size_t len);
void call_urls_free(struct call_urls *urls);

/* 0 when all of them are durably queued, else -errno: then none may be taken as handed over. */
int call_urls_hand_over(const struct call *call, const struct call_urls *urls);

#endif
