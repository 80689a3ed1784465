/*
 * The inside of struct shoji_rules: what a rule is, how one is added, and how those that fit a URL
 * are found.
 *
 * A rule is a host (a name and all below it, with or without wildcards, or any) and a pattern over
 * what follows it. Rules are found by what is rarest in them: the host, a label of it, or a word of
 * the pattern; the rest is not looked at. A set is built by one thread, then sealed; from then on
 * it is immutable. Spans in hits and verdicts live as long as the set.
 */
#ifndef LIB_RULES_H
#define LIB_RULES_H

#include "base/buf.h"

#include <shoji/rules.h>
#include <shoji/url.h>

enum rules_what {
    RULES_PIXEL = 1,  /* an image that reports an opening */
    RULES_CLICK = 2,  /* a link that reports a click */
    RULES_UNWRAP = 4, /* a link whose target stands in it */
    RULES_KEEP = 8,   /* an image that is none, whatever other rules say */
    RULES_LOAD = 16,  /* a style sheet, font or the like: whose it is */
};

/* How the host of a rule is given, and so how the rule is found. */
enum rules_host {
    RULES_HOST_NAME, /* this name and all below it */
    RULES_HOST_GLOB, /* the same with wildcards; found by a label without any */
    RULES_HOST_ANY,
    RULES_HOST_PART, /* the pattern is over the whole URL, from the beginning of any label */
    RULES_HOST_NONE, /* the pattern is over the whole URL */
};

struct rule {
    uint32_t vendor; /* index; 0: nobody */
    uint32_t host_at;
    uint32_t pattern_at;
    uint32_t extra_at; /* parameter names of RULES_UNWRAP, separated by commas */
    uint32_t next;     /* that is found by the same key; 0: none */
    uint16_t host_len;
    uint16_t pattern_len;
    uint16_t extra_len;
    uint8_t what;
    uint8_t host; /* enum rules_host */
    bool to_end;
    bool match_case;
};

struct rules_param {
    uint32_t vendor;
    uint32_t name_at;
    uint32_t host_at;
    uint32_t next;
    uint16_t name_len; /* lower case */
    uint16_t host_len; /* 0: on every host */
    bool prefix;       /* all names that begin so */
};

struct rules_partner {
    struct span dkim_domain; /* empty: whoever sends */
    struct span host;
};

struct rules_slot {
    uint64_t key; /* 0: free */
    uint32_t first;
};

struct shoji_rules {
    struct buf text; /* host names, patterns, names */
    struct rule *rules;
    size_t rules_count, rules_cap;
    struct rules_param *params;
    size_t params_count, params_cap;
    struct span *vendors; /* over `text` once sealed; before, `ptr` is an offset */
    size_t vendors_count, vendors_cap;
    struct rules_slot *slots;
    size_t slots_used, slots_mask;
    uint32_t wordless; /* rules without a word: every URL is tried with them */
    size_t wordless_count;
    uint32_t prefixes; /* parameters by the beginning of their name */
    char *partners_text;
    struct rules_partner *partners;
    size_t partners_count;
    char *authserv_id;
    size_t skipped;
};

/* ---- building: rules_build.c ---- */

struct rules_line {
    unsigned what;
    enum rules_host host_kind;
    struct span host;    /* compiled */
    struct span pattern; /* compiled */
    struct span extra;
    bool to_end;
    bool match_case;
    bool anchored; /* the pattern begins where the text does */
};

/* The vendor of that name, new or known; 0 for an empty name. -ENOMEM or -E2BIG at a limit. */
MUST_CHECK int rules_add_vendor(struct shoji_rules *rules, struct span name, uint32_t *ret);
MUST_CHECK int rules_add(struct shoji_rules *rules, uint32_t vendor, const struct rules_line *line);

/* `name` may end in '*'; `host` is empty or a host name. */
MUST_CHECK int rules_add_param(struct shoji_rules *rules, uint32_t vendor, struct span name,
                               struct span host);

/* Reads one file of either kind. -EINVAL with a sentence in `why`. */
MUST_CHECK int rules_read_own(struct shoji_rules *rules, struct span text, const char *name,
                              char *why);
MUST_CHECK int rules_read_adblock(struct shoji_rules *rules, struct span text);

/* Is it one of ours? */
bool rules_is_own(struct span text);

/* A set from one text, for tests and fuzzing. */
MUST_CHECK int rules_parse(struct span text, const struct shoji_rules_source *source, char *why,
                           struct shoji_rules **ret);

/* ---- looking up: rules_find.c ---- */

/* A URL made ready; about 4 KiB. */
struct rules_url {
    struct span whole;  /* as it is; borrowed */
    struct span lower;  /* in `room` */
    struct span host;   /* of `lower`, without brackets' meaning: an address matches no name */
    struct span target; /* of `lower`: path and query */
    char room[SHOJI_URL_MAX + 1];
};

/* False when `url` is not canonical. */
bool rules_url_read(struct span url, struct rules_url *ret);

struct rules_hit {
    const struct rule *rule;
    struct span vendor; /* empty: not named */
    bool by_host;       /* the rule names its host: else it is known by the path alone */
    struct span extra;
};

/* The rule of kind `what` (one or more of them) that fits best: one with a host before one without.
 */
bool rules_find(const struct shoji_rules *rules, const struct rules_url *url, unsigned what,
                struct rules_hit *ret);

/* Is `name` (lower case) a parameter that follows people, in links to this host? */
const struct rules_param *rules_find_param(const struct shoji_rules *rules, struct span name,
                                           struct span host);

struct span rules_vendor(const struct shoji_rules *rules, uint32_t vendor);
bool rules_has_vendor(const struct shoji_rules *rules, struct span name);

/* Who a message is from, as far as a border we trust has vouched for it. */
#define RULES_SENDER_DOMAINS 8
struct rules_sender {
    bool anybody; /* every entry counts: for those who cannot know */
    size_t count;
    char domains[RULES_SENDER_DOMAINS][256]; /* lower case */
};

/* Does a partner entry let images of this host (lower case) through? `sender` may be NULL. */
bool rules_allow(const struct shoji_rules *rules, struct span host,
                 const struct rules_sender *sender);

/* What the rules say of an original (a canonical URL), whoever sends it. */
enum rules_standing {
    RULES_UNNAMED,
    RULES_NAMED,   /* a tracker, of this vendor (empty: not told) */
    RULES_ALLOWED, /* a partner's for some sender, or one rule names it and another says no */
};
enum rules_standing rules_standing(const struct shoji_rules *rules, struct span url,
                                   struct span *ret_vendor);

/* ---- keys, for rules_build.c and rules_find.c ---- */

#define RULES_PREFIX 3

enum rules_key {
    RULES_KEY_HOST,
    RULES_KEY_LABEL,
    RULES_KEY_PREFIX, /* of a label: its first RULES_PREFIX characters */
    RULES_KEY_WORD,
    RULES_KEY_PARAM,
    RULES_KEY_VENDOR,
};

uint64_t rules_key(enum rules_key kind, struct span text);

/* The slot of `key`; one that is free where there is none. */
struct rules_slot *rules_slot(const struct shoji_rules *rules, uint64_t key);

static inline struct span rules_text(const struct shoji_rules *rules, uint32_t at, size_t len)
{
    return (struct span){rules->text.ptr + at, len};
}

#endif
