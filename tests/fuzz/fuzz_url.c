/* Whatever shoji_url_canonical gives is canonical, harmless to write anywhere, and splits. */
#include "base/err.h"

#include <shoji/url.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_text(const char *url, size_t len)
{
    must(len <= SHOJI_URL_MAX && url[len] == '\0');
    for (size_t i = 0; i < len; i++)
        must(url[i] > ' ' && url[i] <= '~' && !strchr("#<>", url[i]));
}

static void check_host(const struct shoji_url_parts *parts)
{
    const char *forbidden = parts->host[0] == '[' ? "#%/<>?@\\^|" : "#%/:<>?@[\\]^|";
    must(parts->host_len > 0);
    for (size_t i = 0; i < parts->host_len; i++) {
        must(!strchr(forbidden, parts->host[i]));
        must(parts->host[i] < 'A' || parts->host[i] > 'Z');
    }
}

/* What is canonical as it stands goes a short way. A tab, which the parser steps over, sends it the
 * long one, and both must come to the same. */
static void check_both_ways(const char *url, size_t len)
{
    char tabbed[SHOJI_URL_MAX + 2];
    char again[SHOJI_URL_MAX + 1];
    size_t again_len;
    tabbed[0] = url[0];
    tabbed[1] = '\t';
    memcpy(tabbed + 2, url + 1, len - 1);
    must(shoji_url_canonical(tabbed, len + 1, NULL, again, &again_len) == 0);
    must(again_len == len && memcmp(url, again, len) == 0);
}

static void check(const char *in, size_t in_len, const char *base)
{
    char once[SHOJI_URL_MAX + 1];
    char twice[SHOJI_URL_MAX + 1];
    size_t once_len;
    size_t twice_len;
    if (shoji_url_canonical(in, in_len, base, once, &once_len) != 0)
        return;
    check_text(once, once_len);
    must(shoji_url_canonical(once, once_len, NULL, twice, &twice_len) == 0);
    must(twice_len == once_len && memcmp(once, twice, once_len) == 0);
    check_both_ways(once, once_len);
    struct shoji_url_parts parts;
    must(shoji_url_split(once, once_len, &parts) == 0);
    check_host(&parts);
    must(parts.target_len > 0 && parts.target[0] == '/');
    /* The URL standard lets a host hold quotes; behind it they are escaped. */
    must(!memchr(parts.target, '"', parts.target_len));
    must(parts.target + parts.target_len == once + once_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    check((const char *)bytes, len, NULL);
    check((const char *)bytes, len, "https://example.org/a/b?c");
    return 0;
}
