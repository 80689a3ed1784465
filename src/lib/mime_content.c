#include "lib/mime_content.h"

#include <string.h>

struct type_kind {
    const char *type;
    enum mime_kind kind;
    bool even_attached; /* also with Content-Disposition: attachment */
};

static const struct type_kind type_kinds[] = {
    {"message/rfc822", MIME_MESSAGE, true},
    {"message/global", MIME_MESSAGE, true},
    {"message/news", MIME_MESSAGE, true},
    {"message/external-body", MIME_EXTERNAL, true},
    {"message/partial", MIME_PARTIAL, true},
    {"text/x-amp-html", MIME_AMP, true},
    {"text/css", MIME_STYLE, false},
    {"text/xsl", MIME_STYLE, false},
    {"application/xslt+xml", MIME_STYLE, false},
    {"image/svg+xml", MIME_SVG, false},
    {"image/svg", MIME_SVG, false},
    {"text/xml", MIME_HTML, false},
    {"application/xml", MIME_HTML, false},
    {"text/markdown", MIME_MARKUP, false},
    {"text/x-markdown", MIME_MARKUP, false},
    {"text/x-web-markdown", MIME_MARKUP, false},
    {"text/enriched", MIME_MARKUP, false},
    {"text/richtext", MIME_MARKUP, false},
    {"text/calendar", MIME_CALENDAR, true},
    {"text/x-vcalendar", MIME_CALENDAR, true},
    {"text/vcard", MIME_CARD, true},
    {"text/x-vcard", MIME_CARD, true},
    {"text/directory", MIME_CARD, true},
    {"application/ms-tnef", MIME_TNEF, true},
    {"application/vnd.ms-tnef", MIME_TNEF, true},
};

static void copy_lower(struct span from, char *to, size_t size)
{
    size_t len = from.len < size - 1 ? from.len : size - 1;
    for (size_t i = 0; i < len; i++)
        to[i] = ascii_lower(from.ptr[i]);
    to[len] = '\0';
}

/* A parameter that may go into a header of ours, or nothing. */
static void copy_plain(const struct mime_param *param, char *to, size_t size)
{
    to[0] = '\0';
    if (param->len >= size)
        return;
    for (size_t i = 0; i < param->len; i++)
        if (param->text[i] < ' ' || param->text[i] > '~' || strchr("\"\\", param->text[i]))
            return;
    memcpy(to, param->text, param->len);
    to[param->len] = '\0';
}

/* Does the name end in .htm, .html, .xhtml, .shtml, .xht? One that was cut may. */
static bool is_html_name(const struct mime_param *name)
{
    static const char *const ends[] = {".htm", "html", ".xht"};
    if (name->len == sizeof(name->text))
        return true;
    struct span text = span_trim((struct span){name->text, name->len});
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t len = strlen(ends[i]);
        if (text.len >= len &&
            span_equal_nocase(span_part(text, text.len - len, len), span_of(ends[i])))
            return true;
    }
    return false;
}

static enum mime_kind kind_of(const char *type, bool attachment)
{
    if (strncmp(type, "multipart", 9) == 0)
        return MIME_MULTIPART;
    for (size_t i = 0; i < sizeof(type_kinds) / sizeof(type_kinds[0]); i++)
        if (strcmp(type, type_kinds[i].type) == 0)
            return attachment && !type_kinds[i].even_attached ? MIME_OTHER : type_kinds[i].kind;
    /* text/html, application/xhtml+xml, text/x-html, html, "text/html" in quotes, ... */
    return strstr(type, "html") ? MIME_HTML : MIME_OTHER;
}

static void read_type(struct mime_content *content, struct span raw, bool first)
{
    struct mime_value value;
    struct mime_param param;
    char type[sizeof(content->type)];
    mime_value_read(raw, &value);
    copy_lower(mime_value_token(&value), type, sizeof(type));
    enum mime_kind kind = kind_of(type, content->attachment);

    char boundary[sizeof(content->boundary)];
    size_t boundary_len = 0;
    if (kind == MIME_MULTIPART) {
        mime_param_read(&value, "boundary", &param);
        memcpy(boundary, param.text, param.len);
        boundary_len = param.len;
        while (boundary_len > 0 && strchr(" \t", boundary[boundary_len - 1]))
            boundary_len--;
        content->differs |= param.odd || boundary_len != param.len;
        bool usable = boundary_len > 0 && boundary_len < sizeof(boundary);
        for (size_t i = 0; i < boundary_len; i++)
            usable &= (unsigned char)boundary[i] >= ' '; /* percent codes can spell anything */
        if (!usable)
            kind = MIME_BROKEN;
    }
    if (kind == MIME_OTHER && !content->attachment && strcmp(type, "text/plain") != 0) {
        mime_param_read(&value, "name", &param);
        if (param.found && is_html_name(&param))
            kind = MIME_HTML;
    }
    if (!first) {
        bool same = strcmp(type, content->type) == 0 && kind == content->kind &&
                    (kind != MIME_MULTIPART ||
                     span_equal((struct span){boundary, boundary_len},
                                (struct span){content->boundary, content->boundary_len}));
        content->differs |= !same;
        if (kind <= content->kind)
            return;
    }
    content->kind = kind;
    memcpy(content->type, type, sizeof(type));
    memcpy(content->boundary, boundary, boundary_len);
    content->boundary_len = kind == MIME_MULTIPART ? boundary_len : 0;
    mime_param_read(&value, "charset", &param);
    copy_plain(&param, content->charset, sizeof(content->charset));
    mime_param_read(&value, "name", &param);
    copy_plain(&param, content->name, sizeof(content->name));
}

