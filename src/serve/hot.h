/*
 * Hot memory: ready-made replies by request path, for one front thread.
 *
 * A path in here has been verified already, so a hit costs one hash and one comparison. Each front
 * thread has its own, so no lock is taken. Bounded by bytes; evicts by SIEVE (Zhang and others,
 * NSDI 2024): a queue with a visited bit and a hand, which a crawl of cold paths cannot wash out.
 */
#ifndef SERVE_HOT_H
#define SERVE_HOT_H

#include "serve/reply.h"

struct hot;

/* `max_bytes` counts bodies, paths and our own overhead. 0 or -ENOMEM. */
MUST_CHECK int hot_new(size_t max_bytes, struct hot **ret);
void hot_free(struct hot *hot); /* takes NULL */

/* Borrowed until the next call, or NULL. */
struct reply *hot_get(struct hot *hot, const char *path, size_t len);

/* Takes a reference of its own. What is larger than an eighth of the whole is not kept; out of
 * memory, nothing is. */
void hot_put(struct hot *hot, const char *path, size_t len, struct reply *reply);

/* What is held, in the bytes that `max_bytes` counts. */
size_t hot_bytes(const struct hot *hot);

/* Forgets everything: after keys were revoked. */
void hot_clear(struct hot *hot);

#endif
