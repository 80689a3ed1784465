/*
 * The keys in use, exchanged at a reload while others still verify with the old ones.
 *
 * keyring_get gives a set that stays valid until keyring_put. The generation grows with every
 * exchange: whoever remembers something that was verified forgets it when the number changes.
 */
#ifndef SERVE_KEYRING_H
#define SERVE_KEYRING_H

#include "base/err.h"

#include "store/cache.h"

#include <shoji/keys.h>

struct keyring;
struct keyset;

/* Loads `path`. 0 or what shoji_keys_load answers, with `why` (SHOJI_WHY_SIZE bytes). */
MUST_CHECK int keyring_new(const char *path, char *why, struct keyring **ret);
void keyring_free(struct keyring *ring); /* takes NULL; all sets must have been put back */

/* Reads the file again. On failure the old set stays. */
MUST_CHECK int keyring_reload(struct keyring *ring, char *why);

struct keyset *keyring_get(struct keyring *ring);
const struct shoji_keys *keyset_keys(const struct keyset *set);
void keyring_put(struct keyset *set);

/* Whose key it is, as the cache tells tenants apart: that of its line, or the one that all keys
 * without a tenant share; 0 for NULL: not known. */
uint16_t keyring_tenant(const struct cache *cache, const struct shoji_key *key);

unsigned keyring_generation(const struct keyring *ring);

#endif
