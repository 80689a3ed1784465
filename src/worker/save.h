/*
 * Our encoders and their settings: a finished picture to bytes, without any metadata. The settings
 * are part of what users see (the same original must give the same bytes on every machine), so they
 * stand in one place.
 */
#ifndef WORKER_SAVE_H
#define WORKER_SAVE_H

#include "base/image.h"

#include <stdbool.h>
#include <stddef.h>
#include <vips/vips.h>

struct save {
    enum image_type type;
    bool lossless;    /* IMAGE_WEBP */
    bool palette;     /* IMAGE_PNG: the original had one */
    int quality;      /* IMAGE_JPEG; 0: ours */
    bool full_chroma; /* IMAGE_JPEG: the original's colour was not subsampled */
};

/* The quality for a JPEG of the same size as the one that `file` holds: ours, or the original's own
 * where that is lower, since more would only keep its damage exactly. */
int save_jpeg_quality(const void *file, size_t len);

/* `ret_bytes` is g_free's. 0 or -1, as libvips does. */
int save_buffer(VipsImage *image, const struct save *how, void **ret_bytes, size_t *ret_len);

#endif
