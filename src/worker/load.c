#include "worker/load.h"

#include "base/image.h"
#include "base/limits.h"
#include "worker/bitmap.h"
#include "worker/gif.h"
#include "worker/jpeg_head.h"
#include "worker/png_gamma.h"
#include "worker/riff.h"
#include "worker/svg.h"

#include <stdlib.h>

/* `shrink`: 1, 2, 4 or 8 times smaller, by decoding no more than that. */
static int open_jpeg(const struct picture *p, int shrink, VipsImage **image)
{
    void *in = (void *)(uintptr_t)p->bytes; /* libvips does not say const, and only reads */
    return vips_jpegload_buffer(in, p->job->in_len, image, "access", VIPS_ACCESS_SEQUENTIAL,
                                "shrink", shrink, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

static int open_png(struct picture *p, const void *bytes, size_t len, VipsImage **image)
{
    void *in = (void *)(uintptr_t)bytes;
    p->gamma = png_gamma(bytes, len);
    return vips_pngload_buffer(in, len, image, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                               VIPS_FAIL_ON_ERROR, NULL);
}

static int free_copy(void *copy, VipsArea *area)
{
    (void)area;
    free(copy);
    return 0;
}

/* The loader keeps the copy, by the blob, for as long as it reads. */
static int open_mended(const struct picture *p, const struct gif_facts *facts, int frames,
                       VipsImage **image)
{
    size_t len;
    void *copy = facts->exposed ? gif_copy_clear(p->bytes, facts->end, &len)
                                : gif_copy_whole(p->bytes, facts->end, &len);
    if (!copy)
        return -1;
    VipsBlob *blob = vips_blob_new((VipsCallbackFn)free_copy, copy, len);
    int r = vips_call("gifload_buffer", blob, image, "n", frames, "access", VIPS_ACCESS_SEQUENTIAL,
                      "fail_on", VIPS_FAIL_ON_ERROR, NULL);
    vips_area_unref(VIPS_AREA(blob));
    return r;
}

static int open_gif(const struct picture *p, int frames, VipsImage **image)
{
    struct gif_facts facts = gif_look(p->bytes, p->job->in_len);
    if (!facts.whole)
        return -1;
    if (facts.exposed || facts.trailed)
        return open_mended(p, &facts, frames, image);
    void *in = (void *)(uintptr_t)p->bytes;
    return vips_gifload_buffer(in, p->job->in_len, image, "n", frames, "access",
                               VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

static int open_frames(const struct picture *p, int frames, VipsImage **image)
{
    if (p->job->type == IMAGE_GIF)
        return open_gif(p, frames, image);
    void *in = (void *)(uintptr_t)p->bytes;
    return vips_webpload_buffer(in, p->job->in_len, image, "n", frames, "access",
                                VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

static bool can_move(const struct picture *p)
{
    return p->job->type == IMAGE_GIF || p->job->type == IMAGE_WEBP;
}

static enum worked_outcome open_first(struct picture *p)
{
    VipsImage *image = NULL;
    const void *png;
    size_t png_len;
    int r = -1;
    switch ((enum image_type)p->job->type) {
    case IMAGE_NONE:
    case IMAGE_SVG: /* svg.c's */
        break;
    case IMAGE_JPEG:
        if (!jpeg_is_usual(p->bytes, p->job->in_len))
            break;
        r = open_jpeg(p, 1, &image);
        break;
    case IMAGE_PNG:
        r = open_png(p, p->bytes, p->job->in_len, &image);
        break;
    case IMAGE_GIF:
    case IMAGE_WEBP:
        r = open_frames(p, 1, &image);
        break;
    case IMAGE_BMP:
        return bitmap_load(p);
    case IMAGE_ICO:
        if (!bitmap_find_png(p, &png, &png_len))
            return bitmap_load(p);
        r = open_png(p, png, png_len, &image);
        break;
    }
    if (r < 0)
        return WORKED_BROKEN;
    picture_replace(p, image);
    return WORKED_OK;
}

/* The ceilings, and how many frames to take. */

static enum worked_outcome open_all(struct picture *p)
{
    const struct wire_job *job = p->job;
    uint64_t width = (uint64_t)vips_image_get_width(p->image);
    uint64_t height = (uint64_t)vips_image_get_height(p->image);
    uint64_t frames = can_move(p) ? (uint64_t)vips_image_get_n_pages(p->image) : 1;
    if (width * height > job->max_pixels)
        return WORKED_TOO_LARGE;
    if (p->job->type == IMAGE_GIF && gif_look(p->bytes, job->in_len).exposed)
        frames--; /* the one that gif_copy_clear appended */
    /* libvips holds an animation as one tall strip. */
    if (frames > job->max_frames || width * height * frames > job->max_total_pixels ||
        height * frames >= VIPS_MAX_COORD)
        frames = 1;
    p->width = (unsigned)width;
    p->height = (unsigned)height;
    p->frames = (unsigned)frames;
    if (frames > 1) {
        VipsImage *all = NULL;
        if (open_frames(p, (int)frames, &all) < 0)
            return WORKED_BROKEN;
        picture_replace(p, all);
    }
    return WORKED_OK;
}

/* A photograph that is to become much smaller. At least twice as large as it will be: below that
 * what the scaler then does better is lost. */
static enum worked_outcome open_shrunk(struct picture *p)
{
    unsigned larger = p->width > p->height ? p->width : p->height;
    unsigned smaller = p->width < p->height ? p->width : p->height;
    int shrink = 1;
    if (p->job->type != IMAGE_JPEG || p->job->max_side == 0)
        return WORKED_OK;
    while (shrink < 8 && larger / p->job->max_side >= 4U * (unsigned)shrink &&
           smaller >= 16U * (unsigned)shrink) /* libvips fails on one that becomes nothing */
        shrink *= 2;
    if (shrink == 1)
        return WORKED_OK;
    VipsImage *image = NULL;
    if (open_jpeg(p, shrink, &image) < 0)
        return WORKED_BROKEN;
    picture_replace(p, image);
    return WORKED_OK;
}

enum worked_outcome load_picture(struct picture *p)
{
    if (p->job->type == IMAGE_SVG)
        return svg_load(p);
    if (p->job->type == IMAGE_WEBP && riff_frames(p->bytes, p->job->in_len) > LIMIT_WEBP_FRAMES)
        return WORKED_TOO_LARGE;
    enum worked_outcome r = open_first(p);
    if (r == WORKED_OK)
        r = open_all(p);
    return r == WORKED_OK ? open_shrunk(p) : r;
}
