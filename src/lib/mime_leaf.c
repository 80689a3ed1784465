#include "lib/mime_leaf.h"

#include "lib/charset.h"
#include "lib/mime_signed.h"
#include "lib/report.h"
#include "lib/rewrite_check.h"

#include <errno.h>

#define LF SPAN("\n")

static size_t output_max(struct span in)
{
    return in.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA;
}

static struct span body_of(struct span message, const struct mime_part *part)
{
    return span_part(message, part->body, part->end - part->body);
}

int mime_leaf_text(struct span message, const struct mime_part *part,
                   const struct mime_content *content, struct buf *ret)
{
    struct span body = body_of(message, part);
    CLEANUP(buf_free) struct buf raw = BUF_INIT(body.len), copy = BUF_INIT(ret->max);
    struct span text;
    int answer = mime_code_decode(content->code, body, &raw);
    if (answer == 0)
        answer = charset_text(buf_span(&raw), span_of(content->charset), &copy, &text);
    if (answer < 0)
        return answer;
    if (text.len == raw.len && text.ptr == raw.ptr) /* UTF-8, as most mail is */
        buf_swap(ret, &raw);
    else if (text.ptr == copy.ptr)
        buf_swap(ret, &copy);
    else if (buf_add_span(ret, text) != 0) /* behind a byte order mark */
        return buf_error(ret);
    return answer;
}

/* Puts the counters back to where they stood before a part that came to nothing. */
static void report_rewind(struct shoji_report *report, const struct shoji_report *before)
{
    report->images_proxied = before->images_proxied;
    report->images_inline = before->images_inline;
    report->images_dropped = before->images_dropped;
    report->links_tracked = before->links_tracked;
    report->links_cleaned = before->links_cleaned;
    size_t named = report->trackers_count < SHOJI_REPORT_TRACKERS ? report->trackers_count
                                                                  : SHOJI_REPORT_TRACKERS;
    for (size_t i = before->trackers_count; report->trackers && i < named; i++) {
        free(report->trackers[i].vendor);
        free(report->trackers[i].host);
        report->trackers[i] = (struct shoji_report_tracker){0};
    }
    report->trackers_count = before->trackers_count;
}

/* Markup that cannot be rewritten becomes its text; what comes of that is HTML of ours. */
static int text_instead(struct mime_pass *pass, struct span text, struct buf *out)
{
    CLEANUP(buf_free) struct buf plain = BUF_INIT(output_max(text));
    int error = html_to_text(text, &plain);
    if (error == -ENOMEM)
        return error;
    if (error) {
        buf_clear(&plain);
        buf_add_text(&plain, "<pre>This part is too large to be shown.</pre>\n");
    }
    buf_clear(out);
    error = html_rewrite(&pass->html, buf_span(&plain), SPAN(""), out);
    if (error == -ENOMEM)
        return error;
    if (error) {
        buf_clear(out);
        error = buf_add_span(out, buf_span(&plain));
    }
    return error;
}

static int rewrite_or_text(struct mime_pass *pass, struct span text, const char **why,
                           struct buf *out)
{
    if (!*why) {
        struct shoji_report before = *pass->html.report;
        struct rewrite_pass html = pass->html;
        int error = html_rewrite(&pass->html, text, pass->base, out);
        int found = error ? 0 : rewrite_check_html(&pass->how, buf_span(out));
        if (error == -ENOMEM || found < 0)
            return -ENOMEM;
        if (!error && !found)
            return 0;
        report_rewind(pass->html.report, &before);
        pass->html = html;
        *why = found ? "check" : "limit";
    }
    return text_instead(pass, text, out);
}

static bool is_mostly_ascii(struct span text)
{
    size_t others = 0;
    for (size_t i = 0; i < text.len; i++)
        others += (unsigned char)text.ptr[i] >= 0x80;
    return others <= text.len / 3;
}

/* An encoded text at the end of the message: is its last line ended? */
static void end_line(const struct mime_pass *pass, const struct mime_part *part, struct span coded,
                     struct buf *out)
{
    struct span eol = pass->header.eol;
    if (part->end != pass->message.len)
        return;
    if (mime_signed_has_original(pass, part)) {
        buf_add_span(out, eol); /* the one that belongs to its delimiter */
    } else if (!span_ends(coded, eol)) {
        buf_add_char(out, '='); /* a message ends with a line end, and the text does not */
        buf_add_span(out, eol);
    }
}

int mime_leaf_put(struct mime_pass *pass, const struct mime_part *part, size_t from)
{
    struct buf *text = &pass->plan.text;
    end_line(pass, part, span_part(buf_span(text), from, text->len), text);
    mime_plan_replace_from(&pass->plan, part->body, part->end, from);
    return buf_error(text);
}

/* Encodes `text` into the place of the part's body and says how in `change`. */
static int plan_body(struct mime_pass *pass, const struct mime_part *part, struct span text,
                     struct span nl, struct mime_change *change)
{
    size_t from = pass->plan.text.len;
    bool plain = is_mostly_ascii(text);
    change->code = plain ? "quoted-printable" : "base64";
    int error = plain ? mime_code_qp(text, nl, pass->header.eol, &pass->plan.text)
                      : mime_code_base64(text, pass->header.eol, &pass->plan.text);
    return error ? error : mime_leaf_put(pass, part, from);
}

int mime_leaf_html(struct mime_pass *pass, const struct mime_part *part,
                   const struct mime_content *content, struct mime_change *change)
{
    struct span body = body_of(pass->message, part);
    change->clean = true;
    change->rebase = true;
    if (body.len == 0)
        return 0;
    CLEANUP(buf_free) struct buf text = BUF_INIT(output_max(body));
    int answer = mime_leaf_text(pass->message, part, content, &text);
    if (answer < 0)
        return answer;
    const char *why = answer == CHARSET_CONFLICT ? "charset" : pass->text_only ? "signed" : NULL;
    CLEANUP(buf_free) struct buf out = BUF_INIT(output_max(body));
    int error = rewrite_or_text(pass, buf_span(&text), &why, &out);
    buf_free(&text); /* the encoded form needs the room */
    if (!error)
        error = plan_body(pass, part, buf_span(&out), LF, change);
    if (error)
        return error;
    if (why)
        change->fallback = why;
    if (why || content->fallback[0])
        report_fallback(pass->html.report, why ? why : content->fallback);
    pass->html_leaves++;
    return 0;
}

int mime_leaf_recode(struct mime_pass *pass, const struct mime_part *part,
                     const struct mime_content *content, struct mime_change *change)
{
    struct span body = body_of(pass->message, part);
    CLEANUP(buf_free) struct buf raw = BUF_INIT(body.len);
    int error = mime_code_decode(content->code, body, &raw);
    return error ? error : plan_body(pass, part, buf_span(&raw), pass->header.eol, change);
}

int mime_leaf_external(struct mime_pass *pass, const struct mime_part *part,
                       struct mime_change *change)
{
    CLEANUP(buf_free) struct buf note = BUF_INIT(part->end - part->body + 4 * KiB);
    buf_add_text(&note, "A part of this message lies elsewhere and was not fetched. "
                        "What the sender said about it:\n\n");
    buf_add_span(&note, body_of(pass->message, part));
    if (buf_error(&note))
        return buf_error(&note);
    change->type = "text/plain; charset=utf-8";
    change->keep_type = true;
    report_neutralised(pass->html.report, SPAN("message/external-body"));
    return plan_body(pass, part, buf_span(&note), LF, change);
}
