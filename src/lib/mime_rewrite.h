/*
 * A message taken apart, every part judged, the changed ones spliced in: the middle of
 * shoji_rewrite_mail (lib/rewrite_mail.c). Nothing is kept between calls; any thread.
 */
#ifndef LIB_MIME_REWRITE_H
#define LIB_MIME_REWRITE_H

#include "base/buf.h"

#include <shoji/rewrite.h>

enum mime_rewrite_answer {
    MIME_REWRITE_LIMIT = 1,     /* beyond a ceiling: mime_fallback_message is the answer */
    MIME_REWRITE_AMBIGUOUS = 2, /* no reading of its structure is safe: the same */
};

/* Appends the rewritten message to `out` and counts into `report`. 0, an enum mime_rewrite_answer
 * (then `out` and `report` hold rubbish), or -ENOMEM. */
int mime_rewrite(const struct shoji_rewrite *how, struct span message, struct shoji_report *report,
                 struct buf *out);

/*
 * A message of one HTML part in the place of one that cannot be taken apart: its header, and its
 * visible text as far as it can be had, escaped; `why` becomes X-Shoji-Fallback. It still has to go
 * through mime_rewrite. 0 or -ENOMEM.
 */
int mime_fallback_message(struct span message, const char *why, struct buf *out);

#endif
