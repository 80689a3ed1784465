#include "lib/mime_rewrite.h"

#include "lib/mime_leaf.h"
#include "lib/report.h"

#include <errno.h>
#include <stdio.h>

/* The base URL that a part's relative references resolve against: RFC 2557 section 4. Its own
 * header block first, then those around it. */
static struct span base_find(const struct mime_pass *pass, size_t index, char *url)
{
    for (; index != MIME_NO_PARENT; index = pass->scan.parts[index].parent) {
        const struct mime_part *part = &pass->scan.parts[index];
        for (int wanted = 0; wanted < 2; wanted++) {
            struct mime_fields fields = {
                .message = pass->message, .at = part->header, .end = part->header_end};
            struct mime_field field;
            while (mime_field_next(&fields, &field)) {
                size_t len = 0;
                struct span name = wanted == 0 ? SPAN("Content-Base") : SPAN("Content-Location");
                if (!span_equal_nocase(field.name, name))
                    continue;
                struct span value = field.value;
                if (value.len >= 2 && value.ptr[0] == '"')
                    value = span_part(value, 1, value.len - 2);
                if (shoji_url_canonical(value.ptr, value.len, NULL, url, &len) == 0)
                    return (struct span){url, len};
            }
        }
    }
    return SPAN("");
}

static void relabel(struct mime_pass *pass, struct mime_change *change, const char *type,
                    const char *name)
{
    change->type = type;
    change->keep_type = true;
    report_neutralised(pass->html.report, span_of(name));
}

static void format_type(const struct mime_content *content, const char *type, char *ret,
                        size_t size)
{
    int len = snprintf(ret, size, "%s", type);
    if (content->name[0] && len > 0)
        snprintf(ret + len, size - (size_t)len, "; name=\"%s\"", content->name);
}

/* A container keeps its bytes; where readers may disagree about its header, that becomes canonical.
 */
static int change_container(struct mime_pass *pass, const struct mime_content *content,
                            struct mime_change *change, struct buf *type)
{
    if (content->coded) {
        change->hide_code = true;
        report_neutralised(pass->html.report, SPAN("encoded-container"));
    }
    if (!content->differs)
        return 0;
    change->clean = true;
    int error = mime_content_print(content, type);
    if (!error)
        relabel(pass, change, type->ptr, "ambiguous-type");
    return error;
}

/* The only alternative there is cannot go without leaving nothing. */
static bool is_removable(const struct mime_pass *pass, const struct mime_part *part)
{
    return part->parent != MIME_NO_PARENT && part->header > part->delim &&
           pass->scan.parts[part->parent].children > 1;
}

static int rewrite_html(struct mime_pass *pass, size_t index, const struct mime_content *content,
                        struct mime_change *change, char *type)
{
    char url[SHOJI_URL_MAX + 1];
    format_type(content, "text/html; charset=utf-8", type, LIMIT_FIELD_PARAM);
    change->type = type;
    change->code = "quoted-printable"; /* what an empty body is in, too */
    pass->base = base_find(pass, index, url);
    int error = mime_leaf_html(pass, &pass->scan.parts[index], content, change);
    pass->base = SPAN("");
    return error;
}

static int change_leaf(struct mime_pass *pass, size_t index, const struct mime_content *content,
                       struct mime_change *change, char *type)
{
    const struct mime_part *part = &pass->scan.parts[index];
    switch (part->kind) {
    case MIME_HTML:
    case MIME_AMP:
        return rewrite_html(pass, index, content, change, type);
    case MIME_CALENDAR:
    case MIME_CARD:
        return mime_leaf_properties(pass, part, content, change);
    case MIME_EXTERNAL:
        return mime_leaf_external(pass, part, change);
    case MIME_MARKUP:
        snprintf(type, LIMIT_FIELD_PARAM, "text/plain%s%s%s",
                 content->charset[0] ? "; charset=\"" : "", content->charset,
                 content->charset[0] ? "\"" : "");
        relabel(pass, change, type, content->type);
        return 0;
    case MIME_BROKEN:
        relabel(pass, change, "text/plain", "multipart-without-boundary");
        return 0;
    case MIME_ENCODED_MESSAGE:
        format_type(content, "application/octet-stream", type, LIMIT_FIELD_PARAM);
        relabel(pass, change, type, "encoded-message");
        change->detach = true;
        return 0;
    case MIME_PARTIAL:
    case MIME_STYLE:
    case MIME_SVG:
        relabel(pass, change, "application/octet-stream", content->type);
        change->detach = true;
        return 0;
    case MIME_TNEF:
        report_neutralised(pass->html.report, SPAN("kept:application/ms-tnef"));
        return 0;
    case MIME_OTHER:
    case MIME_MESSAGE:
    case MIME_MULTIPART:
        break;
    }
    return 0;
}

/* The signature of a multipart/signed whose content was changed would only frighten the reader. */
static bool is_void_signature(const struct mime_pass *pass, const struct mime_part *part,
                              const struct mime_content *content)
{
    if (part->parent == MIME_NO_PARENT || part->nth == 0 ||
        !pass->scan.parts[part->parent].is_signed)
        return false;
    const struct mime_part *parent = &pass->scan.parts[part->parent];
    return strstr(content->type, "signature") &&
           mime_plan_touches(&pass->plan, parent->body, part->delim);
}

