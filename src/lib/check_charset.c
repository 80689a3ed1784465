/* A document in bytes: what it is in each of the charsets that somebody may read it in. */
#include "lib/check.h"

#include <stdint.h>

#define HEAD 4096 /* bytes in which a document may name its charset: browsers look at 1024 */

/* Those in which ASCII is ASCII and nothing else is: reading bytes is reading text. */
static bool is_plain(struct span charset)
{
    static const char *const begins[] = {"utf-8",   "utf8",  "us-ascii",    "ascii", "iso-8859",
                                         "iso8859", "latin", "windows-125", "cp125", "koi8",
                                         "tis-620", "x-mac", "macintosh"};
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (span_equal_nocase(span_part(charset, 0, strlen(begins[i])), span_of(begins[i])))
            return true;
    return charset.len == 0;
}

static void read_as(struct check_run *run, struct span bytes, struct span charset)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    if (is_plain(charset) || !check_pay(run, 2 * bytes.len))
        return;
    int r = check_decode_charset(bytes, charset, &text);
    if (r < 0)
        run->error = r;
    else if (r == 0)
        check_html(run, buf_span(&text));
}

static bool is_label(char c)
{
    return (unsigned char)c > ' ' && !strchr("\"'>/;?", c);
}

/* The label behind `charset` or `encoding` in a tag, from *at on, which goes on; or nothing. */
static struct span next_label(struct span tag, size_t *at)
{
    for (; *at + 8 < tag.len; ++*at) {
        struct span s = span_part(tag, *at, tag.len);
        size_t len = span_equal_nocase(span_part(s, 0, 7), SPAN("charset"))    ? 7
                     : span_equal_nocase(span_part(s, 0, 8), SPAN("encoding")) ? 8
                                                                               : 0;
        if (len == 0)
            continue;
        while (len < s.len && s.ptr[len] && strchr(" \t\r\n=\"'", s.ptr[len]))
            len++;
        size_t end = len;
        while (end < s.len && end - len < 40 && is_label(s.ptr[end]))
            end++;
        *at += end;
        if (end > len)
            return span_part(s, len, end - len);
    }
    return SPAN("");
}

/* Elements of meta and XML declarations may name a charset; text that speaks of one does not. */
static void read_labels(struct check_run *run, struct span bytes, struct span known)
{
    struct span head = span_part(bytes, 0, HEAD);
    while (head.len > 1) {
        const char *open = memchr(head.ptr, '<', head.len);
        head = span_part(head, open ? (size_t)(open - head.ptr) + 1 : head.len, head.len);
        if (head.len == 0 || !strchr("mM?", head.ptr[0]))
            continue;
        const char *close = memchr(head.ptr, '>', head.len);
        struct span tag = span_part(head, 0, close ? (size_t)(close - head.ptr) : head.len);
        struct span label;
        for (size_t at = 0; (label = next_label(tag, &at)).len > 0;)
            if (!span_equal_nocase(label, known))
                read_as(run, bytes, label);
        head = span_part(head, tag.len, head.len);
    }
}

void check_document(struct check_run *run, struct span bytes, struct span charset)
{
    check_html(run, bytes);
    read_as(run, bytes, charset);
    read_labels(run, bytes, charset);
    if (bytes.len == 0 || !memchr(bytes.ptr, '\0', bytes.len))
        return;
    /* Old readers drop NUL; and it makes ASCII of UTF-16 and UTF-32. */
    CLEANUP(buf_free) struct buf dropped = BUF_INIT(bytes.len + 1);
    int r = check_drop_nul(bytes, &dropped);
    if (r < 0)
        run->error = r;
    else
        check_html(run, buf_span(&dropped));
}
