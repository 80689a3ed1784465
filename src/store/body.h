/*
 * A picture as it lies in a segment: a head with its length and a proof that it is whole, and its
 * bytes, in clear or encrypted. The proof also covers the picture's name.
 *
 * In clear: 16 bytes of head, the proof a checksum (XXH3; SipHash-2-4 of an older version is still
 * read), against accidents, not against forgers: whoever can write here can serve what he likes.
 * Encrypted: 24 bytes of head, XChaCha20-Poly1305, whose tag is the proof. The key is made of that
 * of the slot (slots.h) and of the store's secret, so that neither alone reads anything; the nonce
 * is of the name: the same key meets the same nonce only with the same bytes.
 *
 * Any thread, for as long as what the struct borrows lives.
 */
#ifndef STORE_BODY_H
#define STORE_BODY_H

#include "store/secret.h"
#include "store/slots.h"

#define BODY_HEAD_MAX 24

struct body {
    const struct secret *secret;
    const struct slots *slots;
    const uint8_t *content; /* the name, 32 bytes: itself a keyed hash */
    uint32_t slot;          /* SLOTS_NONE: in clear */
};

/* How much a picture of `len` bytes takes. */
size_t body_size(const struct body *body, size_t len);

/* To `ret`, which has room for body_size(bytes.len). 0, or -errno when there is no key. */
MUST_CHECK int body_pack(const struct body *body, struct span bytes, uint8_t *ret);

/* A copy, checked; the caller frees ret->ptr. 0; -ENOENT: not what was stored under this name, or
 * its key is gone; -errno. */
MUST_CHECK int body_unpack(const struct body *body, struct span packed, struct span *ret);

/* How long is the picture in there, sound or not? 0 or -ENOENT. */
MUST_CHECK int body_len(struct span packed, size_t *ret);

#endif
