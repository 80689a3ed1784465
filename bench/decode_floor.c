/*
 * The floor: libvips called directly, with the settings of src/worker and the way to a smaller
 * picture that its manual recommends, but no ceilings, no looks at the result and no sandbox; see
 * decode_turns.h.
 */
#include "decode_turns.h"

#include <stdbool.h>
#include <string.h>
#include <vips/vips.h>

static void check(int r)
{
    if (r != 0)
        bench_fail(vips_error_buffer());
}

/* Takes over `image`. */
static VipsImage *became(VipsImage *image, VipsImage *out)
{
    g_object_unref(image);
    return out;
}

void subject_start(void)
{
    check(vips_init("floor"));
    vips_cache_set_max(0);
    vips_concurrency_set(1);
}

void subject_ready(unsigned max_side)
{
    (void)max_side;
}

uint64_t subject_others_ns(void)
{
    return 0;
}

/* ---- in ---- */

static bool moves(const struct original *o)
{
    return o->type == IMAGE_GIF || o->type == IMAGE_WEBP;
}

static VipsImage *load(const struct original *o)
{
    VipsImage *image = NULL;
    switch (o->type) {
    case IMAGE_JPEG:
        check(
            vips_jpegload_buffer(o->bytes, o->len, &image, "access", VIPS_ACCESS_SEQUENTIAL, NULL));
        if (vips_image_get_orientation(image) > 1) { /* a turn reads columns */
            g_object_unref(image);
            check(vips_jpegload_buffer(o->bytes, o->len, &image, NULL));
        }
        return image;
    case IMAGE_PNG:
        check(
            vips_pngload_buffer(o->bytes, o->len, &image, "access", VIPS_ACCESS_SEQUENTIAL, NULL));
        return image;
    case IMAGE_GIF:
        check(vips_gifload_buffer(o->bytes, o->len, &image, "n", -1, "access",
                                  VIPS_ACCESS_SEQUENTIAL, NULL));
        return image;
    case IMAGE_WEBP:
        check(vips_webpload_buffer(o->bytes, o->len, &image, "n", -1, "access",
                                   VIPS_ACCESS_SEQUENTIAL, NULL));
        return image;
    default:
        bench_fail("a format that libvips does not read");
    }
}

static VipsImage *thumbnail(const struct original *o, int side)
{
    VipsImage *image = NULL;
    check(vips_thumbnail_buffer(o->bytes, o->len, &image, side, "height", side, "size",
                                VIPS_SIZE_DOWN, "option_string", moves(o) ? "n=-1" : "", NULL));
    return image;
}

static VipsImage *upright_srgb(VipsImage *image)
{
    VipsImage *out = NULL;
    if (vips_image_get_orientation(image) > 1) {
        check(vips_autorot(image, &out, NULL));
        image = became(image, out);
    }
    /* The profiles of this set are all sRGB's: nothing to convert, as src/worker finds out. */
    VipsInterpretation now = vips_image_guess_interpretation(image);
    if (now != VIPS_INTERPRETATION_sRGB && now != VIPS_INTERPRETATION_B_W) {
        check(vips_colourspace(image, &out, VIPS_INTERPRETATION_sRGB, NULL));
        image = became(image, out);
    }
    return image;
}

/* ---- out: the settings of src/worker/save.c; PNG as libvips would do it for us ---- */

static void save_jpeg(VipsImage *image, struct made *ret)
{
    const char *chroma = "";
    if (vips_image_get_typeof(image, "jpeg-chroma-subsample"))
        check(vips_image_get_string(image, "jpeg-chroma-subsample", &chroma));
    check(vips_jpegsave_buffer(
        image, &ret->bytes, &ret->len, "Q", 82, "optimize_coding", TRUE, "subsample_mode",
        strcmp(chroma, "4:4:4") == 0 ? VIPS_FOREIGN_SUBSAMPLE_OFF : VIPS_FOREIGN_SUBSAMPLE_ON,
        "strip", TRUE, NULL));
}

static void save_png(VipsImage *image, bool resized, struct made *ret)
{
    if (vips_image_get_typeof(image, "palette-bit-depth") && !resized)
        check(vips_pngsave_buffer(image, &ret->bytes, &ret->len, "compression", 6, "palette", TRUE,
                                  "Q", 100, "dither", 0.0, "strip", TRUE, NULL));
    else
        check(vips_pngsave_buffer(image, &ret->bytes, &ret->len, "compression", 6, "filter",
                                  VIPS_FOREIGN_PNG_FILTER_ALL, "strip", TRUE, NULL));
}

static void save_gif(VipsImage *image, struct made *ret)
{
    check(vips_gifsave_buffer(image, &ret->bytes, &ret->len, "dither", 0.0, "effort", 4, "reuse",
                              TRUE, "strip", TRUE, NULL));
}

void subject_make(const struct original *o, unsigned max_side, struct made *ret)
{
    VipsImage *image = max_side ? thumbnail(o, (int)max_side) : load(o);
    bool animated = vips_image_get_n_pages(image) > 1;
    image = upright_srgb(image);
    if (o->type == IMAGE_PNG || (o->type == IMAGE_WEBP && vips_image_hasalpha(image) && !animated))
        save_png(image, max_side > 0, ret);
    else if (o->type == IMAGE_GIF || animated)
        save_gif(image, ret);
    else
        save_jpeg(image, ret);
    g_object_unref(image);
}

void subject_release(struct made *made)
{
    g_free(made->bytes);
}
