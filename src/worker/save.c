#include "worker/save.h"

#include "base/limits.h"
#include "worker/gif_exact.h"
#include "worker/jpeg_head.h"
#include "worker/png_write.h"
#include "worker/riff.h"

#include <string.h>

/* The eye's usual choice, and other image proxies'. Baseline, not progressive: a progressive file
 * is some 3 % smaller, but takes its reader's memory for the whole picture and twice our time. */
#define JPEG_QUALITY 80

#define PNG_COMPRESSION 6 /* zlib's own middle: 9 takes twice the time for under 1 % */

#define DOTS_PER_MM (72 / 25.4)

#define WEBP_QUALITY 80
#define WEBP_EFFORT  4 /* libwebp's own middle */

int save_jpeg_quality(const void *file, size_t len)
{
    int quality = jpeg_quality(file, len);
    return quality > 0 && quality < JPEG_QUALITY ? quality : JPEG_QUALITY;
}

static int save_jpeg(VipsImage *image, const struct save *how, void **bytes, size_t *len)
{
    uint64_t pixels =
        (uint64_t)vips_image_get_width(image) * (uint64_t)vips_image_get_height(image);
    gboolean optimise = pixels <= LIMIT_JPEG_OPTIMISED;
    int chroma = how->full_chroma ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON;
    return vips_jpegsave_buffer(image, bytes, len, "Q", how->quality ? how->quality : JPEG_QUALITY,
                                "optimize_coding", optimise, "subsample_mode", chroma, "strip",
                                TRUE, NULL);
}

/* Through memory, in the smallest exact form. */
static int save_small_png(VipsImage *image, void **bytes, size_t *len)
{
    size_t pixels_len;
    struct pixels pixels = {
        .width = (uint32_t)vips_image_get_width(image),
        .height = (uint32_t)vips_image_get_height(image),
        .bands = (uint32_t)vips_image_get_bands(image),
    };
    pixels.bytes = vips_image_write_to_memory(image, &pixels_len);
    int r = pixels.bytes ? png_write(&pixels, SIZE_MAX, bytes, len) : -1;
    g_free(pixels.bytes);
    return r < 0 ? -1 : 0;
}

/* As png_form.h: what nobody sees has no colour. */
static int clear_hidden(VipsImage *image, VipsImage **ret)
{
    VipsImage *alpha = NULL;
    VipsImage *nothing = NULL;
    int bands = vips_image_get_bands(image);
    if (!vips_image_hasalpha(image))
        return vips_copy(image, ret, NULL);
    int r = vips_extract_band(image, &alpha, bands - 1, NULL);
    if (r == 0)
        r = vips_black(&nothing, vips_image_get_width(image), vips_image_get_height(image), "bands",
                       bands, NULL);
    if (r == 0)
        r = vips_ifthenelse(alpha, image, nothing, ret, NULL);
    g_clear_object(&nothing);
    g_clear_object(&alpha);
    return r;
}

/* Row by row. */
static int save_large_png(VipsImage *image, const struct save *how, void **bytes, size_t *len)
{
    if (how->palette)
        return vips_pngsave_buffer(image, bytes, len, "compression", PNG_COMPRESSION, "palette",
                                   TRUE, "Q", 100, "dither", 0.0, "strip", TRUE, NULL);
    return vips_pngsave_buffer(image, bytes, len, "compression", PNG_COMPRESSION, "filter",
                               VIPS_FOREIGN_PNG_FILTER_ALL, "strip", TRUE, NULL);
}

static int save_png(VipsImage *image, const struct save *how, void **bytes, size_t *len)
{
    VipsImage *cleared = NULL;
    uint64_t pixels =
        (uint64_t)vips_image_get_width(image) * (uint64_t)vips_image_get_height(image);
    if (pixels <= LIMIT_PNG_STRAIGHT_PIXELS)
        return save_small_png(image, bytes, len);
    if (clear_hidden(image, &cleared) < 0)
        return -1;
    int r = save_large_png(cleared, how, bytes, len);
    g_object_unref(cleared);
    return r;
}

/* Halves of transparency cannot be, in a GIF; libvips dithers nothing away either. */
static void harden(struct pixels *p)
{
    for (size_t i = 0; i < pixels_count(p); i++) {
        unsigned char *at = p->bytes + i * 4;
        at[3] = at[3] < 128 ? 0 : 255;
        if (at[3] == 0)
            memset(at, 0, 4);
    }
}

