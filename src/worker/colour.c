#include "worker/colour.h"

#include "worker/icc.h"

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
    picture_replace(p, out);
    return true;
}

enum worked_outcome colour_picture(struct picture *p)
{
    VipsImage *out = NULL;
    VipsInterpretation now = vips_image_guess_interpretation(p->image);
    bool grey = now == VIPS_INTERPRETATION_B_W || now == VIPS_INTERPRETATION_GREY16;
    VipsInterpretation then = grey ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
    if (!by_profile(p) && now != then) {
        if (vips_colourspace(p->image, &out, then, "source_space", now, NULL) < 0)
            return WORKED_BROKEN;
        picture_replace(p, out);
    }
    if (vips_image_get_format(p->image) != VIPS_FORMAT_UCHAR) {
        if (vips_cast(p->image, &out, VIPS_FORMAT_UCHAR, NULL) < 0)
            return WORKED_BROKEN;
        picture_replace(p, out);
    }
    return WORKED_OK;
}
