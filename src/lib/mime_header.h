/*
 * What is done to the header block of one part: fields that make a client load, report or believe
 * something are renamed to X-Removed-<name> (so nothing is lost without a word, and a second pass
 * sees that it was done), and the Content-* fields are replaced where the body was.
 *
 * Writes splices into a plan, nothing else. Any thread.
 */
#ifndef LIB_MIME_HEADER_H
#define LIB_MIME_HEADER_H

#include "lib/mime_plan.h"
#include "lib/mime_scan.h"

#include <shoji/report.h>

struct mime_change {
    const char *type;     /* new value of Content-Type; NULL: stays */
    const char *code;     /* new value of Content-Transfer-Encoding; NULL: stays */
    const char *fallback; /* adds X-Shoji-Fallback with this reason; NULL: does not */
    bool keep_type;       /* the old Content-Type stays, renamed */
    bool no_type;         /* there was no Content-Type: a note says so */
    bool hide_code;       /* the old Content-Transfer-Encoding is renamed, none takes its place */
    bool detach;          /* becomes an attachment that no cid: or Content-Location finds */
    bool rebase;          /* Content-Base and Content-Location are renamed */
    bool clean;           /* lines that some readers take for the end of the header go */
};

struct mime_header {
    struct mime_plan *plan;
    struct shoji_report *report;
    struct span eol;
    bool keep_receipts;
};

/* Plans the change of the header block of `part`; `top`: it is the message's own. */
void mime_header_edit(const struct mime_header *header, const struct mime_part *part, bool top,
                      const struct mime_change *change);

/* Copies a header block without Content-* fields, MIME-Version and rubbish, as far as it is within
 * half of the limit: for the message that takes the place of one that cannot be taken apart. */
void mime_header_copy(struct span message, const struct mime_part *part, struct span eol,
                      struct buf *out);

#endif
