#include "worker/svg.h"

#include "base/limits.h"

#include <cairo.h>
#include <fontconfig/fontconfig.h>
#include <librsvg/rsvg.h>
#include <math.h>
#include <pango/pangocairo.h>

#define DOTS_PER_INCH 96 /* CSS Values 3, section 5.2 */

struct size {
    double width;
    double height;
};

static const struct size fallback = {300, 150};

/* A document may insist on its text; then what follows here leaves it out. */
static const char no_text[] = "text { display: none !important }";

/*
 * librsvg's text, for the whole program: all layouts are empty. Without a font, Pango 1.50 measures
 * and draws by what was in memory before (memcheck sees it in pango_layout_get_size and
 * pango_cairo_layout_path), and that must not become a picture.
 */
#define INSTEAD __attribute__((visibility("default")))

INSTEAD void pango_layout_get_size(PangoLayout *layout, int *width, int *height)
{
    (void)layout;
    if (width)
        *width = 0;
    if (height)
        *height = 0;
}

INSTEAD void pango_layout_get_extents(PangoLayout *layout, PangoRectangle *ink,
                                      PangoRectangle *logical)
{
    (void)layout;
    if (ink)
        *ink = (PangoRectangle){0};
    if (logical)
        *logical = (PangoRectangle){0};
}

INSTEAD int pango_layout_get_baseline(PangoLayout *layout)
{
    (void)layout;
    return 0;
}

INSTEAD void pango_cairo_layout_path(cairo_t *cairo, PangoLayout *layout)
{
    (void)cairo, (void)layout;
}

INSTEAD void pango_cairo_show_layout(cairo_t *cairo, PangoLayout *layout)
{
    (void)cairo, (void)layout;
}

/* A blur, for librsvg's threads; a picture, for gdk-pixbuf; text that insists, for Pango. */
const char svg_sample[] =
    "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='9' "
    "height='9'><filter id='f'><feGaussianBlur stdDeviation='2'/></filter><rect width='4' "
    "height='4' filter='url(#f)'/><text style='display:inline!important' y='8'>x</text>"
    "<image width='1' height='1' "
    "xlink:href='data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1"
    "HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII='/></svg>";

void svg_warm(void)
{
    FcConfig *empty = FcConfigCreate();
    if (empty)
        FcConfigSetCurrent(empty);
}

/* ---- size ---- */

/* False: in per cent, or by a font. */
static bool is_absolute(const RsvgLength *length, double *ret)
{
    static const struct {
        RsvgUnit unit;
        double pixels;
    } units[] = {
        {RSVG_UNIT_PX, 1},
        {RSVG_UNIT_IN, DOTS_PER_INCH},
        {RSVG_UNIT_CM, DOTS_PER_INCH / 2.54},
        {RSVG_UNIT_MM, DOTS_PER_INCH / 25.4},
        {RSVG_UNIT_PT, DOTS_PER_INCH / 72.0},
        {RSVG_UNIT_PC, DOTS_PER_INCH / 6.0},
    };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (length->unit == units[i].unit) {
            *ret = length->length * units[i].pixels;
            return true;
        }
    return false;
}

static struct size size_of(RsvgHandle *handle)
{
    struct size size;
    if (rsvg_handle_get_intrinsic_size_in_pixels(handle, &size.width, &size.height))
        return size;
    gboolean has_width;
    gboolean has_height;
    gboolean has_box;
    RsvgLength width;
    RsvgLength height;
    RsvgRectangle box;
    rsvg_handle_get_intrinsic_dimensions(handle, &has_width, &width, &has_height, &height, &has_box,
                                         &box);
    size = has_box ? (struct size){box.width, box.height} : fallback;
    double side;
    if (has_width && is_absolute(&width, &side)) {
        if (has_box)
            size.height *= side / size.width;
        size.width = side;
    } else if (has_height && is_absolute(&height, &side)) {
        if (has_box)
            size.width *= side / size.height;
        size.height = side;
    }
    return size;
}

static unsigned whole(double side)
{
    return side < 1 ? 1 : (unsigned)lround(side);
}

static enum worked_outcome check_size(struct picture *p, const struct size *size)
{
    if (!(size->width > 0 && size->height > 0))
        return WORKED_BROKEN;
    if (size->width > LIMIT_SVG_SIDE || size->height > LIMIT_SVG_SIDE)
        return WORKED_TOO_LARGE;
    p->width = whole(size->width);
    p->height = whole(size->height);
    p->frames = 1;
    bool fits = (uint64_t)p->width * p->height <= p->job->max_pixels;
    return fits ? WORKED_OK : WORKED_TOO_LARGE;
}

