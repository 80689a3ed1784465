/*
 * Sealing of what waits in the queue: XChaCha20 under a nonce that is a keyed hash of the text and
 * of whom it belongs to, which is its proof as well (the contract's form for signed URLs, with its
 * own keys). Nothing random is needed, and a nonce comes twice for the same text only. The length
 * can be seen. Pure; any thread; no allocation.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "store/secret.h"

#include <stddef.h>

#define SEAL_PROOF 12 /* bytes more than the text; against damage, who could forge has the keys */

struct seal {
    const struct secret *secret;
    uint8_t id[8]; /* whose text it is; not in the sealed bytes, and needed to open them */
    uint8_t flags; /* likewise */
};

void seal_close(const struct seal *seal, const void *text, size_t len, uint8_t *ret);

/* `len` counts the proof; `ret` has room for what is left without. 0 or -EBADMSG. */
MUST_CHECK int seal_open(const struct seal *seal, const uint8_t *sealed, size_t len, void *ret);

#endif
