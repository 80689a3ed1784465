/*
 * The header of a message as a milter sees it, field by field, and what turns one header into
 * another: the protocol changes fields one by one, by name and number.
 *
 * A field's value begins behind the colon, leading blanks included, and its lines end with "\n", as
 * the protocol has them. Fields borrow from the text they were read from.
 */
#ifndef MILTER_FIELDS_H
#define MILTER_FIELDS_H

#include "base/err.h"
#include "base/span.h"

#include <stddef.h>

struct field {
    struct span name;
    struct span value;
    unsigned number; /* among those of its name, from 1 */
};

struct fields {
    struct field *rows;
    size_t count;
};

/* Reads the header block at the front of a message with CRLF line ends; *ret_body is where the body
 * begins. A line that is no field belongs to the one before it, or is passed over. 0 or -ENOMEM. */
MUST_CHECK int fields_read(struct span message, struct fields *ret, size_t *ret_body);
void fields_free(struct fields *fields); /* takes a zeroed one */

/* One step from the one header to the other. `number` counts the fields of that name from 1, as
 * they stand when the step is taken; 0: a new one at the end. `value` of length 0 with a NULL
 * `ptr`: it goes. */
struct field_change {
    struct span name;
    struct span value;
    unsigned number;
};

/* Calls `change` for each step in an order in which removing a field does not move one that is
 * still to be named. Until it returns other than 0, which is then the result. */
int fields_difference(const struct fields *from, const struct fields *to,
                      int (*change)(void *ctx, const struct field_change *change), void *ctx);

#endif
