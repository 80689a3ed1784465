/*
 * Base64 as keys and signed URLs use it: strict, one spelling a text, in constant time a length.
 * Decoding refuses padding that does not belong, stray bits at the end and every other character.
 * Pure functions, any thread.
 */
#ifndef LIB_B64URL_H
#define LIB_B64URL_H

#include "base/span.h"

/* URL-safe alphabet, no padding. `ret` has room for the text and a terminator. */
void b64url_encode(const void *bytes, size_t len, char *ret, size_t ret_size);

/* False when `text` is malformed or decodes to more than `max` bytes; `ret` is rubbish then. */
bool b64url_decode(struct span text, void *ret, size_t max, size_t *ret_len);

/* The ordinary alphabet, with its padding: key files. */
bool b64_decode(struct span text, void *ret, size_t max, size_t *ret_len);

#endif
