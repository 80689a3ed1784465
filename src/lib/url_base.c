#include "lib/url_base.h"

#include "base/err.h"

static bool parts(char c)
{
    return c == ',' || ascii_is_space(c);
}

struct url_bases url_bases(const struct shoji_rewrite *how)
{
    return (struct url_bases){
        .current = span_of(how->signer.base_url ? how->signer.base_url : ""),
        .older = span_of(how->accept_base ? how->accept_base : ""),
    };
}

bool url_bases_next(struct url_bases *bases, struct span *ret)
{
    struct span one = bases->current;
    bases->current = (struct span){"", 0};
    while (one.len == 0) {
        size_t from = 0, to;
        while (from < bases->older.len && parts(bases->older.ptr[from]))
            from++;
        for (to = from; to < bases->older.len && !parts(bases->older.ptr[to]);)
            to++;
        one = span_part(bases->older, from, to - from);
        bases->older = span_part(bases->older, to, bases->older.len);
        if (one.len == 0)
            return false;
    }
    if (span_ends(one, SPAN("/")))
        one.len--;
    *ret = one;
    return true;
}

/*
 * Is it written as it is serialised, but for the '/' behind it? Most are, and then nothing has to
 * be parsed for each image. A host whose last label begins with a digit may be an address.
 */
static bool is_canonical(struct span base)
{
    size_t scheme = span_starts(base, SPAN("https://")) ? 8 : 7;
    if (scheme == 7 && !span_starts(base, SPAN("http://")))
        return false;
    char before = '.';
    bool word = false;
    for (size_t i = scheme; i < base.len; i++) {
        char c = base.ptr[i];
        bool letter = c >= 'a' && c <= 'z';
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '-')
            return false;
        if (before == '.')
            word = letter;
        before = c;
    }
    return word && before != '.';
}

static struct span behind(struct span url, struct span base)
{
    if (!span_starts(url, base) || url.len == base.len || url.ptr[base.len] != '/')
        return (struct span){0};
    return span_part(url, base.len, url.len);
}

struct span url_under_base(const struct shoji_rewrite *how, struct span url)
{
    struct url_bases bases = url_bases(how);
    struct span one;
    while (url_bases_next(&bases, &one)) {
        UNCLEARED char base[SHOJI_URL_MAX + 1];
        size_t len;
        if (is_canonical(one)) {
            struct span path = behind(url, one);
            if (path.len > 0)
                return path;
            continue;
        }
        if (shoji_url_canonical(one.ptr, one.len, NULL, base, &len) == 0 &&
            span_starts(url, (struct span){base, len})) /* `base` ends with '/' */
            return span_part(url, len - 1, url.len);
    }
    return (struct span){0};
}

struct span url_under_base_as_written(const struct shoji_rewrite *how, struct span url)
{
    struct url_bases bases = url_bases(how);
    struct span one;
    while (url_bases_next(&bases, &one))
        if (behind(url, one).len > 0)
            return behind(url, one);
    return (struct span){0};
}
