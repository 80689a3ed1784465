#include "lib/tracker.h"

#include "lib/image_ref.h"
#include "lib/report.h"

/* A spacer of the layout that says so and carries nobody's number: one pixel large, and no tracker.
 */
static bool is_spacer(struct span target)
{
    static const char *const words[] = {"spacer", "transparent", "blank", "clear", "shim", "trans"};
    if (memchr(target.ptr, '?', target.len))
        return false;
    size_t from = target.len;
    while (from > 0 && target.ptr[from - 1] != '/')
        from--;
    struct span file = span_part(target, from, target.len);
    const char *dot = memchr(file.ptr, '.', file.len);
    struct span stem = span_part(file, 0, dot ? (size_t)(dot - file.ptr) : file.len);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_equal_nocase(stem, span_of(words[i])))
            return true;
    return false;
}

bool tracker_find(const struct rewrite_pass *pass, struct span url, bool tiny,
                  struct tracker_verdict *ret)
{
    const struct shoji_rules *rules = pass->how->rules;
    bool geometry = tiny && !pass->how->ignore_geometry;
    UNCLEARED struct rules_url ready; /* 4 KiB: clearing it costs more than reading a URL */
    struct rules_hit hit;
    if ((!rules && !geometry) || !rules_url_read(url, &ready) ||
        rules_allow(rules, ready.host, pass->sender))
        return false;
    struct tracker_verdict verdict = {.vendor = SPAN(""), .evidence = "geometry"};
    /* A host is not changed by canonical spelling in lower case. */
    verdict.host = span_part(url, (size_t)(ready.host.ptr - ready.room), ready.host.len);
    if (rules_find(rules, &ready, RULES_PIXEL, &hit)) {
        if (rules_find(rules, &ready, RULES_KEEP, &(struct rules_hit){0}))
            return false;
        verdict.vendor = hit.vendor;
        verdict.evidence = hit.by_host ? "vendor" : "path";
    } else if (!geometry || is_spacer(ready.target)) {
        return false;
    }
    *ret = verdict;
    return true;
}

/* True the second time. Two names may share a place: then the one is named again. */
static bool named_before(struct rewrite_pass *pass, struct span vendor, struct span host)
{
    uint64_t key = rules_key(RULES_KEY_VENDOR, vendor) ^ (rules_key(RULES_KEY_HOST, host) * 3);
    uint64_t *place = &pass->links_named[key % REWRITE_LINKS_NAMED];
    bool before = *place == key;
    *place = key;
    return before;
}

static void name_silent(struct rewrite_pass *pass, const struct rules_url *url, const char *kind)
{
    struct rules_hit hit = {.vendor = SPAN("")};
    if (!rules_find(pass->how->rules, url, RULES_PIXEL | RULES_LOAD, &hit))
        hit.vendor = SPAN("");
    report_tracker(pass->report, hit.vendor, url->host, kind, hit.rule ? "vendor" : "kind",
                   "removed");
}

static bool is_remote(const struct rewrite_pass *pass, const char *base, struct span raw, char *url,
                      struct rules_url *ret)
{
    size_t len;
    return pass->report && raw.len > 0 && image_ref_canonical(raw, base, url, &len) == 0 &&
           rules_url_read((struct span){url, len}, ret);
}

void tracker_silent(struct rewrite_pass *pass, const char *base, struct span raw, const char *kind)
{
    UNCLEARED char url[SHOJI_URL_MAX + 1];
    UNCLEARED struct rules_url ready;
    if (is_remote(pass, base, raw, url, &ready))
        name_silent(pass, &ready, kind);
}

void tracker_sheet(struct rewrite_pass *pass, const char *base, struct span raw, const char *kind)
{
    UNCLEARED char url[SHOJI_URL_MAX + 1];
    UNCLEARED struct rules_url ready;
    if (is_remote(pass, base, raw, url, &ready) && !named_before(pass, span_of(kind), ready.host))
        name_silent(pass, &ready, kind);
}

/* ---- links ---- */

static void name_link(struct rewrite_pass *pass, struct span url, const struct link_facts *facts)
{
    struct span rest = span_part(url, span_starts(url, SPAN("https")) ? 8 : 7, url.len);
    size_t len = 0;
    while (len < rest.len && !strchr("/?#\\:", rest.ptr[len]) && rest.ptr[len])
        len++;
    struct span host = span_part(rest, 0, len < 255 ? len : 255);
    if (!named_before(pass, facts->vendor, host))
        report_tracker(pass->report, facts->vendor, host, "link",
                       facts->by_host ? "vendor" : "path", "reported");
}

int tracker_link(struct rewrite_pass *pass, struct buf *link)
{
    bool clean = pass->how->links == SHOJI_LINKS_CLEAN;
    struct link_facts facts = {.vendor = SPAN("")};
    CLEANUP(buf_free) struct buf out = BUF_INIT(link->max);
    if (!pass->how->rules)
        return 0;
    int r = link_clean(pass->how->rules, buf_span(link), &out, &facts);
    if (r < 0)
        return r;
    if (facts.tracked && pass->report) {
        pass->report->links_tracked++;
        name_link(pass, buf_span(link), &facts);
    }
    if (r == LINK_CLEAN_SAME || !clean)
        return 0;
    if (pass->report)
        pass->report->links_cleaned++;
    buf_clear(link);
    return buf_add_span(link, buf_span(&out));
}
