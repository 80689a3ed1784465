#include "lib/html_rewrite.h"

#include "base/scan.h"
#include "lib/html_input.h"
#include "lib/html_write.h"
#include "lib/report.h"

#include <errno.h>

/* The encoding of what we write, and no look-ups of the names behind links (DNS prefetch). */
#define NO_PREFETCH "<meta http-equiv=\"x-dns-prefetch-control\" content=\"off\">"
#define OUR_METAS   "<meta charset=\"utf-8\">" NO_PREFETCH

static void neutralised(struct html_document *d, struct span name)
{
    report_neutralised(d->pass->report, name);
}

static size_t leading_blanks(struct span text)
{
    size_t len = 0;
    while (len < text.len && (ascii_is_space(text.ptr[len]) || text.ptr[len] == '\0'))
        len++;
    return len;
}

static void write_metas(struct html_document *d)
{
    d->metas_due = false;
    d->metas_done = true;
    d->no_prefetch = true;
    buf_add_text(d->out, OUR_METAS);
}

/* Something is about to be written that is no white space. */
static void begin_content(struct html_document *d, bool body)
{
    if (d->metas_due)
        write_metas(d);
    d->in_body |= body;
    d->doctype_done = true;
}

/* Where something is tried that may come to nothing: then it must leave no trace, our metas
 * included. */
struct attempt {
    size_t len;
    bool in_body, doctype_done, metas_due, metas_done;
};

static struct attempt attempt_begin(const struct html_document *d)
{
    return (struct attempt){d->out->len, d->in_body, d->doctype_done, d->metas_due, d->metas_done};
}

static void attempt_undo(struct html_document *d, struct attempt attempt)
{
    if (buf_error(d->out))
        return;
    buf_cut(d->out, attempt.len);
    d->in_body = attempt.in_body;
    d->doctype_done = attempt.doctype_done;
    d->metas_due = attempt.metas_due;
    d->metas_done = attempt.metas_done;
}

static void text(struct html_document *d, const struct html_token *token)
{
    struct span s = token->text;
    if (!d->in_body || d->metas_due) {
        /* Blanks wait for nothing, however the text behind them was cut into tokens. */
        size_t blanks = leading_blanks(s);
        html_write_text(d->out, span_part(s, 0, blanks));
        if (blanks == s.len)
            return;
        s = span_part(s, blanks, s.len);
        begin_content(d, true);
    }
    if (token->plain)
        buf_add_span(d->out, s);
    else
        html_write_text(d->out, s);
}

/* ---- elements whose text is not markup ---- */

/*
 * The text up to the end tag that html_content_set() announced. False when it cannot be had; the
 * token of the start tag is no longer valid then or later.
 */
static bool read_raw(struct html_document *d, enum html_content content, struct buf *ret)
{
    struct html_token token;
    html_content_set(&d->t, content);
    for (;;) {
        int r = html_token_next(&d->t, &token);
        if (r < 0) {
            html_fail(d, r);
            return false;
        }
        if (token.type != HTML_TEXT)
            break; /* the end tag, or the end of the input */
        if (ret)
            buf_add_span(ret, token.text);
    }
    if (ret)
        html_fail(d, buf_error(ret));
    return !d->error;
}

/* The attributes of a start tag, kept beyond the next token. */
struct kept_tag {
    struct html_attribute attributes[3];
    struct html_token token;
    struct buf text;
};

static void keep_attribute(struct kept_tag *kept, const struct html_token *tag, const char *name)
{
    const struct span *value = html_token_attribute(tag, name);
    if (!value)
        return;
    struct html_attribute *a = &kept->attributes[kept->token.attributes_count++];
    a->name = span_of(name);
    a->value_at = kept->text.len;
    a->value.len = value->len;
    buf_add_span(&kept->text, *value);
}

