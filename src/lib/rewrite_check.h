/*
 * The rewriter's last look at what it made: the second scanner reads it, and where it finds
 * anything that could load, text is delivered instead. Nothing is asked when the caller wants none
 * of it (`unchecked`), nor without keys, since no URL could then be told to be ours. Any thread.
 */
#ifndef LIB_REWRITE_CHECK_H
#define LIB_REWRITE_CHECK_H

#include "base/buf.h"

#include <shoji/rewrite.h>

/* 0: nothing loads; 1: something does; -ENOMEM. */
MUST_CHECK int rewrite_check_html(const struct shoji_rewrite *how, struct span made);
MUST_CHECK int rewrite_check_mail(const struct shoji_rewrite *how, struct span made);

#endif
