/*
 * The srcset attribute by the algorithm of the HTML standard (4.8.4.2.2, "parse a srcset
 * attribute"): candidates out one by one. Spans are borrowed from the input.
 */
#ifndef LIB_HTML_SRCSET_H
#define LIB_HTML_SRCSET_H

#include "base/span.h"

struct srcset_candidate {
    struct span url;
    struct span descriptor; /* "2x", "640w" or empty */
};

/* Takes the next candidate off *rest. False at the end. Ones with bad descriptors are passed over.
 */
bool srcset_next(struct span *rest, struct srcset_candidate *ret);

#endif
