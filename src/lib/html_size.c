#include "lib/html_size.h"

#define UNKNOWN  (-1)
#define SEEN     1000 /* percentages and what else is no small number */
#define TINY     1
#define TINY_TOO 3 /* beside a tiny side: some counters are 1 x 3 */

/* "1", "1px", " 0 ", "1.0px". */
static int length_of(struct span text)
{
    int value = 0;
    size_t i = 0;
    text = span_trim(text);
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && value < SEEN)
        value = value * 10 + (text.ptr[i++] - '0');
    if (i == 0)
        return UNKNOWN;
    if (i < text.len && text.ptr[i] == '.')
        for (i++; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
            value += text.ptr[i] != '0';
    struct span unit = span_trim(span_part(text, i, text.len));
    const char *mark = memchr(unit.ptr, '!', unit.len); /* !important */
    unit = span_trim(span_part(unit, 0, mark ? (size_t)(mark - unit.ptr) : unit.len));
    bool pixels =
        unit.len == 0 || span_equal_nocase(unit, SPAN("px")) || span_equal_nocase(unit, SPAN("pt"));
    return pixels || value == 0 ? value : SEEN;
}

struct box {
    int width, height;
    bool hidden;
};

static void at_most(int *side, int limit)
{
    if (limit != UNKNOWN && (*side == UNKNOWN || limit < *side))
        *side = limit;
}

static void declare(struct span name, struct span value, struct box *box)
{
    int length = length_of(value);
    if (span_equal_nocase(name, SPAN("width")) && length != UNKNOWN)
        box->width = length;
    else if (span_equal_nocase(name, SPAN("height")) && length != UNKNOWN)
        box->height = length;
    else if (span_equal_nocase(name, SPAN("max-width")) && length <= TINY)
        at_most(&box->width, length);
    else if (span_equal_nocase(name, SPAN("max-height")) && length <= TINY)
        at_most(&box->height, length);
    else if (span_equal_nocase(name, SPAN("display")))
        box->hidden |= span_equal_nocase(span_part(value, 0, 4), SPAN("none"));
    else if (span_equal_nocase(name, SPAN("visibility")))
        box->hidden |= span_equal_nocase(span_part(value, 0, 6), SPAN("hidden"));
}

static void read_style(struct span style, struct box *box)
{
    while (style.len > 0) {
        const char *end = memchr(style.ptr, ';', style.len);
        struct span one = span_part(style, 0, end ? (size_t)(end - style.ptr) : style.len);
        style = span_part(style, one.len + 1, style.len);
        const char *colon = memchr(one.ptr, ':', one.len);
        if (!colon)
            continue;
        size_t name_len = (size_t)(colon - one.ptr);
        declare(span_trim(span_part(one, 0, name_len)),
                span_trim(span_part(one, name_len + 1, one.len)), box);
    }
}

static int attribute(const struct span *value)
{
    return value && !memchr(value->ptr, '!', value->len) ? length_of(*value) : UNKNOWN;
}

enum html_size html_size(const struct html_size_of *of)
{
    struct box box = {attribute(of->width), attribute(of->height), false};
    read_style(of->style, &box);
    int small = box.width < box.height ? box.width : box.height;
    int big = box.width < box.height ? box.height : box.width;
    bool both = small != UNKNOWN;
    bool tiny =
        both ? small <= TINY && big <= TINY_TOO : box.hidden && big != UNKNOWN && big <= TINY;
    if (tiny)
        return HTML_SIZE_TINY;
    return big > TINY_TOO ? HTML_SIZE_LARGE : HTML_SIZE_UNKNOWN;
}
