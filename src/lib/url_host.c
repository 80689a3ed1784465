#include "lib/url_host.h"

#include "base/err.h"
#include "base/limits.h"
#include "lib/url_ip.h"

#include <shoji/url.h>

#include <pthread.h>
#include <unicode/uidna.h>

static pthread_once_t host_once = PTHREAD_ONCE_INIT;
static const UIDNA *host_idna; /* NULL: ICU has no data; then international names are invalid */

static void host_open_idna(void)
{
    UErrorCode status = U_ZERO_ERROR;
    UIDNA *idna =
        uidna_openUTS46(UIDNA_CHECK_BIDI | UIDNA_CHECK_CONTEXTJ | UIDNA_NONTRANSITIONAL_TO_ASCII |
                            UIDNA_NONTRANSITIONAL_TO_UNICODE,
                        &status);
    host_idna = U_SUCCESS(status) ? idna : NULL;
}

/* "Domain to ASCII" with beStrict false: neither hyphens nor DNS lengths are looked at. */
static int host_idna_to_ascii(const char *name, size_t len, char ret[SHOJI_URL_MAX],
                              size_t *ret_len)
{
    const uint32_t tolerated = UIDNA_ERROR_EMPTY_LABEL | UIDNA_ERROR_LABEL_TOO_LONG |
                               UIDNA_ERROR_DOMAIN_NAME_TOO_LONG | UIDNA_ERROR_LEADING_HYPHEN |
                               UIDNA_ERROR_TRAILING_HYPHEN | UIDNA_ERROR_HYPHEN_3_4;
    if (len > LIMIT_IDN_HOST)
        return SHOJI_URL_TOO_LONG;
    pthread_once(&host_once, host_open_idna);
    if (!host_idna)
        return SHOJI_URL_INVALID;
    UIDNAInfo info = UIDNA_INFO_INITIALIZER;
    UErrorCode status = U_ZERO_ERROR;
    int32_t out_len =
        uidna_nameToASCII_UTF8(host_idna, name, (int32_t)len, ret, SHOJI_URL_MAX, &info, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR)
        return SHOJI_URL_TOO_LONG;
    if (U_FAILURE(status) || (info.errors & ~tolerated) != 0)
        return SHOJI_URL_INVALID;
    *ret_len = (size_t)out_len;
    return 0;
}

static bool host_is_ascii(struct span host)
{
    for (size_t i = 0; i < host.len; i++)
        if ((unsigned char)host.ptr[i] > 0x7F)
            return false;
    return true;
}

/* The forbidden domain code points of the standard. */
static bool host_has_forbidden(struct span host)
{
    static const bool forbidden[128] = {
        ['#'] = true, ['/'] = true, [':'] = true, ['<'] = true,  ['>'] = true,
        ['?'] = true, ['@'] = true, ['['] = true, ['\\'] = true, [']'] = true,
        ['^'] = true, ['|'] = true, ['%'] = true, [0x7F] = true};
    for (size_t i = 0; i < host.len; i++) {
        unsigned char c = (unsigned char)host.ptr[i];
        if (c <= ' ' || c > 0x7F || forbidden[c])
            return true;
    }
    return false;
}

/* Copies without what the parser ignores, which it removes before anything else: "%\t41" is 'A'. */
static int host_copy(struct span host, char *ret, size_t ret_size, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < host.len; i++) {
        if (url_text_ignored(host.ptr[i]))
            continue;
        if (len == ret_size)
            return SHOJI_URL_TOO_LONG;
        ret[len++] = host.ptr[i];
    }
    *ret_len = len;
    return 0;
}

/* Percent-decodes in place, once: "%2541" is "%41". */
static size_t host_decode(char *name, size_t len)
{
    size_t to = 0;
    for (size_t from = 0; from < len; from++) {
        name[to] = name[from];
        if (name[from] == '%' && len - from > 2) {
            int high = url_text_hex(name[from + 1]);
            int low = url_text_hex(name[from + 2]);
            if (high >= 0 && low >= 0) {
                name[to] = (char)(high << 4 | low);
                from += 2;
            }
        }
        to++;
    }
    return to;
}

/* In place. A malformed UTF-8 sequence would become U+FFFD, which no host may contain. */
static int host_to_ascii(char name[SHOJI_URL_MAX], size_t *len)
{
    struct span decoded = {name, *len};
    if (host_is_ascii(decoded)) {
        for (size_t i = 0; i < decoded.len; i++)
            name[i] = ascii_lower(name[i]);
        return 0;
    }
    for (size_t at = 0; at < decoded.len;)
        if (url_text_next(decoded, &at) == 0xFFFD)
            return SHOJI_URL_INVALID;
    UNCLEARED char ascii[SHOJI_URL_MAX];
    size_t ascii_len;
    int r = host_idna_to_ascii(decoded.ptr, decoded.len, ascii, &ascii_len);
    if (r != 0)
        return r;
    memcpy(name, ascii, ascii_len);
    *len = ascii_len;
    return 0;
}

/* Brackets hold an IPv6 address, in which nothing is percent-decoded. */
static int host_add_bracketed(struct span host, struct url_writer *out)
{
    char text[64]; /* longer than any address */
    size_t len;
    if (host_copy(host, text, sizeof(text), &len) != 0)
        return SHOJI_URL_INVALID;
    if (len < 2 || text[len - 1] != ']')
        return SHOJI_URL_INVALID;
    return url_ip_add_v6((struct span){text + 1, len - 2}, out);
}

int url_host_add(struct span host, struct url_writer *out)
{
    while (host.len > 0 && url_text_ignored(host.ptr[0]))
        host = span_part(host, 1, host.len);
    if (span_starts(host, SPAN("[")))
        return host_add_bracketed(host, out);

    UNCLEARED char name[SHOJI_URL_MAX];
    size_t len;
    int r = host_copy(host, name, sizeof(name), &len);
    if (r != 0)
        return r;
    len = host_decode(name, len);
    r = host_to_ascii(name, &len);
    if (r != 0)
        return r;
    struct span canonical = {name, len};
    if (len == 0 || host_has_forbidden(canonical))
        return SHOJI_URL_INVALID;
    if (url_ip_is_numeric(canonical))
        return url_ip_add_v4(canonical, out);
    url_text_add(out, canonical);
    return out->full ? SHOJI_URL_TOO_LONG : 0;
}
