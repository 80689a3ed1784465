/*
 * One image reference: the text that stood in an attribute or in CSS, and what is written instead.
 *
 * The one place where the rewriter decides about an image: relative or not, remote or in the mail
 * itself, ours already, a tracker, one too many. Everything written is a signed URL of ours, `cid:`
 * or a base64 raster `data:` URL in characters that neither HTML nor CSS has a use for. Counts into
 * the report and reports every emitted URL. Any thread; a pass belongs to one.
 */
#ifndef LIB_IMAGE_REF_H
#define LIB_IMAGE_REF_H

#include "lib/html_rewrite.h"

enum image_want {
    IMAGE_SIGN,   /* foreign URLs are signed */
    IMAGE_OURS,   /* only URLs of ours, and what is in the mail itself */
    IMAGE_INSIDE, /* only what is in the mail itself; the rest goes without being counted */
};

struct image_use {
    struct rewrite_pass *pass;
    const char *base; /* canonical URL, or NULL */
    enum image_want want;
    bool pixel;          /* drawn one pixel large, or not at all */
    bool large;          /* its size is given, and is no pixel's */
    const char *kind;    /* of a tracker there, for the report; NULL: "pixel" or, large, "image" */
    struct buf *tracker; /* gets the vendor or host of one that is blocked; may be NULL */
};

enum image_answer {
    IMAGE_IN_MAIL = 1, /* `out` has a cid: or data: URL */
    IMAGE_BLOCKED = 2, /* a tracker: `out` has IMAGE_PLACEHOLDER */
    IMAGE_DROPPED = 3, /* `out` is untouched */
};

/* Drawn where an image may not be, or not yet: one transparent pixel. */
#define IMAGE_PLACEHOLDER                                                                          \
    "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

/* 0: `out` has a signed URL; or an enum image_answer; or the error of `out`. */
MUST_CHECK int image_ref(const struct image_use *use, struct span raw, struct buf *out);

/*
 * Makes a URL of `raw` as image_ref does, for links too: blanks around it and line ends inside it
 * go,
 * "//host" is https where there is no base. 0 or an enum shoji_url_answer, or -ENOMEM.
 * `ret` has SHOJI_URL_MAX + 1 bytes.
 */
MUST_CHECK int image_ref_canonical(struct span raw, const char *base, char *ret, size_t *ret_len);

/* Appends `raw` without blanks around it and without tabs and line ends (URL standard, 4.4). */
void image_ref_strip(struct span raw, struct buf *out);

/* The same: `raw` itself, trimmed, where there is nothing else to strip, or what `copy` holds. */
struct span image_ref_stripped(struct span raw, struct buf *copy);

/* ---- image_data.c ---- */

/*
 * Appends the canonical spelling of a cid: or data: URL. 0 or IMAGE_DROPPED: neither, or not an
 * image that is safe, or malformed.
 */
int image_data(struct span url, struct buf *out);

#endif
