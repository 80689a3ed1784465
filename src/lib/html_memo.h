/*
 * Tags of a document that came before, byte for byte: mail is made of the same few cells again and
 * again, and what one of them became needs no second thought. Only tags are noted whose writing
 * left no trace but its bytes, and perhaps the count of one image or the naming of one tracker.
 *
 * A memo keeps no text, only where the tag stood in the input and what it became in the output;
 * neither may change before the document ends. Where a tag may lie there is room for two: a third
 * takes that of the one that was not seen for longer. One document, one thread.
 */
#ifndef LIB_HTML_MEMO_H
#define LIB_HTML_MEMO_H

#include "base/buf.h"

#include <stdint.h>

#define HTML_MEMO_SETS 128 /* twice as many tags: more than the different ones of most mails */

/* What the writing of a tag did beside its bytes. */
struct html_memo_trace {
    bool body;        /* it belongs to no head */
    bool image;       /* it shows one */
    uint16_t tracker; /* the row of the report that names it, and 1; 0: it is none */
};

struct html_memo {
    struct html_memo_slot { /* small: all of them are cleared for each document */
        uint32_t at;        /* in the input */
        uint32_t len;
        uint32_t out_at;
        uint32_t out_len;
        struct html_memo_trace trace;
        bool same;             /* it became what it was, and that was all */
    } sets[HTML_MEMO_SETS][2]; /* the one seen last first */
};

/* A tag about to be read. */
struct html_memo_tag {
    size_t at;
    size_t len;                  /* up to and with its first '>' */
    struct html_memo_slot *slot; /* where it is, or is to be; NULL: it has no '>' */
    bool known;
};

/* The tag whose '<' is in.ptr[at]. */
void html_memo_find(struct html_memo *memo, struct span in, size_t at, struct html_memo_tag *ret);

/* Writes once more what the tag, which is known, became. */
void html_memo_write(const struct html_memo_tag *tag, struct buf *out);

/* What a tag became: what `out` holds from `from` on. */
struct html_memo_note {
    struct span in;
    size_t end; /* of the tag, in `in` */
    const struct buf *out;
    size_t from;
    struct html_memo_trace trace;
};

void html_memo_note(const struct html_memo_tag *tag, const struct html_memo_note *note);

#endif
