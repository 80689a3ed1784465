#include "lib/mime_rewrite.h"

#include "lib/mime_base.h"
#include "lib/mime_leaf.h"
#include "lib/mime_sender.h"
#include "lib/mime_signed.h"
#include "lib/report.h"

#include <errno.h>
#include <stdio.h>

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
    bool is_sealed = strcmp(content->type, "multipart/encrypted") == 0;
    if (is_sealed || strcmp(content->type, "multipart/signed") == 0)
        report_neutralised(pass->html.report, is_sealed ? SPAN("kept:multipart/encrypted")
                                                        : SPAN("kept:multipart/signed"));
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

static int rewrite_html(struct mime_pass *pass, size_t index, const struct mime_content *content,
                        struct mime_change *change, char *type)
{
    UNCLEARED char url[SHOJI_URL_MAX + 1];
    format_type(content, "text/html; charset=utf-8", type, LIMIT_FIELD_PARAM);
    change->type = type;
    change->code = "quoted-printable"; /* what an empty body is in, too */
    pass->html.sender = mime_sender_covers(&pass->scan, index) ? &pass->sender : NULL;
    int error = mime_base_find(pass, index, url, &pass->base);
    if (!error)
        error = mime_leaf_html(pass, &pass->scan.parts[index], content, change);
    pass->base = SPAN("");
    return error;
}

/* Would a client that goes by the looks of a text take it for HTML? (MIME Sniffing, section 7.1,
 * and wherever it stands.) */
static bool looks_like_html(struct span text)
{
    static const char *const tags[] = {"<!doctype", "<html",   "<head",   "<body",
                                       "<script",   "<iframe", "<img",    "<div",
                                       "<table",    "<style",  "<a href", "<font"};
    for (size_t at = 0; at < text.len; at++) {
        const char *open = memchr(text.ptr + at, '<', text.len - at);
        if (!open)
            return false;
        at = (size_t)(open - text.ptr);
        for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
            if (span_equal_nocase(span_part(text, at, strlen(tags[i])), span_of(tags[i])))
                return true;
    }
    return false;
}

/* What stays as it is. Text without a type is told to be text where it looks like more. */
static int change_other(struct mime_pass *pass, const struct mime_part *part,
                        const struct mime_content *content, struct mime_change *change)
{
    if (strcmp(content->type, "application/pkcs7-mime") == 0 ||
        strcmp(content->type, "application/x-pkcs7-mime") == 0)
        report_neutralised(pass->html.report, SPAN("kept:application/pkcs7-mime"));
    if (content->type[0] || content->attachment)
        return 0;
    struct span body = span_part(pass->message, part->body, part->end - part->body);
    CLEANUP(buf_free) struct buf raw = BUF_INIT(body.len);
    int error = mime_code_decode(content->code, body, &raw);
    if (error || !looks_like_html(buf_span(&raw)))
        return error;
    change->type = "text/plain";
    change->no_type = true;
    report_neutralised(pass->html.report, SPAN("untyped-markup"));
    return 0;
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
        change->no_type = !content->type[0]; /* in a digest it needs none */
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
        return change_other(pass, part, content, change);
    case MIME_MESSAGE:
    case MIME_MULTIPART:
        break;
    }
    return 0;
}

static bool has_odd(const struct mime_pass *pass, size_t index, enum mime_place place)
{
    for (size_t i = 0; i < pass->scan.odds_count; i++)
        if (pass->scan.odds[i].part == index && pass->scan.odds[i].place == place)
            return true;
    return false;
}

/* Signed mail of which only the text is wanted: the HTML beside a text/plain goes. */
static bool drop_alternative(struct mime_pass *pass, size_t index)
{
    enum mime_kind kind = pass->scan.parts[index].kind;
    pass->text_only = pass->how.signed_mail == SHOJI_SIGNED_TEXT &&
                      mime_signed_around(&pass->scan, index) != MIME_NO_PARENT;
    size_t whole = pass->text_only && (kind == MIME_HTML || kind == MIME_AMP)
                       ? mime_signed_alternative(pass, index)
                       : MIME_NO_PARENT;
    if (whole == MIME_NO_PARENT)
        return false;
    const struct mime_part *part = &pass->scan.parts[whole];
    mime_plan_replace(&pass->plan, part->delim, part->after, SPAN(""));
    report_neutralised(pass->html.report, SPAN("signed-html"));
    pass->gone_to = part->after;
    pass->html_removed = true;
    return true;
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
    bool is_kept = pass->how.signed_mail == SHOJI_SIGNED_KEEP;

    if (drop_alternative(pass, index))
        return 0;
    if (part->kind == MIME_AMP && mime_scan_may_drop(&pass->scan, pass->message, index)) {
        mime_plan_replace(&pass->plan, part->delim, part->after, SPAN(""));
        report_neutralised(pass->html.report, SPAN("text/x-amp-html"));
        pass->amp_removed = true;
        return 0;
    }
    pass->ambiguous |= content.dirty;
    if (content.fallback[0]) /* of an earlier pass */
        report_fallback(pass->html.report, content.fallback);
    if (part->is_signed && !is_kept) /* its header waits for what becomes of its parts */
        return 0;
    bool container = part->kind == MIME_MULTIPART || part->kind == MIME_MESSAGE;
    int error = container ? change_container(pass, &content, &change, &canonical)
                          : change_leaf(pass, index, &content, &change, type);
    if (!error && !container && !change.code && has_odd(pass, index, MIME_IN_BODY))
        error = mime_leaf_recode(pass, part, &content, &change);
    if (error)
        return error;
    if (part->kind == MIME_OTHER && mime_signed_is_void(pass, part, &content))
        relabel(pass, &change, "application/octet-stream", "signature");
    if (has_odd(pass, index, MIME_IN_HEADER))
        change.clean = true;
    mime_header_edit(&pass->header, part, index == 0, &change);
    return 0;
}

