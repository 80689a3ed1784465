/*
 * HTML in, HTML out in the one spelling that the rewriter has: read here by a parser that knows
 * only that spelling and refuses all else. Nothing loads but what may, and a second pass changes
 * nothing.
 */
#include "fuzz_rewrite.h"

#include <shoji/check.h>

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct reader {
    struct span rest;
};

static bool take_text(struct reader *r, const char *text)
{
    size_t len = strlen(text);
    if (!span_starts(r->rest, (struct span){text, len}))
        return false;
    r->rest = span_part(r->rest, len, r->rest.len);
    return true;
}

static struct span take_until(struct reader *r, const char *stop)
{
    const char *end = memmem(r->rest.ptr, r->rest.len, stop, strlen(stop));
    must(end);
    struct span taken = span_part(r->rest, 0, (size_t)(end - r->rest.ptr));
    r->rest = span_part(r->rest, taken.len, r->rest.len);
    return taken;
}

static struct span take_name(struct reader *r)
{
    size_t len = 0;
    while (len < r->rest.len &&
           ((r->rest.ptr[len] >= 'a' && r->rest.ptr[len] <= 'z') ||
            (r->rest.ptr[len] >= '0' && r->rest.ptr[len] <= '9') || r->rest.ptr[len] == '-'))
        len++;
    must(len > 0);
    struct span name = span_part(r->rest, 0, len);
    r->rest = span_part(r->rest, len, r->rest.len);
    return name;
}

static bool is_any(struct span name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal(name, span_of(list[i])))
            return true;
    return false;
}

#define IS_ANY(name, list) is_any(name, list, sizeof(list) / sizeof((list)[0]))

static void check_srcset(struct span value)
{
    for (size_t at = 0; at < value.len;) {
        struct span one = span_part(value, at, value.len);
        must(fuzz_loads_well(one));
        const char *next = memmem(one.ptr, one.len, ", ", 2);
        at = next ? at + (size_t)(next - one.ptr) + 2 : value.len;
    }
}

/* Quotes are the only reference that CSS of ours holds, and '>' and '&' of selectors and cid: URLs.
 */
static void check_css_value(struct span value)
{
    CLEANUP(buf_free) struct buf css = BUF_INIT(SIZE_MAX / 2);
    for (size_t at = 0; at < value.len; at++) {
        struct span s = span_part(value, at, value.len);
        if (span_starts(s, SPAN("&quot;"))) {
            buf_add_char(&css, '"');
            at += 5;
        } else if (span_starts(s, SPAN("&gt;"))) {
            buf_add_char(&css, '>');
            at += 3;
        } else {
            must(s.ptr[0] != '&' || span_starts(s, SPAN("&#65279;")));
            buf_add_char(&css, s.ptr[0]);
        }
    }
    fuzz_check_css(buf_span(&css));
}

static void check_attribute(struct span tag, struct span name, struct span value)
{
    static const char *const images[] = {"src", "background", "data-shoji-src"};
    static const char *const styles[] = {"style", "data-shoji-style"};
    static const char *const texts[] = {"alt",
                                        "title",
                                        "class",
                                        "id",
                                        "summary",
                                        "abbr",
                                        "name",
                                        "datetime",
                                        "content",
                                        "aria-label",
                                        "aria-labelledby",
                                        "aria-describedby",
                                        "aria-description",
                                        "aria-roledescription",
                                        "data-shoji-tracker",
                                        "usemap"};
    must(!span_starts(name, SPAN("on")));
    must(!fuzz_contains(value, "<") && !fuzz_contains(value, ">"));
    if (IS_ANY(name, images))
        must(fuzz_loads_well(value));
    else if (span_equal(name, SPAN("srcset")))
        check_srcset(value);
    else if (IS_ANY(name, styles))
        check_css_value(value);
    else if (span_equal(name, SPAN("href")))
        must(span_equal(tag, SPAN("a")) || span_equal(tag, SPAN("area")));
    else if (!IS_ANY(name, texts))
        must(!fuzz_contains(value, "//") && !fuzz_contains(value, "url("));
}

static void check_tag(struct reader *r)
{
    static const char *const never[] = {
        "script",   "iframe",  "link",     "object", "embed",  "svg",       "math",  "base",
        "video",    "audio",   "noscript", "xmp",    "frame",  "template",  "form",  "textarea",
        "noframes", "noembed", "input",    "track",  "select", "plaintext", "image", "frameset",
    };
    bool closes = take_text(r, "/");
    struct span tag = take_name(r);
    must(!IS_ANY(tag, never));
    while (take_text(r, " ")) {
        must(!closes);
        struct span name = take_name(r);
        must(take_text(r, "=\""));
        struct span value = take_until(r, "\"");
        must(take_text(r, "\""));
        check_attribute(tag, name, value);
    }
    must(take_text(r, ">"));
    if (closes)
        return;
    if (span_equal(tag, SPAN("style"))) {
        fuzz_check_css(take_until(r, "<"));
        must(take_text(r, "</style>"));
    } else if (span_equal(tag, SPAN("title"))) {
        take_until(r, "<");
        must(take_text(r, "</title>"));
    }
}

static void check_output(struct span out)
{
    struct reader r = {out};
    while (r.rest.len > 0) {
        const char *open = memchr(r.rest.ptr, '<', r.rest.len);
        size_t len = open ? (size_t)(open - r.rest.ptr) : r.rest.len;
        must(!memchr(r.rest.ptr, '>', len) && !memchr(r.rest.ptr, '\0', len));
        r.rest = span_part(r.rest, len, r.rest.len);
        if (take_text(&r, "<!DOCTYPE html>"))
            continue;
        if (take_text(&r, "<"))
            check_tag(&r);
    }
}

static void rewrite(enum shoji_mode mode, struct span in, struct buf *out)
{
    struct shoji_rewrite how = fuzz_how(mode);
    struct shoji_report report = {0};
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    must(pass);
    pass->how = &how;
    pass->report = &report;
    pass->images_left = LIMIT_IMAGES;
    must(html_rewrite(pass, in, (struct span){"", 0}, out) == 0);
    must(report.images_proxied <= in.len);
    shoji_report_free(&report);
    free(pass);
}

/* The second scanner, which reads like the sloppiest client, agrees. */
static void check_by_scanner(struct span out)
{
    struct shoji_rewrite how = fuzz_how(SHOJI_PROXY);
    struct shoji_check check = {
        .keys = how.keys, .base_url = how.signer.base_url, .suffix = how.signer.suffix};
    must(shoji_check_html(&check, out.ptr, out.len) == 0);
}

static void check(enum shoji_mode mode, struct span in)
{
    CLEANUP(buf_free)
    struct buf first = BUF_INIT(in.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA);
    CLEANUP(buf_free) struct buf second = BUF_INIT(SIZE_MAX / 2);
    rewrite(mode, in, &first);
    check_output(buf_span(&first));
    check_by_scanner(buf_span(&first));
    rewrite(mode, buf_span(&first), &second);
    must(span_equal(buf_span(&first), buf_span(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span in = {(const char *)bytes, len};
    check(SHOJI_PROXY, in);
    check(SHOJI_HOLD, in);
    check(SHOJI_STRIP, in);
    CLEANUP(buf_free) struct buf text = BUF_INIT(in.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA);
    must(html_to_text(in, &text) == 0);
    check_output(buf_span(&text));
    check_by_scanner(buf_span(&text));
    return 0;
}
