#include "worker/orient.h"

static VipsImage *turn_frame(VipsImage *strip, int which, int height)
{
    VipsImage *frame = NULL;
    VipsImage *upright = NULL;
    if (vips_crop(strip, &frame, 0, which * height, vips_image_get_width(strip), height, NULL) < 0)
        return NULL;
    if (vips_autorot(frame, &upright, NULL) < 0)
        upright = NULL;
    g_object_unref(frame);
    return upright;
}

static VipsImage *join(VipsImage **frames, int count)
{
    VipsImage *strip = NULL;
    VipsImage *out = NULL;
    if (vips_arrayjoin(frames, &strip, count, "across", 1, NULL) < 0)
        return NULL;
    if (vips_copy(strip, &out, NULL) == 0)
        vips_image_set_int(out, VIPS_META_PAGE_HEIGHT, vips_image_get_height(frames[0]));
    else
        out = NULL;
    g_object_unref(strip);
    return out;
}

/* libvips would turn the strip as a whole. */
static VipsImage *turn_frames(VipsImage *strip, unsigned frames)
{
    int height = vips_image_get_height(strip) / (int)frames; /* loading may have made it smaller */
    if (frames == 1)
        return turn_frame(strip, 0, height);
    VipsImage **turned = g_new0(VipsImage *, frames);
    unsigned count = 0;
    while (count < frames && (turned[count] = turn_frame(strip, (int)count, height)))
        count++;
    VipsImage *out = count == frames ? join(turned, (int)frames) : NULL;
    for (unsigned i = 0; i < count; i++)
        g_object_unref(turned[i]);
    g_free(turned);
    return out;
}

enum worked_outcome orient_picture(struct picture *p)
{
    unsigned width = p->width;
    unsigned height = p->height;
    if (vips_image_get_orientation(p->image) <= 1)
        return WORKED_OK;
    if (vips_image_get_orientation_swap(p->image)) {
        p->width = height;
        p->height = width;
    }
    /* Turning reads columns and upwards: only a picture in memory can be read so. Within the
     * ceilings, and the address space limit is made for it. */
    VipsImage *memory = vips_image_copy_memory(p->image);
    if (!memory)
        return WORKED_BROKEN;
    picture_replace(p, memory);
    VipsImage *upright = turn_frames(p->image, p->frames);
    if (!upright)
        return WORKED_BROKEN;
    picture_replace(p, upright);
    return WORKED_OK;
}
