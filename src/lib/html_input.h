/*
 * The input stream of the HTML standard: bytes that claim to be UTF-8 in, valid UTF-8 with LF line
 * ends out. Malformed sequences become U+FFFD, one for each maximal subpart (WHATWG Encoding), so a
 * broken lead byte never swallows the '<' behind it.
 */
#ifndef LIB_HTML_INPUT_H
#define LIB_HTML_INPUT_H

#include "base/buf.h"

/*
 * Sets *ret to the clean text: `in` itself where it is clean already, else the contents of `copy`.
 * Byte order marks at the start are gone. 0 or the error of `copy`.
 */
MUST_CHECK int html_input(struct span in, struct buf *copy, struct span *ret);

/* Length of the well-formed UTF-8 sequence at in.ptr[at], or minus the bytes to replace by one
 * U+FFFD. */
int html_utf8_length(struct span in, size_t at);

#endif
