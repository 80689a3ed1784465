/*
 * Header fields (RFC 5322 section 2.2, RFC 2045 section 5, RFC 2231), read by offset and
 * tolerantly.
 *
 * Nothing here owns memory but what mime_value_* writes into the caller's struct. Positions are
 * offsets into the message. Any bytes are legal; what does not fit a fixed buffer is cut and the
 * result is marked odd. Any thread.
 */
#ifndef LIB_MIME_FIELD_H
#define LIB_MIME_FIELD_H

#include "base/span.h"

#include "base/limits.h"

/* Walks the fields of one header block. */
struct mime_fields {
    struct span message;
    size_t at;
    size_t end; /* where the blank line begins */
};

struct mime_field {
    size_t start;
    size_t end;        /* behind the line end of the last folded line */
    struct span name;  /* without blanks before the colon; empty: no field, but a line of rubbish */
    struct span value; /* raw: folds and comments included */
};

bool mime_field_next(struct mime_fields *fields, struct mime_field *ret);

/*
 * Bare CRs and NULs: what stands of them at the end of a line goes, any other becomes a '?', here
 * and in the header that is written. So the next reader reads what this one read.
 */
#define MIME_FIELD_STRAY '?'

/* How many bytes of `text` are left when the stray bytes and the line end at its end are gone. */
size_t mime_field_text_len(struct span text);

/* Is text[at] a bare CR or a NUL? */
bool mime_field_is_stray(struct span text, size_t at);

/* A value with folds joined, comments taken out and stray bytes replaced. */
struct mime_value {
    char text[LIMIT_FIELD_VALUE];
    size_t len;
    bool odd; /* cut, or readers may disagree about it: an open comment, bare CR, NUL */
};

void mime_value_read(struct span raw, struct mime_value *ret);

/* What stands before the first ';' or blank: "text/html". */
struct span mime_value_token(const struct mime_value *value);

struct mime_param {
    char text[LIMIT_FIELD_PARAM];
    size_t len;
    bool found;
    bool odd; /* given twice, or in two ways, or cut */
};

/*
 * The parameter `name` (lower case), quotes undone, RFC 2231 pieces put together, percent codes
 * undone, charset and language left away.
 */
void mime_param_read(const struct mime_value *value, const char *name, struct mime_param *ret);

#endif
