#include "lib/url_seal.h"

#include "base/err.h"
#include "lib/b64url.h"

#include <sodium.h>

static void seal_siv(const struct shoji_key *key, const void *plain, size_t len,
                     unsigned char ret[URL_SEAL_SIV])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, key->siv, sizeof(key->siv), URL_SEAL_SIV);
    /* The terminator of the kid is the zero byte between the two. */
    crypto_generichash_update(&state, (const unsigned char *)key->kid, strlen(key->kid) + 1);
    crypto_generichash_update(&state, plain, len);
    crypto_generichash_final(&state, ret, URL_SEAL_SIV);
    sodium_memzero(&state, sizeof(state));
}

static void seal_mac(const struct shoji_key *key, struct span payload,
                     unsigned char ret[URL_SEAL_TAG])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key->sign, sizeof(key->sign));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)key->kid, strlen(key->kid));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)"/", 1);
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)payload.ptr, payload.len);
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(ret, mac, URL_SEAL_TAG);
    sodium_memzero(&state, sizeof(state));
}

void url_seal(const struct shoji_key *key, struct span plain, char ret[URL_BODY_MAX + 1])
{
    UNCLEARED unsigned char sealed[URL_SEAL_MAX];
    seal_siv(key, plain.ptr, plain.len, sealed);
    crypto_stream_xchacha20_xor(sealed + URL_SEAL_SIV, (const unsigned char *)plain.ptr, plain.len,
                                sealed, key->enc);
    b64url_encode(sealed, URL_SEAL_SIV + plain.len, ret, URL_BODY_MAX + 1);
}

void url_tag(const struct shoji_key *key, struct span plain, char ret_tag[URL_TAG_LEN + 1],
             char ret_payload[URL_BODY_MAX + 1])
{
    unsigned char mac[URL_SEAL_TAG];
    b64url_encode(plain.ptr, plain.len, ret_payload, URL_BODY_MAX + 1);
    seal_mac(key, span_of(ret_payload), mac);
    b64url_encode(mac, sizeof(mac), ret_tag, URL_TAG_LEN + 1);
}

bool url_unseal(const struct shoji_key *key, struct span body, char ret[URL_PLAIN_MAX],
                size_t *ret_len)
{
    UNCLEARED unsigned char sealed[URL_SEAL_MAX];
    unsigned char siv[URL_SEAL_SIV];
    size_t len;
    if (!b64url_decode(body, sealed, sizeof(sealed), &len) || len < URL_SEAL_SIV)
        return false;
    len -= URL_SEAL_SIV;
    crypto_stream_xchacha20_xor((unsigned char *)ret, sealed + URL_SEAL_SIV, len, sealed, key->enc);
    seal_siv(key, ret, len, siv);
    if (sodium_memcmp(siv, sealed, sizeof(siv)) != 0)
        return false;
    *ret_len = len;
    return true;
}

bool url_untag(const struct shoji_key *key, struct span tag, struct span payload,
               char ret[URL_PLAIN_MAX], size_t *ret_len)
{
    unsigned char given[URL_SEAL_TAG];
    unsigned char mac[URL_SEAL_TAG];
    size_t len;
    if (tag.len != URL_TAG_LEN || !b64url_decode(tag, given, sizeof(given), &len) ||
        len != sizeof(given))
        return false;
    seal_mac(key, payload, mac);
    if (sodium_memcmp(mac, given, sizeof(mac)) != 0)
        return false;
    return b64url_decode(payload, ret, URL_PLAIN_MAX, ret_len);
}
