/*
 * Windows and OS/2 bitmaps: any bytes in, RGBA out. Plain C, without libvips and without state, so
 * that it can be fuzzed alone; runs in the sandboxed worker only.
 *
 * What is read: the OS/2 headers of 12 and of 16 to 64 bytes, BITMAPINFOHEADER and its versions 2
 * to 5; 1, 2, 4, 8, 16, 24 and 32 bits a pixel; RLE4, RLE8, BITFIELDS and ALPHABITFIELDS; either
 * direction of rows. Where writers disagree we go by browsers: a palette that is too long is cut,
 * an index outside it is black, what RLE leaves out is transparent (Firefox; newer Chromium has
 * black), the fourth byte of a pixel is alpha only where a header has a mask for it (or inside an
 * icon), and alpha that is zero throughout is none: such files were meant to be seen. Refused:
 * JPEG, PNG, Huffman and RLE24 inside, and data that ends too early: browsers show the first part
 * of such a picture, we show no part of any.
 *
 * bmp_open looks at the header alone and takes no memory; the caller holds the size against its
 * ceilings before it gives bmp_read the memory. The bytes stay the caller's and must outlive the
 * struct.
 */
#ifndef WORKER_BMP_H
#define WORKER_BMP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BMP_BROKEN = 1, /* not a bitmap, of a kind that is refused, damaged or cut */
};

enum bmp_code { BMP_PLAIN, BMP_RLE8, BMP_RLE4 };

struct bmp_channel {
    uint32_t mask; /* 0: the channel is absent */
    unsigned shift;
    uint32_t most; /* the largest value that fits */
};

struct bmp {
    uint32_t width;
    uint32_t height;
    bool top_down;
    bool in_icon;
    unsigned bits; /* a pixel */
    enum bmp_code code;
    struct bmp_channel channel[4]; /* red, green, blue, alpha; of 16 bits and more */
    unsigned char palette[256][3]; /* red, green, blue; black where the file has none */
    const unsigned char *data;     /* the rows, up to the end of the file */
    size_t data_len;
    const unsigned char *profile; /* an ICC profile within the file; NULL without */
    size_t profile_len;
};

/* A whole file. 0 or BMP_BROKEN. */
MUST_CHECK int bmp_open(const void *file, size_t len, struct bmp *ret);

/* A bitmap of an icon: without the file's header, of twice the height, with a mask behind. */
MUST_CHECK int bmp_open_icon(const void *header, size_t len, struct bmp *ret);

/* Writes all of `pixels`: width * height * 4 bytes, not premultiplied. `ret_opaque`: no pixel's
 * alpha is below 255. 0 or BMP_BROKEN; on that the pixels are worth nothing. */
MUST_CHECK int bmp_read(const struct bmp *bmp, unsigned char *pixels, bool *ret_opaque);

#endif
