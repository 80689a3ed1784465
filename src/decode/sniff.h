/*
 * Pictures by their first bytes: which format it is, and how large it says it is.
 *
 * This is all of a foreign picture that shojid itself looks at: fixed offsets, every read checked
 * against the length, no allocation, no state (of SVG, the first few KiB: sniff_svg.h). sniff_type
 * is for originals; sniff_size is for what a worker hands back, to hold it against what the worker
 * claims. Any thread.
 */
#ifndef DECODE_SNIFF_H
#define DECODE_SNIFF_H

#include "base/err.h"
#include "base/image.h"

#include <stddef.h>
#include <stdint.h>

/* IMAGE_NONE when it is none of the formats we read. */
enum image_type sniff_type(const void *bytes, size_t len);

enum {
    SNIFF_NO_SIZE = 1, /* not of that type, or its header is cut or out of order, or no type that a
                        * worker hands back */
};

/* Width and height of the whole canvas as the header states them, at least 1. 0 or an answer. */
MUST_CHECK int sniff_size(enum image_type type, const void *bytes, size_t len, uint32_t ret[2]);

#endif
