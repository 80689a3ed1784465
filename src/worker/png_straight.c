#include "worker/png_straight.h"

#include "base/image.h"
#include "base/limits.h"
#include "worker/png_gamma.h"
#include "worker/png_read.h"
#include "worker/png_write.h"

#include <stdlib.h>

/* `from_len` and a little more is as large as the original: files differ in their headers. */
static void write_out(struct pixels *p, size_t from_len, struct worked *ret)
{
    ret->transparent = pixels_count(p) <= LIMIT_SPACER_PIXELS && pixels_are_transparent(p);
    if (png_write(p, from_len + from_len / 50 + 64, &ret->bytes, &ret->len) < 0)
        return;
    ret->outcome = WORKED_OK;
    ret->type = IMAGE_PNG;
    ret->width = p->width;
    ret->height = p->height;
    ret->frames = 1;
}

bool png_straight(const struct wire_job *job, const void *bytes, struct worked *ret)
{
    struct pixels pixels = {0};
    if (job->type != IMAGE_PNG || job->webp || png_gamma(bytes, job->in_len) != 0)
        return false;
    const struct png_most most = {
        .pixels = job->max_pixels < LIMIT_PNG_STRAIGHT_PIXELS ? job->max_pixels
                                                              : LIMIT_PNG_STRAIGHT_PIXELS,
        .side = job->max_side,
    };
    int r = png_read(bytes, job->in_len, &most, &pixels);
    if (r == PNG_NOT_PLAIN)
        return false;
    ret->outcome = WORKED_BROKEN;
    if (r == 0)
        write_out(&pixels, job->in_len, ret);
    free(pixels.bytes);
    return true;
}