static void style(struct html_document *d, const struct html_token *tag)
{
    struct kept_tag kept = {.text = BUF_INIT(SIZE_MAX / 2)};
    CLEANUP(buf_free) struct buf css = BUF_INIT(SIZE_MAX / 2);
    keep_attribute(&kept, tag, "type");
    keep_attribute(&kept, tag, "media");
    keep_attribute(&kept, tag, "data-shoji-style");
    html_fail(d, buf_error(&kept.text));
    kept.token.attributes = kept.attributes;
    for (size_t i = 0; i < kept.token.attributes_count && !d->error; i++)
        kept.attributes[i].value.ptr = buf_span(&kept.text).ptr + kept.attributes[i].value_at;
    if (!d->error && read_raw(d, HTML_RAWTEXT, &css)) {
        struct attempt attempt = attempt_begin(d);
        begin_content(d, false);
        size_t start = d->out->len;
        html_write_style(d, &kept.token, buf_span(&css));
        if (d->out->len == start)
            attempt_undo(d, attempt);
    }
    buf_free(&kept.text);
}

/* In a body browsers do not show it. */
static void title(struct html_document *d)
{
    CLEANUP(buf_free) struct buf words = BUF_INIT(SIZE_MAX / 2);
    if (!read_raw(d, HTML_RCDATA, &words) || d->in_body)
        return;
    begin_content(d, false);
    buf_add_text(d->out, "<title>");
    html_write_text(d->out, buf_span(&words));
    buf_add_text(d->out, "</title>");
}

/* ---- head ---- */

/* Words, numbers and lists: nothing that could be a reference for anybody. */
static bool is_setting(struct span content)
{
    for (size_t i = 0; i < content.len; i++) {
        char c = ascii_lower(content.ptr[i]);
        bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || !strchr(" \t\n=,.;:-_+%/", c)))
            return false;
    }
    return content.len == 0 || !memmem(content.ptr, content.len, "//", 2);
}

static void meta(struct html_document *d, const struct html_token *tag)
{
    const struct span *name = html_token_attribute(tag, "name");
    const struct span *content = html_token_attribute(tag, "content");
    const struct span *equiv = html_token_attribute(tag, "http-equiv");
    if (equiv) {
        bool ours = span_equal_nocase(*equiv, SPAN("content-type")) ||
                    (span_equal_nocase(*equiv, SPAN("x-dns-prefetch-control")) && content &&
                     span_equal(*content, SPAN("off")));
        if (!ours)
            neutralised(d, SPAN("meta-http-equiv"));
        return;
    }
    if (!name || !content || !html_meta_allowed(*name) || !is_setting(*content)) {
        if (content && content->len > 0 && memmem(content->ptr, content->len, "//", 2))
            neutralised(d, SPAN("meta"));
        return;
    }
    begin_content(d, false);
    buf_add_text(d->out, "<meta");
    html_write_attribute(d->out, "name", *name);
    html_write_attribute(d->out, "content", *content);
    buf_add_char(d->out, '>');
}

static void doctype(struct html_document *d, const struct html_token *token)
{
    if (d->doctype_done)
        return;
    d->doctype_done = true;
    if (!html_doctype_is_quirky(token->doctype))
        buf_add_text(d->out, "<!DOCTYPE html>");
}

/* ---- tags ---- */

/*
 * A fragment has no head for our metas; Firefox looks its links up all the same, and minds a <meta>
 * wherever it stands. `tag` is where the tag of the first link begins.
 */
static void forbid_prefetch(struct html_document *d, size_t tag)
{
    CLEANUP(buf_free) struct buf link = BUF_INIT(d->out->max);
    if (buf_error(d->out))
        return;
    buf_add_span(&link, span_part(buf_span(d->out), tag, d->out->len));
    buf_cut(d->out, tag);
    buf_add_text(d->out, NO_PREFETCH);
    buf_add_span(d->out, buf_span(&link));
    html_fail(d, buf_error(&link));
    d->no_prefetch = true;
}

static void write_tag(struct html_document *d, enum html_element kind, const struct html_token *tag)
{
    bool head = kind == HTML_ROOT || kind == HTML_HEAD;
    struct attempt attempt = attempt_begin(d);
    if (!head)
        begin_content(d, true);
    else if (kind == HTML_ROOT && d->metas_due)
        write_metas(d);
    d->doctype_done = true;
    size_t start = d->out->len;
    bool fine = html_write_start_tag(d, kind, tag);
    if (d->leads_away && !d->no_prefetch)
        forbid_prefetch(d, start);
    if (!fine)
        attempt_undo(d, attempt);
    if (head && !d->metas_done) {
        d->metas_due = true;
        if (kind == HTML_HEAD)
            write_metas(d);
    }
}

