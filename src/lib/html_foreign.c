/* svg and math: where a drawing ends, as tree builders have it (13.2.6.5). */
#include "lib/html_write.h"

/* Inside these the text is HTML again, so that HTML elements do not end the drawing around. */
static bool is_integration_point(struct span name)
{
    static const char *const names[] = {
        "foreignobject", "desc", "title", "annotation-xml", "mi", "mo", "mn", "ms", "mtext"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (span_equal(name, span_of(names[i])))
            return true;
    return false;
}

/* Does this tag end a drawing that was not closed, as tree builders have it? */
static bool ends_foreign(const struct html_token *tag)
{
    static const char *const closers[] = {"td", "tr", "th", "tbody", "table", "body", "html"};
    if (html_breaks_out(tag->text))
        return true;
    if (tag->type == HTML_START_TAG)
        return span_equal(tag->text, SPAN("font")) &&
               (html_token_attribute(tag, "color") || html_token_attribute(tag, "face") ||
                html_token_attribute(tag, "size"));
    for (size_t i = 0; i < sizeof(closers) / sizeof(closers[0]); i++)
        if (span_equal(tag->text, span_of(closers[i])))
            return true;
    return false;
}

void html_foreign_skip(struct html_document *d, const struct html_token *tag)
{
    char copy[8];
    struct span name = {copy, tag->text.len}; /* "svg" or "math" */
    memcpy(copy, tag->text.ptr, tag->text.len);
    size_t behind = d->t.at, depth = 1, points = 0;
    if (tag->self_closing || d->foreign_open_end)
        return;
    while (depth > 0) {
        struct html_token token;
        size_t before = d->t.at;
        d->t.foreign = points == 0;
        int r = html_token_next(&d->t, &token);
        d->t.foreign = false;
        if (r < 0) {
            html_fail(d, r);
            return;
        }
        if (token.type == HTML_END) {
            html_content_set(&d->t, HTML_DATA);
            d->t.at = behind;
            d->foreign_open_end = true;
            return;
        }
        bool opens = token.type == HTML_START_TAG && !token.self_closing;
        bool closes = token.type == HTML_END_TAG;
        if ((token.type == HTML_START_TAG || closes) && points == 0 && ends_foreign(&token)) {
            d->t.at = before; /* to be read again, outside */
            return;
        }
        if (span_equal(token.text, name) && (opens || closes))
            depth += opens ? 1 : (size_t)-1;
        else if (is_integration_point(token.text) && (opens || (closes && points > 0)))
            points += opens ? 1 : (size_t)-1;
    }
}
