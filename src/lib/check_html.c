/*
 * HTML, without a tree: whatever stands behind a '<' is a tag, in a comment, in raw text or within
 * another tag too, so that conditional comments, CDATA, noscript and attribute values need no rules
 * of their own.
 */
#include "lib/check.h"

#include "base/limits.h"

struct tag {
    struct span html; /* the document */
    size_t at;        /* where reading stands */
    struct check_spot spot;
    bool closes;
    bool refreshes; /* http-equiv, of meta */
    struct span content;
};

static bool is_blank(char c)
{
    return (unsigned char)c <= ' ';
}

static bool here(const struct tag *tag, char c)
{
    return tag->at < tag->html.len && tag->html.ptr[tag->at] == c;
}

static void skip_blanks(struct tag *tag)
{
    while (tag->at < tag->html.len && is_blank(tag->html.ptr[tag->at]))
        tag->at++;
}

/* What ends which name; blanks end each. */
enum { ENDS_ELEMENT = 1, ENDS_ATTRIBUTE = 2, ENDS_VALUE = 4 };

static struct span take_name(struct tag *tag, unsigned kind)
{
    static const unsigned char ends[256] = {
        [0 ... ' '] = ENDS_ELEMENT | ENDS_ATTRIBUTE | ENDS_VALUE,
        ['>'] = ENDS_ELEMENT | ENDS_ATTRIBUTE | ENDS_VALUE,
        ['/'] = ENDS_ELEMENT | ENDS_ATTRIBUTE,
        ['<'] = ENDS_ELEMENT,
        ['='] = ENDS_ATTRIBUTE,
    };
    const char *p = tag->html.ptr + tag->at, *end = tag->html.ptr + tag->html.len;
    while (p < end && !(ends[(unsigned char)*p] & kind))
        p++;
    size_t start = tag->at;
    tag->at = (size_t)(p - tag->html.ptr);
    return span_part(tag->html, start, tag->at - start);
}

/* Up to the quote, or to the end of the document where it is missing: EFAIL made use of that. */
static struct span take_value(struct tag *tag)
{
    if (!here(tag, '"') && !here(tag, '\''))
        return take_name(tag, ENDS_VALUE);
    char quote = tag->html.ptr[tag->at++];
    struct span rest = span_part(tag->html, tag->at, tag->html.len);
    const char *close = rest.len ? memchr(rest.ptr, quote, rest.len) : NULL;
    size_t len = close ? (size_t)(close - rest.ptr) : rest.len;
    tag->at += len + (close ? 1 : 0);
    return span_part(rest, 0, len);
}

static bool contains_nocase(struct span s, struct span part)
{
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (span_equal_nocase(span_part(s, i, part.len), part))
            return true;
    return false;
}

static void note_meta(struct tag *tag, struct span value)
{
    if (span_equal_nocase(tag->spot.attribute, SPAN("content")))
        tag->content = value;
    if (!span_equal_nocase(tag->spot.attribute, SPAN("http-equiv")))
        return;
    CLEANUP(buf_free) struct buf plain = BUF_INIT(value.len + 1);
    /* Without memory to tell, it does. */
    tag->refreshes = check_decode_entities(value, &plain) < 0 ||
                     contains_nocase(buf_span(&plain), SPAN("refresh"));
}

/* False at the end of the tag. */
static bool take_attribute(struct check_run *run, struct tag *tag)
{
    skip_blanks(tag);
    while (here(tag, '/')) {
        tag->at++;
        skip_blanks(tag);
    }
    if (tag->at >= tag->html.len || here(tag, '>'))
        return false;
    if (here(tag, '=')) /* the standard lets a name begin with one */
        tag->at++;
    tag->spot.attribute = take_name(tag, ENDS_ATTRIBUTE);
    skip_blanks(tag);
    if (!here(tag, '='))
        return true;
    tag->at++;
    skip_blanks(tag);
    struct span value = take_value(tag);
    check_attribute(run, &tag->spot, value);
    if (span_equal_nocase(tag->spot.element, SPAN("meta")))
        note_meta(tag, value);
    return true;
}

