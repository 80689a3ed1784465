/*
 * Whose originals turned out to be tracking pixels: a record for the operator, who finds in it what
 * the rules do not name yet.
 *
 * It counts originals, once each, when their bytes have been judged, and knows nothing of readers:
 * no URL, no time but the day, nothing of who asked or how often. An entry is a registrable domain,
 * and of the hosts below it no more than what they end in together: a host that was made for one
 * reader is not told (with a single original only the domain is). LIMIT_PIXEL_DOMAINS are
 * remembered; beyond, the one with the fewest originals gives way, of those the one not seen for
 * longest. Nothing here blocks anything: rules are for people to write.
 *
 * On the disk it is sealed (cache_memo_save). It is written once a minute when it has changed, and
 * at the end; a crash costs that minute.
 *
 * pixels_note and pixels_list are for any thread and never wait for the disk; the others are for
 * one.
 */
#ifndef SERVE_PIXELS_H
#define SERVE_PIXELS_H

#include "base/buf.h"
#include "base/limits.h"
#include "serve/budget.h"
#include "serve/plan.h"
#include "serve/ruleset.h"

struct pixels;

struct pixels_conf {
    struct cache *cache;
    const struct budget *budget;  /* knows what a domain is */
    struct ruleset *rules;        /* name what is known, whether they block it or not; or NULL */
    const struct plan_conf *plan; /* what has not been seen for its retention is forgotten */
};

/* Reads what the last process wrote; what cannot be read is begun anew, with a word in the log. 0
 * or -ENOMEM. */
MUST_CHECK int pixels_new(const struct pixels_conf *conf, struct pixels **ret);
void pixels_free(struct pixels *pixels); /* takes NULL; writes nothing */

/* An original (a canonical URL) was judged for the first time: a pixel, or a picture, which counts
 * only where pixels came from before. Takes NULL. */
void pixels_note(struct pixels *pixels, const char *url, size_t len, bool is_pixel);

/* Writes what has changed, if it is time, or `now`; blocks on the disk. 0 or -errno. Takes NULL. */
MUST_CHECK int pixels_save(struct pixels *pixels, bool now);

enum pixels_known {
    PIXELS_CANDIDATE, /* no rule names it */
    PIXELS_RULE,      /* a rule does */
    PIXELS_PARTNER,   /* it is let through on purpose */
};

const char *pixels_known_name(enum pixels_known known);

#define PIXELS_VENDOR 64 /* bytes: the rules' limit is 60 */

struct pixels_entry {
    char host[LIMIT_PIXEL_HOST + 1];
    char domain[LIMIT_PIXEL_HOST + 1]; /* the registrable one: `host` ends in it */
    char vendor[PIXELS_VENDOR];        /* by the rules of now, or of then; empty: not known */
    enum pixels_known known;
    uint32_t originals; /* that were pixels */
    uint32_t pictures;  /* of the same hosts that were not, since the first pixel */
    int32_t first_day;  /* days since 1970-01-01 */
    int32_t last_day;
};

struct pixels_list {
    struct pixels_entry *entries; /* most originals first */
    size_t count;
    uint64_t forgotten; /* domains that gave way, ever */
};

/* Those that were seen on `since_day` or later. The caller frees `entries`. 0 or -ENOMEM. */
MUST_CHECK int pixels_list(struct pixels *pixels, int32_t since_day, struct pixels_list *ret);

#endif
