/* A part of a message: what its header says, in all readings, and what its body loads. */
#include "lib/check.h"

#include <stdio.h>

/* ---- the header ---- */

struct type_row {
    const char *type;
    unsigned kind;
    bool even_attached;
};

/* Compared as beginnings. An attachment of these is opened by a person, the others by a client. */
static const struct type_row types[] = {
    {"multipart", CHECK_MULTIPART, true},
    {"message/rfc822", CHECK_MESSAGE, true},
    {"message/global", CHECK_MESSAGE, true},
    {"message/news", CHECK_MESSAGE, true},
    {"message/external-body", CHECK_EXTERNAL, true},
    {"message/partial", CHECK_PARTIAL, true},
    {"text/xml", CHECK_HTML, false},
    {"application/xml", CHECK_HTML, false},
    {"text/xsl", CHECK_HTML, false},
    {"application/xslt", CHECK_HTML, false},
    {"image/svg", CHECK_HTML, false},
    {"text/css", CHECK_STYLE, false},
    {"text/markdown", CHECK_MARKUP, false},
    {"text/x-markdown", CHECK_MARKUP, false},
    {"text/x-web-markdown", CHECK_MARKUP, false},
    {"text/enriched", CHECK_HTML, false},
    {"text/richtext", CHECK_HTML, false},
    {"text/calendar", CHECK_CALENDAR, true},
    {"text/x-vcalendar", CHECK_CALENDAR, true},
    {"text/vcard", CHECK_CALENDAR, true},
    {"text/x-vcard", CHECK_CALENDAR, true},
    {"text/directory", CHECK_CALENDAR, true},
};

/* Fields that some client loads from, or believes about the sender's picture. */
static const char *const loading_fields[] = {
    "X-Mozilla-External-Attachment-URL",
    "X-Mozilla-Cloud-Part",
    "X-Image-URL",
    "X-Avatar-URL",
    "BIMI-Location",
    "BIMI-Indicator",
};

static bool contains_nocase(struct span s, struct span part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (span_equal_nocase(span_part(s, i, part.len), part))
            return true;
    return false;
}

/* A value without comments, line ends and quotes: what is left is compared, never shown. */
static void strip_value(struct span value, struct buf *out)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\\' && i + 1 < value.len && (quoted || depth > 0)) {
            i++;
            if (depth == 0)
                buf_add_char(out, value.ptr[i]);
        } else if (c == '"' && depth == 0) {
            quoted = !quoted;
        } else if (c == '(' && !quoted) {
            depth++;
        } else if (c == ')' && !quoted && depth > 0) {
            depth--;
        } else if (depth == 0 && c != '\r' && c != '\n' && c != '\0') {
            buf_add_char(out, c);
        }
    }
}

static bool is_html_name(struct span value)
{
    static const char *const ends[] = {".htm", ".xht", ".shtm", ".html", ".xhtml", ".shtml"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (contains_nocase(value, span_of(ends[i])))
            return true;
    return false;
}

/* Every boundary that the value can be read to name: quoted or not, in pieces, put together. */
static void take_boundaries(struct span value, struct buf *out)
{
    CLEANUP(buf_free) struct buf joined = BUF_INIT(value.len + 1);
    size_t pieces = 0;
    for (size_t at = 0; at + 8 < value.len; at++) {
        if (!span_equal_nocase(span_part(value, at, 8), SPAN("boundary")))
            continue;
        size_t start = at + 8;
        while (start < value.len && value.ptr[start] != '=' && value.ptr[start] != ';')
            start++;
        if (start >= value.len || value.ptr[start] != '=')
            continue;
        do
            start++;
        while (start < value.len && ascii_is_space(value.ptr[start]));
        bool quoted = start < value.len && value.ptr[start] == '"';
        size_t end = start += quoted;
        while (end < value.len &&
               (quoted ? value.ptr[end] != '"'
                       : value.ptr[end] != ';' && !ascii_is_space(value.ptr[end])))
            end++;
        struct span boundary = span_trim(span_part(value, start, end - start));
        if (boundary.len == 0)
            continue;
        buf_add_span(&joined, boundary);
        buf_add_span(out, boundary);
        buf_add_char(out, '\0');
        pieces++;
        at = end - 1;
    }
    if (pieces > 1) {
        buf_add_span(out, buf_span(&joined));
        buf_add_char(out, '\0');
    }
}

static void take_charset(struct span plain, char *ret, size_t size)
{
    for (size_t at = 0; at + 8 < plain.len; at++) {
        if (!span_equal_nocase(span_part(plain, at, 7), SPAN("charset")))
            continue;
        size_t start = at + 7;
        while (start < plain.len && strchr("*0= \t", plain.ptr[start]))
            start++;
        size_t len = 0;
        while (start + len < plain.len && len + 1 < size && plain.ptr[start + len] != ';' &&
               !ascii_is_space(plain.ptr[start + len]))
            len++;
        memcpy(ret, plain.ptr + start, len);
        ret[len] = '\0';
        return;
    }
}

static void take_type(struct check_part *part, struct span value)
{
    CLEANUP(buf_free) struct buf plain = BUF_INIT(value.len + 1);
    strip_value(value, &plain);
    struct span text = span_trim(buf_span(&plain));
    size_t end = 0;
    while (end < text.len && text.ptr[end] != ';')
        end++;
    struct span type = span_trim(span_part(text, 0, end));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct span row = span_of(types[i].type);
        if (span_equal_nocase(span_part(type, 0, row.len), row) &&
            (types[i].even_attached || !part->attachment))
            part->kinds |= types[i].kind;
    }
    if (contains_nocase(type, SPAN("html")))
        part->kinds |= CHECK_HTML;
    part->digest |= span_equal_nocase(type, SPAN("multipart/digest"));
    part->typed |= type.len > 0 && memchr(type.ptr, '/', type.len);
    if (!span_equal_nocase(type, SPAN("text/plain")) && is_html_name(text))
        part->html_name = true;
    take_charset(text, part->charset, sizeof(part->charset));
    take_boundaries(value, &part->boundary);
    take_boundaries(buf_span(&plain), &part->boundary);
}

