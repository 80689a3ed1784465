#include "lib/html_link.h"

#include "lib/image_ref.h"
#include "lib/url_text.h"

static bool starts_nocase(struct span s, struct span prefix)
{
    return span_equal_nocase(span_part(s, 0, prefix.len), prefix);
}

/*
 * mailto: without the parameters that make some clients attach a file of the reader's ("Mailto: Me
 * Your Secrets", Müller et al. 2020). Percent codes are resolved, and a name may begin behind any
 * character that somebody takes for a separator: "&amp;attach=" written twice over has a ';' there.
 * How much of the piece stands before such a separator: all of it where none is followed so.
 * `separated`: one stands before the piece, too.
 */
static size_t before_attachment(struct span piece, bool separated)
{
    static const char word[] = "attach";
    const size_t none = sizeof(word);
    size_t matched = separated ? 0 : none, separator = 0;
    for (size_t i = 0; i < piece.len; i++) {
        size_t at = i;
        char c = piece.ptr[i];
        int high = i + 2 < piece.len && c == '%' ? url_text_hex(piece.ptr[i + 1]) : -1;
        int low = high >= 0 ? url_text_hex(piece.ptr[i + 2]) : -1;
        if (low >= 0) {
            c = (char)(high * 16 + low);
            i += 2;
        }
        matched = matched < none && ascii_lower(c) == word[matched] ? matched + 1 : none;
        if (matched == sizeof(word) - 1)
            return separator;
        if (c == '?' || c == '&' || c == ';') {
            matched = 0;
            separator = at;
        }
    }
    return piece.len;
}

static size_t piece_len(struct span s)
{
    size_t len = 0;
    while (len < s.len && s.ptr[len] != '?' && s.ptr[len] != '&')
        len++;
    return len;
}

static bool is_blank(struct span piece)
{
    for (size_t i = 0; i < piece.len; i++)
        if ((unsigned char)piece.ptr[i] > ' ')
            return false;
    return true;
}

/* What stands before the '?' is looked at, too: somebody may begin his parameters at any '&'. */
static void write_mailto(struct span url, struct buf *out)
{
    struct span rest = span_part(url, 7, url.len);
    struct span to = span_part(rest, 0, piece_len(rest));
    bool query = false, asked = false; /* a '?' was read, written */
    rest = span_part(rest, to.len, rest.len);
    buf_add_text(out, "mailto:");
    /* Without parameters, a ';' stands between addresses. */
    buf_add_span(out, span_part(to, 0, rest.len > 0 ? before_attachment(to, false) : to.len));
    while (rest.len > 0) {
        char separator = rest.ptr[0];
        rest = span_part(rest, 1, rest.len);
        struct span piece = span_part(rest, 0, piece_len(rest));
        rest = span_part(rest, piece.len, rest.len);
        query |= separator == '?';
        if (is_blank(piece) || before_attachment(piece, true) < piece.len)
            continue;
        buf_add_char(out, query && !asked ? '?' : separator);
        asked |= query;
        buf_add_span(out, piece);
    }
    /* What stands at the end now may be what nobody reads at the end of a URL. */
    size_t end = buf_error(out) ? 0 : out->len;
    while (end > 0 && (unsigned char)out->ptr[end - 1] <= ' ')
        end--;
    if (end > 0)
        buf_cut(out, end);
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
