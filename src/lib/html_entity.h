/*
 * Character references of HTML ("&amp;", "&#x41;"), as the WHATWG standard resolves them: longest
 * name wins, some names need no semicolon, numbers of Windows-1252 are repaired. Pure functions.
 */
#ifndef LIB_HTML_ENTITY_H
#define LIB_HTML_ENTITY_H

#include "base/span.h"

struct html_reference {
    char text[8]; /* UTF-8 of what it stands for, terminated unless it is U+0000 (never is) */
    size_t text_len;
    size_t used; /* bytes of input, the '&' included */
};

/*
 * Resolves the reference at the '&' that `in` begins with. True and *ret when it is one; false when
 * the '&' is only itself. `in_attribute`: the rule that keeps "?a=b&copy=1" as it is (13.2.5.73).
 */
bool html_reference(struct span in, bool in_attribute, struct html_reference *ret);

/* Writes code point `c` as UTF-8 (no surrogates, at most U+10FFFF) and returns its length, 1 to 4.
 */
size_t html_utf8(unsigned c, char ret[4]);

#endif
