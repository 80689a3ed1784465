/*
 * The smallest form of PNG that holds a picture exactly: a palette, grey, or true colour, with an
 * alpha channel only where something shows through.
 *
 * One thing is not kept: the colour of a pixel that is wholly transparent, which nobody sees. It
 * becomes black, as it takes room, and a sender could hide in it what a viewer does not show.
 */
#ifndef WORKER_PNG_FORM_H
#define WORKER_PNG_FORM_H

#include "base/err.h"
#include "worker/pixels.h"

/* PNG (third edition), table 12. */
enum png_colour {
    PNG_GREY = 0,
    PNG_RGB = 2,
    PNG_PALETTE = 3,
    PNG_GREY_ALPHA = 4,
    PNG_RGBA = 6,
};

#define PNG_PALETTE_MOST 256

struct png_form {
    uint32_t width;
    uint32_t height;
    enum png_colour colour;
    unsigned depth;      /* bits a sample */
    size_t row_len;      /* bytes */
    size_t pixel_len;    /* bytes, at least 1: what a filter looks back */
    unsigned char *rows; /* height * row_len; free() */
    unsigned palette_count;
    unsigned transparent_count; /* these stand first in the palette */
    unsigned char palette[PNG_PALETTE_MOST][4];
};

/* `few`: with a palette, or fewer bits than 8, where that holds the picture. Clears the colour of
 * wholly transparent pixels in `pixels`. 0 or -ENOMEM. */
MUST_CHECK int png_form_make(struct pixels *pixels, bool few, struct png_form *ret);

void png_form_free(struct png_form *form);

#endif
