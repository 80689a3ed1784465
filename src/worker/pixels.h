/*
 * A still picture in plain memory: 8 bits a channel, rows without gaps. For the formats that are
 * read or written without libvips.
 */
#ifndef WORKER_PIXELS_H
#define WORKER_PIXELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pixels {
    uint32_t width;
    uint32_t height;
    uint32_t bands; /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA */
    unsigned char *bytes;
};

static inline size_t pixels_count(const struct pixels *p)
{
    return (size_t)p->width * p->height;
}

static inline bool pixels_have_alpha(const struct pixels *p)
{
    return p->bands == 2 || p->bands == 4;
}

/* Is nothing of it seen? */
static inline bool pixels_are_transparent(const struct pixels *p)
{
    const unsigned char *end = p->bytes + pixels_count(p) * p->bands;
    if (!pixels_have_alpha(p))
        return false;
    for (const unsigned char *alpha = p->bytes + p->bands - 1; alpha < end; alpha += p->bands)
        if (*alpha)
            return false;
    return true;
}

#endif
