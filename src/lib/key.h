/*
 * What a key is inside the library: its line of the key file, with the secret already replaced by
 * the four keys that are derived from it. Immutable once its set is loaded; lives as long as the
 * set.
 */
#ifndef LIB_KEY_H
#define LIB_KEY_H

#include "base/span.h"

#include <shoji/keys.h>

#define KEY_SIZE 32 /* bytes of a derived key: an HMAC-SHA-256 */

struct shoji_key {
    char kid[SHOJI_KID_MAX + 1];
    char tenant[SHOJI_TENANT_MAX + 1]; /* empty: none */
    enum shoji_key_state state;
    size_t line;
    unsigned char sign[KEY_SIZE];
    unsigned char siv[KEY_SIZE];
    unsigned char enc[KEY_SIZE];
    unsigned char mailbox[KEY_SIZE];
};

bool key_is_kid(struct span kid);
bool key_is_tenant(struct span tenant);

#endif
