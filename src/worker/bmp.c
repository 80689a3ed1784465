#include "worker/bmp.h"

#include <string.h>

#define RGBA 4

/* Rows are padded to four bytes. */
static size_t stride_of(const struct bmp *bmp, unsigned bits)
{
    return ((size_t)bmp->width * bits + 31) / 32 * 4;
}

static unsigned char *row_at(const struct bmp *bmp, unsigned char *pixels, uint32_t y)
{
    uint32_t from_top = bmp->top_down ? y : bmp->height - 1 - y;
    return pixels + (size_t)from_top * bmp->width * RGBA;
}

static void put_index(const struct bmp *bmp, unsigned char *pixel, unsigned index)
{
    memcpy(pixel, bmp->palette[index], 3);
    pixel[3] = 255;
}

/* ---- plain rows ---- */

static void read_indices(const struct bmp *bmp, const unsigned char *in, unsigned char *out)
{
    unsigned mask = (1U << bmp->bits) - 1;
    for (size_t x = 0; x < bmp->width; x++) {
        size_t bit = x * bmp->bits; /* the leftmost pixel stands in the highest bits */
        put_index(bmp, out + x * RGBA, in[bit / 8] >> (8 - bmp->bits - bit % 8) & mask);
    }
}

static unsigned char channel_of(const struct bmp_channel *channel, uint32_t value)
{
    uint64_t part = (value & channel->mask) >> channel->shift;
    if (channel->most == 255)
        return (unsigned char)part;
    return (unsigned char)((part * 255 + channel->most / 2) / channel->most);
}

/* True when a pixel has alpha above zero. */
static bool read_fields(const struct bmp *bmp, const unsigned char *in, unsigned char *out)
{
    size_t size = bmp->bits / 8;
    unsigned alpha = 0;
    for (size_t x = 0; x < bmp->width; x++, in += size, out += RGBA) {
        uint32_t value = (uint32_t)in[1] << 8 | in[0];
        for (size_t i = 2; i < size; i++)
            value |= (uint32_t)in[i] << (8 * i);
        for (size_t i = 0; i < 3; i++)
            out[i] = bmp->channel[i].mask ? channel_of(&bmp->channel[i], value) : 0;
        out[3] = bmp->channel[3].mask ? channel_of(&bmp->channel[3], value) : 255;
        alpha |= out[3];
    }
    return alpha != 0;
}

static void set_alpha(const struct bmp *bmp, unsigned char *pixels)
{
    size_t count = (size_t)bmp->width * bmp->height;
    for (size_t i = 0; i < count; i++)
        pixels[i * RGBA + 3] = 255;
}

/* One bit a pixel behind the rows of an icon's bitmap; set: nothing is drawn there. */
static int read_mask(const struct bmp *bmp, const unsigned char *in, size_t len,
                     unsigned char *pixels)
{
    size_t stride = stride_of(bmp, 1);
    if (len < stride * (bmp->height - 1) + (bmp->width + 7) / 8)
        return BMP_BROKEN;
    for (uint32_t y = 0; y < bmp->height; y++, in += stride) {
        unsigned char *row = row_at(bmp, pixels, y);
        for (size_t x = 0; x < bmp->width; x++)
            if (in[x / 8] & 0x80 >> x % 8)
                memset(row + x * RGBA, 0, RGBA);
    }
    return 0;
}

static int read_plain(const struct bmp *bmp, unsigned char *pixels)
{
    size_t stride = stride_of(bmp, bmp->bits);
    size_t last = ((size_t)bmp->width * bmp->bits + 7) / 8; /* some leave out the last padding */
    if (bmp->data_len < stride * (bmp->height - 1) + last)
        return BMP_BROKEN;
    bool has_alpha = false;
    for (uint32_t y = 0; y < bmp->height; y++) {
        const unsigned char *in = bmp->data + stride * y;
        if (bmp->bits <= 8)
            read_indices(bmp, in, row_at(bmp, pixels, y));
        else if (read_fields(bmp, in, row_at(bmp, pixels, y)))
            has_alpha = true;
    }
    if (bmp->bits > 8 && bmp->channel[3].mask && has_alpha)
        return 0;
    if (bmp->bits > 8)
        set_alpha(bmp, pixels);
    size_t all = stride * bmp->height;
    if (!bmp->in_icon)
        return 0;
    return bmp->data_len < all ? BMP_BROKEN
                               : read_mask(bmp, bmp->data + all, bmp->data_len - all, pixels);
}

/* ---- run-length coding ---- */

struct run {
    const struct bmp *bmp;
    unsigned char *pixels;
    size_t at; /* in the data */
    uint32_t x;
    uint32_t y;
};

/* What is too much for a row is dropped, as in Chromium: writers count padding in. */
static void put(struct run *run, unsigned index)
{
    if (run->x < run->bmp->width)
        put_index(run->bmp, row_at(run->bmp, run->pixels, run->y) + (size_t)run->x++ * RGBA, index);
}

/* RLE4 has two indices in each byte. */
static unsigned index_in(const struct run *run, unsigned byte, unsigned position)
{
    if (run->bmp->code == BMP_RLE8)
        return byte;
    return position % 2 == 0 ? byte >> 4 : byte & 15;
}

static bool put_literal(struct run *run, unsigned count)
{
    size_t size = run->bmp->code == BMP_RLE8 ? count : (count + 1) / 2;
    if (size > run->bmp->data_len - run->at)
        return false;
    for (unsigned i = 0; i < count; i++) {
        size_t byte = run->bmp->code == BMP_RLE8 ? i : i / 2;
        put(run, index_in(run, run->bmp->data[run->at + byte], i));
    }
    run->at += size;
    if (size % 2 == 1 && run->at < run->bmp->data_len)
        run->at++;
    return true;
}

static bool move(struct run *run)
{
    if (run->bmp->data_len - run->at < 2)
        return false;
    run->x += run->bmp->data[run->at];
    run->y += run->bmp->data[run->at + 1];
    run->at += 2;
    return run->x <= run->bmp->width && run->y < run->bmp->height;
}

/* The mark at the end may be missing once all rows are there. */
static int read_runs(const struct bmp *bmp, unsigned char *pixels)
{
    struct run run = {.bmp = bmp, .pixels = pixels};
    memset(pixels, 0, (size_t)bmp->width * bmp->height * RGBA);
    while (run.y < bmp->height && bmp->data_len - run.at >= 2) {
        unsigned count = bmp->data[run.at];
        unsigned value = bmp->data[run.at + 1];
        run.at += 2;
        /* Two bytes may say 255 that do not fit: 10 MB of them would take seconds. */
        for (unsigned i = 0; i < count && run.x < bmp->width; i++)
            put(&run, index_in(&run, value, i));
        if (count > 0)
            continue;
        if (value == 1)
            return 0;
        if (value == 0) {
            run.x = 0;
            run.y++;
        } else if (value == 2 ? !move(&run) : !put_literal(&run, value)) {
            return BMP_BROKEN;
        }
    }
    bool done = run.y >= bmp->height || (run.y == bmp->height - 1 && run.x == bmp->width);
    return done ? 0 : BMP_BROKEN;
}

int bmp_read(const struct bmp *bmp, unsigned char *pixels, bool *ret_opaque)
{
    int r = bmp->code == BMP_PLAIN ? read_plain(bmp, pixels) : read_runs(bmp, pixels);
    if (r != 0)
        return r;
    size_t count = (size_t)bmp->width * bmp->height;
    size_t i = 0;
    while (i < count && pixels[i * RGBA + 3] == 255)
        i++;
    *ret_opaque = i == count;
    return 0;
}
