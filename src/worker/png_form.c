#include "worker/png_form.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- which colours there are ---- */

#define SLOTS 1024 /* four times what may stand in it */

struct colours {
    unsigned count; /* PNG_PALETTE_MOST + 1: too many */
    uint32_t of[PNG_PALETTE_MOST];
    uint32_t slot_colour[SLOTS];
    uint16_t slot[SLOTS]; /* its number + 1, 0: empty */
    bool alpha;           /* not all opaque; known for all pixels even when there are too many */
    bool grey;
};

/* As numbers, alpha on top. */
static uint32_t colour_at(const unsigned char *at, uint32_t bands)
{
    uint32_t alpha = bands == 2 ? at[1] : bands == 4 ? at[3] : 255;
    if (alpha == 0)
        return 0;
    if (bands < 3)
        return alpha << 24 | at[0] * UINT32_C(0x010101);
    return alpha << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

static unsigned slot_of(const struct colours *c, uint32_t colour)
{
    unsigned at = (colour * UINT32_C(2654435761)) >> 22;
    while (c->slot[at] && c->slot_colour[at] != colour)
        at = (at + 1) % SLOTS;
    return at;
}

static void add_colour(struct colours *c, uint32_t colour)
{
    unsigned at = slot_of(c, colour);
    if (c->slot[at])
        return;
    if (c->count < PNG_PALETTE_MOST) {
        c->of[c->count] = colour;
        c->slot_colour[at] = colour;
        c->slot[at] = (uint16_t)(c->count + 1);
    }
    c->count++;
}

static void clear_hidden(struct pixels *p)
{
    if (!pixels_have_alpha(p))
        return;
    unsigned char *end = p->bytes + pixels_count(p) * p->bands;
    for (unsigned char *at = p->bytes; at < end; at += p->bands)
        if (at[p->bands - 1] == 0)
            memset(at, 0, p->bands);
}

static void find_traits(const struct pixels *p, struct colours *c)
{
    const unsigned char *end = p->bytes + pixels_count(p) * p->bands;
    c->grey = true;
    if (p->bands >= 3)
        for (const unsigned char *at = p->bytes; at < end && c->grey; at += p->bands)
            c->grey = at[0] == at[1] && at[1] == at[2];
    if (pixels_have_alpha(p))
        for (const unsigned char *at = p->bytes + p->bands - 1; at < end && !c->alpha;
             at += p->bands)
            c->alpha = *at != 255;
}

static void find_colours(const struct pixels *p, struct colours *c)
{
    const unsigned char *end = p->bytes + pixels_count(p) * p->bands;
    uint32_t last = ~colour_at(p->bytes, p->bands);
    for (const unsigned char *at = p->bytes; at < end && c->count <= PNG_PALETTE_MOST;
         at += p->bands) {
        uint32_t colour = colour_at(at, p->bands);
        if (colour != last)
            add_colour(c, colour);
        last = colour;
    }
    find_traits(p, c);
}

/* ---- the rows ---- */

static int make_rows(struct png_form *f, unsigned bits_a_pixel)
{
    f->row_len = ((size_t)f->width * bits_a_pixel + 7) / 8;
    f->pixel_len = bits_a_pixel < 8 ? 1 : bits_a_pixel / 8;
    f->rows = malloc(f->row_len * f->height);
    return f->rows ? 0 : -ENOMEM;
}

static unsigned depth_for(unsigned count)
{
    return count <= 2 ? 1 : count <= 4 ? 2 : count <= 16 ? 4 : 8;
}

/* `value` of each colour by its number in `c`, in `depth` bits. */
static void pack(const struct pixels *p, const struct colours *c, const unsigned char *value,
                 struct png_form *f)
{
    const unsigned char *at = p->bytes;
    uint32_t last = ~colour_at(at, p->bands);
    unsigned char now = 0;
    for (uint32_t y = 0; y < p->height; y++) {
        unsigned char *row = f->rows + y * f->row_len;
        unsigned bits = 0;
        unsigned filled = 0;
        for (uint32_t x = 0; x < p->width; x++, at += p->bands) {
            uint32_t colour = colour_at(at, p->bands);
            if (colour != last)
                now = value[c->slot[slot_of(c, colour)] - 1];
            last = colour;
            bits = bits << f->depth | now;
            filled += f->depth;
            if (filled == 8) {
                *row++ = (unsigned char)bits;
                bits = filled = 0;
            }
        }
        if (filled)
            *row = (unsigned char)(bits << (8 - filled));
    }
}

/* Colours that are not opaque first: tRNS ends with the last of them (PNG, 11.3.1.1). */
static int as_palette(const struct pixels *p, const struct colours *c, struct png_form *f)
{
    unsigned char value[PNG_PALETTE_MOST];
    for (int opaque = 0; opaque < 2; opaque++)
        for (unsigned i = 0; i < c->count; i++) {
            if ((c->of[i] >> 24 == 255) != opaque)
                continue;
            unsigned char *entry = f->palette[f->palette_count];
            for (unsigned k = 0; k < 4; k++)
                entry[k] = (unsigned char)(c->of[i] >> 8 * k);
            f->transparent_count += !opaque;
            value[i] = (unsigned char)f->palette_count++;
        }
    f->colour = PNG_PALETTE;
    f->depth = depth_for(c->count);
    if (make_rows(f, f->depth) < 0)
        return -ENOMEM;
    pack(p, c, value, f);
    return 0;
}

/* The fewest bits that hold all greys exactly (PNG, 13.12: by repeating them). */
static unsigned grey_depth(const struct colours *c)
{
    for (unsigned depth = 1; depth < 8; depth *= 2) {
        unsigned step = 255 / ((1U << depth) - 1);
        bool all = true;
        for (unsigned i = 0; i < c->count && all; i++)
            all = (c->of[i] & 255) % step == 0;
        if (all)
            return depth;
    }
    return 8;
}

static int as_few_greys(const struct pixels *p, const struct colours *c, struct png_form *f)
{
    unsigned char value[PNG_PALETTE_MOST];
    f->colour = PNG_GREY;
    f->depth = grey_depth(c);
    for (unsigned i = 0; i < c->count; i++)
        value[i] = (unsigned char)((c->of[i] & 255) >> (8 - f->depth));
    if (make_rows(f, f->depth) < 0)
        return -ENOMEM;
    pack(p, c, value, f);
    return 0;
}

static int as_samples(const struct pixels *p, const struct colours *c, struct png_form *f)
{
    uint32_t colour_bands = c->grey ? 1 : 3;
    uint32_t bands = colour_bands + c->alpha;
    f->colour = c->grey ? (c->alpha ? PNG_GREY_ALPHA : PNG_GREY) : (c->alpha ? PNG_RGBA : PNG_RGB);
    f->depth = 8;
    if (make_rows(f, bands * 8) < 0)
        return -ENOMEM;
    unsigned char *to = f->rows;
    if (bands == p->bands) {
        memcpy(to, p->bytes, f->row_len * f->height);
        return 0;
    }
    const unsigned char *end = p->bytes + pixels_count(p) * p->bands;
    for (const unsigned char *at = p->bytes; at < end; at += p->bands) {
        for (uint32_t k = 0; k < colour_bands; k++)
            *to++ = at[k];
        if (c->alpha)
            *to++ = at[p->bands - 1];
    }
    return 0;
}

int png_form_make(struct pixels *p, bool few, struct png_form *ret)
{
    struct colours c = {0};
    struct png_form f = {.width = p->width, .height = p->height};
    clear_hidden(p);
    find_colours(p, &c);
    int r;
    if (!few || c.count > PNG_PALETTE_MOST)
        r = as_samples(p, &c, &f);
    else if (c.grey && !c.alpha && grey_depth(&c) <= depth_for(c.count))
        r = as_few_greys(p, &c, &f);
    else
        r = as_palette(p, &c, &f);
    if (r == 0)
        *ret = f;
    return r;
}

void png_form_free(struct png_form *form)
{
    free(form->rows);
    form->rows = NULL;
}