/*
 * A tag that can be the same again, if all that it did was to show an image that was noted, or to
 * name a tracker in a row of the report that there is room for.
 */
static void write_repeatable_tag(struct html_document *d, enum html_element kind,
                                 const struct html_token *tag, const struct html_memo_tag *memo)
{
    begin_content(d, true);
    struct rewrite_pass *pass = d->pass;
    struct html_memo_note note = {.in = d->t.in, .out = d->out, .from = d->out->len};
    size_t effects = pass->effects, shown = pass->shown;
    size_t named = pass->report ? pass->report->trackers_count : 0;
    write_tag(d, kind, tag);
    effects = pass->effects - effects;
    shown = pass->shown - shown;
    size_t trackers = pass->report ? pass->report->trackers_count - named : 0;
    bool kept = trackers == 1 && named < SHOJI_REPORT_TRACKERS && pass->report->trackers;
    note.end = d->t.at;
    note.trace = (struct html_memo_trace){
        .body = true, .image = shown == 1, .tracker = kept ? (uint16_t)(named + 1) : 0};
    if (shown <= 1 && effects == shown + kept)
        html_memo_note(memo, &note);
}

/* A <picture> begins or ends: what was kept of the one before belongs to no image behind it. */
static void forget_picture(struct html_document *d, const struct html_token *tag)
{
    if (d->picture.len > 0 && span_equal(tag->text, SPAN("picture")))
        buf_free(&d->picture);
}

static void start_tag(struct html_document *d, const struct html_token *tag,
                      const struct html_memo_tag *memo)
{
    forget_picture(d, tag);
    enum html_element kind = html_element_find(tag->text);
    switch (kind) {
    case HTML_KEPT:
    case HTML_VOID:
    case HTML_BOX:
    case HTML_IMG:
        write_repeatable_tag(d, kind, tag, memo);
        return;
    case HTML_UNKNOWN:
        neutralised(d, tag->text);
        html_silent(d, tag);
        return;
    case HTML_META:
        meta(d, tag);
        return;
    case HTML_BASE: /* read by html_base_find */
        neutralised(d, tag->text);
        return;
    case HTML_STYLE:
        style(d, tag);
        return;
    case HTML_TITLE:
        title(d);
        return;
    case HTML_TEXT_ONLY:
        neutralised(d, tag->text);
        html_content_set(&d->t, html_content_of(tag->text));
        return;
    case HTML_SILENT:
        neutralised(d, tag->text);
        html_silent(d, tag);
        read_raw(d, html_content_of(tag->text), NULL);
        return;
    case HTML_FOREIGN:
        neutralised(d, tag->text);
        html_foreign_skip(d, tag);
        return;
    default:
        write_tag(d, kind, tag);
        return;
    }
}

static void end_tag(struct html_document *d, const struct html_token *tag,
                    const struct html_memo_tag *memo)
{
    enum html_element kind = html_element_find(tag->text);
    forget_picture(d, tag);
    if (span_equal(tag->text, SPAN("br"))) { /* browsers take it for <br> */
        begin_content(d, true);
        buf_add_text(d->out, "<br>");
        return;
    }
    if (kind != HTML_KEPT && kind != HTML_BOX && kind != HTML_LINK && kind != HTML_ROOT &&
        kind != HTML_HEAD)
        return;
    if (span_equal(tag->text, SPAN("area")))
        return;
    begin_content(d, false);
    size_t start = d->out->len;
    buf_add_text(d->out, "</");
    buf_add_span(d->out, tag->text);
    buf_add_char(d->out, '>');
    html_memo_note(memo, &(struct html_memo_note){
                             .in = d->t.in, .end = d->t.at, .out = d->out, .from = start});
}

static void comment(struct html_document *d, struct span data)
{
    if (span_starts(span_trim(data), SPAN("[if")))
        neutralised(d, SPAN("conditional-comment"));
}

/* Here a tag begins that goes on to its '>' or, without one, to the end of the input: so it can be
 * looked for without looking at anything twice. */
