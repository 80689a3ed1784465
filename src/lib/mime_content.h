/*
 * What one header block says about the part below it: its kind, as the rewriter sees it.
 *
 * Where readers may disagree (two Content-Type fields, a comment inside a boundary),
 * every reading is looked at and the one that can do most harm wins; `differs` then asks for a
 * canonical header. A struct mime_content owns nothing and borrows nothing. Any thread.
 */
#ifndef LIB_MIME_CONTENT_H
#define LIB_MIME_CONTENT_H

#include "lib/mime_code.h"
#include "lib/mime_field.h"

/* In the order of what wins when one block says two things. */
enum mime_kind {
    MIME_OTHER,           /* untouched */
    MIME_TNEF,            /* winmail.dat: untouched, but told */
    MIME_CALENDAR,        /* iCalendar: URLs in properties */
    MIME_CARD,            /* vCard: the same */
    MIME_MARKUP,          /* text that some client turns into HTML: markdown, enriched, richtext */
    MIME_PARTIAL,         /* message/partial: the client would put a message together from pieces */
    MIME_EXTERNAL,        /* message/external-body: the client would fetch it */
    MIME_STYLE,           /* style sheet that an HTML part may reach by cid */
    MIME_SVG,             /* the same for SVG */
    MIME_BROKEN,          /* multipart without a usable boundary */
    MIME_ENCODED_MESSAGE, /* message/rfc822 in base64 or quoted-printable: RFC 2046 5.2.1 forbids it
                           */
    MIME_AMP,             /* text/x-amp-html */
    MIME_HTML,
    MIME_MESSAGE,   /* message/rfc822, message/global: a header block follows */
    MIME_MULTIPART, /* with a boundary */
};

struct mime_content {
    enum mime_kind kind;
    char type[80];    /* of the field that decided, lower case; empty when there is none */
    char charset[48]; /* its parameters: empty when absent or too long */
    char name[256];   /* printable ASCII without quotes, or empty */
    char boundary[LIMIT_FIELD_PARAM]; /* without blanks at its end */
    size_t boundary_len;
    enum mime_code code;
    bool differs;      /* Content-Type can be read in more than one way */
    bool coded;        /* some Content-Transfer-Encoding is not identity */
    bool dirty;        /* bare CR or NUL in the block */
    bool attachment;   /* every Content-Disposition says so, and there is one */
    bool marked;       /* carries a field of ours: X-Removed-* */
    char fallback[48]; /* value of our X-Shoji-Fallback, or empty */
};

/* Reads the block message[start, end), `end` being where its blank line begins. `in_digest`: a
 * child of multipart/digest, whose default type is message/rfc822. */
void mime_content_read(struct span message, size_t start, size_t end, bool in_digest,
                       struct mime_content *ret);

/* The canonical value of Content-Type for a container, as the content was understood. */
int mime_content_print(const struct mime_content *content, struct buf *out);

#endif
