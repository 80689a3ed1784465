#include "lib/html_write.h"

#include "base/scan.h"
#include "lib/css_rewrite.h"

static const char *escape_of(struct span text, size_t at, bool value, size_t *ret_used)
{
    *ret_used = 1;
    switch (text.ptr[at]) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return value ? "&quot;" : NULL;
    case '\r': /* as itself it would be read back as a line feed */
        return "&#13;";
    case '\0':
        return "";
    case '\xEF': /* U+FEFF: at the very start it would be read back as a byte order mark */
        if (!span_starts(span_part(text, at, 3), SPAN("\xEF\xBB\xBF")))
            return NULL;
        *ret_used = 3;
        return "&#65279;";
    default:
        return NULL;
    }
}

/* Has escape_of something to say about it? */
static const bool special[256] = {['\0'] = true, ['\r'] = true, ['"'] = true, ['&'] = true,
                                  ['<'] = true,  ['>'] = true,  [0xEF] = true};

static bool is_plain_block(const char *ptr)
{
    scan_block b = scan_load(ptr);
    /* '"' and '&' differ in one bit, '<' and '>' in another. */
    return !scan_hit((scan_block)((b | scan_all('\4')) == scan_all('&')) |
                     (scan_block)((b | scan_all('\2')) == scan_all('>')) |
                     (scan_block)(b == scan_all('\r')) | (scan_block)(b == scan_all('\0')) |
                     (scan_block)(b == scan_all('\xEF')));
}

/* Past whole blocks of bytes that stay as they are, the last of which may begin before `at`. */
static size_t past_plain(struct span s, size_t at)
{
    while (s.len - at >= sizeof(scan_block) && is_plain_block(s.ptr + at))
        at += sizeof(scan_block);
    bool last = s.len - at < sizeof(scan_block) && s.len >= sizeof(scan_block);
    return last && is_plain_block(s.ptr + s.len - sizeof(scan_block)) ? s.len : at;
}

static void write_escaped(struct buf *out, struct span text, bool value)
{
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        size_t used;
        at = past_plain(text, at);
        while (at < text.len && !special[(unsigned char)text.ptr[at]])
            at++;
        if (at == text.len)
            break;
        const char *escape = escape_of(text, at, value, &used);
        if (escape) {
            buf_add(out, text.ptr + from, at - from);
            buf_add_text(out, escape);
            from = at + used;
        }
        at += used;
    }
    buf_add(out, text.ptr + from, text.len - from);
}

void html_write_text(struct buf *out, struct span text)
{
    write_escaped(out, text, false);
}

void html_write_attribute(struct buf *out, const char *name, struct span value)
{
    html_write_attribute_of(out, span_of(name), value);
}

void html_write_attribute_of(struct buf *out, struct span name, struct span value)
{
    if (past_plain(value, 0) == value.len) {
        html_write_attribute_plain(out, name, value);
        return;
    }
    buf_add_char(out, ' ');
    buf_add_span(out, name);
    buf_add_text(out, "=\"");
    write_escaped(out, value, true);
    buf_add_char(out, '"');
}

void html_write_attribute_plain(struct buf *out, struct span name, struct span value)
{
    char *to = buf_reserve(out, name.len + value.len + 4);
    if (!to)
        return;
    char *at = to;
    *at++ = ' ';
    at = mempcpy(at, name.ptr, name.len);
    *at++ = '=';
    *at++ = '"';
    at = mempcpy(at, value.ptr, value.len);
    *at++ = '"';
    buf_commit(out, (size_t)(at - to));
}

void html_fail(struct html_document *d, int error)
{
    if (error < 0 && !d->error)
        d->error = error;
}

/* ---- CSS inside HTML ---- */

static size_t css_run(struct html_document *d, bool sheet, enum image_want want, struct span css,
                      struct buf *out)
{
    struct css_job job = {
        .images = {.pass = d->pass, .base = html_base(d), .want = want, .kind = "css"}};
    html_fail(d, sheet ? css_rewrite_sheet(&job, css, out) : css_rewrite_style(&job, css, out));
    return job.remote;
}