/* 0, -1, or GIF_TOO_COLOURFUL. */
static int save_gif_exact(VipsImage *image, void **bytes, size_t *len)
{
    struct gif_strip strip = {.plays = 1};
    VipsImage *rgb = NULL;
    VipsImage *rgba = NULL;
    int *delays = NULL;
    int delay_count = 0;
    size_t size;
    if (vips_colourspace(image, &rgb, VIPS_INTERPRETATION_sRGB, NULL) < 0)
        return -1;
    int r =
        vips_image_hasalpha(rgb) ? vips_copy(rgb, &rgba, NULL) : vips_addalpha(rgb, &rgba, NULL);
    g_object_unref(rgb);
    if (r < 0)
        return -1;
    /* Not n-pages, which counts those that were not taken, too. */
    strip.frames = (uint32_t)(vips_image_get_height(rgba) / vips_image_get_page_height(rgba));
    strip.pixels = (struct pixels){(uint32_t)vips_image_get_width(rgba),
                                   (uint32_t)vips_image_get_height(rgba), 4, NULL};
    if (vips_image_get_typeof(rgba, "loop"))
        vips_image_get_int(rgba, "loop", &strip.plays);
    if (vips_image_get_typeof(rgba, "delay"))
        vips_image_get_array_int(rgba, "delay", &delays, &delay_count);
    strip.delays_ms = delays;
    strip.delay_count = (uint32_t)delay_count;
    strip.pixels.bytes = vips_image_write_to_memory(rgba, &size);
    if (strip.pixels.bytes) {
        harden(&strip.pixels);
        r = gif_write_exact(&strip, bytes, len);
    } else {
        r = -1;
    }
    g_free(strip.pixels.bytes);
    g_object_unref(rgba);
    return r;
}

static int save_gif(VipsImage *image, void **bytes, size_t *len)
{
    uint64_t pixels =
        (uint64_t)vips_image_get_width(image) * (uint64_t)vips_image_get_height(image);
    int r = pixels <= LIMIT_GIF_EXACT_PIXELS ? save_gif_exact(image, bytes, len) : 1;
    if (r <= 0)
        return r;
    return vips_gifsave_buffer(image, bytes, len, "dither", 0.0, "effort", 4, "reuse", TRUE,
                               "strip", TRUE, NULL);
}

static int save_webp(VipsImage *image, const struct save *how, void **bytes, size_t *len)
{
    if (vips_webpsave_buffer(image, bytes, len, "lossless", how->lossless, "Q", WEBP_QUALITY,
                             "effort", WEBP_EFFORT, "strip", TRUE, NULL) < 0)
        return -1;
    *len = riff_drop_exif(*bytes, *len); /* libvips 8.14 writes one of its own, "strip" or not */
    return 0;
}

/* Whatever is not the picture: only what makes an animation move stays. The resolution, which every
 * format holds somewhere, becomes the same for all. */
static int strip(VipsImage *image, VipsImage **ret)
{
    static const char *const kept[] = {VIPS_META_PAGE_HEIGHT, VIPS_META_N_PAGES,   "delay", "loop",
                                       "gif-palette",         VIPS_META_SEQUENTIAL};
    VipsImage *bare = NULL;
    if (vips_copy(image, &bare, "xres", DOTS_PER_MM, "yres", DOTS_PER_MM, NULL) < 0)
        return -1;
    char **names = vips_image_get_fields(bare);
    for (char **name = names; name && *name; name++) {
        bool keep = false;
        for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
            keep = keep || strcmp(*name, kept[i]) == 0;
        if (!keep)
            vips_image_remove(bare, *name); /* refuses width and the like, which is right */
    }
    g_strfreev(names);
    *ret = bare;
    return 0;
}

static int encode(VipsImage *image, const struct save *how, void **ret_bytes, size_t *ret_len)
{
    switch (how->type) {
    case IMAGE_NONE:
    case IMAGE_SVG: /* these only come in */
    case IMAGE_BMP:
    case IMAGE_ICO:
        break;
    case IMAGE_JPEG:
        return save_jpeg(image, how, ret_bytes, ret_len);
    case IMAGE_PNG:
        return save_png(image, how, ret_bytes, ret_len);
    case IMAGE_GIF:
        return save_gif(image, ret_bytes, ret_len);
    case IMAGE_WEBP:
        return save_webp(image, how, ret_bytes, ret_len);
    }
    return -1;
}

int save_buffer(VipsImage *image, const struct save *how, void **ret_bytes, size_t *ret_len)
{
    VipsImage *bare = NULL;
    if (strip(image, &bare) < 0)
        return -1;
    int r = encode(bare, how, ret_bytes, ret_len);
    g_object_unref(bare);
    return r;
}
