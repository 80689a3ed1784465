#include "lib/mime_code.h"

#include <sodium.h>
#include <stdint.h>

#define QP_LINE     75 /* characters before the soft break's '=': RFC 2045 section 6.7 rule 5 */
#define BASE64_LINE 57 /* bytes that make 76 characters */

enum mime_code mime_code_find(struct span name)
{
    name = span_trim(name);
    if (name.len == 0 || span_equal_nocase(name, SPAN("7bit")) ||
        span_equal_nocase(name, SPAN("8bit")) || span_equal_nocase(name, SPAN("binary")))
        return MIME_CODE_IDENTITY;
    if (span_equal_nocase(name, SPAN("quoted-printable")))
        return MIME_CODE_QP;
    if (span_equal_nocase(name, SPAN("base64")))
        return MIME_CODE_BASE64;
    return MIME_CODE_UNKNOWN;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many blanks stand at `at`, and does the line (or all) end behind them? The line end is
 * counted when `with_end`. */
static size_t line_tail(struct span in, size_t at, bool with_end, bool *ret_ends)
{
    size_t i = at;
    while (i < in.len && (in.ptr[i] == ' ' || in.ptr[i] == '\t'))
        i++;
    size_t end = i;
    if (end < in.len && in.ptr[end] == '\r')
        end++;
    if (end < in.len && in.ptr[end] == '\n')
        end++;
    *ret_ends = end > i || i == in.len;
    return *ret_ends ? (with_end ? end : i) - at : i - at;
}

/* A blank that something visible follows stands for itself, and ends no line. */
static bool is_inner_blank(struct span in, size_t at)
{
    return (in.ptr[at] == ' ' || in.ptr[at] == '\t') && at + 1 < in.len &&
           (unsigned char)in.ptr[at + 1] > ' ';
}

static int decode_qp(struct span in, struct buf *out)
{
    size_t i = 0;
    while (i < in.len) {
        bool ends = false;
        char c = in.ptr[i];
        if (c == ' ' || c == '\t') {
            size_t blanks = line_tail(in, i, false, &ends);
            if (!ends)
                buf_add(out, in.ptr + i, blanks);
            i += blanks;
            continue;
        }
        if (c != '=') {
            size_t from = i;
            while (i < in.len && in.ptr[i] != '=' &&
                   ((in.ptr[i] != ' ' && in.ptr[i] != '\t') || is_inner_blank(in, i)))
                i++;
            buf_add(out, in.ptr + from, i - from);
            continue;
        }
        int high = i + 1 < in.len ? hex_value(in.ptr[i + 1]) : -1;
        int low = i + 2 < in.len ? hex_value(in.ptr[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            buf_add_char(out, (char)(high * 16 + low));
            i += 3;
            continue;
        }
        size_t tail = line_tail(in, i + 1, true, &ends);
        if (ends) {
            i += 1 + tail;
        } else {
            buf_add_char(out, '=');
            i++;
        }
    }
    return buf_error(out);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding in the middle ends a group, not the text: two encoded pieces put together decode whole.
 */
static int decode_base64(struct span in, struct buf *out)
{
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < in.len; i++) {
        int value = base64_value(in.ptr[i]);
        if (value < 0) {
            if (in.ptr[i] == '=')
                count = 0;
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buf_add_char(out, (char)(bits >> count & 0xff));
        }
        if (buf_error(out))
            break;
    }
    return buf_error(out);
}

int mime_code_decode(enum mime_code code, struct span in, struct buf *out)
{
    switch (code) {
    case MIME_CODE_QP:
        return decode_qp(in, out);
    case MIME_CODE_BASE64:
        return decode_base64(in, out);
    case MIME_CODE_IDENTITY:
    case MIME_CODE_UNKNOWN:
        break;
    }
    return buf_add_span(out, in);
}

/* At the start of a line: would it look like a boundary, an mbox separator or the end of SMTP data?
 */
static bool is_guarded(struct span rest)
{
    return span_starts(rest, SPAN("--")) || span_starts(rest, SPAN("From ")) || rest.ptr[0] == '.';
}

static bool is_plain(unsigned char c)
{
    return c > ' ' && c < 0x7f && c != '=';
}

/* How many characters from `at` on, up to `max`, stand for themselves within a line. Most do. */
static size_t plain_run(struct span in, size_t at, size_t max)
{
    size_t i = at, end = max < in.len - at ? at + max : in.len;
    while (i < end && (is_plain((unsigned char)in.ptr[i]) || is_inner_blank(in, i)))
        i++;
    return i - at;
}

/* `nl` begins with a control character, as line ends do. */
int mime_code_qp(struct span in, struct span nl, struct span eol, struct buf *out)
{
    size_t column = 0;
    for (size_t i = 0; i < in.len;) {
        size_t run = column > 0 ? plain_run(in, i, QP_LINE - column) : 0;
        if (run > 0) {
            buf_add(out, in.ptr + i, run);
            column += run;
            i += run;
            continue;
        }
        struct span rest = span_part(in, i, in.len - i);
        if (span_starts(rest, nl)) {
            buf_add_span(out, eol);
            column = 0;
            i += nl.len;
            continue;
        }
        if (buf_error(out))
            break;
        unsigned char c = (unsigned char)in.ptr[i];
        bool blank = c == ' ' || c == '\t';
        bool last = blank && (rest.len == 1 || span_starts(span_part(rest, 1, rest.len - 1), nl));
        bool plain = blank ? !last : is_plain(c);
        if (column + (plain ? 1 : 3) > QP_LINE) {
            buf_add_char(out, '=');
            buf_add_span(out, eol);
            column = 0;
        }
        if (plain && (column > 0 || !is_guarded(rest))) {
            buf_add_char(out, (char)c);
            column++;
        } else {
            static const char digits[] = "0123456789ABCDEF";
            buf_add(out, (char[]){'=', digits[c >> 4], digits[c & 15]}, 3);
            column += 3;
        }
        i++;
    }
    return buf_error(out);
}

int mime_code_base64(struct span in, struct span eol, struct buf *out)
{
    for (size_t i = 0; i < in.len && !buf_error(out); i += BASE64_LINE) {
        struct span line = span_part(in, i, BASE64_LINE);
        char text[80];
        sodium_bin2base64(text, sizeof(text), (const unsigned char *)line.ptr, line.len,
                          sodium_base64_VARIANT_ORIGINAL);
        buf_add_text(out, text);
        buf_add_span(out, eol);
    }
    return buf_error(out);
}
