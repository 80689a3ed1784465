/*
 * The cryptography of the two forms of signed URLs, without their place in a path.
 *
 * Sealed: b64url(siv || ct), where siv is BLAKE2b over kid, a zero byte and the plain text, and ct
 * the text under XChaCha20 with siv as its nonce: a synthetic IV, so that equal texts give equal
 * URLs and no randomness is needed. Signed: b64url(plain), and HMAC-SHA-256 over kid "/" payload,
 * cut to 16 bytes. Base64url has no padding, and only its canonical spelling opens. Comparisons
 * take constant time. Works on borrowed memory, any thread.
 */
#ifndef LIB_URL_SEAL_H
#define LIB_URL_SEAL_H

#include "lib/key.h"
#include "lib/url_plain.h"

#define URL_SEAL_SIV 24 /* bytes: what XChaCha20 takes as a nonce */
#define URL_SEAL_TAG 16 /* bytes */
#define URL_TAG_LEN  22 /* characters of a tag */
#define URL_SEAL_MAX (URL_SEAL_SIV + URL_PLAIN_MAX)
#define URL_BODY_MAX ((URL_SEAL_MAX * 4 + 2) / 3) /* characters of a body or payload */

/* `plain` is at most URL_PLAIN_MAX long; `ret` is terminated. */
void url_seal(const struct shoji_key *key, struct span plain, char ret[URL_BODY_MAX + 1]);
void url_tag(const struct shoji_key *key, struct span plain, char ret_tag[URL_TAG_LEN + 1],
             char ret_payload[URL_BODY_MAX + 1]);

/* False when it was not made with this key. Any bytes are legal input. */
bool url_unseal(const struct shoji_key *key, struct span body, char ret[URL_PLAIN_MAX],
                size_t *ret_len);
bool url_untag(const struct shoji_key *key, struct span tag, struct span payload,
               char ret[URL_PLAIN_MAX], size_t *ret_len);

#endif
