/*
 * What a colour profile is for, and whether it is just sRGB. Most of those in mail are, and then
 * there is nothing to convert: going through lcms costs as much as decoding and encoding together.
 */
#ifndef WORKER_ICC_H
#define WORKER_ICC_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it says it is a profile, and for that colour space: "RGB ", "GRAY", "CMYK". Any bytes. */
bool icc_is_of(const void *profile, size_t len, const char space[static 4]);

/* True only for a matrix profile with sRGB's primaries and curve, within what rounding between
 * their many issues explains. Any bytes. */
bool icc_is_srgb(const void *profile, size_t len);

#endif
