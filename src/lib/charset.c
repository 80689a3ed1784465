#include "lib/charset.h"

#include "base/scan.h"
#include "lib/charset_table.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <unicode/utf8.h>

#define META_WINDOW                                                                                \
    1024             /* bytes that browsers search for <meta charset>: HTML standard 13.2.3.2      \
                      */
#define LABEL_MAX 40 /* longer than any label in the table */

const struct charset *charset_find(struct span label)
{
    char wanted[LABEL_MAX + 3];
    label = span_trim(label);
    if (label.len == 0 || label.len > LABEL_MAX)
        return NULL;
    wanted[0] = ' ';
    for (size_t i = 0; i < label.len; i++) {
        if (label.ptr[i] <= ' ')
            return NULL;
        wanted[i + 1] = ascii_lower(label.ptr[i]);
    }
    wanted[label.len + 1] = ' ';
    wanted[label.len + 2] = '\0';

    size_t count = 0;
    const struct charset *rows = charset_rows(&count);
    for (size_t i = 0; i < count; i++)
        if (strstr(rows[i].labels, wanted))
            return &rows[i];
    return NULL;
}

static const struct charset *utf8(void)
{
    return charset_find(SPAN("utf-8"));
}

static bool is_utf16(const struct charset *charset)
{
    return charset->iconv_name && strncmp(charset->iconv_name, "UTF-16", 6) == 0;
}

static bool is_wide(const struct charset *charset)
{
    return charset->iconv_name && strncmp(charset->iconv_name, "UTF-", 4) == 0;
}

static const struct charset *find_mark(struct span text, size_t *ret_len)
{
    static const struct {
        struct span bytes;
        const char *label;
    } marks[] = {
        {{"\xef\xbb\xbf", 3}, "utf-8"},    {{"\xff\xfe\0\0", 4}, "utf-32le"},
        {{"\0\0\xfe\xff", 4}, "utf-32be"}, {{"\xfe\xff", 2}, "utf-16be"},
        {{"\xff\xfe", 2}, "utf-16le"},
    };
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (span_starts(text, marks[i].bytes)) {
            *ret_len = marks[i].bytes.len;
            return charset_find(span_of(marks[i].label));
        }
    }
    *ret_len = 0;
    return NULL;
}

static size_t find_nocase(struct span text, size_t from, struct span word)
{
    for (size_t i = from; i + word.len <= text.len; i++)
        if (ascii_lower(text.ptr[i]) == word.ptr[0] &&
            span_equal_nocase(span_part(text, i, word.len), word))
            return i;
    return text.len;
}

/* The label behind the first "charset=" of a <meta> tag. A document whose tag can be read as ASCII
 * is not in UTF-16 or UTF-32, whatever it says: HTML standard 13.2.3.2, "prescan". */
static const struct charset *find_meta(struct span text)
{
    struct span head = span_part(text, 0, META_WINDOW);
    for (size_t at = 0; at < head.len; at++) {
        const char *open = memchr(head.ptr + at, '<', head.len - at);
        if (!open)
            break;
        at = (size_t)(open - head.ptr);
        if (!span_equal_nocase(span_part(head, at, 5), SPAN("<meta")))
            continue;
        const char *close = memchr(head.ptr + at, '>', head.len - at);
        struct span tag = span_part(head, at, close ? (size_t)(close - head.ptr) - at : head.len);
        size_t i = find_nocase(tag, 0, SPAN("charset"));
        if (i == tag.len)
            continue;
        struct span rest = span_trim(span_part(tag, i + 7, tag.len));
        if (rest.len == 0 || rest.ptr[0] != '=')
            continue;
        rest = span_trim(span_part(rest, 1, rest.len));
        if (rest.len > 0 && (rest.ptr[0] == '"' || rest.ptr[0] == '\''))
            rest = span_trim(span_part(rest, 1, rest.len));
        size_t len = 0;
        while (len < rest.len && !ascii_is_space(rest.ptr[len]) && !strchr("\"';/>", rest.ptr[len]))
            len++;
        const struct charset *found = charset_find(span_part(rest, 0, len));
        if (found)
            return is_wide(found) ? utf8() : found;
    }
    return NULL;
}

