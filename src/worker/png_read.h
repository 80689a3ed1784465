/*
 * PNG, read by libpng alone: what libvips does for every picture costs more than the pixels of a
 * logo. For pictures that need nothing else done to them (no colour profile that changes anything,
 * no EXIF) and are not huge; all others are for libvips.
 */
#ifndef WORKER_PNG_READ_H
#define WORKER_PNG_READ_H

#include "base/err.h"
#include "worker/pixels.h"

enum {
    PNG_NOT_PLAIN = 1, /* valid as far as was looked at, but not for us */
    PNG_BROKEN = 2,    /* any damage that libpng calls an error, or its end is missing */
};

struct png_most {
    uint64_t pixels;
    uint32_t side; /* 0: any */
};

/* `most` is checked before anything is decoded; beyond it, PNG_NOT_PLAIN. `ret->bytes` is free()'s.
 * 0, an answer above, or -ENOMEM. Any bytes. */
MUST_CHECK int png_read(const void *file, size_t len, const struct png_most *most,
                        struct pixels *ret);

#endif
