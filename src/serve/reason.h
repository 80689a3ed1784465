/*
 * Why an original is not shown, as records keep it, and in words.
 *
 * The numbers are those of net/fetch.h as they are, those of decode/pool.h behind them, then our
 * own: on disk, so append, never renumber. Plain values; any thread.
 */
#ifndef SERVE_REASON_H
#define SERVE_REASON_H

#include <stdbool.h>
#include <stdint.h>

#define REASON_DECODE    32 /* + enum decode_outcome */
#define REASON_REDIRECTS 64 /* too many, or in a circle */
#define REASON_PACED     65 /* not asked yet: its network has its share for now */
#define REASON_EGRESS    66 /* not asked yet: no egress works */

/* Is this no outcome at all, since nobody was asked? */
static inline bool reason_unasked(unsigned reason)
{
    return reason == REASON_PACED || reason == REASON_EGRESS;
}

/* The classes of outcomes, for metrics: few, and named by nothing that a sender chose. */
enum reason_class {
    REASON_CLASS_ANSWERED, /* with a picture, or a redirect */
    REASON_CLASS_REFUSED,  /* by us */
    REASON_CLASS_GONE,     /* it says that there is none: 4xx, or no such name */
    REASON_CLASS_DNS,
    REASON_CLASS_DOWN, /* no connection, or 5xx */
    REASON_CLASS_TLS,
    REASON_CLASS_TIMEOUT,
    REASON_CLASS_BROKEN,    /* no whole HTTP answer */
    REASON_CLASS_NOT_IMAGE, /* or none that can be decoded, or too large */
    REASON_CLASS_REDIRECTS,
    REASON_CLASS_PACED,
    REASON_CLASS_OURS, /* memory, a crash, the egress: not the origin's fault */
    REASON_CLASSES
};

enum reason_class reason_class(unsigned reason);

/* One word for each class, as metrics and explain name it. */
const char *reason_class_name(enum reason_class which);

/* What happened, as a sentence without its end: "The sender's server answered with an error". */
const char *reason_text(unsigned reason);

#endif