/* ---- drawing ---- */

static cairo_surface_t *surface_for(const struct picture *p)
{
    unsigned side = p->job->max_side;
    unsigned longest = p->width > p->height ? p->width : p->height;
    double scale = side > 0 && longest > side ? (double)side / longest : 1;
    return cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)whole(p->width * scale),
                                      (int)whole(p->height * scale));
}

static bool draw(RsvgHandle *handle, const struct size *size, cairo_surface_t *surface)
{
    RsvgRectangle viewport = {.width = size->width, .height = size->height};
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, cairo_image_surface_get_width(surface) / size->width,
                cairo_image_surface_get_height(surface) / size->height);
    bool drawn = rsvg_handle_render_document(handle, cairo, &viewport, NULL) &&
                 cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    return drawn;
}

/* ---- pixels ---- */

static unsigned char part(uint32_t pixel, unsigned shift, uint32_t alpha)
{
    uint32_t premultiplied = pixel >> shift & 0xff;
    uint32_t value = alpha ? (premultiplied * 255 + alpha / 2) / alpha : 0;
    return value > 255 ? 255 : (unsigned char)value;
}

/* cairo's pixels are premultiplied words; ours are R, G, B, A. Tells whether all are opaque. */
static bool convert(unsigned char *pixels, size_t count)
{
    uint32_t least = 255;
    for (size_t i = 0; i < count; i++) {
        uint32_t pixel;
        memcpy(&pixel, pixels + 4 * i, sizeof(pixel));
        uint32_t alpha = pixel >> 24;
        least = alpha < least ? alpha : least;
        pixels[4 * i] = part(pixel, 16, alpha);
        pixels[4 * i + 1] = part(pixel, 8, alpha);
        pixels[4 * i + 2] = part(pixel, 0, alpha);
        pixels[4 * i + 3] = (unsigned char)alpha;
    }
    return least == 255;
}

static void release_surface(VipsImage *image, void *surface)
{
    (void)image;
    cairo_surface_destroy(surface);
}

/* Takes over the surface. NULL: out of memory. */
static VipsImage *image_of(cairo_surface_t *surface)
{
    int width = cairo_image_surface_get_width(surface);
    int height = cairo_image_surface_get_height(surface);
    size_t count = (size_t)width * (size_t)height;
    unsigned char *pixels = cairo_image_surface_get_data(surface);
    bool opaque = convert(pixels, count);
    VipsImage *raw =
        vips_image_new_from_memory(pixels, 4 * count, width, height, 4, VIPS_FORMAT_UCHAR);
    if (!raw) {
        cairo_surface_destroy(surface);
        return NULL;
    }
    g_signal_connect(raw, "postclose", G_CALLBACK(release_surface), surface);
    raw->Type = VIPS_INTERPRETATION_sRGB;
    VipsImage *image = NULL;
    if (vips_extract_band(raw, &image, 0, "n", opaque ? 3 : 4, NULL) < 0)
        image = NULL;
    g_object_unref(raw);
    return image;
}

static enum worked_outcome render(struct picture *p, RsvgHandle *handle)
{
    rsvg_handle_set_dpi(handle, DOTS_PER_INCH);
    if (!rsvg_handle_set_stylesheet(handle, (const guint8 *)no_text, sizeof(no_text) - 1, NULL))
        return WORKED_BROKEN;
    struct size size = size_of(handle);
    enum worked_outcome r = check_size(p, &size);
    if (r != WORKED_OK)
        return r;
    cairo_surface_t *surface = surface_for(p);
    if (cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS || !draw(handle, &size, surface)) {
        cairo_surface_destroy(surface);
        return WORKED_BROKEN;
    }
    VipsImage *image = image_of(surface);
    if (!image)
        return WORKED_BROKEN;
    picture_replace(p, image);
    return WORKED_OK;
}

enum worked_outcome svg_load(struct picture *p)
{
    RsvgHandle *handle = rsvg_handle_new_from_data(p->bytes, p->job->in_len, NULL);
    if (!handle)
        return WORKED_BROKEN;
    enum worked_outcome r = render(p, handle);
    g_object_unref(handle);
    return r;
}
