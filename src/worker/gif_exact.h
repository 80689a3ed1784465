/*
 * GIF without a loss: libvips brings each frame down to a palette that need not be its own. A frame
 * of a GIF has at most 256 colours, and so has what changes from one to the next, so nearly all of
 * them can be written as they were.
 */
#ifndef WORKER_GIF_EXACT_H
#define WORKER_GIF_EXACT_H

#include "worker/pixels.h"

struct gif_strip {
    struct pixels pixels; /* all frames one below the other, RGBA, 0 or 255 in A */
    uint32_t frames;
    const int *delays_ms; /* of each frame; those that are missing are 0 */
    uint32_t delay_count;
    int plays; /* 0: for ever */
};

enum { GIF_TOO_COLOURFUL = 1 };

/* `ret_bytes` is free()'s. 0, GIF_TOO_COLOURFUL, -EINVAL (cgif refuses) or -ENOMEM. */
int gif_write_exact(const struct gif_strip *strip, void **ret_bytes, size_t *ret_len);

#endif
