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
    const char *kind;
} links[] = {
    {"dns-prefetch", "dns"},
    {"preconnect", "dns"},
    {"stylesheet", "css"},
};

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
    const struct span *rel = html_token_attribute(tag, "rel");
    const struct span *href = html_token_attribute(tag, "href");
    if (!span_equal(tag->text, SPAN("link")) || !rel || !href)
        return;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        if (span_equal_nocase(span_trim(*rel), span_of(links[i].rel)))
            tracker_silent(pass, html_base(d), *href, links[i].kind);
}
