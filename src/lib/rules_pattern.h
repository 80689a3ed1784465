/*
 * Patterns of tracker rules: text with a few operators, matched from left to right.
 *
 * A pattern is ASCII; operators are bytes above 127. Only the last "any" is ever tried again, so a
 * match takes at most the length of the pattern times that of the text. Pure functions, any thread.
 */
#ifndef LIB_RULES_PATTERN_H
#define LIB_RULES_PATTERN_H

#include "base/buf.h"

#define PATTERN_ANY       ((char)0x80) /* any text */
#define PATTERN_LABEL     ((char)0x81) /* any text without a dot */
#define PATTERN_SEPARATOR ((char)0x82) /* one that ends a word in Adblock's sense, or the end */
#define PATTERN_RUN       ((char)0x83) /* a byte N, then at least N of [A-Za-z0-9_-] */

/* Does `text` begin with the pattern or, `to_end`, is it all of the text? */
bool pattern_match(struct span pattern, struct span text, bool to_end);

/*
 * Writes one of ours: '*' is any text, {N} a run of at least N characters, which must stand behind
 * a character that is none of them and before another or the end. 0, or -EINVAL.
 */
MUST_CHECK int pattern_compile(struct span text, struct buf *out);

/* One of a host name: a '*' is any text within a label; at the end, as a label of its own, it is
 * one label or more. */
MUST_CHECK int pattern_compile_host(struct span text, struct buf *out);

/* One of Adblock's, its anchors and options taken off: '*' and '^'. */
MUST_CHECK int pattern_compile_adblock(struct span text, struct buf *out);

/*
 * Takes the next word off *rest: letters and digits between other characters. Words are what rules
 * are found by. *ret_whole: is it surely a word of its own in every text that matches? `bounded`
 * says so of the beginning of *rest.
 */
bool pattern_next_word(struct span *rest, bool bounded, struct span *ret, bool *ret_whole);

static inline bool pattern_is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

#endif
