/* iCalendar (RFC 5545) and vCard (RFC 6350): the few properties whose value a client loads. */
#include "lib/mime_leaf.h"

#include "lib/charset.h"
#include "lib/report.h"

struct property {
    const char *name;
    bool always; /* whatever the value; otherwise only when it is a URL */
};

static const struct property properties[] = {
    {"ATTACH", false}, {"IMAGE", false}, {"X-ALT-DESC", true}, {"STYLED-DESCRIPTION", true},
    {"PHOTO", false},  {"LOGO", false},  {"SOUND", false},
};

/* A line with the lines that continue it: RFC 5545 section 3.1. */
static struct span line_unfolded(struct span text, size_t at)
{
    size_t end = at;
    do {
        const char *lf = memchr(text.ptr + end, '\n', text.len - end);
        end = lf ? (size_t)(lf - text.ptr) + 1 : text.len;
    } while (end < text.len && (text.ptr[end] == ' ' || text.ptr[end] == '\t'));
    return span_part(text, at, end - at);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* A value that begins with a scheme: all but what lies in the message itself. */
static bool has_scheme(struct span value)
{
    value = span_trim(value);
    size_t len = 0;
    while (len < value.len && (value.ptr[len] == '+' || value.ptr[len] == '-' ||
                               value.ptr[len] == '.' || is_alnum(value.ptr[len])))
        len++;
    if (len == 0 || len == value.len || value.ptr[len] != ':')
        return false;
    struct span scheme = span_part(value, 0, len);
    return !span_equal_nocase(scheme, SPAN("cid")) && !span_equal_nocase(scheme, SPAN("data"));
}

/*
 * Reads the line as a client does, without its folds, and more than once: some clients take the
 * first colon for the end of the parameters, some the first one outside of quotes, and some look
 * for "://" only.
 */
static bool is_url(struct span line)
{
    CLEANUP(buf_free) struct buf flat = BUF_INIT(line.len);
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c != '\r' && c != '\n' && (i == 0 || line.ptr[i - 1] != '\n'))
            buf_add_char(&flat, c);
    }
    if (buf_error(&flat))
        return true;
    struct span text = buf_span(&flat);
    bool quoted = false;
    size_t colons = 0;
    for (size_t i = 0; i < text.len; i++) {
        struct span rest = span_part(text, i, text.len);
        quoted ^= rest.ptr[0] == '"';
        if (rest.ptr[0] != ':')
            continue;
        if (colons++ > 0 && span_starts(rest, SPAN("://")))
            return true;
        if ((!quoted || colons == 1) && has_scheme(span_part(rest, 1, rest.len)))
            return true;
    }
    return false;
}

/* The property's name may be folded in the middle and have a group before it ("item1.PHOTO"). */
static bool is_listed(struct span line, size_t *ret_name)
{
    char name[32];
    size_t len = 0;
    *ret_name = 0;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c == ':' || c == ';')
            break;
        if (c == '\r' || c == '\n' || (i > 0 && line.ptr[i - 1] == '\n'))
            continue;
        if (c == '.') {
            len = 0;
            *ret_name = i + 1;
            continue;
        }
        if (len == sizeof(name))
            return false;
        name[len++] = c;
    }
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
        if (span_equal_nocase((struct span){name, len}, span_of(properties[i].name)))
            return properties[i].always || is_url(line);
    return false;
}

static int rename_properties(struct mime_pass *pass, struct span text, struct buf *out,
                             size_t *ret_renamed)
{
    for (size_t at = 0; at < text.len;) {
        struct span line = line_unfolded(text, at);
        size_t name = 0;
        at += line.len;
        if (is_listed(line, &name)) {
            buf_add_span(out, span_part(line, 0, name));
            buf_add_span(out, SPAN("X-REMOVED-"));
            line = span_part(line, name, line.len);
            report_neutralised(pass->html.report, SPAN("calendar-property"));
            ++*ret_renamed;
        }
        buf_add_span(out, line);
    }
    return buf_error(out);
}

int mime_leaf_properties(struct mime_pass *pass, const struct mime_part *part,
                         const struct mime_content *content, struct mime_change *change)
{
    struct span body = span_part(pass->message, part->body, part->end - part->body);
    const struct charset *charset = charset_find(span_of(content->charset));
    if (charset && charset->stateful) { /* its property names cannot be read as ASCII */
        change->type = "application/octet-stream";
        change->keep_type = true;
        change->detach = true;
        return 0;
    }
    CLEANUP(buf_free) struct buf raw = BUF_INIT(body.len);
    int error = mime_code_decode(content->code, body, &raw);
    if (error)
        return error;
    CLEANUP(buf_free) struct buf out = BUF_INIT(2 * raw.len + 4 * KiB);
    size_t renamed = 0;
    error = rename_properties(pass, buf_span(&raw), &out, &renamed);
    if (error || renamed == 0)
        return error;
    pass->properties = true;
    buf_free(&raw);
    size_t from = pass->plan.text.len;
    struct span eol = pass->header.eol;
    bool base64 = content->code == MIME_CODE_BASE64;
    change->code = base64 ? "base64" : "quoted-printable";
    error = base64 ? mime_code_base64(buf_span(&out), eol, &pass->plan.text)
                   : mime_code_qp(buf_span(&out), eol, eol, &pass->plan.text);
    return error ? error : mime_leaf_put(pass, part, from);
}
