#include "worker/transform.h"

#include "base/image.h"
#include "base/limits.h"
#include "worker/gif.h"
#include "worker/icc.h"
#include "worker/riff.h"
#include "worker/save.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <vips/vips.h>

/* One picture on its way. `image` is replaced step by step; libvips computes pixels only in save.
 */
struct picture {
    const struct wire_job *job;
    const void *bytes;
    VipsImage *image;
    unsigned width; /* of one frame, oriented */
    unsigned height;
    unsigned frames;
    bool transparent;
};

/* Takes over the reference. */
static void replace(struct picture *p, VipsImage *image)
{
    g_clear_object(&p->image);
    p->image = image;
}

/* ---- load: only the header is read here ---- */

static int open_still(const struct wire_job *job, const void *bytes, VipsAccess access,
                      VipsImage **image)
{
    void *in = (void *)(uintptr_t)bytes; /* libvips does not say const, and only reads */
    if (job->type == IMAGE_JPEG)
        return vips_jpegload_buffer(in, job->in_len, image, "access", access, "fail_on",
                                    VIPS_FAIL_ON_ERROR, NULL);
    return vips_pngload_buffer(in, job->in_len, image, "access", access, "fail_on",
                               VIPS_FAIL_ON_ERROR, NULL);
}

/* `frames`: -1 for all of them. */
static int open_frames(const struct wire_job *job, const void *bytes, int frames, VipsImage **image)
{
    void *in = (void *)(uintptr_t)bytes;
    if (job->type == IMAGE_GIF)
        return vips_gifload_buffer(in, job->in_len, image, "n", frames, "access",
                                   VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
    return vips_webpload_buffer(in, job->in_len, image, "n", frames, "access",
                                VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, NULL);
}

static bool can_move(const struct picture *p)
{
    return p->job->type == IMAGE_GIF || p->job->type == IMAGE_WEBP;
}

static enum worked_outcome load(struct picture *p)
{
    VipsImage *image = NULL;
    if (p->job->type == IMAGE_GIF && !gif_is_whole(p->bytes, p->job->in_len))
        return WORKED_BROKEN;
    int r = can_move(p) ? open_frames(p->job, p->bytes, 1, &image)
                        : open_still(p->job, p->bytes, VIPS_ACCESS_SEQUENTIAL, &image);
    if (r < 0)
        return WORKED_BROKEN;
    replace(p, image);
    return WORKED_OK;
}

/* ---- check: the ceilings, and how many frames to take ---- */

static enum worked_outcome check(struct picture *p)
{
    const struct wire_job *job = p->job;
    uint64_t width = (uint64_t)vips_image_get_width(p->image);
    uint64_t height = (uint64_t)vips_image_get_height(p->image);
    uint64_t frames = can_move(p) ? (uint64_t)vips_image_get_n_pages(p->image) : 1;
    if (width * height > job->max_pixels)
        return WORKED_TOO_LARGE;
    /* libvips holds an animation as one tall strip. */
    if (frames > job->max_frames || width * height * frames > job->max_total_pixels ||
        height * frames >= VIPS_MAX_COORD)
        frames = 1;
    p->width = (unsigned)width;
    p->height = (unsigned)height;
    p->frames = (unsigned)frames;
    if (frames > 1) {
        VipsImage *all = NULL;
        if (open_frames(job, p->bytes, -1, &all) < 0)
            return WORKED_BROKEN;
        replace(p, all);
    }
    return WORKED_OK;
}

/* ---- orient ---- */

static enum worked_outcome orient(struct picture *p)
{
    if (vips_image_get_orientation(p->image) <= 1)
        return WORKED_OK;
    if (vips_image_get_orientation_swap(p->image)) {
        unsigned width = p->width;
        p->width = p->height;
        p->height = width;
    }
    /* Turning reads columns and upwards: only a picture in memory can be read so. Within the
     * ceilings, and the address space limit is made for it. */
    VipsImage *memory = vips_image_copy_memory(p->image);
    if (!memory)
        return WORKED_BROKEN;
    replace(p, memory);
    VipsImage *upright = NULL;
    if (vips_autorot(p->image, &upright, NULL) < 0)
        return WORKED_BROKEN;
    replace(p, upright);
    return WORKED_OK;
}

/* ---- colour: sRGB or grey, 8 bits ---- */

/* By the picture's own profile; a damaged or unsuitable one is as none, as browsers do. */
static bool by_profile(struct picture *p)
{
    VipsImage *out = NULL;
    const void *profile;
    size_t len;
    if (!vips_image_get_typeof(p->image, VIPS_META_ICC_NAME) ||
        vips_image_get_blob(p->image, VIPS_META_ICC_NAME, &profile, &len) < 0)
        return false;
    if (p->image->Type == VIPS_INTERPRETATION_sRGB && icc_is_srgb(profile, len))
        return true;
    if (vips_icc_transform(p->image, &out, "srgb", "embedded", TRUE, "intent", VIPS_INTENT_RELATIVE,
                           NULL) < 0) {
        vips_error_clear();
        return false;
    }
    replace(p, out);
    return true;
}

static enum worked_outcome colour(struct picture *p)
{
    VipsImage *out = NULL;
    VipsInterpretation now = vips_image_guess_interpretation(p->image);
    bool grey = now == VIPS_INTERPRETATION_B_W || now == VIPS_INTERPRETATION_GREY16;
    VipsInterpretation then = grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (!by_profile(p) && now != then) {
        if (vips_colourspace(p->image, &out, then, "source_space", now, NULL) < 0)
            return WORKED_BROKEN;
        replace(p, out);
    }
    if (vips_image_get_format(p->image) != VIPS_FORMAT_UCHAR) {
        if (vips_cast(p->image, &out, VIPS_FORMAT_UCHAR, NULL) < 0)
            return WORKED_BROKEN;
        replace(p, out);
    }
    return WORKED_OK;
}

/* ---- is it a spacer? ---- */

static enum worked_outcome look_through(struct picture *p)
{
    uint64_t pixels = (uint64_t)p->width * p->height * p->frames;
    if (!vips_image_hasalpha(p->image) || pixels > LIMIT_SPACER_PIXELS)
        return WORKED_OK;
    VipsImage *memory = vips_image_copy_memory(p->image);
    if (!memory)
        return WORKED_BROKEN;
    replace(p, memory);
    size_t len;
    size_t bands = (size_t)vips_image_get_bands(p->image);
    unsigned char *bytes = vips_image_write_to_memory(p->image, &len);
    if (!bytes)
        return WORKED_BROKEN;
    p->transparent = true;
    for (size_t i = bands - 1; i < len && p->transparent; i += bands)
        p->transparent = bytes[i] == 0;
    g_free(bytes);
    return WORKED_OK;
}

/* ---- scale ---- */

static enum worked_outcome scale(struct picture *p)
{
    int side = (int)p->job->max_side;
    if (side == 0 || (p->width <= (unsigned)side && p->height <= (unsigned)side))
        return WORKED_OK;
    VipsImage *out = NULL;
    if (vips_thumbnail_image(p->image, &out, side, "height", side, "size", VIPS_SIZE_DOWN,
                             "no_rotate", TRUE, NULL) < 0)
        return WORKED_BROKEN;
    replace(p, out);
    return WORKED_OK;
}

/* ---- save ---- */

static bool has_palette(const struct picture *p)
{
    return vips_image_get_typeof(p->image, "palette-bit-depth") != 0;
}

static bool has_full_chroma(const struct picture *p)
{
    const char *chroma;
    if (!vips_image_get_typeof(p->image, "jpeg-chroma-subsample"))
        return false;
    return vips_image_get_string(p->image, "jpeg-chroma-subsample", &chroma) == 0 &&
           strcmp(chroma, "4:4:4") == 0;
}

static struct save choose(const struct picture *p)
{
    bool alpha = vips_image_hasalpha(p->image);
    bool scaled_palette =
        p->job->max_side && (p->width > p->job->max_side || p->height > p->job->max_side);
    struct save how = {.palette = has_palette(p) && !scaled_palette,
                       .full_chroma = has_full_chroma(p)};
    enum image_type from = (enum image_type)p->job->type;
    how.lossless = from == IMAGE_PNG || from == IMAGE_GIF ||
                   (from == IMAGE_WEBP && riff_is_lossless(p->bytes, p->job->in_len));
    if (p->job->webp)
        how.type = IMAGE_WEBP;
    else if (from != IMAGE_WEBP)
        how.type = from;
    else if (p->frames > 1)
        how.type = IMAGE_GIF;
    else
        how.type = alpha || how.lossless ? IMAGE_PNG : IMAGE_JPEG;
    return how;
}

static enum worked_outcome save(struct picture *p, struct worked *ret)
{
    struct save how = choose(p);
    if (save_buffer(p->image, &how, &ret->bytes, &ret->len) < 0)
        return WORKED_BROKEN;
    ret->type = how.type;
    ret->width = p->width;
    ret->height = p->height;
    ret->frames = p->frames;
    ret->transparent = p->transparent;
    return WORKED_OK;
}

void transform_run(const struct wire_job *job, const void *bytes, struct worked *ret)
{
    struct picture p = {.job = job, .bytes = bytes};
    enum worked_outcome r = load(&p);
    if (r == WORKED_OK)
        r = check(&p);
    if (r == WORKED_OK)
        r = orient(&p);
    if (r == WORKED_OK)
        r = colour(&p);
    if (r == WORKED_OK)
        r = look_through(&p);
    if (r == WORKED_OK)
        r = scale(&p);
    if (r == WORKED_OK)
        r = save(&p, ret);
    ret->outcome = r;
    g_clear_object(&p.image);
    vips_error_clear();
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

/* One round of a format's encoder and the whole way back. */
static int warm_format(VipsImage *image, const struct save *format)
{
    void *bytes = NULL;
    size_t len = 0;
    if (save_buffer(image, format, &bytes, &len) < 0)
        return -EIO;
    struct wire_job job = {
        .type = format->type,
        .in_len = len,
        .max_pixels = 256,
        .max_total_pixels = 256,
        .max_frames = 1,
        .max_side = 8,
    };
    struct worked worked = {.outcome = WORKED_BROKEN};
    transform_run(&job, bytes, &worked);
    transform_release(&worked);
    g_free(bytes);
    return worked.outcome == WORKED_OK ? 0 : -EIO;
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

/* A small picture through every encoder and decoder, so that what is set up on first use is. */
int transform_warm(void)
{
    static const struct {
        struct save save;
        int bands;
        VipsInterpretation interpretation;
    } formats[] = {
        {{.type = IMAGE_JPEG}, 3, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_JPEG}, 4, VIPS_INTERPRETATION_CMYK}, /* lcms, too */
        {{.type = IMAGE_PNG}, 4, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_PNG, .palette = true}, 4, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_GIF}, 4, VIPS_INTERPRETATION_sRGB},
        {{.type = IMAGE_WEBP}, 4, VIPS_INTERPRETATION_sRGB},
    };
    int r = 0;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]) && r == 0; i++) {
        VipsImage *image = blank(formats[i].bands, formats[i].interpretation);
        r = image ? warm_format(image, &formats[i].save) : -EIO;
        g_clear_object(&image);
    }
    return r;
}
