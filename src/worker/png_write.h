/*
 * PNG, written by ourselves: the exact form of png_form.h, filtered and deflated by libdeflate,
 * which is faster than zlib and packs better. Whole pictures in memory only, so for those that are
 * not huge (LIMIT_PNG_STRAIGHT_PIXELS); libvips writes the others row by row.
 */
#ifndef WORKER_PNG_WRITE_H
#define WORKER_PNG_WRITE_H

#include "base/err.h"
#include "worker/pixels.h"

/* Tries harder when the file would have more than `wanted` bytes. `ret_bytes` is free()'s. Clears
 * the colour of wholly transparent pixels. 0 or -ENOMEM. */
MUST_CHECK int png_write(struct pixels *pixels, size_t wanted, void **ret_bytes, size_t *ret_len);

#endif
