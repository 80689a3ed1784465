#include "lib/html_srcset.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* One descriptor: a number and x, w or h, in the standard's "valid" forms. */
static bool is_descriptor(struct span s)
{
    if (s.len < 2 || s.len > 16)
        return false;
    char unit = s.ptr[s.len - 1];
    if (unit != 'x' && unit != 'w' && unit != 'h')
        return false;
    size_t points = 0, digits = 0;
    for (size_t i = 0; i + 1 < s.len; i++) {
        if (is_digit(s.ptr[i]))
            digits++;
        else if (s.ptr[i] == '.' && unit == 'x' && points == 0)
            points++;
        else
            return false;
    }
    return digits > 0 && s.ptr[s.len - 2] != '.';
}

/* What stands between the URL and the comma that ends the candidate, parentheses minded. */
static struct span take_descriptors(struct span *rest)
{
    size_t depth = 0, len = 0;
    for (; len < rest->len; len++) {
        char c = rest->ptr[len];
        if (c == '(')
            depth = 1; /* the standard's "in parens" state does not nest */
        else if (c == ')')
            depth = 0;
        else if (c == ',' && depth == 0)
            break;
    }
    struct span taken = span_part(*rest, 0, len);
    *rest = span_part(*rest, len < rest->len ? len + 1 : len, rest->len);
    return span_trim(taken);
}

/* Gives one w or x of the descriptors; false when they are in error. */
static bool choose(struct span descriptors, struct span *ret)
{
    bool chosen = false;
    *ret = (struct span){0};
    while (descriptors.len > 0) {
        size_t len = 0;
        while (len < descriptors.len && !ascii_is_space(descriptors.ptr[len]))
            len++;
        struct span one = span_part(descriptors, 0, len);
        descriptors = span_trim(span_part(descriptors, len, descriptors.len));
        if (!is_descriptor(one))
            return false;
        if (one.ptr[one.len - 1] == 'h')
            continue; /* for a future that did not come: read, and of no effect */
        if (chosen)
            return false;
        *ret = one;
        chosen = true;
    }
    return true;
}

bool srcset_next(struct span *rest, struct srcset_candidate *ret)
{
    for (;;) {
        while (rest->len > 0 && (ascii_is_space(rest->ptr[0]) || rest->ptr[0] == ','))
            *rest = span_part(*rest, 1, rest->len);
        if (rest->len == 0)
            return false;
        size_t len = 0;
        while (len < rest->len && !ascii_is_space(rest->ptr[len]))
            len++;
        struct span url = span_part(*rest, 0, len);
        *rest = span_part(*rest, len, rest->len);
        struct span descriptors = {0};
        bool comma = url.ptr[url.len - 1] == ',';
        while (url.len > 0 && url.ptr[url.len - 1] == ',')
            url.len--;
        if (!comma)
            descriptors = take_descriptors(rest);
        ret->url = url;
        if (choose(descriptors, &ret->descriptor))
            return true;
    }
}
