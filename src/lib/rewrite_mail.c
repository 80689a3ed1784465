#include "lib/mime_rewrite.h"

#include "base/limits.h"

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

static int judge(const struct shoji_rewrite *how, const struct buf *out)
{
    int found = rewrite_check_mail(how, buf_span(out));
    return found > 0 ? DISAGREE : found;
}

/* Under the policy `keep`, what is signed stays as it came, and loads what it loads. */
static bool may_load(const struct shoji_rewrite *how, struct span message)
{
    struct span sign = SPAN("signed");
    if (how->signed_mail != SHOJI_SIGNED_KEEP)
        return false;
    for (size_t i = 0; i + sign.len <= message.len; i++)
        if (span_equal_nocase(span_part(message, i, sign.len), sign))
            return true;
    return false;
}

/*
 * One pass over the message, and one of the second scanner over what came out. Where it objects,
 * all over again, with each part that it objects to as text; that is not known from the first
 * time, since it reads messages in its own way.
 */
static int rewrite_and_judge(const struct shoji_rewrite *how, struct span message,
                             struct shoji_report *report, struct buf *out)
{
    if (may_load(how, message))
        return mime_rewrite(how, message, report, out);
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

int shoji_rewrite_mail(const struct shoji_rewrite *how, const char *in, size_t len, char **ret_body,
                       size_t *ret_len, struct shoji_report *ret_report)
{
    struct span message = {in, len};
    size_t max = how->max_message ? how->max_message : LIMIT_MESSAGE;
    CLEANUP(shoji_report_free) struct shoji_report report = {0};
    CLEANUP(buf_free) struct buf out = BUF_INIT(max * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA);

    const char *why = len > max ? "size" : NULL;
    int answer = 0;
    if (!why) {
        answer = rewrite_and_judge(how, message, &report, &out);
        if (answer == DISAGREE)
            why = "check";
        else if (answer > 0)
            why = answer == MIME_REWRITE_LIMIT ? "limit" : "structure";
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
