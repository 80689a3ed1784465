/* The base of a document, which stands anywhere in it and counts everywhere. */
#include "lib/html_write.h"

#include "base/scan.h"

/* Where in a block and the two bytes behind it "<ba" stands, a bit each. */
static unsigned find_ba(const char *ptr)
{
    const scan_block lower = scan_all(' ');
    return scan_bits((scan_block)(scan_load(ptr) == scan_all('<')) &
                     (scan_block)((scan_load(ptr + 1) | lower) == scan_all('b')) &
                     (scan_block)((scan_load(ptr + 2) | lower) == scan_all('a')));
}

/* From `at` to the next place where "<ba" may stand in any case. */
static size_t next_ba(struct span in, size_t at)
{
    for (; in.len - at > 2 * sizeof(scan_block) + 1; at += 2 * sizeof(scan_block)) {
        unsigned hits = find_ba(in.ptr + at) | find_ba(in.ptr + at + sizeof(scan_block)) << 16;
        if (hits)
            return at + (unsigned)__builtin_ctz(hits);
    }
    return at;
}

/* Without it there is no <base>: most documents are read only once. */
static bool may_have_base(struct span in)
{
    for (size_t at = 0; (at = next_ba(in, at)) + 5 <= in.len; at++)
        if (span_equal_nocase(span_part(in, at, 5), SPAN("<base")))
            return true;
    return false;
}

/* The first <base> with a href decides, even by being of no use (HTML standard, 2.4.3). */
static bool decides(struct html_document *d, const struct html_token *tag)
{
    const struct span *href = html_token_attribute(tag, "href");
    UNCLEARED char resolved[SHOJI_URL_MAX + 1];
    size_t len;
    if (!href)
        return false;
    int r = image_ref_canonical(*href, html_base(d), resolved, &len);
    html_fail(d, r);
    if (r == 0)
        memcpy(d->base, resolved, len + 1);
    return true;
}

enum html_content html_content_of(struct span name)
{
    if (span_equal(name, SPAN("script")))
        return HTML_SCRIPT;
    if (span_equal(name, SPAN("plaintext")))
        return HTML_PLAINTEXT;
    if (span_equal(name, SPAN("title")) || span_equal(name, SPAN("textarea")))
        return HTML_RCDATA;
    return HTML_RAWTEXT;
}

/* Reads on behind a start tag as the rewriter does. True: the base is known. */
static bool look_at(struct html_document *d, const struct html_token *tag)
{
    switch (html_element_find(tag->text)) {
    case HTML_BASE:
        return decides(d, tag);
    case HTML_STYLE:
    case HTML_TITLE:
    case HTML_TEXT_ONLY:
    case HTML_SILENT:
        html_content_set(&d->t, html_content_of(tag->text));
        return false;
    case HTML_FOREIGN:
        html_foreign_skip(d, tag);
        return false;
    default:
        return false;
    }
}

void html_base_find(struct html_document *d)
{
    struct span in = d->t.in;
    if (!may_have_base(in))
        return;
    struct html_token token;
    do
        html_fail(d, html_token_next(&d->t, &token));
    while (!d->error && token.type != HTML_END &&
           (token.type != HTML_START_TAG || !look_at(d, &token)));
    html_tokenizer_free(&d->t);
    html_tokenizer_init(&d->t, in);
    d->foreign_open_end = false;
}
