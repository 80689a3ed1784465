#include "base/span.h"

#include <shoji/url.h>

/* The digits behind a host, or the default when there are none; 0 when they are no port. */
static unsigned split_port(struct span digits, unsigned fallback)
{
    if (digits.len == 0)
        return fallback;
    if (digits.ptr[0] != ':' || digits.len < 2 || digits.len > sizeof(":65535") - 1)
        return 0;
    unsigned port = 0;
    for (size_t i = 1; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return 0;
        port = port * 10 + (unsigned)(digits.ptr[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

int shoji_url_split(const char *url, size_t len, struct shoji_url_parts *ret)
{
    struct span all = {url, len};
    bool https = span_starts(all, SPAN("https://"));
    if ((!https && !span_starts(all, SPAN("http://"))) || len > SHOJI_URL_MAX)
        return SHOJI_URL_INVALID;
    struct span rest = span_part(all, https ? 8 : 7, len);
    const char *slash = memchr(rest.ptr, '/', rest.len);
    if (!slash)
        return SHOJI_URL_INVALID;
    struct span authority = span_part(rest, 0, (size_t)(slash - rest.ptr));

    size_t host_len = 0;
    const char *bracket = memchr(authority.ptr, ']', authority.len);
    if (bracket)
        host_len = (size_t)(bracket - authority.ptr) + 1;
    else
        while (host_len < authority.len && authority.ptr[host_len] != ':')
            host_len++;
    struct span digits = span_part(authority, host_len, authority.len);
    unsigned port = split_port(digits, https ? 443 : 80);
    if (host_len == 0 || (port == 0 && !span_equal(digits, SPAN(":0"))))
        return SHOJI_URL_INVALID;
    *ret = (struct shoji_url_parts){
        .https = https,
        .host = authority.ptr,
        .host_len = host_len,
        .port = port,
        .target = slash,
        .target_len = rest.len - authority.len,
    };
    return 0;
}

bool shoji_base_url_valid(const char *base_url)
{
    size_t len = strlen(base_url);
    if (len > SHOJI_BASE_MAX)
        return false;
    /* A host of the URL standard may hold quotes; what we write into mail must not. */
    for (size_t i = 0; i < len; i++) {
        char c = base_url[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (c == '\0' || !strchr(".-_:/[]", c)))
            return false;
    }
    char canonical[SHOJI_URL_MAX + 1];
    size_t canonical_len;
    if (shoji_url_canonical(base_url, len, NULL, canonical, &canonical_len) != 0)
        return false;
    /* Equal but for the slash of the empty path. */
    return canonical_len == len + 1 && memcmp(canonical, base_url, len) == 0;
}
