#include "lib/url_base.h"

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

struct span url_under_base(const struct shoji_rewrite *how, struct span url)
{
    struct url_bases bases = url_bases(how);
    struct span one;
    while (url_bases_next(&bases, &one)) {
        char base[SHOJI_URL_MAX + 1];
        size_t len;
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
        if (span_starts(url, one) && url.len > one.len && url.ptr[one.len] == '/')
            return span_part(url, one.len, url.len);
    return (struct span){0};
}
