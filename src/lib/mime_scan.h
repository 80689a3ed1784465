/*
 * Where the parts of a message begin and end, as offsets; nothing is decoded, nothing copied.
 *
 * One walk over the lines with a stack of boundaries (RFC 2046 section 5.1), no recursion. What one
 * reader might take for a part is a part here: a delimiter counts after the close of its multipart,
 * inside a header block and without a line end before the close. A line that only a careless reader
 * would take for a delimiter (more text behind the boundary, a bare CR before it) is listed as odd.
 * A struct mime_scan owns its arrays and borrows the message. Any thread.
 */
#ifndef LIB_MIME_SCAN_H
#define LIB_MIME_SCAN_H

#include "lib/mime_content.h"

struct mime_part {
    size_t delim;      /* where its delimiter line begins; equal to `header` without one */
    size_t header;     /* its header block, behind an mbox "From " line */
    size_t header_end; /* where the blank line begins; == body when there is none */
    size_t body;
    size_t end;    /* without the line end that belongs to the delimiter */
    size_t after;  /* where the next delimiter line begins, or the end of the message */
    size_t parent; /* its index; MIME_NO_PARENT for the message itself */
    size_t children;
    size_t nth; /* among the children of its parent, from 0 */
    enum mime_kind kind;
    bool digest;      /* multipart/digest */
    bool is_signed;   /* multipart/signed, with parts */
    bool alternative; /* multipart/alternative, with parts */
    bool plain;       /* text/plain, or without a type: RFC 2045 section 5.2 */
};

#define MIME_NO_PARENT ((size_t)-1)

enum mime_place { MIME_IN_HEADER, MIME_IN_BODY, MIME_AROUND }; /* around: preamble or epilogue */

struct mime_odd {
    size_t at;   /* of the "--" */
    size_t part; /* the part it is in */
    enum mime_place place;
};

struct mime_scan {
    struct mime_part *parts; /* in the order of their offsets; the first is the message */
    size_t count;
    struct mime_odd *odds;
    size_t odds_count;
    size_t looked_at; /* bytes; less than the message where the walk was given up */
};

enum mime_scan_answer {
    MIME_SCAN_LIMIT = 1, /* too many parts, too deep, or a header block too large */
    MIME_SCAN_AMBIGUOUS =
        2, /* a delimiter of two multiparts, a line that may end a header or not */
};

/* 0, an enum mime_scan_answer or -ENOMEM. On 0 and on an answer *ret holds what was found so far
 * and is the caller's to mime_scan_free(). */
int mime_scan(struct span message, struct mime_scan *ret);
void mime_scan_free(struct mime_scan *scan);

/* Can the part `index` go, with its delimiter, and the next reader still find all others as they
 * were? A container must keep a part; a delimiter is what ends the part before it. */
bool mime_scan_may_drop(const struct mime_scan *scan, struct span message, size_t index);

#endif
