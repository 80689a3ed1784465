#include "milter/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t line_len(struct span rest)
{
    const char *lf = memchr(rest.ptr, '\n', rest.len);
    return lf ? (size_t)(lf - rest.ptr) + 1 : rest.len;
}

static bool is_end(struct span line)
{
    return span_equal(line, SPAN("\r\n")) || span_equal(line, SPAN("\n"));
}

static bool goes_on(struct span rest)
{
    return rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t');
}

static struct span without_line_end(struct span text)
{
    if (text.len > 0 && text.ptr[text.len - 1] == '\n')
        text.len--;
    if (text.len > 0 && text.ptr[text.len - 1] == '\r')
        text.len--;
    return text;
}

static int add(struct fields *fields, struct span text)
{
    const char *colon = memchr(text.ptr, ':', text.len);
    if (!colon)
        return 0;
    /* Grown in powers of two. */
    if ((fields->count & (fields->count - 1)) == 0) {
        size_t room = fields->count ? 2 * fields->count : 1;
        struct field *rows = reallocarray(fields->rows, room, sizeof(*rows));
        if (!rows)
            return -ENOMEM;
        fields->rows = rows;
    }
    size_t name_len = (size_t)(colon - text.ptr);
    /* Blanks before the colon (RFC 5322 section 4.5) are no part of the name: an MTA would look for
     * a field with them in vain, and add a second one. */
    fields->rows[fields->count++] = (struct field){
        .name = span_trim(span_part(text, 0, name_len)),
        .value = span_part(text, name_len + 1, text.len),
    };
    return 0;
}

static int compare_names(struct span a, struct span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return (unsigned char)ascii_lower(a.ptr[i]) < (unsigned char)ascii_lower(b.ptr[i]) ? -1
                                                                                               : 1;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* By name, and within a name in the order of the header. */
static int compare(const void *a, const void *b)
{
    const struct field *const *left = a, *const *right = b;
    int by_name = compare_names((*left)->name, (*right)->name);
    return by_name ? by_name : *left < *right ? -1 : *left > *right;
}

static int by_name(const struct fields *fields, struct field ***ret)
{
    struct field **sorted = calloc(fields->count + 1, sizeof(struct field *));
    if (!sorted)
        return -ENOMEM;
    for (size_t i = 0; i < fields->count; i++)
        sorted[i] = &fields->rows[i];
    qsort(sorted, fields->count, sizeof(struct field *), compare);
    *ret = sorted;
    return 0;
}

static int number_all(struct fields *fields)
{
    struct field **sorted;
    int r = by_name(fields, &sorted);
    for (size_t i = 0; i < fields->count && r == 0; i++) {
        bool again = i > 0 && compare_names(sorted[i - 1]->name, sorted[i]->name) == 0;
        sorted[i]->number = again ? sorted[i - 1]->number + 1 : 1;
    }
    if (r == 0)
        free(sorted);
    return r;
}

int fields_read(struct span message, struct fields *ret, size_t *ret_body)
{
    CLEANUP(fields_free) struct fields fields = {0};
    struct span rest = message;
    while (rest.len > 0) {
        size_t len = line_len(rest);
        if (is_end(span_part(rest, 0, len))) {
            rest = span_part(rest, len, rest.len);
            break;
        }
        while (len < rest.len && goes_on(span_part(rest, len, rest.len)))
            len += line_len(span_part(rest, len, rest.len));
        int r = add(&fields, without_line_end(span_part(rest, 0, len)));
        if (r < 0)
            return r;
        rest = span_part(rest, len, rest.len);
    }
    int r = number_all(&fields);
    if (r < 0)
        return r;
    *ret_body = message.len - rest.len;
    *ret = fields;
    fields = (struct fields){0};
    return 0;
}

void fields_free(struct fields *fields)
{
    free(fields->rows);
    *fields = (struct fields){0};
}

/* The same text, but for the "\r" of line ends. */
static bool is_same(struct span a, struct span b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.len && a.ptr[i] == '\r')
            i++;
        while (j < b.len && b.ptr[j] == '\r')
            j++;
        if (i == a.len || j == b.len)
            return i == a.len && j == b.len;
        if (a.ptr[i++] != b.ptr[j++])
            return false;
    }
}

/* For each of `from`, its like in `to`, or NULL: merges both by name and number. The rest of `to`
 * has none: `fresh`. */
struct pairs {
    struct field **from, **to;
    const struct field **likes;
    bool *fresh;
};

static void pairs_free(struct pairs *pairs)
{
    free(pairs->from);
    free(pairs->to);
    free(pairs->likes);
    free(pairs->fresh);
}

static int pair(const struct fields *from, const struct fields *to, struct pairs *pairs)
{
    pairs->likes = calloc(from->count + 1, sizeof(struct field *));
    pairs->fresh = calloc(to->count + 1, sizeof(bool));
    int r = pairs->likes && pairs->fresh ? by_name(from, &pairs->from) : -ENOMEM;
    if (r == 0)
        r = by_name(to, &pairs->to);
    size_t i = 0, j = 0;
    while (r == 0 && j < to->count) {
        const struct field *a = i < from->count ? pairs->from[i] : NULL, *b = pairs->to[j];
        int order = a ? compare_names(a->name, b->name) : 1;
        if (order == 0)
            order = a->number < b->number ? -1 : a->number > b->number;
        if (order == 0)
            pairs->likes[a - from->rows] = b;
        if (order > 0)
            pairs->fresh[b - to->rows] = true;
        i += order <= 0;
        j += order >= 0;
    }
    return r;
}

int fields_difference(const struct fields *from, const struct fields *to,
                      int (*change)(void *ctx, const struct field_change *change), void *ctx)
{
    CLEANUP(pairs_free) struct pairs pairs = {0};
    int r = pair(from, to, &pairs);
    /* From the end: what is removed must not shift the numbers of those before it. */
    for (size_t i = from->count; i > 0 && r == 0; i--) {
        const struct field *row = &from->rows[i - 1], *like = pairs.likes[i - 1];
        struct field_change step = {.name = row->name, .number = row->number};
        if (like && is_same(row->value, like->value))
            continue;
        if (like)
            step.value = like->value;
        r = change(ctx, &step);
    }
    for (size_t i = 0; i < to->count && r == 0; i++) {
        const struct field_change step = {.name = to->rows[i].name, .value = to->rows[i].value};
        if (pairs.fresh[i])
            r = change(ctx, &step);
    }
    return r;
}
