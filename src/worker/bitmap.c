#include "worker/bitmap.h"

#include "base/image.h"
#include "worker/bmp.h"
#include "worker/ico.h"

static int open_bitmap(const struct picture *p, struct bmp *ret)
{
    struct ico_picture icon;
    if (p->job->type == IMAGE_BMP)
        return bmp_open(p->bytes, p->job->in_len, ret);
    if (ico_choose(p->bytes, p->job->in_len, &icon) != 0 || icon.png)
        return BMP_BROKEN;
    return bmp_open_icon(icon.bytes, icon.len, ret);
}

static void free_pixels(VipsImage *image, void *pixels)
{
    (void)image;
    g_free(pixels);
}

/* What the later steps go by: a profile, and that a palette holds the picture (256 colours and a
 * transparent one are more than a PNG's does). */
static void note(VipsImage *image, const struct bmp *bmp, bool opaque)
{
    if (bmp->profile)
        vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, bmp->profile, bmp->profile_len);
    if (bmp->bits < 8 || (bmp->bits == 8 && opaque))
        vips_image_set_int(image, "palette-bit-depth", (int)bmp->bits);
}

/* Takes over the pixels. NULL on failure. */
static VipsImage *wrap(const struct bmp *bmp, unsigned char *pixels, bool opaque)
{
    size_t len = (size_t)bmp->width * bmp->height * 4;
    VipsImage *all = vips_image_new_from_memory(pixels, len, (int)bmp->width, (int)bmp->height, 4,
                                                VIPS_FORMAT_UCHAR);
    if (!all) {
        g_free(pixels);
        return NULL;
    }
    g_signal_connect(all, "close", G_CALLBACK(free_pixels), pixels);
    VipsImage *bands = NULL;
    VipsImage *image = NULL;
    if (vips_extract_band(all, &bands, 0, "n", opaque ? 3 : 4, NULL) == 0 &&
        vips_copy(bands, &image, "interpretation", VIPS_INTERPRETATION_sRGB, NULL) == 0)
        note(image, bmp, opaque);
    g_clear_object(&bands);
    g_object_unref(all);
    return image;
}

enum worked_outcome bitmap_load(struct picture *p)
{
    struct bmp bmp;
    bool opaque;
    if (open_bitmap(p, &bmp) != 0)
        return WORKED_BROKEN;
    uint64_t count = (uint64_t)bmp.width * bmp.height;
    if (count > p->job->max_pixels)
        return WORKED_TOO_LARGE;
    unsigned char *pixels = g_try_malloc_n(count, 4);
    if (!pixels)
        return WORKED_TOO_LARGE;
    if (bmp_read(&bmp, pixels, &opaque) != 0) {
        g_free(pixels);
        return WORKED_BROKEN;
    }
    VipsImage *image = wrap(&bmp, pixels, opaque);
    if (!image)
        return WORKED_BROKEN;
    picture_replace(p, image);
    return WORKED_OK;
}

bool bitmap_find_png(const struct picture *p, const void **ret, size_t *ret_len)
{
    struct ico_picture icon;
    if (p->job->type != IMAGE_ICO || ico_choose(p->bytes, p->job->in_len, &icon) != 0 || !icon.png)
        return false;
    *ret = icon.bytes;
    *ret_len = icon.len;
    return true;
}