static void read_code(struct mime_content *content, struct span raw, bool first)
{
    struct mime_value value;
    mime_value_read(raw, &value);
    enum mime_code code = mime_code_find((struct span){value.text, value.len});
    if (first)
        content->code = code;
    content->coded |= code != MIME_CODE_IDENTITY;
}

/* *found_html: an inline part, or one that says nothing, whose file name is that of an HTML file.
 */
static void read_disposition(struct mime_content *content, struct span raw, size_t nth,
                             bool *found_html)
{
    struct mime_value value;
    struct mime_param param;
    mime_value_read(raw, &value);
    bool attached = span_equal_nocase(mime_value_token(&value), SPAN("attachment"));
    content->attachment = attached && (nth == 0 || content->attachment);
    mime_param_read(&value, "filename", &param);
    *found_html |= param.found && is_html_name(&param);
}

struct seen {
    size_t types, codes, dispositions;
};

static void read_fields(struct mime_content *content, struct mime_fields fields, struct seen *seen)
{
    struct mime_fields again = fields;
    struct mime_field field;
    bool html_name = false;
    while (mime_field_next(&fields, &field)) /* first, since the kind depends on it */
        if (span_equal_nocase(field.name, SPAN("Content-Disposition")))
            read_disposition(content, field.value, seen->dispositions++, &html_name);
    while (mime_field_next(&again, &field)) {
        if (span_equal_nocase(field.name, SPAN("Content-Type")))
            read_type(content, field.value, seen->types++ == 0);
        else if (span_equal_nocase(field.name, SPAN("Content-Transfer-Encoding")))
            read_code(content, field.value, seen->codes++ == 0);
        else if (span_equal_nocase(field.name, SPAN("X-Shoji-Fallback")))
            copy_lower(field.value, content->fallback, sizeof(content->fallback));
        else if (span_equal_nocase(span_part(field.name, 0, 10), SPAN("X-Removed-")))
            content->marked = true;
    }
    if (html_name && !content->attachment && content->kind == MIME_OTHER &&
        strcmp(content->type, "text/plain") != 0)
        content->kind = MIME_HTML;
}

static bool is_dirty(struct span block)
{
    for (size_t i = 0; i < block.len; i++)
        if (mime_field_is_stray(block, i))
            return true;
    return false;
}

void mime_content_read(struct span message, size_t start, size_t end, bool in_digest,
                       struct mime_content *ret)
{
    struct mime_fields fields = {.message = message, .at = start, .end = end};
    struct seen seen = {0};
    *ret = (struct mime_content){.kind = MIME_OTHER, .code = MIME_CODE_IDENTITY};
    ret->dirty = is_dirty(span_part(message, start, end - start));
    read_fields(ret, fields, &seen);
    if (seen.types == 0 && in_digest)
        ret->kind = MIME_MESSAGE;
    if (ret->kind == MIME_MESSAGE && ret->coded && ret->code != MIME_CODE_UNKNOWN)
        ret->kind = MIME_ENCODED_MESSAGE;
}

static bool is_token(const char *type)
{
    return type[strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789/.+-_")] == '\0';
}

int mime_content_print(const struct mime_content *content, struct buf *out)
{
    if (content->kind != MIME_MULTIPART)
        return buf_add_text(out, content->type[0] ? content->type : "message/rfc822");
    buf_add_text(out, is_token(content->type) ? content->type : "multipart/mixed");
    buf_add_text(out, "; boundary=\"");
    for (size_t i = 0; i < content->boundary_len; i++) {
        if (strchr("\"\\", content->boundary[i]))
            buf_add_char(out, '\\');
        buf_add_char(out, content->boundary[i]);
    }
    return buf_add_text(out, "\"");
}
