/*
 * How large an image is to be drawn, as far as its own tag says. Pure functions on borrowed text.
 */
#ifndef LIB_HTML_SIZE_H
#define LIB_HTML_SIZE_H

#include "base/span.h"

struct html_size_of {
    const struct span *width, *height; /* attributes; NULL: absent */
    struct span style;                 /* declarations as they are written */
};

enum html_size {
    HTML_SIZE_UNKNOWN,
    HTML_SIZE_TINY, /* one pixel, or nothing: not there to be seen */
    HTML_SIZE_LARGE,
};

enum html_size html_size(const struct html_size_of *of);

#endif
