#include "worker/choose.h"

#include "base/limits.h"
#include "worker/riff.h"

#include <string.h>

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
           strncmp(chroma, "4:4:4", 5) == 0; /* or 4:4:4:4, of inks */
}

static bool webp_can_hold(VipsImage *image)
{
    return vips_image_get_width(image) <= LIMIT_WEBP_SIDE &&
           vips_image_get_page_height(image) <= LIMIT_WEBP_SIDE;
}

struct save choose_save(const struct picture *p)
{
    bool alpha = vips_image_hasalpha(p->image);
    bool scaled = p->job->max_side && (p->width > p->job->max_side || p->height > p->job->max_side);
    struct save how = {.palette = has_palette(p) && !scaled, .full_chroma = has_full_chroma(p)};
    enum image_type from = (enum image_type)p->job->type;
    if (from == IMAGE_JPEG && !scaled)
        how.quality = save_jpeg_quality(p->bytes, p->job->in_len);
    bool bitmap = from == IMAGE_SVG || from == IMAGE_BMP || from == IMAGE_ICO;
    how.lossless = from == IMAGE_PNG || from == IMAGE_GIF || bitmap ||
                   (from == IMAGE_WEBP && riff_is_lossless(p->bytes, p->job->in_len));
    if (p->job->webp && webp_can_hold(p->image))
        how.type = IMAGE_WEBP;
    else if (bitmap)
        how.type = IMAGE_PNG;
    else if (from != IMAGE_WEBP)
        how.type = from;
    else if (p->frames > 1)
        how.type = IMAGE_GIF;
    else
        how.type = alpha || how.lossless ? IMAGE_PNG : IMAGE_JPEG;
    return how;
}
