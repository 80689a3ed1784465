#include "lib/unrewrite.h"

#include "base/limits.h"

#include "lib/charset.h"
#include "lib/mime_code.h"
#include "lib/mime_plan.h"
#include "lib/mime_scan.h"

#include <errno.h>

#define LONGEST_LINE 998 /* characters, without the line end: RFC 5322 section 2.1.1 */

struct unrewrite {
    const struct shoji_rewrite *how;
    struct span message;
    struct span eol;
    struct mime_scan scan;
    struct mime_plan plan;
};

static bool has_long_line(struct span text)
{
    for (size_t at = 0; at < text.len;) {
        const char *lf = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = lf ? (size_t)(lf - text.ptr) : text.len;
        if (end - at > LONGEST_LINE)
            return true;
        at = end + 1;
    }
    return false;
}

static bool is_named(const struct mime_field *field, const char *name)
{
    return span_equal_nocase(field->name, span_of(name));
}

/* Text that was not encoded and has grown too long lines now is. */
static void plan_code(struct unrewrite *u, const struct mime_part *part)
{
    struct mime_fields fields = {
        .message = u->message, .at = part->header, .end = part->header_end};
    struct mime_field field;
    size_t at = part->header;
    while (mime_field_next(&fields, &field)) {
        if (is_named(&field, "Content-Type"))
            at = field.start;
        if (is_named(&field, "Content-Transfer-Encoding"))
            mime_plan_replace(&u->plan, field.start, field.end, SPAN(""));
    }
    CLEANUP(buf_free) struct buf line = BUF_INIT(KiB);
    buf_add_text(&line, "Content-Transfer-Encoding: quoted-printable");
    buf_add_span(&line, u->eol);
    mime_plan_put_first(&u->plan, at, buf_span(&line));
}

/* Encodes the new text of a part as the old one was. */
static int plan_body(struct unrewrite *u, const struct mime_part *part, enum mime_code code,
                     struct span text)
{
    CLEANUP(buf_free) struct buf coded = BUF_INIT(4 * text.len + 4 * KiB);
    int error = 0;
    if (code == MIME_CODE_BASE64) {
        error = mime_code_base64(text, u->eol, &coded);
    } else if (code == MIME_CODE_IDENTITY && !has_long_line(text)) {
        error = buf_add_span(&coded, text);
    } else {
        if (code == MIME_CODE_IDENTITY)
            plan_code(u, part);
        error = mime_code_qp(text, u->eol, u->eol, &coded);
    }
    if (!error)
        mime_plan_replace(&u->plan, part->body, part->end, buf_span(&coded));
    return error;
}

/* Is its content covered by a signature, which a change would break? */
static bool is_signed(const struct mime_scan *scan, size_t index)
{
    for (size_t i = index; i != MIME_NO_PARENT; i = scan->parts[i].parent)
        if (scan->parts[i].is_signed)
            return true;
    return false;
}

static int restore_part(struct unrewrite *u, size_t index)
{
    const struct mime_part *part = &u->scan.parts[index];
    struct mime_content content;
    if (part->kind != MIME_HTML || is_signed(&u->scan, index))
        return 0;
    mime_content_read(u->message, part->header, part->header_end, false, &content);
    const struct charset *charset = charset_find(span_of(content.charset));
    if (content.code == MIME_CODE_UNKNOWN || (charset && charset->stateful))
        return 0;
    struct span body = span_part(u->message, part->body, part->end - part->body);
    CLEANUP(buf_free) struct buf raw = BUF_INIT(body.len);
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 8);
    size_t count = 0;
    int error = mime_code_decode(content.code, body, &raw);
    if (!error)
        error = unrewrite_html(u->how, buf_span(&raw), &text, &count);
    return error || count == 0 ? error : plan_body(u, part, content.code, buf_span(&text));
}

/* A message that cannot be taken apart stays as it is. */
static int restore(struct unrewrite *u, struct buf *out)
{
    int answer = mime_scan(u->message, &u->scan);
    for (size_t i = 0; i < u->scan.count && !answer; i++)
        answer = restore_part(u, i);
    if (!answer)
        answer = mime_plan_apply(&u->plan, out);
    if (answer <= 0)
        return answer;
    buf_clear(out);
    return buf_add_span(out, u->message);
}

static int give(int error, struct buf *out, char **ret_body, size_t *ret_len)
{
    size_t len = 0;
    char *body = error ? NULL : buf_steal(out, &len);
    if (!body)
        return -ENOMEM;
    *ret_body = body;
    *ret_len = len;
    return 0;
}

int shoji_unrewrite_mail(const struct shoji_rewrite *how, const char *in, size_t len,
                         char **ret_body, size_t *ret_len)
{
    struct unrewrite u = {.how = how, .message = {in, len}};
    const char *lf = memchr(in, '\n', len);
    CLEANUP(buf_free) struct buf out = BUF_INIT(SIZE_MAX / 8);
    u.eol = lf && lf > in && lf[-1] == '\r' ? SPAN("\r\n") : SPAN("\n");
    u.plan = MIME_PLAN_INIT(u.message, SIZE_MAX / 8);
    int error = restore(&u, &out);
    mime_plan_free(&u.plan);
    mime_scan_free(&u.scan);
    return give(error, &out, ret_body, ret_len);
}

int shoji_unrewrite_html(const struct shoji_rewrite *how, const char *in, size_t len,
                         char **ret_body, size_t *ret_len)
{
    CLEANUP(buf_free) struct buf out = BUF_INIT(SIZE_MAX / 8);
    size_t count = 0;
    int error = unrewrite_html(how, (struct span){in, len}, &out, &count);
    return give(error, &out, ret_body, ret_len);
}
