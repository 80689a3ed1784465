/*
 * HTML in, HTML out that can load nothing but our signed images: one pass of the WHATWG tokenizer,
 * an allowlist, and the output written anew in one canonical spelling. No tree, no recursion.
 * Shared by shoji_rewrite_html and the MIME rewriter. Any thread; keeps nothing between calls.
 */
#ifndef LIB_HTML_REWRITE_H
#define LIB_HTML_REWRITE_H

#include "base/buf.h"

#include <shoji/rewrite.h>

#define REWRITE_SEEN_SLOTS 1024 /* half of it is used: more than LIMIT_IMAGES twice over */

/* Which originals a message has shown already, by keyed hash: one image counts once.
 * Beyond its room an image counts each time it comes. */
struct rewrite_seen {
    bool keyed;
    unsigned char key[16];
    size_t count;
    uint64_t slots[REWRITE_SEEN_SLOTS];
};

#define REWRITE_SIGNED_KEPT 32

/* What an original became lately. Longer ones are not kept. */
struct rewrite_signed {
    size_t len;
    char url[240];
};

#define REWRITE_DECLARATIONS 128 /* more than the different ones of most mails */

/* What a CSS declaration that loads nothing became, byte for byte. */
struct rewrite_declaration {
    unsigned char len;
    char raw[40];
    char text[38];
};

struct rules_sender;

#define REWRITE_LINKS_NAMED 64 /* companies whose links were named in the report already */

/* What all the parts of one message share. */
struct rewrite_pass {
    const struct shoji_rewrite *how;
    struct shoji_report *report; /* may be NULL */
    size_t images_left;          /* distinct remote images that may still be emitted */
    size_t effects;              /* of what was written, beyond its bytes: images, links, reports */
    size_t shown;                /* images among them that only count when they come again */
    struct rewrite_seen seen;
    const struct rules_sender *sender;         /* who has vouched for the message; NULL: nobody */
    uint64_t links_named[REWRITE_LINKS_NAMED]; /* hashes of company and host */
    uint64_t lately_hash[REWRITE_SIGNED_KEPT]; /* the same as in `seen`; 0: nothing */
    unsigned char declaration_len[REWRITE_DECLARATIONS]; /* of `raw`; 0: nothing */
    /* Only where the two above say that there is something. */
    struct rewrite_signed lately[REWRITE_SIGNED_KEPT];
    struct rewrite_declaration declarations[REWRITE_DECLARATIONS];
};

/* So many bytes are to be zero when a message begins: a third of it. */
#define REWRITE_PASS_ZEROED offsetof(struct rewrite_pass, lately)

/*
 * Rewrites one document. `in` is UTF-8 (malformed bytes are legal and become U+FFFD); `base` is the
 * canonical URL that relative references resolve against (Content-Base / Content-Location), or
 * empty. Appends to `out`. 0; -E2BIG at a limit, -ENOMEM: `out` then holds rubbish that the caller
 * drops, and html_to_text is the answer.
 */
int html_rewrite(struct rewrite_pass *pass, struct span in, struct span base, struct buf *out);

/*
 * The fallback: the visible text of a document, without markup, escaped, inside one <pre> that
 * wraps. Understands as little as possible; never emits a byte that could open a tag.
 */
int html_to_text(struct span in, struct buf *out);

#endif
