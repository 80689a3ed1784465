/*
 * The base URL that relative references in a part resolve against: RFC 2557 section 4. Each header
 * block is looked through once a message, however many parts stand below it.
 */
#ifndef LIB_MIME_BASE_H
#define LIB_MIME_BASE_H

#include "lib/mime_leaf.h"

/* Where the base URL of one header block stands; `len` 0: it has none. */
struct mime_base {
    bool looked;
    size_t at;
    size_t len;
};

/* Canonical, in `url` (room for SHOJI_URL_MAX + 1 bytes); empty where there is none. 0 or -ENOMEM.
 * Fills pass->bases, which the pass's owner frees. */
int mime_base_find(struct mime_pass *pass, size_t index, char *url, struct span *ret);

#endif
