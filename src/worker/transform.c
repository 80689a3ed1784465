#include "worker/transform.h"

#include "base/limits.h"
#include "worker/choose.h"
#include "worker/colour.h"
#include "worker/jpeg_straight.h"
#include "worker/load.h"
#include "worker/orient.h"
#include "worker/pixels.h"
#include "worker/png_straight.h"
#include "worker/svg.h"

#include <errno.h>
#include <string.h>

/* ---- is it a spacer? ---- */

static enum worked_outcome look_through(struct picture *p)
{
    uint64_t pixels = (uint64_t)p->width * p->height * p->frames;
    if (!vips_image_hasalpha(p->image) || pixels > LIMIT_SPACER_PIXELS)
        return WORKED_OK;
    VipsImage *memory = vips_image_copy_memory(p->image);
    if (!memory)
        return WORKED_BROKEN;
    picture_replace(p, memory);
    size_t len;
    struct pixels all = {.width = (uint32_t)vips_image_get_width(p->image),
                         .height = (uint32_t)vips_image_get_height(p->image),
                         .bands = (uint32_t)vips_image_get_bands(p->image)};
    all.bytes = vips_image_write_to_memory(p->image, &len);
    if (!all.bytes)
        return WORKED_BROKEN;
    p->transparent = pixels_are_transparent(&all);
    g_free(all.bytes);
    return WORKED_OK;
}

/* ---- scale ---- */

static int scaled_side(unsigned side, double factor)
{
    int scaled = (int)(side * factor + 0.5);
    return scaled < 1 ? 1 : scaled;
}

static enum worked_outcome scale(struct picture *p)
{
    int side = (int)p->job->max_side;
    if (side == 0 || (p->width <= (unsigned)side && p->height <= (unsigned)side))
        return WORKED_OK;
    VipsImage *out = NULL;
    int r;
    if (p->job->type == IMAGE_JPEG) {
        /* The image may be shrunk already, to sizes that were rounded up: the picture's counts. */
        double factor = (double)side / (p->width > p->height ? p->width : p->height);
        r = vips_thumbnail_image(p->image, &out, scaled_side(p->width, factor), "height",
                                 scaled_side(p->height, factor), "size", VIPS_SIZE_FORCE,
                                 "no_rotate", TRUE, NULL);
    } else {
        r = vips_thumbnail_image(p->image, &out, side, "height", side, "size", VIPS_SIZE_DOWN,
                                 "no_rotate", TRUE, NULL);
    }
    if (r < 0)
        return WORKED_BROKEN;
    picture_replace(p, out);
    return WORKED_OK;
}

/* ---- save ---- */

static enum worked_outcome save(struct picture *p, struct worked *ret)
{
    struct save how = choose_save(p);
    if (save_buffer(p->image, &how, &ret->bytes, &ret->len) < 0)
        return WORKED_BROKEN;
    ret->type = how.type;
    ret->width = p->width;
    ret->height = p->height;
    ret->frames = p->frames;
    ret->transparent = p->transparent;
    return WORKED_OK;
}

/* ---- the whole way ---- */

static enum worked_outcome by_libvips(const struct wire_job *job, const void *bytes,
                                      struct worked *ret)
{
    struct picture p = {.job = job, .bytes = bytes};
    enum worked_outcome r = load_picture(&p);
    if (r == WORKED_OK)
        r = orient_picture(&p);
    if (r == WORKED_OK)
        r = colour_picture(&p);
    if (r == WORKED_OK)
        r = look_through(&p);
    if (r == WORKED_OK)
        r = scale(&p);
    if (r == WORKED_OK)
        r = save(&p, ret);
    g_clear_object(&p.image);
    vips_error_clear();
    return r;
}

void transform_run(const struct wire_job *job, const void *bytes, struct worked *ret)
{
    if (!png_straight(job, bytes, ret) && !jpeg_straight(job, bytes, ret))
        ret->outcome = by_libvips(job, bytes, ret);
}

void transform_release(struct worked *worked)
{
    g_free(worked->bytes);
    worked->bytes = NULL;
}

/* ---- before the first picture ---- */

