/* One byte range of RFC 9110, section 14. Pure; any text is legal input. */
#ifndef SERVE_RANGE_H
#define SERVE_RANGE_H

#include <stddef.h>

enum range_answer {
    RANGE_PART = 0,          /* *ret is a part of the whole */
    RANGE_WHOLE = 1,         /* no single byte range: send everything */
    RANGE_UNSATISFIABLE = 2, /* begins behind the end */
};

struct range {
    size_t first;
    size_t len;
};

/* `text` is the value of a Range header, `size` the length of the whole. */
enum range_answer range_parse(const char *text, size_t size, struct range *ret);

#endif
