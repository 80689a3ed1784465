/*
 * What the requests of the submit socket share. Inside of admin/.
 */
#ifndef ADMIN_SUBMIT_CALL_H
#define ADMIN_SUBMIT_CALL_H

#include "admin/call.h"
#include "admin/submit.h"
#include "base/limits.h"

#include <shoji/rewrite.h>

#define SUBMIT_MAX_JSON (4 * MiB) /* of a body: some 1,000 longest URLs */
#define SUBMIT_MAX_URLS 1000      /* of a request */

/* The requests. Each answers the call as a whole. */
enum MHD_Result submit_prefetch(struct call *call);
enum MHD_Result submit_rewrite(struct call *call);
enum MHD_Result submit_sign(struct call *call);
enum MHD_Result submit_unrewrite(struct call *call);

static inline const struct submit_env *submit_env(const struct call *call)
{
    return call->env;
}

/* The day of delivery as a request names it: "2026-11-22", "today", NULL or empty. A sentence when
 * it is none, else NULL. */
const char *submit_read_delivered(const char *text, int32_t *ret);

struct shoji_signer submit_signer(const struct call *call, const struct shoji_key *key);

/* Canonical URLs on their way to the queue. `failed`: memory ran out, one is missing. */
struct submit_urls {
    char **urls;
    size_t count;
    size_t cap;
    bool failed;
    int64_t delivered_s; /* the day that option d of their signed URLs names; 0: they carry none */
    uint16_t tenant;     /* of the key that signs them */
};

/* See keyring_tenant. */
uint16_t submit_tenant(const struct call *call, const struct shoji_key *key);

/* Fits struct shoji_rewrite's `emitted`. */
void submit_urls_add(void *urls, const char *url, size_t len);
void submit_urls_free(struct submit_urls *urls);

/* 0 when all of them are durably queued, else -errno: then none may be taken as handed over. */
int submit_urls_hand_over(const struct call *call, const struct submit_urls *urls);

#endif
