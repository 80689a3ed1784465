/* The body of a part: each kind that its header may mean, under each encoding that it names. */
#include "lib/check.h"

static bool starts_nocase(struct span s, struct span prefix)
{
    return span_equal_nocase(span_part(s, 0, prefix.len), prefix);
}

/* What the sniffers of old take for HTML in a part that says nothing of its type. */
static bool sniffs_as_html(struct span text)
{
    static const char *const begins[] = {"<!doctype", "<html",  "<head", "<body",  "<meta",
                                         "<title",    "<style", "<img",  "<table", "<script"};
    text = span_trim(span_part(text, 0, 512));
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
        if (starts_nocase(text, span_of(begins[i])))
            return true;
    return false;
}

/* ![text](reference "title"); what it refers to elsewhere is not looked for. */
static void judge_markdown(struct check_run *run, struct span text)
{
    for (size_t at = 0; at < text.len && check_pay(run, 1);) {
        const char *image = memmem(text.ptr + at, text.len - at, "![", 2);
        if (!image)
            return;
        at = (size_t)(image - text.ptr) + 2;
        struct span rest = span_part(text, at, 1000);
        const char *open = rest.len ? memmem(rest.ptr, rest.len, "](", 2) : NULL;
        if (open)
            rest = span_part(rest, (size_t)(open - rest.ptr) + 2, rest.len);
        size_t end = 0;
        while (end < rest.len && (unsigned char)rest.ptr[end] > ' ' && rest.ptr[end] != ')')
            end++;
        rest.len = end;
        if (!open || !check_loads_well(run, rest))
            check_found(run, &(struct check_spot){.at = image}, "markdown image", rest);
    }
}

static void judge_text(struct check_run *run, const struct check_part *part, struct span text)
{
    bool untyped = !part->typed && part->kinds == 0 && !part->attachment;
    check_begin(run, text);
    if ((part->kinds & CHECK_HTML) || (untyped && sniffs_as_html(text)))
        check_document(run, text, span_of(part->charset));
    if (part->kinds & CHECK_STYLE)
        check_css(run, &(struct check_spot){.at = text.ptr, .element = SPAN("text/css")}, text);
    if (part->kinds & CHECK_MARKUP) {
        judge_markdown(run, text);
        check_document(run, text, span_of(part->charset));
    }
    if (part->kinds & CHECK_CALENDAR)
        check_properties(run, text);
}

static int decode(unsigned code, struct span body, struct buf *out)
{
    if (code == CHECK_BASE64)
        return check_decode_base64(body, out);
    if (code == CHECK_QUOTED)
        return check_decode_quoted(body, out);
    return check_decode_uuencode(body, out);
}

void check_part_body(struct check_run *run, const struct check_part *part, struct span body)
{
    bool silent = part->kinds == 0 && (part->typed || part->attachment);
    if (silent || body.len == 0)
        return;
    if (part->codes & CHECK_IDENTITY)
        judge_text(run, part, body);
    for (unsigned code = CHECK_BASE64; code <= CHECK_UUENCODE; code *= 2) {
        if (!(part->codes & code) || !check_pay(run, body.len))
            continue;
        CLEANUP(buf_free) struct buf text = BUF_INIT(2 * body.len + 16);
        int r = decode(code, body, &text);
        if (r < 0)
            run->error = r;
        else
            judge_text(run, part, buf_span(&text));
        check_begin(run, SPAN(""));
    }
}

/* ---- calendar and card ---- */

/* One property, its folds out: RFC 5545 section 3.1. */
static void judge_property(struct check_run *run, const char *at, struct span line)
{
    static const char *const names[] = {"ATTACH", "IMAGE", "PHOTO", "LOGO", "SOUND"};
    size_t end = 0;
    while (end < line.len && line.ptr[end] != ':' && line.ptr[end] != ';')
        end++;
    struct span name = span_part(line, 0, end);
    const char *dot = memchr(name.ptr, '.', name.len); /* item1.PHOTO */
    if (dot)
        name = span_part(name, (size_t)(dot - name.ptr) + 1, name.len);
    struct span value = span_part(line, end, line.len);
    struct check_spot spot = {.at = at, .attribute = name};
    if (span_equal_nocase(name, SPAN("X-ALT-DESC")) || sniffs_as_html(value)) {
        unsigned depth = run->depth++; /* lines are those of the calendar */
        check_html(run, value);
        run->depth = depth;
        return;
    }
    bool listed = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        listed |= span_equal_nocase(name, span_of(names[i]));
    const char *remote = value.len ? memmem(value.ptr, value.len, "://", 3) : NULL;
    if (listed && remote)
        check_found(run, &spot, NULL, value);
}

void check_properties(struct check_run *run, struct span text)
{
    CLEANUP(buf_free) struct buf line = BUF_INIT(text.len + 1);
    if (!check_pay(run, 2 * text.len))
        return;
    const char *first = text.ptr;
    while (text.len > 0) {
        const char *lf = memchr(text.ptr, '\n', text.len);
        size_t len = lf ? (size_t)(lf - text.ptr) : text.len;
        size_t shown = len > 0 && text.ptr[len - 1] == '\r' ? len - 1 : len;
        buf_add(&line, text.ptr, shown);
        text = span_part(text, len + 1, text.len);
        bool folded = text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t');
        if (folded) {
            text = span_part(text, 1, text.len);
            continue;
        }
        if (line.len > 0)
            judge_property(run, first, buf_span(&line));
        buf_clear(&line);
        first = text.ptr;
    }
    if (line.len > 0)
        judge_property(run, first, buf_span(&line));
}
