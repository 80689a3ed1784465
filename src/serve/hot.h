/*
 * Hot memory: ready-made replies by request path, for one front thread.
 *
 * A path in here has been verified already, so a hit costs one hash and one comparison. Each front
 * thread has its own, so no lock is taken. Bounded by bytes; evicts by SIEVE (Zhang and others,
 * NSDI 2024): a queue with a visited bit and a hand, which a crawl of cold paths cannot wash out.
 *
 * What was verified holds for one stamp of the caller's, a number that changes with the keys, the
 * rules and what was purged. A reply from before is not given any more, but kept: its picture can
 * be found by its content, so that verifying anew need not read it anew. One picture under several
 * paths is held, and counted, once.
 */
#ifndef SERVE_HOT_H
#define SERVE_HOT_H

#include "serve/reply.h"

struct hot;

/* `max_bytes` counts bodies, paths and our own overhead. 0 or -ENOMEM. */
MUST_CHECK int hot_new(size_t max_bytes, struct hot **ret);
void hot_free(struct hot *hot); /* takes NULL */

/* Another `max_bytes`: what is too much for it goes. */
void hot_resize(struct hot *hot, size_t max_bytes);

/* Borrowed until the next call, or NULL: not here, or put there with another stamp. */
struct reply *hot_get(struct hot *hot, const char *path, size_t len, uint64_t stamp);

/* The picture with this content hash, whatever its paths' stamps. Borrowed until the next call, or
 * NULL. */
struct reply *hot_find(struct hot *hot, const uint8_t content[32]);

/* Takes a reference of its own; when the path is here already, it gets this reply and stamp. What
 * is larger than an eighth of the whole is not kept; out of memory, nothing is. */
void hot_put(struct hot *hot, const char *path, size_t len, uint64_t stamp, struct reply *reply);

/* Forgets the path, if it is here. */
void hot_drop(struct hot *hot, const char *path, size_t len);

/* What is held, in the bytes that `max_bytes` counts. */
size_t hot_bytes(const struct hot *hot);

#endif