static void take_code(struct check_part *part, struct span value)
{
    bool coded = false;
    static const struct {
        const char *name;
        unsigned code;
    } codes[] = {{"base64", CHECK_BASE64},
                 {"quoted", CHECK_QUOTED},
                 {"uue", CHECK_UUENCODE},
                 {"uuencode", CHECK_UUENCODE}};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (contains_nocase(value, span_of(codes[i].name))) {
            part->codes |= codes[i].code;
            coded = true;
        }
    if (!coded)
        part->codes |= CHECK_IDENTITY;
}

static void take_disposition(struct check_part *part, struct span value)
{
    CLEANUP(buf_free) struct buf plain = BUF_INIT(value.len + 1);
    strip_value(value, &plain);
    struct span text = span_trim(buf_span(&plain));
    bool attached = span_equal_nocase(span_part(text, 0, 10), SPAN("attachment"));
    part->attachment = attached && (!part->disposed || part->attachment);
    part->disposed = true;
    part->html_name |= is_html_name(text);
}

/* The next field and its value with all the lines it goes on for; false at the end. */
static bool next_field(struct span *block, struct span *ret_name, struct span *ret_value)
{
    while (block->len > 0) {
        size_t end = 0;
        do {
            const char *lf = memchr(block->ptr + end, '\n', block->len - end);
            end = lf ? (size_t)(lf - block->ptr) + 1 : block->len;
        } while (end < block->len && (block->ptr[end] == ' ' || block->ptr[end] == '\t'));
        struct span field = span_part(*block, 0, end);
        *block = span_part(*block, end, block->len);
        const char *colon = memchr(field.ptr, ':', field.len);
        if (!colon)
            continue;
        size_t at = (size_t)(colon - field.ptr);
        *ret_name = span_trim(span_part(field, 0, at));
        *ret_value = span_trim(span_part(field, at + 1, field.len));
        return true;
    }
    return false;
}

static void judge_field(struct check_run *run, struct span name, struct span value)
{
    for (size_t i = 0; i < sizeof(loading_fields) / sizeof(loading_fields[0]); i++)
        if (value.len > 0 && span_equal_nocase(name, span_of(loading_fields[i])))
            check_found(run, &(struct check_spot){.attribute = name}, NULL, value);
}

void check_part_read(struct check_run *run, struct span block, struct check_part *ret)
{
    struct span name, value;
    /* Each value is read as it stands and decoded, and each time in pieces and put together. */
    *ret = (struct check_part){.fields = block, .boundary = BUF_INIT(5 * block.len + 16)};
    if (!check_pay(run, 2 * block.len))
        return;
    for (struct span rest = block; next_field(&rest, &name, &value);)
        if (span_equal_nocase(name, SPAN("Content-Disposition")))
            take_disposition(ret, value);
    for (struct span rest = block; next_field(&rest, &name, &value);) {
        if (span_equal_nocase(name, SPAN("Content-Type")))
            take_type(ret, value);
        else if (span_equal_nocase(name, SPAN("Content-Transfer-Encoding")))
            take_code(ret, value);
        else
            judge_field(run, name, value);
    }
    if (ret->codes == 0)
        ret->codes = CHECK_IDENTITY;
    if (ret->html_name && !ret->attachment)
        ret->kinds |= CHECK_HTML;
    if (buf_error(&ret->boundary))
        run->error = buf_error(&ret->boundary);
}

void check_part_free(struct check_part *part)
{
    buf_free(&part->boundary);
}