void html_css_rewrite(struct html_document *d, bool sheet, struct span css, struct span before,
                      const struct html_css *to)
{
    size_t remote = css_run(d, sheet, IMAGE_SIGN, css, to->shown);
    if (d->pass->how->mode != SHOJI_HOLD || (remote == 0 && before.len == 0))
        return;
    /* Held: the whole of it waits, and what shows meanwhile is the same without its images. */
    buf_add_span(to->held, before);
    if (before.len > 0 && to->shown->len > 0)
        buf_add_char(to->held, ';');
    buf_add_span(to->held, buf_span(to->shown));
    buf_clear(to->shown);
    struct shoji_report *report = d->pass->report;
    d->pass->report = NULL; /* all of this was counted just now */
    css_run(d, sheet, IMAGE_INSIDE, css, to->shown);
    d->pass->report = report;
    html_fail(d, buf_error(to->held));
    html_fail(d, buf_error(to->shown));
}

void html_css_reheld(struct html_document *d, bool sheet, struct span held, struct buf *out)
{
    if (d->pass->how->mode == SHOJI_STRIP)
        return;
    size_t start = out->len;
    if (css_run(d, sheet, IMAGE_OURS, held, out) == 0 && !buf_error(out))
        buf_cut(out, start);
}

/* The type attribute decides whether browsers read a style sheet at all. */
static bool is_css(const struct span *type)
{
    return !type || type->len == 0 || span_equal_nocase(*type, SPAN("text/css"));
}

struct style_tag {
    const struct span *type, *media, *held;
};

static void open_style(struct html_document *d, const struct style_tag *tag, struct span held)
{
    buf_add_text(d->out, "<style");
    if (tag->type && tag->type->len > 0)
        html_write_attribute(d->out, "type", SPAN("text/css"));
    if (tag->media)
        html_write_attribute(d->out, "media", *tag->media);
    if (held.len > 0)
        html_write_attribute(d->out, "data-shoji-style", held);
    buf_add_char(d->out, '>');
}

/* Nothing of it can come before it: it goes straight into the output. */
static void write_sheet(struct html_document *d, const struct style_tag *tag, struct span css)
{
    size_t start = d->out->len;
    open_style(d, tag, SPAN(""));
    size_t body = d->out->len;
    html_css_rewrite(d, true, css, SPAN(""), &(struct html_css){.shown = d->out});
    if (d->out->len > body)
        buf_add_text(d->out, "</style>");
    else if (!buf_error(d->out))
        buf_cut(d->out, start);
}

static void write_held_sheet(struct html_document *d, const struct style_tag *tag, struct span css)
{
    CLEANUP(buf_free) struct buf shown = BUF_INIT(d->out->max);
    CLEANUP(buf_free) struct buf held = BUF_INIT(d->out->max);
    html_css_rewrite(d, true, css, SPAN(""), &(struct html_css){&shown, &held});
    if (held.len == 0 && tag->held)
        html_css_reheld(d, true, *tag->held, &held);
    if (shown.len == 0 && held.len == 0)
        return;
    open_style(d, tag, buf_span(&held));
    buf_add_span(d->out, buf_span(&shown));
    buf_add_text(d->out, "</style>");
}

void html_write_style(struct html_document *d, const struct html_token *token, struct span css)
{
    struct style_tag tag = {.type = html_token_attribute(token, "type"),
                            .media = html_token_attribute(token, "media"),
                            .held = html_token_attribute(token, "data-shoji-style")};
    if (!is_css(tag.type) || (tag.media && !html_value_allowed(HTML_ATTR_CONDITION, *tag.media)))
        return;
    if (tag.held || d->pass->how->mode == SHOJI_HOLD)
        write_held_sheet(d, &tag, css);
    else
        write_sheet(d, &tag, css);
}