static bool at_tag(struct span in, size_t at)
{
    struct span rest = span_part(in, at, 3);
    if (rest.len < 3 || rest.ptr[0] != '<')
        return false;
    char first = ascii_lower(rest.ptr[rest.ptr[1] == '/' ? 2 : 1]);
    return first >= 'a' && first <= 'z';
}

/* Writes a tag again as it was written before. */
static void repeat(struct html_document *d, const struct html_memo_tag *tag)
{
    struct html_memo_trace trace = tag->slot->trace;
    struct shoji_report *report = d->pass->report;
    begin_content(d, trace.body);
    if (trace.image && report)
        report->images_proxied++;
    if (trace.tracker > 0)
        report_tracker_again(report, trace.tracker - 1U);
    html_memo_write(tag, d->out);
}

/* The end of the text at `at`, if it is written as it stands, or `at`. */
static size_t plain_text_end(struct span in, size_t at)
{
    bool escaped = false; /* as in the tokenizer */
    size_t end = scan_to(in, at, "<&", ">>\xEF", &escaped);
    return escaped ? at : end;
}

/*
 * Writes what needs no thought, as far as it goes: tags that came before, and the text between
 * them. What stays as it is is copied in one piece. *ret: the tag that comes next, if one does and
 * may be noted; inside a <picture> that is held, an <img> depends on what stands before it.
 */
static void write_known(struct html_document *d, struct html_memo_tag *ret)
{
    struct html_tokenizer *t = &d->t;
    size_t from = t->at, at = from;
    ret->slot = NULL;
    if (t->content != HTML_DATA || d->picture.len > 0)
        return;
    for (;;) {
        bool settled = d->in_body && !d->metas_due; /* text and tags begin nothing */
        if (settled)
            at = plain_text_end(t->in, at);
        if (!at_tag(t->in, at)) {
            ret->slot = NULL;
            break;
        }
        html_memo_find(&d->memo, t->in, at, ret);
        if (!ret->known)
            break;
        if (!settled || !ret->slot->same) {
            buf_add(d->out, t->in.ptr + from, at - from);
            repeat(d, ret);
            from = at + ret->len;
        }
        at += ret->len;
    }
    buf_add(d->out, t->in.ptr + from, at - from);
    t->at = at;
}

static void token(struct html_document *d, const struct html_token *token,
                  const struct html_memo_tag *memo)
{
    switch (token->type) {
    case HTML_TEXT:
        text(d, token);
        return;
    case HTML_START_TAG:
        start_tag(d, token, memo);
        return;
    case HTML_END_TAG:
        end_tag(d, token, memo);
        return;
    case HTML_DOCTYPE:
        doctype(d, token);
        return;
    case HTML_COMMENT:
        comment(d, token->text);
        return;
    case HTML_END:
        return;
    }
}

static void run(struct html_document *d)
{
    UNCLEARED struct html_token next;
    UNCLEARED struct html_memo_tag memo;
    while (!d->error && !buf_error(d->out)) {
        write_known(d, &memo);
        html_fail(d, html_token_next(&d->t, &next));
        if (d->error || next.type == HTML_END)
            break;
        token(d, &next, &memo);
    }
    if (d->metas_due)
        write_metas(d);
    html_fail(d, buf_error(d->out));
}

int html_rewrite(struct rewrite_pass *pass, struct span in, struct span base_url, struct buf *out)
{
    CLEANUP(buf_free) struct buf copy = BUF_INIT(SIZE_MAX / 2);
    struct span clean;
    int r = html_input(in, &copy, &clean);
    if (r < 0)
        return r;
    struct html_document *d = malloc(sizeof(*d));
    if (!d)
        return -ENOMEM;
    memset(d, 0, offsetof(struct html_document, base)); /* the tokenizer clears itself */
    d->base[0] = '\0';
    d->pass = pass;
    d->out = out;
    html_scratch_init(d);
    if (base_url.len > 0 && base_url.len <= SHOJI_URL_MAX)
        *(char *)mempcpy(d->base, base_url.ptr, base_url.len) = '\0';
    html_tokenizer_init(&d->t, clean);
    html_base_find(d);
    run(d);
    r = d->error;
    html_scratch_free(d);
    html_tokenizer_free(&d->t);
    free(d);
    return r;
}