/* A blank before what a careless reader takes for a delimiter; within leaves and headers the part's
 * own change has dealt with it. */
static void defuse_odd_lines(struct mime_pass *pass)
{
    for (size_t i = 0; i < pass->scan.odds_count; i++) {
        const struct mime_odd *odd = &pass->scan.odds[i];
        if (mime_signed_is_kept(pass, odd->part))
            continue;
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
    if (done == 0 && !pass->marked && !pass->amp_removed && !pass->html_removed)
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
    if (pass->html_removed)
        buf_add_format(&top, "%stext/html%.*s", mark, (int)eol.len, eol.ptr);
    if (pass->ambiguous)
        buf_add_format(&top, "%sambiguous structure%.*s", mark, (int)eol.len, eol.ptr);
    if (pass->properties)
        buf_add_format(&top, "%scalendar property%.*s", mark, (int)eol.len, eol.ptr);
    if (error || buf_error(&top))
        return error ? error : buf_error(&top);
    mime_plan_put_first(&pass->plan, pass->scan.parts[0].header, buf_span(&top));
    return 0;
}

/* A part that an earlier one took along, or that nobody is to touch. */
static bool is_passed_over(const struct mime_pass *pass, size_t index)
{
    return (index > 0 && pass->scan.parts[index].delim < pass->gone_to) ||
           mime_signed_is_kept(pass, index);
}

static int plan_message(struct mime_pass *pass)
{
    int error = 0;
    for (size_t i = 0; i < pass->scan.count && !error; i++)
        if (!is_passed_over(pass, i))
            error = rewrite_part(pass, i);
    /* From the inside out: what changed within one may be all that changed in the one around. */
    for (size_t i = pass->scan.count; i-- > 0 && !error;)
        if (pass->scan.parts[i].is_signed && pass->how.signed_mail != SHOJI_SIGNED_KEEP)
            error = mime_signed_finish(pass, i, has_odd(pass, i, MIME_IN_HEADER));
    if (error)
        return error;
    defuse_odd_lines(pass);
    return plan_top(pass);
}

/* Does the message's own header have the field that says so? */
static bool is_spam(const struct mime_pass *pass)
{
    struct span wanted = span_of(pass->how.spam_header ? pass->how.spam_header : "");
    const char *colon = memchr(wanted.ptr, ':', wanted.len);
    if (!colon)
        return false;
    size_t name_len = (size_t)(colon - wanted.ptr);
    struct span name = span_trim(span_part(wanted, 0, name_len));
    struct span value = span_trim(span_part(wanted, name_len + 1, wanted.len));
    const struct mime_part *top = &pass->scan.parts[0];
    struct mime_fields fields = {
        .message = pass->message, .at = top->header, .end = top->header_end};
    struct mime_field field;
    while (mime_field_next(&fields, &field))
        if (span_equal_nocase(field.name, name) &&
            span_equal_nocase(span_part(span_trim(field.value), 0, value.len), value))
            return true;
    return false;
}

/* Spam is not prefetched: a fetch would tell its sender that the address is read. The reader may
 * still ask for its images. */
static void distrust(struct shoji_rewrite *how)
{
    if (how->mode == SHOJI_PROXY)
        how->mode = SHOJI_HOLD;
    how->options.consent = true;
    how->options.delivered = SHOJI_NOT_DELIVERED;
    how->emitted = NULL;
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
        .how = *how,
        .html = {.report = report, .images_left = how->max_images},
        .message = message,
        .base = SPAN(""),
        .plan = MIME_PLAN_INIT(message, message.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA),
    };
    pass.html.how = &pass.how;
    if (how->max_images == 0)
        pass.html.images_left = LIMIT_IMAGES;
    pass.header = (struct mime_header){.plan = &pass.plan,
                                       .report = report,
                                       .eol = line_end_of(message),
                                       .keep_receipts = how->keep_receipts};
    int answer = mime_scan(message, &pass.scan);
    if (!answer && is_spam(&pass))
        distrust(&pass.how);
    if (!answer && how->rules)
        mime_sender_read(message, &pass.scan.parts[0], how->rules->authserv_id, &pass.sender);
    if (!answer)
        answer = plan_message(&pass);
    else if (answer == MIME_SCAN_AMBIGUOUS)
        answer = MIME_REWRITE_AMBIGUOUS;
    if (!answer && mime_plan_apply(&pass.plan, out) == MIME_PLAN_OVERLAP)
        answer = MIME_REWRITE_AMBIGUOUS;
    if (!answer)
        answer = pass.plan.error ? pass.plan.error : buf_error(out);
    free(pass.bases);
    mime_plan_free(&pass.plan);
    mime_scan_free(&pass.scan);
    return answer == -E2BIG ? MIME_REWRITE_LIMIT : answer;
}
