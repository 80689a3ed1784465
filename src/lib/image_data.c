#include "lib/image_ref.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool starts_nocase(struct span s, struct span prefix)
{
    return span_equal_nocase(span_part(s, 0, prefix.len), prefix);
}

/*
 * The characters of a content id that no consumer of HTML or CSS can take for syntax; the others
 * are percent-encoded, which RFC 2392 provides for. '%' stays: it is encoding already.
 */
static bool is_plain_in_cid(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
           (c != '\0' && strchr("-._~@$+!%=/", c));
}

static int write_cid(struct span id, struct buf *out)
{
    if (id.len == 0)
        return IMAGE_DROPPED;
    buf_add_text(out, "cid:");
    for (size_t i = 0; i < id.len; i++) {
        if (is_plain_in_cid(id.ptr[i]))
            buf_add_char(out, id.ptr[i]);
        else
            buf_add_format(out, "%%%02X", (unsigned)(unsigned char)id.ptr[i]);
    }
    return 0;
}

static bool is_base64(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '+' ||
           c == '/';
}

/* The body of a data: URL: percent-decoded, then blanks go, as "forgiving-base64 decode" has it. */
static int write_base64(struct span body, struct buf *out)
{
    size_t digits = 0, pads = 0;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.ptr[i];
        if (c == '%' && i + 2 < body.len && hex_value(body.ptr[i + 1]) >= 0 &&
            hex_value(body.ptr[i + 2]) >= 0) {
            c = (char)(hex_value(body.ptr[i + 1]) * 16 + hex_value(body.ptr[i + 2]));
            i += 2;
        }
        if (ascii_is_space(c))
            continue;
        if (c == '=') {
            pads++;
            continue;
        }
        if (!is_base64(c) || pads > 0)
            return IMAGE_DROPPED;
        buf_add_char(out, c);
        digits++;
    }
    if (digits == 0 || digits % 4 == 1 || pads > 2 || (pads > 0 && (digits + pads) % 4 != 0))
        return IMAGE_DROPPED;
    for (; digits % 4 != 0; digits++)
        buf_add_char(out, '=');
    return 0;
}

static int write_data(struct span rest, struct buf *out)
{
    static const char *const heads[] = {"image/png;base64,", "image/jpeg;base64,",
                                        "image/jpg;base64,", "image/gif;base64,",
                                        "image/webp;base64,"};
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        struct span prefix = span_of(heads[i]);
        if (!starts_nocase(rest, prefix))
            continue;
        size_t start = out->len;
        buf_add_text(out, "data:");
        buf_add_span(out, prefix);
        int r = write_base64(span_part(rest, prefix.len, rest.len), out);
        if (r > 0 && !buf_error(out))
            buf_cut(out, start);
        return r;
    }
    return IMAGE_DROPPED;
}

int image_data(struct span url, struct buf *out)
{
    if (starts_nocase(url, SPAN("cid:")))
        return write_cid(span_part(url, 4, url.len), out);
    if (starts_nocase(url, SPAN("data:")))
        return write_data(span_part(url, 5, url.len), out);
    return IMAGE_DROPPED;
}
