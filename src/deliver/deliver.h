/*
 * A message, or a document, on its way to a reader: rewritten, and its images handed to the
 * prefetch queue in the same step. What `shoji rewrite`, `shoji lmtp` and the milter have in
 * common.
 *
 * Any thread; nothing is kept between calls. Text and report of a struct delivered are the
 * caller's: delivered_free takes a zeroed one.
 */
#ifndef DELIVER_DELIVER_H
#define DELIVER_DELIVER_H

#include "base/span.h"
#include "deliver/config.h"
#include "deliver/handover.h"

struct deliver_job {
    const struct config *config;
    struct shoji_rewrite how; /* with the mailbox's salt; its options.delivered is not looked at */
    bool html;                /* a document, not a message */
    bool prefetch;
    int32_t delivered; /* the day of delivery, or SHOJI_NOT_DELIVERED: today, where images are
                          prefetched */
};

/* Bytes of a message that a program which takes it from a wire is to keep: one more than the
 * rewriter takes of one that it has seen before. What is cut off there is too large in any case;
 * with less, half a message would be rewritten and delivered as a whole one. */
size_t deliver_room(const struct config *config);

enum deliver_prefetched {
    DELIVER_NOT_ASKED,
    DELIVER_QUEUED,
    DELIVER_SPOOLED,
    DELIVER_FAILED,
    DELIVER_OFF,
};

struct delivered {
    char *text;
    size_t len;
    struct shoji_report report;
    enum deliver_prefetched prefetched;
    char why[HANDOVER_WHY_SIZE]; /* what went wrong on the way to the queue, or "" */
};

/* Rewrites. Only what was handed over carries the day of delivery. A message beyond the limits
 * becomes text, as the report says; -errno (-ENOMEM) only where not even that was possible. */
MUST_CHECK int deliver_rewrite(const struct deliver_job *job, struct span in,
                               struct delivered *ret);

/* Hands over the images that rewriting would show, and throws away what it wrote: for mail that is
 * stored as it came. `text` stays NULL. 0 or -ENOMEM. */
MUST_CHECK int deliver_prefetch(const struct deliver_job *job, struct span in,
                                struct delivered *ret);

/* "queued", "spooled", "failed", "off"; NULL: nobody asked. */
const char *deliver_prefetched_name(enum deliver_prefetched prefetched);

void delivered_free(struct delivered *delivered);

#endif
