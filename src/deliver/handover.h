/*
 * URLs that a rewrite emitted, on their way to the prefetch queue: to the server's socket for
 * programs, or, when no server answers, into its spool directory.
 *
 * A struct handover_list owns its text; handover_free takes a zeroed one. In the spool a URL stands
 * only sealed, so that nothing on the disk can be read as one.
 */
#ifndef DELIVER_HANDOVER_H
#define DELIVER_HANDOVER_H

#include "base/buf.h"

#include <shoji/url.h>

struct handover_list {
    struct buf lines; /* a URL each */
    size_t count;
};

#define HANDOVER_WHY_SIZE 512

#define HANDOVER_MAX (8 * 1024 * 1024) /* bytes of URLs: twice LIMIT_IMAGES of the longest */

/* Fits `emitted` of struct shoji_rewrite; `ctx` is a struct handover_list. A failure stays in the
 * list and comes out of handover_urls. */
void handover_add(void *ctx, const char *url, size_t len);
void handover_free(struct handover_list *list);

struct handover {
    const char *submit;                /* path of the socket; NULL: none */
    const char *spool;                 /* a directory; NULL: none */
    const struct shoji_signer *signer; /* seals what goes to the spool */
    int32_t delivered; /* the day that the signed URLs will name, or SHOJI_NOT_DELIVERED */
    bool off;          /* [prefetch] enabled = off: nobody would fetch them */
    char *why;         /* HANDOVER_WHY_SIZE bytes for what went wrong, also on the way to the spool;
                          NULL: it is not asked for */
};

enum handover_answer {
    HANDOVER_SPOOLED = 1,
    HANDOVER_NOWHERE = 2, /* neither way was open: the URLs must not carry `d` */
    HANDOVER_OFF = 3,     /* nor when prefetching is switched off, here or in the server */
};

/* 0: the server has them; or an enum handover_answer, or -ENOMEM. `why` is left alone where there
 * is nothing to say. */
int handover_urls(const struct handover *to, const struct handover_list *list);

#endif
