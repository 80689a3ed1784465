#include <shoji/rewrite.h>

#include "lib/charset.h"
#include "lib/html_rewrite.h"
#include "lib/report.h"
#include "lib/rewrite_check.h"

#include "base/limits.h"

#include <errno.h>

static size_t output_limit(size_t len)
{
    return len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA;
}

/* A document says its charset itself, or is UTF-8. */
static int to_utf8(struct span in, struct buf *copy, struct span *ret)
{
    int answer = charset_text(in, SPAN(""), copy, ret);
    return answer == CHARSET_CONFLICT ? -EILSEQ : answer; /* no telling what a client will read */
}

static int rewrite(struct rewrite_pass *pass, struct span in, struct buf *out)
{
    CLEANUP(buf_free) struct buf copy = BUF_INIT(output_limit(in.len));
    struct span text;
    size_t max = pass->how->max_message ? pass->how->max_message : LIMIT_MESSAGE;
    if (in.len > max)
        return -E2BIG;
    int r = to_utf8(in, &copy, &text);
    if (r < 0)
        return r;
    /* About as long as what comes out of most mail. */
    if (!buf_reserve(out, in.len + in.len / 8))
        return buf_error(out);
    r = html_rewrite(pass, text, SPAN(""), out);
    if (r < 0)
        return r;
    if (out->len > max) /* for a second pass it would be too large: better now than then */
        return -E2BIG;
    r = rewrite_check_html(pass->how, buf_span(out));
    return r > 0 ? -EBADMSG : r;
}

/* What is counted of an attempt that failed was never delivered: the report begins anew. */
static int fall_back(struct rewrite_pass *pass, int error, struct span in, struct buf *out)
{
    shoji_report_free(pass->report);
    report_fallback(pass->report, error == -E2BIG     ? "limit"
                                  : error == -ENOMEM  ? "memory"
                                  : error == -EBADMSG ? "check"
                                                      : "charset");
    buf_clear(out);
    CLEANUP(buf_free) struct buf text = BUF_INIT(out->max);
    int r = html_to_text(in, &text);
    if (r < 0)
        return r;
    /* Once more through the rewriter: its spelling is the one that a second pass leaves alone. */
    r = html_rewrite(pass, buf_span(&text), (struct span){"", 0}, out);
    if (r == 0 || r == -ENOMEM)
        return r;
    buf_clear(out);
    return buf_add_span(out, buf_span(&text));
}

int shoji_rewrite_html(const struct shoji_rewrite *how, const char *in, size_t len, char **ret_body,
                       size_t *ret_len, struct shoji_report *ret_report)
{
    struct shoji_report report = {0};
    struct span input = {in, len};
    CLEANUP(buf_free) struct buf out = BUF_INIT(output_limit(len));
    struct rewrite_pass *pass = malloc(sizeof(*pass));
    if (!pass)
        return -ENOMEM;
    memset(pass, 0, REWRITE_PASS_ZEROED);
    pass->how = how;
    pass->report = &report;
    pass->images_left = how->max_images ? how->max_images : LIMIT_IMAGES;
    int r = rewrite(pass, input, &out);
    if (r < 0)
        r = fall_back(pass, r, input, &out);
    free(pass);
    char *body = r < 0 ? NULL : buf_steal(&out, ret_len);
    if (!body) {
        shoji_report_free(&report);
        return -ENOMEM;
    }
    *ret_body = body;
    if (ret_report)
        *ret_report = report;
    else
        shoji_report_free(&report);
    return 0;
}