static bool is_utf8(struct span text)
{
    for (size_t i = 0; i < text.len;) {
        i = scan_past_ascii(text, i, '\x80');
        if (i == text.len)
            break;
        UChar32 c = 0;
        U8_NEXT((const uint8_t *)text.ptr, i, text.len, c);
        if (c < 0)
            return false;
    }
    return true;
}

/* Two readings of one text that differ in what the ASCII bytes mean. */
static bool is_conflict(const struct charset *a, const struct charset *b)
{
    if (!a || !b || a == b || (is_utf16(a) && is_utf16(b)))
        return false;
    return a->stateful || b->stateful;
}

int charset_detect(struct span text, struct span label, const struct charset **ret, size_t *ret_bom)
{
    const struct charset *mark = find_mark(text, ret_bom);
    const struct charset *named = charset_find(label);
    const struct charset *meta = find_meta(text);

    if (mark)
        *ret = mark;
    else if (named)
        *ret = named;
    else if (meta)
        *ret = meta;
    else
        *ret = is_utf8(text) ? utf8() : charset_find(SPAN("windows-1252"));

    if ((*ret)->unreadable || is_conflict(mark, named) || is_conflict(mark, meta) ||
        is_conflict(named, meta))
        return CHARSET_CONFLICT;
    return 0;
}

int charset_decode(const struct charset *charset, struct span in, struct buf *out)
{
    if (!charset->iconv_name)
        return buf_add_span(out, in);
    iconv_t conversion = iconv_open("UTF-8", charset->iconv_name);
    if (conversion == (iconv_t)-1)
        return errno == EINVAL ? -EOPNOTSUPP : -errno;

    size_t unit = is_utf16(charset) ? 2 : is_wide(charset) ? 4 : 1;
    char *from = (char *)in.ptr;
    size_t left = in.len;
    int failed = 0;
    UNCLEARED char chunk[4096];
    while (left > 0 && !buf_error(out)) {
        char *to = chunk;
        size_t room = sizeof(chunk);
        size_t done = iconv(conversion, &from, &left, &to, &room);
        failed = done == (size_t)-1 ? errno : 0;
        buf_add(out, chunk, sizeof(chunk) - room);
        if (failed == EILSEQ || failed == EINVAL) {
            buf_add_text(out, "\xef\xbf\xbd");
            size_t skip = unit < left ? unit : left;
            from += skip;
            left -= skip;
        } else if (failed && failed != E2BIG) {
            break;
        }
    }
    iconv_close(conversion);
    return buf_error(out);
}

/* Does every source that names a charset read `text` as `reading`? */
static int compare_readings(struct span text, struct span label, struct span reading)
{
    size_t bom = 0;
    const struct charset *sources[] = {find_mark(text, &bom), charset_find(label), find_meta(text)};
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (!sources[i])
            continue;
        CLEANUP(buf_free) struct buf other = BUF_INIT(8 * text.len + 64);
        int error = sources[i]->unreadable
                        ? -EOPNOTSUPP
                        : charset_decode(sources[i], span_part(text, bom, text.len), &other);
        if (error == -ENOMEM)
            return error;
        if (error || !span_equal(buf_span(&other), reading))
            return CHARSET_CONFLICT;
    }
    return 0;
}

int charset_text(struct span text, struct span label, struct buf *copy, struct span *ret)
{
    const struct charset *charset = NULL;
    size_t bom = 0;
    int r = charset_detect(text, label, &charset, &bom);
    if (r == 0 && !charset->iconv_name) {
        *ret = span_part(text, bom, text.len);
        return 0;
    }
    r = charset_read(text, label, copy);
    if (r >= 0)
        *ret = buf_span(copy);
    return r;
}

int charset_read(struct span text, struct span label, struct buf *out)
{
    const struct charset *charset = NULL;
    size_t bom = 0;
    size_t start = out->len;
    int answer = charset_detect(text, label, &charset, &bom);
    struct span rest = span_part(text, bom, text.len);
    int error = charset_decode(charset, rest, out);
    if (error == -ENOMEM || error == -E2BIG)
        return error;
    if (error) { /* iconv has no such table on this machine */
        buf_cut(out, start);
        error = buf_add_span(out, rest);
        return error ? error : CHARSET_CONFLICT;
    }
    return answer ? compare_readings(text, label, span_part(buf_span(out), start, out->len)) : 0;
}
