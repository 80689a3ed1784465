#include "worker/colour.h"

#include "worker/icc.h"

#include <math.h>

#define GAMMA_UNIT   100000 /* PNG's */
#define SCREEN_GAMMA 2.2

/* Takes over the result of an operation of libvips, which said `r`. */
static bool done(struct picture *p, int r, VipsImage **out)
{
    if (r < 0)
        return false;
    picture_replace(p, *out);
    *out = NULL;
    return true;
}

static bool is_grey(VipsInterpretation type)
{
    return type == VIPS_INTERPRETATION_B_W || type == VIPS_INTERPRETATION_GREY16;
}

/* A profile of another kind of picture: libvips would apply one for grey to red, green and blue. */
static bool profile_fits(VipsInterpretation type, const void *profile, size_t len)
{
    if (is_grey(type))
        return icc_is_of(profile, len, "GRAY");
    return icc_is_of(profile, len, type == VIPS_INTERPRETATION_CMYK ? "CMYK" : "RGB ");
}

/* What a profile for grey makes is grey: one band says so. */
static bool back_to_grey(struct picture *p)
{
    VipsImage *out = NULL;
    if (vips_image_hasalpha(p->image)) {
        VipsImage *grey = NULL;
        VipsImage *alpha = NULL;
        int r = vips_extract_band(p->image, &grey, 1, NULL);
        if (r == 0)
            r = vips_extract_band(p->image, &alpha, 3, NULL);
        if (r == 0)
            r = vips_bandjoin2(grey, alpha, &out, NULL);
        g_clear_object(&grey);
        g_clear_object(&alpha);
        if (!done(p, r, &out))
            return false;
    } else if (!done(p, vips_extract_band(p->image, &out, 1, NULL), &out)) {
        return false;
    }
    return done(p, vips_copy(p->image, &out, "interpretation", VIPS_INTERPRETATION_B_W, NULL),
                &out);
}

/* libvips 8.14 takes 16 bits of alpha through a profile as they are, and cuts them off at 255. */
static bool narrow_alpha(struct picture *p)
{
    VipsImage *out = NULL;
    if (!vips_image_hasalpha(p->image) || p->image->BandFmt != VIPS_FORMAT_USHORT)
        return true;
    bool grey = is_grey(vips_image_guess_interpretation(p->image));
    VipsInterpretation narrow = grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    return done(p, vips_colourspace(p->image, &out, narrow, NULL), &out);
}

/* By the picture's own profile; a damaged or unsuitable one is as none, as browsers do. Perceptual
 * is what they take of a profile with several tables, and the only one that each must have. */
static bool by_profile(struct picture *p)
{
    VipsImage *out = NULL;
    const void *profile;
    size_t len;
    VipsInterpretation type = vips_image_guess_interpretation(p->image);
    if (!vips_image_get_typeof(p->image, VIPS_META_ICC_NAME) ||
        vips_image_get_blob(p->image, VIPS_META_ICC_NAME, &profile, &len) < 0 ||
        !profile_fits(type, profile, len) || !narrow_alpha(p))
        return false;
    if (p->image->Type == VIPS_INTERPRETATION_sRGB && icc_is_srgb(profile, len))
        return true;
    if (vips_icc_transform(p->image, &out, "srgb", "embedded", TRUE, "intent",
                           VIPS_INTENT_PERCEPTUAL, NULL) < 0) {
        vips_error_clear();
        return false;
    }
    picture_replace(p, out);
    return !is_grey(type) || back_to_grey(p);
}

/* Inks without a profile: each takes its part of the light, as browsers have it. libvips would
 * print them by a press profile of its own, which dulls what was made for the screen. */
static bool by_light(struct picture *p)
{
    VipsImage *light = NULL;
    VipsImage *colours = NULL;
    VipsImage *black = NULL;
    VipsImage *out = NULL;
    int r = vips_invert(p->image, &light, NULL);
    if (r == 0)
        r = vips_extract_band(light, &colours, 0, "n", 3, NULL);
    if (r == 0)
        r = vips_extract_band(light, &black, 3, NULL);
    if (r == 0)
        r = vips_multiply(colours, black, &out, NULL);
    g_clear_object(&light);
    g_clear_object(&colours);
    g_clear_object(&black);
    return done(p, r, &out) &&
           done(p, vips_linear1(p->image, &out, 1 / 255.0, 0, "uchar", TRUE, NULL), &out) &&
           done(p, vips_copy(p->image, &out, "interpretation", VIPS_INTERPRETATION_sRGB, NULL),
                &out);
}

/* A table of what each sample becomes for a screen; alpha stays. NULL without memory. */
static VipsImage *curve(const VipsImage *image, unsigned gamma)
{
    bool wide = image->BandFmt == VIPS_FORMAT_USHORT;
    int last = wide ? 65535 : 255;
    int bands = vips_image_get_bands(image);
    int colours = vips_image_hasalpha((VipsImage *)(uintptr_t)image) ? bands - 1 : bands;
    size_t size = (size_t)(last + 1) * (size_t)bands;
    uint16_t *samples = g_try_new(uint16_t, size);
    if (!samples)
        return NULL;
    for (int i = 0, at = 0; i <= last; i++) {
        double light = pow(i / (double)last, GAMMA_UNIT / (gamma * SCREEN_GAMMA));
        uint16_t shown = (uint16_t)(light * last + 0.5);
        for (int band = 0; band < bands; band++, at++)
            samples[at] = band < colours ? shown : (uint16_t)i;
    }
    VipsImage *table = vips_image_new_from_memory_copy(samples, size * sizeof(*samples), last + 1,
                                                       1, bands, VIPS_FORMAT_USHORT);
    g_free(samples);
    VipsImage *narrow = NULL;
    if (table && vips_cast(table, &narrow, image->BandFmt, NULL) < 0)
        narrow = NULL;
    g_clear_object(&table);
    return narrow;
}

static bool by_gamma(struct picture *p)
{
    VipsImage *out = NULL;
    VipsImage *table = curve(p->image, p->gamma);
    if (!table)
        return false;
    VipsInterpretation type = p->image->Type;
    int r = vips_maplut(p->image, &out, table, NULL);
    g_object_unref(table);
    return done(p, r, &out) &&
           done(p, vips_copy(p->image, &out, "interpretation", type, NULL), &out);
}

static bool by_kind(struct picture *p)
{
    VipsImage *out = NULL;
    VipsInterpretation now = vips_image_guess_interpretation(p->image);
    VipsInterpretation then = is_grey(now) ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (now == VIPS_INTERPRETATION_CMYK)
        return by_light(p);
    return now == then ||
           done(p, vips_colourspace(p->image, &out, then, "source_space", now, NULL), &out);
}

enum worked_outcome colour_picture(struct picture *p)
{
    VipsImage *out = NULL;
    if (p->gamma != 0 && !by_gamma(p))
        return WORKED_BROKEN;
    if (!by_profile(p) && !by_kind(p))
        return WORKED_BROKEN;
    if (vips_image_get_format(p->image) != VIPS_FORMAT_UCHAR &&
        !done(p, vips_cast(p->image, &out, VIPS_FORMAT_UCHAR, NULL), &out))
        return WORKED_BROKEN;
    return WORKED_OK;
}
