#include "lib/b64url.h"

#include "base/err.h"

#include <sodium.h>
#include <stdint.h>

/* libsodium 1.0.18 takes every byte from 0x80 up for the last character of the alphabet where char
 * is signed: a second spelling. */
static bool b64_is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] > 0x7F)
            return false;
    return true;
}

/*
 * Not libsodium's: that one takes care that its time tells nothing of what it writes, which is for
 * secrets and four times as slow. All that is written here stands in public URLs.
 */
void b64url_encode(const void *bytes, size_t len, char *ret, size_t ret_size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const unsigned char *from = bytes;
    must(ret_size > len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0));
    for (; len >= 3; len -= 3, from += 3) {
        uint32_t bits = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        *ret++ = alphabet[bits >> 18];
        *ret++ = alphabet[bits >> 12 & 63];
        *ret++ = alphabet[bits >> 6 & 63];
        *ret++ = alphabet[bits & 63];
    }
    if (len > 0) {
        uint32_t bits = (uint32_t)from[0] << 16 | (len == 2 ? (uint32_t)from[1] << 8 : 0);
        *ret++ = alphabet[bits >> 18];
        *ret++ = alphabet[bits >> 12 & 63];
        if (len == 2)
            *ret++ = alphabet[bits >> 6 & 63];
    }
    *ret = '\0';
}

/* No end is asked for below, so that libsodium also refuses what trails. */
bool b64url_decode(struct span text, void *ret, size_t max, size_t *ret_len)
{
    return b64_is_ascii(text) &&
           sodium_base642bin(ret, max, text.ptr, text.len, NULL, ret_len, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

bool b64_decode(struct span text, void *ret, size_t max, size_t *ret_len)
{
    return b64_is_ascii(text) && sodium_base642bin(ret, max, text.ptr, text.len, NULL, ret_len,
                                                   NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}
