#include "lib/html_link.h"

#include "lib/image_ref.h"

static bool starts_nocase(struct span s, struct span prefix)
{
    return span_equal_nocase(span_part(s, 0, prefix.len), prefix);
}

/*
 * mailto: without the parameters that make some clients attach a file of the reader's ("Mailto: Me
 * Your Secrets", Müller et al. 2020). Names are compared after percent-decoding what could hide
 * them.
 */
static bool attaches(struct span parameter)
{
    char name[16];
    size_t len = 0;
    for (size_t i = 0; i < parameter.len && parameter.ptr[i] != '=' && len < sizeof(name); i++) {
        char c = parameter.ptr[i];
        if (c == '%' && i + 2 < parameter.len) {
            char hex[3] = {parameter.ptr[i + 1], parameter.ptr[i + 2], '\0'};
            c = (char)strtoul(hex, NULL, 16);
            i += 2;
        }
        name[len++] = ascii_lower(c);
    }
    return span_starts((struct span){name, len}, SPAN("attach"));
}

static void write_mailto(struct span url, struct buf *out)
{
    const char *query = memchr(url.ptr, '?', url.len);
    size_t head = query ? (size_t)(query - url.ptr) : url.len;
    buf_add_text(out, "mailto:");
    buf_add(out, url.ptr + 7, head - 7);
    struct span rest = span_part(url, head + 1, url.len);
    char separator = '?';
    while (rest.len > 0) {
        size_t len = 0;
        while (len < rest.len && rest.ptr[len] != '&')
            len++;
        struct span parameter = span_part(rest, 0, len);
        rest = span_part(rest, len + 1, rest.len);
        /* "&amp;attach=" written twice over: the name then begins behind the ';'. */
        const char *behind = memchr(parameter.ptr, ';', parameter.len);
        size_t skip = behind ? (size_t)(behind - parameter.ptr) + 1 : 0;
        if (parameter.len == 0 || attaches(parameter) ||
            attaches(span_part(parameter, skip, parameter.len)))
            continue;
        buf_add_char(out, separator);
        buf_add_span(out, parameter);
        separator = '&';
    }
}

/* An http(s) URL as written, its scheme in lower case. */
static bool write_absolute(struct span url, struct buf *out)
{
    bool https = starts_nocase(url, SPAN("https://"));
    if (!https && !starts_nocase(url, SPAN("http://")))
        return false;
    size_t scheme = https ? 5 : 4;
    if (url.len <= scheme + 3)
        return false;
    buf_add_text(out, https ? "https" : "http");
    buf_add_span(out, span_part(url, scheme, url.len));
    return true;
}

static int write_resolved(struct span url, const char *base, struct buf *out)
{
    UNCLEARED char canonical[SHOJI_URL_MAX + 1];
    size_t len;
    int r = image_ref_canonical(url, base, canonical, &len);
    if (r != 0)
        return r < 0 ? r : LINK_DROPPED;
    buf_add(out, canonical, len);
    const char *fragment = memchr(url.ptr, '#', url.len);
    if (fragment)
        buf_add(out, fragment, url.len - (size_t)(fragment - url.ptr));
    return 0;
}

static int write_link(struct span url, const char *base, struct buf *out)
{
    if (url.len == 0)
        return LINK_DROPPED;
    if (url.ptr[0] == '#') {
        buf_add_span(out, url);
        return LINK_LOCAL;
    }
    if (starts_nocase(url, SPAN("mailto:"))) {
        write_mailto(url, out);
        return LINK_LOCAL;
    }
    if (starts_nocase(url, SPAN("tel:")) || starts_nocase(url, SPAN("cid:"))) {
        buf_add_char(out, ascii_lower(url.ptr[0]));
        buf_add_char(out, ascii_lower(url.ptr[1]));
        buf_add_char(out, ascii_lower(url.ptr[2]));
        buf_add_span(out, span_part(url, 3, url.len));
        return LINK_LOCAL;
    }
    return write_absolute(url, out) ? 0 : write_resolved(url, base, out);
}

int html_link(struct span raw, const char *base, struct buf *out)
{
    CLEANUP(buf_free) struct buf copy = BUF_INIT(SIZE_MAX / 2);
    struct span url = image_ref_stripped(raw, &copy);
    if (buf_error(&copy))
        return buf_error(&copy);
    int r = write_link(url, base, out);
    return buf_error(out) ? buf_error(out) : r;
}
