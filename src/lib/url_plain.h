/*
 * The text that a signed URL carries: the original URL, then its options, each "\n" name "=" value,
 * in alphabetical order, each at most once. One text has one spelling; reading refuses every other.
 * Pure functions on borrowed memory, any thread.
 */
#ifndef LIB_URL_PLAIN_H
#define LIB_URL_PLAIN_H

#include "base/span.h"

#include <shoji/url.h>

#define URL_PLAIN_MAX (SHOJI_URL_MAX + sizeof("\nc=1\nd=2147483647\nm=") - 1 + SHOJI_SALT_LEN)

/* 0, or -EINVAL when the URL or an option is out of form. */
int url_plain_write(struct span url, const struct shoji_url_options *options,
                    char ret[URL_PLAIN_MAX], size_t *ret_len);

/* Cuts `plain` in two; the URL is borrowed and not looked into. False when an option is not ours.
 */
bool url_plain_read(struct span plain, struct span *ret_url, struct shoji_url_options *ret_options);

#endif
