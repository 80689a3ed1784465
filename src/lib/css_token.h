/*
 * The tokenizer of CSS Syntax Level 3 (section 4) over text in memory. CR, CRLF and FF count as LF
 * and U+0000 as U+FFFD on the way, so the text needs no preprocessing but must be valid UTF-8.
 *
 * Token text is borrowed from the input or from the tokenizer and lives until the next call. To go
 * back, assign an earlier `at`. Comments separate tokens and are not reported. Linear, no
 * recursion. One thread a tokenizer.
 */
#ifndef LIB_CSS_TOKEN_H
#define LIB_CSS_TOKEN_H

#include "base/buf.h"

#include <stdint.h>

enum css_token_type {
    CSS_END,
    CSS_IDENT,
    CSS_FUNCTION, /* text is the name; its '(' is consumed */
    CSS_AT_KEYWORD,
    CSS_HASH,
    CSS_STRING,
    CSS_BAD_STRING,
    CSS_URL, /* url(unquoted) */
    CSS_BAD_URL,
    CSS_DELIM, /* one character, in `delim` */
    CSS_NUMBER,
    CSS_PERCENTAGE,
    CSS_DIMENSION, /* text is the unit */
    CSS_SPACE,
    CSS_CDO,
    CSS_CDC,
    CSS_COLON,
    CSS_SEMICOLON,
    CSS_COMMA,
    CSS_OPEN,  /* '(', '[' or '{', in `delim` */
    CSS_CLOSE, /* ')', ']' or '}', in `delim` */
};

struct css_token {
    enum css_token_type type;
    struct span text;   /* decoded: no escapes left */
    struct span number; /* as written: sign, digits, point, exponent */
    char delim;         /* first byte of the character */
    bool id;            /* of a hash: it could be an identifier */
    bool apart;         /* a comment stood between this token and the one before */
};

struct css_tokenizer {
    struct span in;
    size_t at;
    struct buf store;
};

void css_tokenizer_init(struct css_tokenizer *t, struct span in);
void css_tokenizer_free(struct css_tokenizer *t);

/* The next token; CSS_END at the end, again and again, and when memory is out (css_error). */
struct css_token css_next(struct css_tokenizer *t);

/* For who only looks for brackets and semicolons: past blanks and marks that can be left out
 * without a change to those. */
void css_skip_inert(struct css_tokenizer *t);

/* 0 or -ENOMEM; sticks. */
static inline int css_error(const struct css_tokenizer *t)
{
    return buf_error(&t->store);
}

/* The first token that is no white space. */
struct css_token css_next_solid(struct css_tokenizer *t);

#endif