static bool has_odd(const struct mime_pass *pass, size_t index, enum mime_place place)
{
    for (size_t i = 0; i < pass->scan.odds_count; i++)
        if (pass->scan.odds[i].part == index && pass->scan.odds[i].place == place)
            return true;
    return false;
}

static int rewrite_part(struct mime_pass *pass, size_t index)
{
    const struct mime_part *part = &pass->scan.parts[index];
    struct mime_content content;
    struct mime_change change = {0};
    char type[LIMIT_FIELD_PARAM];
    CLEANUP(buf_free) struct buf canonical = BUF_INIT(8 * KiB);
    bool digest = part->parent != MIME_NO_PARENT && pass->scan.parts[part->parent].digest;
    mime_content_read(pass->message, part->header, part->header_end, digest, &content);
    pass->marked |= content.marked || content.fallback[0];

    if (part->kind == MIME_AMP && is_removable(pass, part)) {
        mime_plan_replace(&pass->plan, part->delim, part->after, SPAN(""));
        report_neutralised(pass->html.report, SPAN("text/x-amp-html"));
        pass->amp_removed = true;
        return 0;
    }
    bool container = part->kind == MIME_MULTIPART || part->kind == MIME_MESSAGE;
    int error = container ? change_container(pass, &content, &change, &canonical)
                          : change_leaf(pass, index, &content, &change, type);
    if (!error && !container && !change.code && has_odd(pass, index, MIME_IN_BODY))
        error = mime_leaf_recode(pass, part, &content, &change);
    if (error)
        return error;
    if (is_void_signature(pass, part, &content))
        relabel(pass, &change, "application/octet-stream", "signature");
    if (has_odd(pass, index, MIME_IN_HEADER))
        change.clean = true;
    pass->ambiguous |= content.dirty;
    mime_header_edit(&pass->header, part, index == 0, &change);
    return 0;
}

/* A blank before what a careless reader takes for a delimiter; within leaves and headers the part's
 * own change has dealt with it. */
static void defuse_odd_lines(struct mime_pass *pass)
{
    for (size_t i = 0; i < pass->scan.odds_count; i++) {
        const struct mime_odd *odd = &pass->scan.odds[i];
        pass->ambiguous = true;
        if (odd->place == MIME_AROUND)
            mime_plan_replace(&pass->plan, odd->at, odd->at, SPAN(" "));
    }
}

static int plan_top(struct mime_pass *pass)
{
    struct span eol = pass->header.eol;
    size_t done = pass->html_leaves;
    for (size_t i = 0; i < pass->plan.count;
         i++) /* dropping a forged X-Shoji alone is no rewrite */
        done += pass->plan.edits[i].text_len > 0;
    if (done == 0 && !pass->marked && !pass->amp_removed)
        return 0;
    if (pass->ambiguous)
        report_neutralised(pass->html.report, SPAN("ambiguous-structure"));
    CLEANUP(buf_free) struct buf top = BUF_INIT(4 * KiB);
    buf_add_text(&top, "X-Shoji: ");
    int error = report_header(pass->html.report, &top);
    buf_add_span(&top, eol);
    static const char mark[] = "X-Removed-Part: ";
    if (pass->amp_removed)
        buf_add_format(&top, "%stext/x-amp-html%.*s", mark, (int)eol.len, eol.ptr);
    if (pass->ambiguous)
        buf_add_format(&top, "%sambiguous structure%.*s", mark, (int)eol.len, eol.ptr);
    if (pass->properties)
        buf_add_format(&top, "%scalendar property%.*s", mark, (int)eol.len, eol.ptr);
    if (error || buf_error(&top))
        return error ? error : buf_error(&top);
    mime_plan_put_first(&pass->plan, pass->scan.parts[0].header, buf_span(&top));
    return 0;
}

static int plan_message(struct mime_pass *pass)
{
    for (size_t i = 0; i < pass->scan.count; i++) {
        int error = rewrite_part(pass, i);
        if (error)
            return error;
    }
    defuse_odd_lines(pass);
    return plan_top(pass);
}

static struct span line_end_of(struct span message)
{
    const char *lf = memchr(message.ptr, '\n', message.len);
    return lf && lf > message.ptr && lf[-1] == '\r' ? SPAN("\r\n") : SPAN("\n");
}

int mime_rewrite(const struct shoji_rewrite *how, struct span message, struct shoji_report *report,
                 struct buf *out)
{
    struct mime_pass pass = {
        .html = {.how = how, .report = report, .images_left = how->max_images},
        .message = message,
        .base = SPAN(""),
        .plan = MIME_PLAN_INIT(message, message.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA),
    };
    if (how->max_images == 0)
        pass.html.images_left = LIMIT_IMAGES;
    pass.header = (struct mime_header){.plan = &pass.plan,
                                       .report = report,
                                       .eol = line_end_of(message),
                                       .keep_receipts = how->keep_receipts};
    int answer = mime_scan(message, &pass.scan);
    if (!answer)
        answer = plan_message(&pass);
    else if (answer == MIME_SCAN_AMBIGUOUS)
        answer = MIME_REWRITE_AMBIGUOUS;
    if (!answer && mime_plan_apply(&pass.plan, out) == MIME_PLAN_OVERLAP)
        answer = MIME_REWRITE_AMBIGUOUS;
    if (!answer)
        answer = pass.plan.error ? pass.plan.error : buf_error(out);
    mime_plan_free(&pass.plan);
    mime_scan_free(&pass.scan);
    return answer == -E2BIG ? MIME_REWRITE_LIMIT : answer;
}
