#include "lib/mime_rewrite.h"

#include "base/limits.h"

#include "lib/mime_signed.h"
#include "lib/report.h"
#include "lib/rewrite_check.h"

#include <errno.h>

/* What is left when even the fallback fails: nothing of the sender's but the fact. */
static const char last_resort[] = "X-Shoji: v=1; images=0; trackers=0; by=; fallback=yes\r\n"
                                  "MIME-Version: 1.0\r\n"
                                  "Subject: (a message that could not be read)\r\n"
                                  "Content-Type: text/plain; charset=utf-8\r\n"
                                  "X-Shoji-Fallback: unreadable\r\n"
                                  "\r\n"
                                  "This message could not be shown safely, not even as text.\r\n";

#define DISAGREE (-EBADMSG) /* the second scanner found something in what was made */

/* Under the policy `keep`, what is signed stays as it came, and loads what it loads: the rest is
 * judged. */
static int judge(const struct shoji_rewrite *how, const struct buf *out)
{
    struct span made = buf_span(out);
    CLEANUP(buf_free) struct buf rest = BUF_INIT(made.len);
    int answer =
        how->signed_mail == SHOJI_SIGNED_KEEP ? mime_signed_cut(made, &rest) : MIME_SIGNED_NONE;
    if (answer == MIME_SIGNED_UNCLEAR)
        return DISAGREE;
    if (answer < 0)
        return answer;
    int found = rewrite_check_mail(how, answer == MIME_SIGNED_NONE ? made : buf_span(&rest));
    return found > 0 ? DISAGREE : found;
}

/*
 * One pass over the message, and one of the second scanner over what came out. Where it objects,
 * all over again, with each part that it objects to as text; that is not known from the first
 * time, since it reads messages in its own way.
 */
static int rewrite_and_judge(const struct shoji_rewrite *how, struct span message,
                             struct shoji_report *report, struct buf *out)
{
    struct shoji_rewrite trusting = *how;
    trusting.unchecked = true;
    int answer = mime_rewrite(&trusting, message, report, out);
    if (!answer)
        answer = judge(how, out);
    if (answer != DISAGREE)
        return answer;
    shoji_report_free(report);
    buf_clear(out);
    answer = mime_rewrite(how, message, report, out);
    return answer ? answer : judge(how, out);
}

static int rewrite_fallback(const struct shoji_rewrite *how, struct span message, const char *why,
                            struct shoji_report *report, struct buf *out)
{
    CLEANUP(buf_free) struct buf safe = BUF_INIT(LIMIT_MESSAGE);
    shoji_report_free(report);
    buf_clear(out);
    int answer = mime_fallback_message(message, why, &safe);
    if (!answer)
        answer = mime_rewrite(how, buf_span(&safe), report, out);
    if (!answer)
        answer = judge(how, out);
    if (!answer || answer == -ENOMEM)
        return answer;
    shoji_report_free(report);
    report_fallback(report, why);
    buf_clear(out);
    return buf_add_text(out, last_resort);
}

/* Does it carry our field? That of a sender who writes one himself counts as well. */
static bool is_rewritten(struct span message)
{
    struct mime_fields fields = {.message = message,
                                 .end = span_part(message, 0, LIMIT_HEADER_BLOCK).len};
    struct mime_field field;
    while (mime_field_next(&fields, &field) && field.start < field.end) {
        if (span_equal_nocase(field.name, SPAN("X-Shoji")))
            return true;
        if (span_trim(span_part(message, field.start, field.end - field.start)).len == 0)
            return false;
    }
    return false;
}

/* What a pass has made may be larger than what it was made of, and the next pass must take it. */
static size_t size_max(const struct shoji_rewrite *how, bool rewritten)
{
    return (how->max_message ? how->max_message : LIMIT_MESSAGE) +
           (rewritten ? LIMIT_MESSAGE_GROWTH : 0);
}

int shoji_rewrite_mail(const struct shoji_rewrite *how, const char *in, size_t len, char **ret_body,
                       size_t *ret_len, struct shoji_report *ret_report)
{
    struct span message = {in, len};
    size_t max = size_max(how, true);
    CLEANUP(shoji_report_free) struct shoji_report report = {0};
    CLEANUP(buf_free) struct buf out = BUF_INIT(max * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA);

    const char *why = len > size_max(how, is_rewritten(message)) ? "size" : NULL;
    int answer = 0;
    if (!why) {
        answer = rewrite_and_judge(how, message, &report, &out);
        if (answer == DISAGREE)
            why = "check";
        else if (answer > 0)
            why = answer == MIME_REWRITE_LIMIT ? "limit" : "structure";
        else if (answer == 0 && out.len > max)
            why = "size";
    }
    if (why)
        answer = rewrite_fallback(how, message, why, &report, &out);
    if (answer)
        return answer;

    size_t body_len = 0;
    char *body = buf_steal(&out, &body_len);
    if (!body)
        return -ENOMEM;
    if (ret_report) {
        *ret_report = report;
        report = (struct shoji_report){0};
    }
    *ret_body = body;
    *ret_len = body_len;
    return 0;
}
