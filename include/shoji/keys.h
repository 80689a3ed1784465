/*
 * Signing keys: one 32-byte secret a kid, kept in a key file that only its owner can read.
 *
 * A set of keys (struct shoji_keys) is immutable once loaded: any number of threads may use it, and
 * a reload makes a new set. Keys that functions return point into their set and live as long as it.
 * Secrets are wiped when a set is freed. Nothing here logs.
 *
 * Key file: one key a line, `kid  base64-secret  state  [tenant=NAME]`, fields separated by blanks;
 * empty lines and lines that begin with '#' are skipped. kid: 1 to 16 of [a-z0-9], unique. state:
 * `sign` (the last such line of a tenant signs), `verify` or `revoked`.
 */
#ifndef SHOJI_KEYS_H
#define SHOJI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOJI_KID_MAX     16  /* bytes, without the terminator */
#define SHOJI_TENANT_MAX  64  /* bytes of [a-zA-Z0-9._-] */
#define SHOJI_SECRET_SIZE 32  /* bytes */
#define SHOJI_WHY_SIZE    256 /* bytes: room for one sentence that says what is wrong */

struct shoji_keys;
struct shoji_key;

enum shoji_key_state {
    SHOJI_KEY_SIGN,    /* signs and verifies */
    SHOJI_KEY_VERIFY,  /* verifies only */
    SHOJI_KEY_REVOKED, /* neither: as if unknown */
};

/*
 * Reads a key file. 0; -EACCES when others than the owner may read or write it; -EINVAL when a line
 * is wrong; -E2BIG above 1 MiB; or the errno of opening it. On failure `why` (SHOJI_WHY_SIZE bytes)
 * holds a sentence with the file and line, never a secret. The caller frees *ret.
 */
int shoji_keys_load(const char *path, char *why, struct shoji_keys **ret);

/* The same from memory; `name` stands for the file in `why`. */
int shoji_keys_parse(const char *text, size_t len, const char *name, char *why,
                     struct shoji_keys **ret);

void shoji_keys_free(struct shoji_keys *keys);

size_t shoji_keys_count(const struct shoji_keys *keys);

/* The key that signs for `tenant` (NULL: lines without a tenant), or NULL when none does. */
const struct shoji_key *shoji_keys_signer(const struct shoji_keys *keys, const char *tenant);

/* The key of that kid, whatever its state, or NULL. */
const struct shoji_key *shoji_keys_find(const struct shoji_keys *keys, const char *kid, size_t len);

const char *shoji_key_kid(const struct shoji_key *key);
const char *shoji_key_tenant(const struct shoji_key *key); /* NULL: none */
enum shoji_key_state shoji_key_state(const struct shoji_key *key);

/*
 * A fresh key as a line of a key file, with its newline: random kid of 8 characters, random secret,
 * state `sign`. `tenant` may be NULL. 0; -EINVAL for a tenant with other characters; -ENOSPC.
 */
int shoji_key_generate(const char *tenant, char *ret, size_t ret_size);

#ifdef __cplusplus
}
#endif

#endif