/* GLib's own handlers ask what stderr is, which a worker must not. */
static GLogWriterOutput no_log(GLogLevelFlags level, const GLogField *fields, gsize count,
                               void *ctx)
{
    (void)level, (void)fields, (void)count, (void)ctx;
    return G_LOG_WRITER_HANDLED;
}

static void no_log_line(const char *domain, GLogLevelFlags level, const char *text, void *ctx)
{
    (void)domain, (void)level, (void)text, (void)ctx;
}

int transform_start(void)
{
    if (vips_init("shoji-decode") != 0)
        return -ENOENT;
    g_log_set_writer_func(no_log, NULL, NULL);
    g_log_set_default_handler(no_log_line, NULL);
    /* "Untrusted" in libvips' sense leaves TIFF, HEIF and more open: name what we want instead. */
    vips_operation_block_set("VipsForeignLoad", TRUE);
    vips_operation_block_set("VipsForeignLoadJpegBuffer", FALSE);
    vips_operation_block_set("VipsForeignLoadPngBuffer", FALSE);
    vips_operation_block_set("VipsForeignLoadWebpBuffer", FALSE);
    vips_operation_block_set("VipsForeignLoadNsgifBuffer", FALSE);
    /* No picture comes twice, and more processes, not threads, use more cores. */
    vips_cache_set_max(0);
    vips_concurrency_set(1);
    vips_leak_set(FALSE);
    return 0;
}

static int warm_picture(enum image_type type, const void *bytes, size_t len)
{
    struct wire_job job = {
        .type = type,
        .in_len = len,
        .max_pixels = 256,
        .max_total_pixels = 256,
        .max_frames = 1,
        .max_side = 8,
    };
    struct worked worked = {.outcome = WORKED_BROKEN};
    transform_run(&job, bytes, &worked);
    transform_release(&worked);
    return worked.outcome == WORKED_OK ? 0 : -EIO;
}

/* One round of a format's encoder and the whole way back. */
static int warm_format(VipsImage *image, const struct save *format)
{
    void *bytes = NULL;
    size_t len = 0;
    if (save_buffer(image, format, &bytes, &len) < 0)
        return -EIO;
    int r = warm_picture(format->type, bytes, len);
    g_free(bytes);
    return r;
}

static VipsImage *blank(int bands, VipsInterpretation interpretation)
{
    VipsImage *black = NULL;
    VipsImage *image = NULL;
    if (vips_black(&black, 16, 16, "bands", bands, NULL) < 0)
        return NULL;
    if (vips_copy(black, &image, "interpretation", interpretation, NULL) < 0)
        image = NULL;
    g_object_unref(black);
    return image;
}

/* lcms sets itself up on first use. By a profile that it has an answer for at once: sampling one
 * for print takes longer than all the rest of the warm-up. */
static int warm_colours(void)
{
    VipsImage *image = blank(3, VIPS_INTERPRETATION_sRGB);
    VipsImage *out = NULL;
    VipsImage *memory = NULL;
    if (image && vips_icc_transform(image, &out, "p3", "input_profile", "srgb", NULL) == 0)
        memory = vips_image_copy_memory(out);
    int r = memory ? 0 : -EIO;
    g_clear_object(&memory);
    g_clear_object(&out);
    g_clear_object(&image);
    return r;
}

/* A small picture through every encoder and decoder, so that what is set up on first use is. */
int transform_warm(enum wire_class class)
{
    static const struct {
        struct save save;
        int bands;
        VipsInterpretation interpretation;
    } formats[] = {
        {{.type = IMAGE_JPEG}, 3, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_PNG}, 4, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_PNG, .palette = true}, 4, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_GIF}, 4, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_WEBP}, 4, VIPS_INTERPRETATION_sRGB},
    };
    int r = warm_colours();
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && r == 0; i++) {
        VipsImage *image = blank(formats[i].bands, formats[i].interpretation);
        r = image ? warm_format(image, &formats[i].save) : -EIO;
        g_clear_object(&image);
    }
    if (r == 0 && class == WIRE_CLASS_SVG) {
        svg_warm();
        r = warm_picture(IMAGE_SVG, svg_sample, strlen(svg_sample));
    }
    return r;
}
