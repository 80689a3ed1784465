/* What a client would load without a reader seeing an image of it: named in the report as what it
 * is. The tags themselves are gone, whatever they were for. */
#include "lib/html_write.h"
#include "lib/tracker.h"

static const struct {
    const char *element;
    const char *attribute;
    const char *kind;
} loads[] = {
    {"audio", "src", "audio"},    {"bgsound", "src", "audio"}, {"video", "src", "video"},
    {"video", "poster", "video"}, {"iframe", "src", "frame"},  {"frame", "src", "frame"},
    {"object", "data", "frame"},  {"embed", "src", "frame"},
};

static const struct {
    const char *rel;
    const char *as; /* of a preload; NULL: whatever it says */
    const char *kind;
} links[] = {
    {"dns-prefetch", NULL, "dns"}, {"preconnect", NULL, "dns"}, {"stylesheet", NULL, "css"},
    {"preload", "style", "css"},   {"preload", "font", "font"},
};

static bool is_word(const struct span *text, const char *word)
{
    return text && span_equal_nocase(span_trim(*text), span_of(word));
}

/* One of the words of a rel attribute, and what kind of load that makes of the link; or NULL. */
static const char *link_kind(struct span rel, const struct span *as)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (span_equal_nocase(rel, span_of(links[i].rel)) &&
            (!links[i].as || is_word(as, links[i].as)))
            return links[i].kind;
    return NULL;
}

static void name_link(struct html_document *d, const struct html_token *tag)
{
    const struct span *rel = html_token_attribute(tag, "rel");
    const struct span *href = html_token_attribute(tag, "href");
    const struct span *as = html_token_attribute(tag, "as");
    if (!rel || !href)
        return;
    for (struct span rest = span_trim(*rel); rest.len > 0;) {
        size_t len = 0;
        while (len < rest.len && !ascii_is_space(rest.ptr[len]))
            len++;
        const char *kind = link_kind(span_part(rest, 0, len), as);
        if (kind) {
            tracker_silent(d->pass, html_base(d), *href, kind);
            return;
        }
        rest = span_trim(span_part(rest, len, rest.len));
    }
}

void html_silent(struct html_document *d, const struct html_token *tag)
{
    struct rewrite_pass *pass = d->pass;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        const struct span *url = span_equal(tag->text, span_of(loads[i].element))
                                     ? html_token_attribute(tag, loads[i].attribute)
                                     : NULL;
        if (url)
            tracker_silent(pass, html_base(d), *url, loads[i].kind);
    }
    if (span_equal(tag->text, SPAN("link")))
        name_link(d, tag);
}
