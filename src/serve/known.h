/*
 * Paths that were verified lately, and which picture each leads to, for one front thread: what hot
 * memory cannot hold is then only read, not verified and looked up once more, which would take as
 * long again.
 *
 * A fixed table, where a newer path takes the place of one of the few that it may stand in, of that
 * which was not asked for the longest. Paths are told apart by a keyed hash of 128 bits, whose key
 * outsiders do not know. What is kept holds for one stamp, as in
 * hot.h; nothing of a path or URL is kept.
 */
#ifndef SERVE_KNOWN_H
#define SERVE_KNOWN_H

#include "store/cache.h"

#include <stdbool.h>

struct known;
struct known_place;

/* 0 or -ENOMEM. */
MUST_CHECK int known_new(struct known **ret);
void known_free(struct known *known); /* takes NULL */

struct known_picture {
    struct cache_record record; /* its content and type only */
    struct cache_place place;   /* where it was read from; all zero: not known */
    bool lately; /* it was read there a few seconds ago: the kernel has not dropped it since */
    struct known_place *at; /* for known_follow */
};

/* False: not known. */
bool known_get(struct known *known, const char *path, size_t len, uint64_t stamp,
               struct known_picture *ret);

/* `want`, which known_get answered last, has just been read, perhaps elsewhere than before. With no
 * place it was not: nothing is noted. */
void known_follow(const struct known_picture *picture, const struct cache_want *want);

/* The record of `want` says STORED, with a picture; it has just been read, unless it has no place.
 */
void known_put(struct known *known, const char *path, size_t len, uint64_t stamp,
               const struct cache_want *want);

#endif
