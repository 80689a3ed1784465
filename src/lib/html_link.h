/*
 * Where a click goes: which links stay, and how they are written. Nothing here loads by itself, so
 * the sender's spelling stays where it is absolute. Pure functions but for memory.
 */
#ifndef LIB_HTML_LINK_H
#define LIB_HTML_LINK_H

#include "base/buf.h"

enum link_answer {
    LINK_LOCAL = 1,   /* `out` has a link that opens no web page: mailto, tel, cid, #fragment */
    LINK_DROPPED = 2, /* `out` is untouched */
};

/* 0: `out` has an http(s) link; or an enum link_answer; or an error. `base` may be NULL. */
MUST_CHECK int html_link(struct span raw, const char *base, struct buf *out);

#endif
