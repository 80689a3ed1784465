/*
 * The way back: signed URLs of ours become the originals they carry, where the rewriter puts them
 * (attributes of tags, style sheets), if their signature holds; every other byte stays. What waits
 * in data-shoji-src and data-shoji-style goes back to its place. For mail that leaves the house.
 *
 * Works on bytes of any charset in which ASCII is ASCII. Nothing is kept between calls; any thread.
 */
#ifndef LIB_UNREWRITE_H
#define LIB_UNREWRITE_H

#include "base/buf.h"

#include <shoji/rewrite.h>

enum unrewrite_place {
    UNREWRITE_WHOLE,  /* the URL is the whole value: href, src */
    UNREWRITE_SRCSET, /* parted by blanks and commas */
    UNREWRITE_STYLE,  /* CSS in an attribute */
    UNREWRITE_SHEET,  /* CSS in an element */
};

/* Appends the document. The number of URLs that were given back is added to *count. 0 or -ENOMEM.
 */
int unrewrite_html(const struct shoji_rewrite *how, struct span in, struct buf *out, size_t *count);

/* The same for one value or style sheet. */
void unrewrite_text(const struct shoji_rewrite *how, enum unrewrite_place place, struct span in,
                    struct buf *out, size_t *count);

#endif
