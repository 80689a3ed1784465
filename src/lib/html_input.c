#include "lib/html_input.h"

#include "base/scan.h"

/* The bytes that may follow a lead byte first: RFC 3629's table, as the Encoding standard walks it.
 */
static int lead(unsigned char c, unsigned char *ret_low, unsigned char *ret_high)
{
    *ret_low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    *ret_high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (c >= 0xC2 && c <= 0xDF)
        return 2;
    if (c >= 0xE0 && c <= 0xEF)
        return 3;
    if (c >= 0xF0 && c <= 0xF4)
        return 4;
    return 0;
}

int html_utf8_length(struct span in, size_t at)
{
    unsigned char c = (unsigned char)in.ptr[at];
    if (c < 0x80)
        return 1;
    unsigned char low, high;
    int need = lead(c, &low, &high);
    if (need == 0)
        return -1;
    for (int i = 1; i < need; i++) {
        if (at + (size_t)i >= in.len)
            return -i;
        unsigned char next = (unsigned char)in.ptr[at + (size_t)i];
        if (next < low || next > high)
            return -i;
        low = 0x80;
        high = 0xBF;
    }
    return need;
}

static size_t clean_prefix(struct span in)
{
    size_t at = 0;
    while (at < in.len) {
        at = scan_past_ascii(in, at, '\r');
        while (at < in.len && !(in.ptr[at] & 0x80) && in.ptr[at] != '\r')
            at++;
        if (at == in.len || in.ptr[at] == '\r')
            break;
        int len = html_utf8_length(in, at);
        if (len < 0)
            break;
        at += (size_t)len;
    }
    return at;
}

int html_input(struct span in, struct buf *copy, struct span *ret)
{
    while (span_starts(in, SPAN("\xEF\xBB\xBF")))
        in = span_part(in, 3, in.len - 3);
    size_t at = clean_prefix(in);
    if (at == in.len) {
        *ret = in;
        return 0;
    }
    buf_add(copy, in.ptr, at);
    while (at < in.len && !buf_error(copy)) {
        size_t clean = clean_prefix(span_part(in, at, in.len - at));
        buf_add(copy, in.ptr + at, clean);
        at += clean;
        if (at == in.len)
            break;
        if (in.ptr[at] == '\r') {
            buf_add_char(copy, '\n');
            at += at + 1 < in.len && in.ptr[at + 1] == '\n' ? 2 : 1;
        } else {
            buf_add_text(copy, "\xEF\xBF\xBD");
            at += (size_t)-html_utf8_length(in, at);
        }
    }
    *ret = buf_span(copy);
    return buf_error(copy);
}
