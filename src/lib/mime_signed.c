#include "lib/mime_signed.h"

#include "lib/report.h"

size_t mime_signed_around(const struct mime_scan *scan, size_t index)
{
    size_t found = MIME_NO_PARENT;
    for (size_t i = scan->parts[index].parent; i != MIME_NO_PARENT; i = scan->parts[i].parent)
        if (scan->parts[i].is_signed)
            found = i;
    return found;
}

bool mime_signed_is_kept(const struct mime_pass *pass, size_t index)
{
    return pass->how.signed_mail == SHOJI_SIGNED_KEEP &&
           mime_signed_around(&pass->scan, index) != MIME_NO_PARENT;
}

bool mime_signed_is_void(const struct mime_pass *pass, const struct mime_part *part,
                         const struct mime_content *content)
{
    if (part->parent == MIME_NO_PARENT || part->nth == 0 ||
        !pass->scan.parts[part->parent].is_signed)
        return false;
    const struct mime_part *parent = &pass->scan.parts[part->parent];
    return strstr(content->type, "signature") &&
           mime_plan_touches(&pass->plan, parent->body, part->delim);
}

static bool has_plain_child(const struct mime_pass *pass, size_t parent, size_t except)
{
    for (size_t i = parent + 1; i < pass->scan.count; i++) {
        const struct mime_part *part = &pass->scan.parts[i];
        if (part->parent == parent && i != except && part->plain)
            return true;
    }
    return false;
}

size_t mime_signed_alternative(const struct mime_pass *pass, size_t index)
{
    const struct mime_part *parts = pass->scan.parts;
    size_t top = mime_signed_around(&pass->scan, index);
    for (size_t i = index; i != top; i = parts[i].parent) {
        size_t parent = parts[i].parent;
        if (parts[parent].alternative && mime_scan_may_drop(&pass->scan, pass->message, i) &&
            has_plain_child(pass, parent, i))
            return i;
    }
    return MIME_NO_PARENT;
}

/* The message that the part belongs to: the whole, or one that was attached to it. */
static struct span message_around(const struct mime_pass *pass, size_t index)
{
    const struct mime_part *parts = pass->scan.parts;
    size_t i = index;
    while (parts[i].parent != MIME_NO_PARENT && parts[parts[i].parent].kind != MIME_MESSAGE)
        i = parts[i].parent;
    return span_part(pass->message, parts[i].header, parts[i].end - parts[i].header);
}

/* Behind the last part of the container, where its next delimiter stood or should have stood. */
static size_t end_of_parts(const struct mime_pass *pass, size_t index)
{
    const struct mime_part *parts = pass->scan.parts;
    size_t end = parts[index].body;
    for (size_t i = index + 1; i < pass->scan.count; i++)
        if (parts[i].parent == index)
            end = parts[i].after;
    return end;
}

int mime_signed_cut(struct span message, struct buf *out)
{
    struct mime_pass pass = {.message = message};
    size_t at = 0, kept = 0;
    int answer = mime_scan(message, &pass.scan);
    for (size_t i = 0; i < pass.scan.count && !answer; i++) {
        if (!pass.scan.parts[i].is_signed || mime_signed_around(&pass.scan, i) != MIME_NO_PARENT)
            continue;
        buf_add_span(out, span_part(message, at, pass.scan.parts[i].body - at));
        at = end_of_parts(&pass, i);
        kept++;
    }
    if (!answer && kept > 0)
        buf_add_span(out, span_part(message, at, message.len - at));
    mime_scan_free(&pass.scan);
    if (answer)
        return answer < 0 ? answer : MIME_SIGNED_UNCLEAR;
    return kept > 0 ? buf_error(out) : MIME_SIGNED_NONE;
}

bool mime_signed_has_original(const struct mime_pass *pass, const struct mime_part *part)
{
    size_t index = (size_t)(part - pass->scan.parts);
    size_t outermost = mime_signed_around(&pass->scan, index);
    size_t max = pass->how.max_message ? pass->how.max_message : LIMIT_MESSAGE;
    return outermost != MIME_NO_PARENT && pass->how.signed_mail == SHOJI_SIGNED_PROTECT &&
           message_around(pass, outermost).len <= max / 3;
}

static int attach_original(struct mime_pass *pass, size_t index, const struct mime_content *content)
{
    struct span original = message_around(pass, index);
    struct span eol = pass->header.eol;
    size_t at = end_of_parts(pass, index);
    struct buf *out = &pass->plan.text;
    size_t from = out->len;
    if (pass->message.ptr[at - 1] != '\n' && !mime_plan_covers(&pass->plan, at - 1))
        buf_add_span(out, eol);
    static const char *const lines[] = {
        "Content-Type: application/octet-stream; name=\"original.eml\"",
        "Content-Description: the message as it was signed",
        "Content-Disposition: attachment; filename=\"original.eml\"",
        "Content-Transfer-Encoding: base64",
        "",
    };
    buf_add_text(out, "--");
    buf_add(out, content->boundary, content->boundary_len);
    buf_add_span(out, eol);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        buf_add_text(out, lines[i]);
        buf_add_span(out, eol);
    }
    int error = mime_code_base64(original, eol, out);
    if (!error)
        mime_plan_put_first_from(&pass->plan, at, from);
    return error;
}

int mime_signed_finish(struct mime_pass *pass, size_t index, bool clean)
{
    const struct mime_part *part = &pass->scan.parts[index];
    struct mime_content content;
    struct mime_change change = {.clean = clean};
    CLEANUP(buf_free) struct buf type = BUF_INIT(8 * KiB);
    mime_content_read(pass->message, part->header, part->header_end, false, &content);
    bool changed = mime_plan_touches(&pass->plan, part->body, end_of_parts(pass, index));
    int error = 0;
    if (changed)
        strcpy(content.type, "multipart/mixed");
    if (changed || content.differs)
        error = mime_content_print(&content, &type);
    if (error)
        return error;
    if (type.len > 0) {
        change = (struct mime_change){.type = type.ptr, .keep_type = true, .clean = true};
        report_neutralised(pass->html.report,
                           changed ? SPAN("multipart/signed") : SPAN("ambiguous-type"));
    }
    if (content.coded) {
        change.hide_code = true;
        report_neutralised(pass->html.report, SPAN("encoded-container"));
    }
    mime_header_edit(&pass->header, part, index == 0, &change);
    bool outermost = mime_signed_around(&pass->scan, index) == MIME_NO_PARENT;
    if (!changed || !outermost || pass->how.signed_mail != SHOJI_SIGNED_PROTECT)
        return 0;
    if (!mime_signed_has_original(pass, part + 1)) { /* a part of it was changed: there is one */
        report_neutralised(pass->html.report, SPAN("original-too-large"));
        return 0;
    }
    const char *original = message_around(pass, index).ptr;
    if (original == pass->original) /* with another signed part, further down */
        return 0;
    pass->original = original;
    return attach_original(pass, index, &content);
}
