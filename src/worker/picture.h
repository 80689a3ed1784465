/*
 * One picture on its way through a worker: what each step of transform.c reads and leaves behind.
 */
#ifndef WORKER_PICTURE_H
#define WORKER_PICTURE_H

#include "worker/trade.h"

#include <stdbool.h>
#include <vips/vips.h>

/* `image` is replaced step by step; libvips computes pixels only when it is saved. */
struct picture {
    const struct wire_job *job;
    const void *bytes; /* the original, job->in_len of them */
    VipsImage *image;
    unsigned width; /* of one frame, oriented */
    unsigned height;
    unsigned frames;
    bool transparent;
    unsigned gamma; /* png_gamma's */
};

/* Takes over the reference. */
static inline void picture_replace(struct picture *p, VipsImage *image)
{
    g_clear_object(&p->image);
    p->image = image;
}

#endif
