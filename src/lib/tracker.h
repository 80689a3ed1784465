/*
 * What a reference in a mail is there for: the verdicts on images, links and silent loads, and how
 * they get into the report. The order is fixed: partner, vendor, path, geometry, kind.
 *
 * Pure look-ups in the rules of the pass; where it has none, only geometry speaks. Any thread; a
 * pass belongs to one.
 */
#ifndef LIB_TRACKER_H
#define LIB_TRACKER_H

#include "lib/html_rewrite.h"
#include "lib/rules.h"

struct tracker_verdict {
    struct span vendor;   /* empty: not known */
    struct span host;     /* of the URL that was judged; borrowed from it */
    const char *evidence; /* "vendor", "path" or "geometry" */
};

/* Is the image at this canonical URL a tracker? `tiny`: it is drawn one pixel large, or not at all.
 */
bool tracker_find(const struct rewrite_pass *pass, struct span url, bool tiny,
                  struct tracker_verdict *ret);

/* Do trackers give way to a blank in this pass? */
static inline bool tracker_blocks(const struct rewrite_pass *pass)
{
    return pass->how->trackers == SHOJI_TRACKERS_BLOCK;
}

/* What a client would have loaded without showing it, and does no longer: into the report as `kind`
 * ("audio", "font", "dns", ...) when `raw` leads anywhere remote. `base` may be NULL. */
void tracker_silent(struct rewrite_pass *pass, const char *base, struct span raw, const char *kind);

/* The same for what a style sheet asks for ("css", "font"), of which there may be hundreds: each
 * host is named once a kind. */
void tracker_sheet(struct rewrite_pass *pass, const char *base, struct span raw, const char *kind);

/*
 * A http(s) link as it is about to be written: counted, named once a company and host, and with
 * SHOJI_LINKS_CLEAN rewritten in place to lead where it led without telling who clicked. 0, -ENOMEM
 * or -E2BIG of `link`.
 */
MUST_CHECK int tracker_link(struct rewrite_pass *pass, struct buf *link);

/* ---- link_clean.c ---- */

enum link_clean_answer { LINK_CLEAN_SAME = 1 }; /* nothing in it follows anybody */

struct link_facts {
    bool tracked;
    struct span vendor; /* of what was found first; empty: not known */
    bool by_host;
};

/*
 * What follows people in an http(s) link: the host or path of a company that counts clicks, a
 * redirector with its target in the URL, parameters. `out` gets the link without all that can go
 * without a question to anybody. 0; LINK_CLEAN_SAME (`out` untouched); or the error of `out`.
 */
MUST_CHECK int link_clean(const struct shoji_rules *rules, struct span url, struct buf *out,
                          struct link_facts *ret);

#endif
