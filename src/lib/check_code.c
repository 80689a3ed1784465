/* Transfer encodings and charsets, as forgiving as they come: what does not belong is passed over,
 * and nothing ends before the end. */
#include "lib/check.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding in the middle only begins a new group. */
int check_decode_base64(struct span in, struct buf *out)
{
    uint32_t group = 0;
    unsigned bits = 0;
    char *to = buf_reserve(out, in.len / 4 * 3 + 3);
    size_t len = 0;
    if (!to)
        return buf_error(out);
    for (size_t i = 0; i < in.len; i++) {
        int digit = digit_of(in.ptr[i]);
        if (in.ptr[i] == '=')
            bits = 0;
        if (digit < 0)
            continue;
        group = group << 6 | (uint32_t)digit;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        to[len++] = (char)(group >> bits & 0xff);
    }
    buf_commit(out, len);
    return 0;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Where a soft line break at `at` (the '=') ends, or 0 when there is none. */
static size_t soft_break(struct span in, size_t at)
{
    size_t end = at + 1;
    while (end < in.len && (in.ptr[end] == ' ' || in.ptr[end] == '\t'))
        end++;
    if (end < in.len && in.ptr[end] == '\r')
        end++;
    if (end < in.len && in.ptr[end] == '\n')
        end++;
    bool broken = end == in.len || in.ptr[end - 1] == '\n' || in.ptr[end - 1] == '\r';
    return broken ? end : 0;
}

int check_decode_quoted(struct span in, struct buf *out)
{
    for (size_t at = 0; at < in.len;) {
        const char *mark = memchr(in.ptr + at, '=', in.len - at);
        size_t plain = mark ? (size_t)(mark - in.ptr) : in.len;
        buf_add(out, in.ptr + at, plain - at);
        at = plain;
        if (!mark)
            break;
        size_t next = soft_break(in, at);
        int high = at + 2 < in.len ? hex_of(in.ptr[at + 1]) : -1;
        int low = high >= 0 ? hex_of(in.ptr[at + 2]) : -1;
        if (low >= 0)
            buf_add_char(out, (char)(high * 16 + low));
        else if (next == 0)
            buf_add_char(out, '=');
        at = low >= 0 ? at + 3 : next ? next : at + 1;
    }
    return buf_error(out);
}

/* Every line is data, also those around begin and end: they come out as noise. */
int check_decode_uuencode(struct span in, struct buf *out)
{
    while (in.len > 0) {
        const char *lf = memchr(in.ptr, '\n', in.len);
        struct span line = span_part(in, 0, lf ? (size_t)(lf - in.ptr) : in.len);
        in = span_part(in, line.len + 1, in.len);
        for (size_t i = 1; i + 3 < line.len; i += 4) {
            uint32_t group = 0;
            for (size_t j = 0; j < 4; j++)
                group = group << 6 | (((unsigned char)line.ptr[i + j] - 32u) & 63u);
            buf_add_char(out, (char)(group >> 16 & 0xff));
            buf_add_char(out, (char)(group >> 8 & 0xff));
            buf_add_char(out, (char)(group & 0xff));
        }
    }
    return buf_error(out);
}

static void convert(iconv_t conversion, struct span in, struct buf *out)
{
    char room[4096];
    char *from = (char *)(uintptr_t)in.ptr; /* iconv does not write there */
    size_t left = in.len;
    while (left > 0 && !buf_error(out)) {
        char *to = room;
        size_t free_len = sizeof(room);
        size_t r = iconv(conversion, &from, &left, &to, &free_len);
        buf_add(out, room, sizeof(room) - free_len);
        if (r != (size_t)-1 || errno == E2BIG || left == 0)
            continue;
        buf_add_char(out, '?');
        from++;
        left--;
    }
}

int check_decode_charset(struct span in, struct span charset, struct buf *out)
{
    char name[64];
    if (charset.len == 0 || charset.len >= sizeof(name))
        return 1;
    memcpy(name, charset.ptr, charset.len);
    name[charset.len] = '\0';
    iconv_t conversion = iconv_open("UTF-8", strcasestr(name, "utf-7") ? "UTF-7" : name);
    if (conversion == (iconv_t)-1)
        return errno == ENOMEM ? -ENOMEM : 1;
    convert(conversion, in, out);
    iconv_close(conversion);
    return buf_error(out);
}
