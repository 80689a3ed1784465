/*
 * The keys of the store: all derived from one file of 32 random bytes, mode 0600, that is made once
 * and never rotated (it is part of every backup: without it the index cannot be asked anything).
 *
 * A struct secret is filled at opening, read by any thread afterwards and wiped at closing. The
 * derived keys never reach the disk.
 */
#ifndef STORE_SECRET_H
#define STORE_SECRET_H

#include "base/err.h"
#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

struct secret {
    uint8_t url[32];     /* names of records */
    uint8_t purpose[32]; /* cache_keyed_hash */
    uint8_t content[32]; /* names of pictures: a known picture cannot be recognised on disk */
    uint8_t queue[32];   /* waiting URLs, as format 1 sealed them */
    uint8_t waiting[32]; /* waiting URLs */
    uint8_t proof[32];   /* likewise: that they are whole */
    uint8_t picture[32]; /* goes into the key of each encrypted picture */
    uint8_t sum[16];     /* checksums of pictures and records */
};

/* Loads the file, or makes it when it is missing and `may_make` is set. 0; -ENOKEY: missing, and
 * may not be made; -EPERM: others may read it; -EBADMSG: not 32 bytes; other -errno. */
MUST_CHECK int secret_load(const char *path, bool may_make, struct secret *ret);

/* The name of a record: a keyed hash of its URL. */
void secret_url_key(const struct secret *secret, const void *url, size_t len, uint8_t ret[32]);

/* A keyed hash for any other purpose, told apart by `label`. */
void secret_keyed_hash(const struct secret *secret, const char *label, struct span bytes,
                       uint8_t ret[32]);

/* Of a canonical host, never 0; and of the one in a canonical URL. */
uint64_t secret_host_hash(const struct secret *secret, struct span host);
uint64_t secret_host_of_url(const struct secret *secret, struct span url);

#endif
