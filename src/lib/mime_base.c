#include "lib/mime_base.h"

#include <errno.h>

static bool is_url(struct span value, char *url, size_t *ret_len)
{
    return shoji_url_canonical(value.ptr, value.len, NULL, url, ret_len) == 0;
}

/* The first field of that name whose value is a URL. */
static bool look_for(const struct mime_pass *pass, const struct mime_part *part, struct span name,
                     struct span *ret)
{
    struct mime_fields fields = {
        .message = pass->message, .at = part->header, .end = part->header_end};
    struct mime_field field;
    char url[SHOJI_URL_MAX + 1];
    while (mime_field_next(&fields, &field)) {
        size_t len = 0;
        struct span value = field.value;
        if (!span_equal_nocase(field.name, name))
            continue;
        if (value.len >= 2 && value.ptr[0] == '"')
            value = span_part(value, 1, value.len - 2);
        if (is_url(value, url, &len)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

int mime_base_find(struct mime_pass *pass, size_t index, char *url, struct span *ret)
{
    if (!pass->bases)
        pass->bases = calloc(pass->scan.count, sizeof(*pass->bases));
    if (!pass->bases)
        return -ENOMEM;
    *ret = SPAN("");
    /* Its own header block first, then those around it. */
    for (; index != MIME_NO_PARENT; index = pass->scan.parts[index].parent) {
        const struct mime_part *part = &pass->scan.parts[index];
        struct mime_base *base = &pass->bases[index];
        struct span found = SPAN("");
        if (!base->looked && (look_for(pass, part, SPAN("Content-Base"), &found) ||
                              look_for(pass, part, SPAN("Content-Location"), &found)))
            *base =
                (struct mime_base){.at = (size_t)(found.ptr - pass->message.ptr), .len = found.len};
        base->looked = true;
        size_t len = 0;
        if (base->len > 0 && is_url(span_part(pass->message, base->at, base->len), url, &len)) {
            *ret = (struct span){url, len};
            return 0;
        }
    }
    return 0;
}
