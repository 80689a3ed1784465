#include "lib/url_text.h"

#include <shoji/url.h>

#include <unicode/utf8.h>

void url_text_add(struct url_writer *out, struct span text)
{
    if (text.len > SHOJI_URL_MAX - out->len)
        out->full = true;
    if (out->full)
        return;
    if (text.len > 0)
        memcpy(out->ptr + out->len, text.ptr, text.len);
    out->len += text.len;
}

int32_t url_text_next(struct span text, size_t *at)
{
    const uint8_t *bytes = (const uint8_t *)text.ptr;
    int32_t code_point;
    U8_NEXT_OR_FFFD(bytes, *at, text.len, code_point);
    return code_point;
}

void url_text_add_code_point(struct url_writer *out, int32_t code_point)
{
    char bytes[U8_MAX_LENGTH];
    size_t len = 0;
    U8_APPEND_UNSAFE(bytes, len, code_point);
    url_text_add(out, (struct span){bytes, len});
}

static bool text_in_set(char c, enum url_text_set set)
{
    if (c <= ' ' || c > '~') /* where char is signed, bytes above 0x7F are below ' ' */
        return true;
    switch (c) {
    case '"':
    case '#':
    case '<':
    case '>':
        return true;
    case '\'':
        return set == URL_TEXT_QUERY; /* the special-query set: http and https only */
    case '?':
    case '^':
    case '`':
    case '{':
    case '}':
        return set == URL_TEXT_PATH;
    default:
        return false;
    }
}

static void text_add_escape(struct url_writer *out, unsigned char byte)
{
    static const char digits[] = "0123456789ABCDEF";
    char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    url_text_add(out, (struct span){escape, sizeof(escape)});
}

void url_text_add_encoded(struct url_writer *out, struct span text, enum url_text_set set)
{
    size_t at = 0;
    while (at < text.len && !out->full) {
        size_t from = at;
        while (at < text.len && !text_in_set(text.ptr[at], set))
            at++;
        url_text_add(out, span_part(text, from, at - from));
        if (at == text.len)
            return;
        if (url_text_ignored(text.ptr[at])) {
            at++;
            continue;
        }
        char bytes[U8_MAX_LENGTH];
        size_t len = 0;
        int32_t code_point = url_text_next(text, &at);
        U8_APPEND_UNSAFE(bytes, len, code_point);
        for (size_t i = 0; i < len; i++)
            text_add_escape(out, (unsigned char)bytes[i]);
    }
}