static bool is_element(const struct tag *tag, struct span name)
{
    struct span element = tag->spot.element;
    const char *colon = element.len ? memrchr(element.ptr, ':', element.len) : NULL;
    if (colon)
        element = span_part(element, (size_t)(colon - element.ptr) + 1, element.len);
    return span_equal_nocase(element, name);
}

/* From behind the tag to `</style`, or the end. Foreign content decodes entities there. */
static void judge_style(struct check_run *run, struct tag *tag)
{
    struct span css = span_part(tag->html, tag->at, tag->html.len);
    for (size_t at = 0; at < css.len;) {
        const char *close = memmem(css.ptr + at, css.len - at, "</", 2);
        size_t end = close ? (size_t)(close - css.ptr) : css.len;
        if (!close || span_equal_nocase(span_part(css, end + 2, 5), SPAN("style")))
            css.len = end;
        at = end + 2;
    }
    size_t before = run->found;
    tag->spot.attribute = SPAN("");
    check_css(run, &tag->spot, css);
    if (run->found != before || css.len == 0 || !memchr(css.ptr, '&', css.len))
        return;
    CLEANUP(buf_free) struct buf plain = BUF_INIT(css.len + 1);
    run->error = check_decode_entities(css, &plain);
    if (!run->error)
        check_css(run, &tag->spot, buf_span(&plain));
}

/* What an element does besides its attributes. */
static void judge_element(struct check_run *run, struct tag *tag)
{
    if (tag->closes)
        return;
    tag->spot.attribute = SPAN("");
    if (is_element(tag, SPAN("script")))
        check_found(run, &tag->spot, "code", span_part(tag->html, tag->at + 1, 80));
    if (is_element(tag, SPAN("style")) && tag->at < tag->html.len) {
        tag->at++;
        judge_style(run, tag);
    }
    if (tag->refreshes && tag->content.len > 0)
        check_found(run, &tag->spot, "refresh", tag->content);
}

/* <!DOCTYPE html PUBLIC "..." "http://...">: XML readers fetch it. */
static void judge_doctype(struct check_run *run, struct tag *tag)
{
    struct span rest = span_part(tag->html, tag->at, tag->html.len);
    const char *close = rest.len ? memchr(rest.ptr, '>', rest.len) : NULL;
    if (close)
        rest.len = (size_t)(close - rest.ptr);
    tag->at += rest.len;
    if (contains_nocase(rest, SPAN("://")))
        check_found(run, &tag->spot, NULL, rest);
}

/* The tag that opens at `at`. Returns behind it. */
static size_t read_tag(struct check_run *run, struct span html, size_t at)
{
    struct tag tag = {.html = html, .at = at + 1, .spot = {.at = html.ptr + at}};
    bool declares = here(&tag, '!');
    while (tag.at < html.len && (is_blank(html.ptr[tag.at]) || strchr("/!?", html.ptr[tag.at]))) {
        tag.closes |= html.ptr[tag.at] == '/';
        tag.at++;
    }
    tag.spot.element = take_name(&tag, ENDS_ELEMENT);
    char first = tag.spot.element.len ? ascii_lower(tag.spot.element.ptr[0]) : 0;
    if (first < 'a' || first > 'z')
        return tag.at;
    if (declares && span_equal_nocase(tag.spot.element, SPAN("doctype"))) {
        judge_doctype(run, &tag);
        return tag.at;
    }
    while (!check_over(run) && take_attribute(run, &tag))
        ;
    size_t end = tag.at;
    judge_element(run, &tag);
    return end;
}

void check_html(struct check_run *run, struct span html)
{
    if (run->depth == 0)
        check_begin(run, html);
    for (size_t at = 0; at < html.len && check_pay(run, 1); at++) {
        const char *open = memchr(html.ptr + at, '<', html.len - at);
        if (!open)
            return;
        at = (size_t)(open - html.ptr);
        size_t end = read_tag(run, html, at);
        if (!check_pay(run, end - at))
            return;
    }
}
