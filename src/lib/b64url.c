#include "lib/b64url.h"

#include <sodium.h>

/* libsodium 1.0.18 takes every byte from 0x80 up for the last character of the alphabet where char
 * is signed: a second spelling. */
static bool b64_is_ascii(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] > 0x7F)
            return false;
    return true;
}

void b64url_encode(const void *bytes, size_t len, char *ret, size_t ret_size)
{
    sodium_bin2base64(ret, ret_size, bytes, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
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
