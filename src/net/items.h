/*
 * The items of a comma-separated configuration value, blanks around them dropped, empty ones
 * skipped. Items are borrowed from the text.
 */
#ifndef NET_ITEMS_H
#define NET_ITEMS_H

#include "base/span.h"

/* Takes the next item off `*rest`; false when none is left. */
static inline bool items_next(struct span *rest, struct span *ret)
{
    while (rest->len > 0) {
        const char *comma = memchr(rest->ptr, ',', rest->len);
        size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;
        struct span item = span_trim(span_part(*rest, 0, len));
        *rest = span_part(*rest, comma ? len + 1 : len, rest->len);
        if (item.len > 0) {
            *ret = item;
            return true;
        }
    }
    return false;
}

#endif
