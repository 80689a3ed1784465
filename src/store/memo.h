/*
 * One small text that the layers above want to find again after a restart, beside the index: sealed
 * (seal.h) under the secret, so that nothing in it can be read on the disk but about how long it
 * is.
 *
 * Written as a whole and durably: a crash leaves the old one or the new one. Blocks on the disk.
 * One thread at a time.
 */
#ifndef STORE_MEMO_H
#define STORE_MEMO_H

#include "base/span.h"
#include "store/secret.h"

/* 0 or -errno: -E2BIG above LIMIT_MEMO. */
MUST_CHECK int memo_save(const char *path, const struct secret *secret, struct span text);

/* The text, terminated, which the caller frees. 0; CACHE_NONE: there is none; -EBADMSG: damaged, or
 * sealed under another secret; -errno. */
MUST_CHECK int memo_load(const char *path, const struct secret *secret, char **ret,
                         size_t *ret_len);

#endif
