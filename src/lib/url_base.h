/*
 * The base URLs under which signed URLs of ours may stand: the one in use, then those of
 * `accept_base`. A struct url_bases borrows from the struct shoji_rewrite it was made of.
 */
#ifndef LIB_URL_BASE_H
#define LIB_URL_BASE_H

#include "base/span.h"

#include <shoji/rewrite.h>

struct url_bases {
    struct span current;
    struct span older;
};

struct url_bases url_bases(const struct shoji_rewrite *how);

/* The next one, without a slash at its end. False when there is none left. */
bool url_bases_next(struct url_bases *bases, struct span *ret);

/* What follows a base URL in `url`, which is canonical; empty when it is under none. */
struct span url_under_base(const struct shoji_rewrite *how, struct span url);

/*
 * The same without parsing: a sealed URL of a long original is itself longer than an original may
 * be, and does not pass the parser. We write only this one spelling.
 */
struct span url_under_base_as_written(const struct shoji_rewrite *how, struct span url);

#endif
