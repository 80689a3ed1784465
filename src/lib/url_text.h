/*
 * Writing the text of a URL: a writer with a fixed ceiling, and the percent-encode sets of the
 * WHATWG URL standard (section 1.3). A writer borrows its memory, SHOJI_URL_MAX + 1 bytes; at the
 * ceiling `full` is set, what no longer fits is dropped, and the text is rubbish from there on. One
 * thread at a time; nothing here allocates.
 */
#ifndef LIB_URL_TEXT_H
#define LIB_URL_TEXT_H

#include "base/span.h"

#include <stdint.h>

struct url_writer {
    char *ptr;
    size_t len;
    bool full; /* sticky */
};

void url_text_add(struct url_writer *out, struct span text);

/* What the parser removes wherever it stands: tab, line feed, carriage return. */
static inline bool url_text_ignored(char c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/* The code point at `*at`, which moves behind it; a malformed sequence reads as U+FFFD, as the
 * Encoding standard's decoder has it. `*at` must be below text.len. */
int32_t url_text_next(struct span text, size_t *at);

void url_text_add_code_point(struct url_writer *out, int32_t code_point);

enum url_text_set { URL_TEXT_PATH, URL_TEXT_QUERY };

/* Appends `text` percent-encoded with one of the sets, without what the parser ignores. */
void url_text_add_encoded(struct url_writer *out, struct span text, enum url_text_set set);

/* The value of a hexadecimal digit, or -1. */
static inline int url_text_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
