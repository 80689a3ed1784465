#include "worker/png_read.h"

#include "worker/icc.h"

#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* What libpng longjmps over lives here, in memory: its locals would be indeterminate. */
struct reader {
    png_structp png;
    png_infop info;
    const unsigned char *at;
    size_t left;
    struct pixels pixels;
    png_bytepp rows;
};

static void give(png_structp png, png_bytep to, size_t len)
{
    struct reader *r = png_get_io_ptr(png);
    if (len > r->left)
        png_error(png, "ends early");
    memcpy(to, r->at, len);
    r->at += len;
    r->left -= len;
}

__attribute__((noreturn)) static void fail(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

static void keep_silent(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

/* Nothing of theirs is shown, and compressed text is a bomb's place. eXIf stays: it may turn the
 * picture. */
static void ignore_metadata(png_structp png)
{
    static const png_byte names[] = "bKGD\0cHRM\0gAMA\0hIST\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0"
                                    "sPLT\0sRGB\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, sizeof(names) / 5);
}

static bool changes_colours(const struct reader *r)
{
    png_charp name;
    png_bytep profile;
    png_uint_32 len;
    int method;
    if (!png_get_iCCP(r->png, r->info, &name, &method, &profile, &len))
        return false;
    return !(png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR) ||
           !icc_is_srgb(profile, len);
}

static bool is_plain(const struct reader *r, const struct png_most *most)
{
    png_uint_32 exif_len;
    png_bytep exif;
    uint64_t width = png_get_image_width(r->png, r->info);
    uint64_t height = png_get_image_height(r->png, r->info);
    return width * height <= most->pixels &&
           (most->side == 0 || (width <= most->side && height <= most->side)) &&
           !changes_colours(r) && !png_get_eXIf_1(r->png, r->info, &exif_len, &exif);
}

/* May longjmp. */
static int read_all(struct reader *r, const struct png_most *most)
{
    png_read_info(r->png, r->info);
    if (!is_plain(r, most))
        return PNG_NOT_PLAIN;
    png_set_expand(r->png);
    png_set_strip_16(r->png);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    r->pixels.width = png_get_image_width(r->png, r->info);
    r->pixels.height = png_get_image_height(r->png, r->info);
    r->pixels.bands = png_get_channels(r->png, r->info);
    size_t row_len = png_get_rowbytes(r->png, r->info);
    must(row_len == (size_t)r->pixels.width * r->pixels.bands);
    r->pixels.bytes = calloc(r->pixels.height, row_len);
    r->rows = malloc(r->pixels.height * sizeof(*r->rows));
    if (!r->pixels.bytes || !r->rows)
        return -ENOMEM;
    for (uint32_t y = 0; y < r->pixels.height; y++)
        r->rows[y] = r->pixels.bytes + y * row_len;
    png_read_image(r->png, r->rows);
    png_read_end(r->png, r->info);
    return png_get_eXIf_1(r->png, r->info, &(png_uint_32){0}, &(png_bytep){NULL}) ? PNG_NOT_PLAIN
                                                                                  : 0;
}

static int read_guarded(struct reader *r, const struct png_most *most)
{
    if (setjmp(png_jmpbuf(r->png)))
        return PNG_BROKEN;
    r->info = png_create_info_struct(r->png);
    if (!r->info)
        return -ENOMEM;
    png_set_read_fn(r->png, r, give);
    ignore_metadata(r->png);
    return read_all(r, most);
}

int png_read(const void *file, size_t len, const struct png_most *most, struct pixels *ret)
{
    struct reader r = {.at = file, .left = len};
    r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, fail, keep_silent);
    if (!r.png)
        return -ENOMEM;
    int result = read_guarded(&r, most);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    free(r.rows);
    if (result == 0)
        *ret = r.pixels;
    else
        free(r.pixels.bytes);
    return result;
}
