/*
 * Declarations of a message that came before, byte for byte: style sheets and style attributes are
 * made of the same few again and again, and reading one as CSS costs twenty times as much as
 * finding it. Only declarations are noted that are short, end where no reader of CSS could see
 * another end, and whose writing left no trace but its bytes. They are kept in the pass, by value:
 * one that falls on another's place takes it.
 */
#ifndef LIB_CSS_MEMO_H
#define LIB_CSS_MEMO_H

#include "lib/html_rewrite.h"

/* A declaration about to be read. */
struct css_memo {
    struct span raw; /* up to its ';' or '}' or the end, which it has not; empty: it is not kept */
    struct rewrite_declaration *slot;
    unsigned char *slot_len;
    bool known; /* the slot has it */
};

/* The declaration that `in` begins with. `in_block`: a '}' ends it. */
void css_memo_find(struct rewrite_pass *pass, struct span in, bool in_block, struct css_memo *ret);

/* It became `text`. */
void css_memo_note(const struct css_memo *memo, struct span text);

#endif
