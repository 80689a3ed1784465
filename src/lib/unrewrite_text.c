#include "lib/unrewrite.h"

#include "lib/url_base.h"

static bool in_path(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._/-", c));
}

/* Behind what a URL may begin: not in the middle of another one. */
static bool may_begin(enum unrewrite_place place, struct span in, size_t at)
{
    if (at == 0)
        return true;
    char before = in.ptr[at - 1];
    if (ascii_is_space(before))
        return true;
    switch (place) {
    case UNREWRITE_WHOLE:
        return false;
    case UNREWRITE_SRCSET:
        return before == ',';
    case UNREWRITE_STYLE:
    case UNREWRITE_SHEET:
        break;
    }
    return strchr("('\";", before); /* ';' ends the reference that a quote may be written as */
}

/* The bytes of a URL of ours that `rest` begins with, and what it carries; 0 when there is none. */
static size_t find_ours(const struct shoji_rewrite *how, struct span rest, struct shoji_opened *ret)
{
    struct url_bases bases = url_bases(how);
    struct span base;
    while (url_bases_next(&bases, &base)) {
        if (!span_starts(rest, base) || rest.len == base.len || rest.ptr[base.len] != '/')
            continue;
        size_t end = base.len;
        while (end < rest.len && in_path(rest.ptr[end]))
            end++;
        struct span path = span_part(rest, base.len, end - base.len);
        const char *suffix = how->signer.suffix ? how->signer.suffix : "";
        if (how->keys && shoji_url_open(how->keys, suffix, path.ptr, path.len, ret) == 0)
            return end;
    }
    return 0;
}

/* Writes a canonical URL (no blanks, no '<', no '>') so that it is read back as it is. */
static void put_url(enum unrewrite_place place, struct span url, struct buf *out)
{
    bool css = place == UNREWRITE_STYLE || place == UNREWRITE_SHEET;
    for (size_t i = 0; i < url.len; i++) {
        char c = url.ptr[i];
        if (css && strchr("()'\"\\", c))
            buf_add_char(out, '\\');
        if (place == UNREWRITE_SRCSET && c == ',' && i + 1 == url.len)
            buf_add_text(out, "%2C"); /* the algorithm would take it for the end */
        else if (place == UNREWRITE_SHEET)
            buf_add_char(out, c);
        else if (c == '&')
            buf_add_text(out, "&amp;");
        else if (c == '"')
            buf_add_text(out, "&quot;");
        else if (c == '\'')
            buf_add_text(out, "&#39;");
        else
            buf_add_char(out, c);
    }
}

/* Nothing but blanks may follow a URL that is a whole value. */
static bool may_end(enum unrewrite_place place, struct span rest)
{
    return place != UNREWRITE_WHOLE || span_trim(rest).len == 0;
}

void unrewrite_text(const struct shoji_rewrite *how, enum unrewrite_place place, struct span in,
                    struct buf *out, size_t *count)
{
    size_t from = 0;
    for (size_t at = 0; at < in.len; at++) {
        const char *h = memchr(in.ptr + at, 'h', in.len - at); /* of http */
        if (!h)
            break;
        at = (size_t)(h - in.ptr);
        struct shoji_opened opened;
        struct span rest = span_part(in, at, in.len);
        size_t len = may_begin(place, in, at) ? find_ours(how, rest, &opened) : 0;
        if (len == 0 || !may_end(place, span_part(rest, len, rest.len)))
            continue;
        buf_add(out, in.ptr + from, at - from);
        put_url(place, (struct span){opened.url, opened.url_len}, out);
        ++*count;
        from = at + len;
        at = from - 1;
    }
    buf_add(out, in.ptr + from, in.len - from);
}
