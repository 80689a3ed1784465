#include "worker/png_write.h"

#include "base/limits.h"
#include "worker/png_form.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

/* libdeflate's. Plain rows, which are logos: 8 is 3 % smaller than 6, 10 takes three times as long
 * for another 4 %. Filtered rows, which are photographs: 6 takes half the time of 8, for 2 %. */
#define LEVEL_PLAIN    8
#define LEVEL_FILTERED 6
#define LEVEL_HARD     10
#define LEVEL_TRIAL    1

/* Bytes of rows, at most ... */
#define HARD_MOST (1 * MiB) /* ... that are packed again, harder: 0.1 s */
#define BOTH_MOST (8 * KiB) /* ... that are written both with a palette and without */

#define FILTERS    5
#define CHUNK      12 /* length, name, checksum */
#define SIGNATURE  8
#define HEADER_LEN 13

/* ---- filters (PNG, section 9) ---- */

struct row {
    const unsigned char *now;
    const unsigned char *above;
    size_t len;
    size_t back; /* bytes to the same sample of the pixel before */
};

static unsigned char paeth(int left, int above, int corner)
{
    int a = abs(above - corner);
    int b = abs(left - corner);
    int c = abs(left + above - 2 * corner);
    return (unsigned char)(a <= b && a <= c ? left : b <= c ? above : corner);
}

static void filter_row(const struct row *r, unsigned filter, unsigned char *restrict out)
{
    const unsigned char *now = r->now;
    const unsigned char *above = r->above;
    size_t back = r->back;
    for (size_t i = 0; i < back && i < r->len; i++) {
        unsigned char guess = filter == 2 || filter == 4 ? above[i]
                              : filter == 3              ? above[i] / 2
                                                         : 0;
        out[i] = (unsigned char)(now[i] - guess);
    }
    switch (filter) {
    case 1:
        for (size_t i = back; i < r->len; i++)
            out[i] = (unsigned char)(now[i] - now[i - back]);
        break;
    case 2:
        for (size_t i = back; i < r->len; i++)
            out[i] = (unsigned char)(now[i] - above[i]);
        break;
    case 3:
        for (size_t i = back; i < r->len; i++)
            out[i] = (unsigned char)(now[i] - (now[i - back] + above[i]) / 2);
        break;
    case 4:
        for (size_t i = back; i < r->len; i++)
            out[i] = (unsigned char)(now[i] - paeth(now[i - back], above[i], above[i - back]));
        break;
    default:
        memcpy(out, now, r->len);
    }
}

/* Of the bytes as signed differences. No row in memory reaches 2^32 / 128 bytes. */
static uint32_t weight(const unsigned char *bytes, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += bytes[i] < 128 ? bytes[i] : 256U - bytes[i];
    return sum;
}

/* The filter of each row that leaves the smallest differences (PNG, 12.7). */
static int filter_by_row(const struct png_form *f, unsigned char *out)
{
    unsigned char *tried = malloc(2 * f->row_len + f->row_len);
    if (!tried)
        return -ENOMEM;
    unsigned char *best = tried + f->row_len;
    unsigned char *blank = best + f->row_len;
    memset(blank, 0, f->row_len);
    struct row row = {.above = blank, .len = f->row_len, .back = f->pixel_len};
    for (uint32_t y = 0; y < f->height; y++) {
        uint32_t least = UINT32_MAX;
        row.now = f->rows + y * f->row_len;
        for (unsigned filter = 0; filter < FILTERS; filter++) {
            filter_row(&row, filter, tried);
            uint32_t sum = weight(tried, f->row_len);
            if (sum < least) {
                least = sum;
                *out = (unsigned char)filter;
                unsigned char *swap = best;
                best = tried;
                tried = swap;
            }
        }
        memcpy(out + 1, best, f->row_len);
        out += 1 + f->row_len;
        row.above = row.now;
    }
    free(tried < best ? tried : best);
    return 0;
}

static void filter_none(const struct png_form *f, unsigned char *out)
{
    for (uint32_t y = 0; y < f->height; y++) {
        *out++ = 0;
        memcpy(out, f->rows + y * f->row_len, f->row_len);
        out += f->row_len;
    }
}

/* ---- chunks (PNG, section 5) ---- */

static unsigned char *put32(unsigned char *at, size_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (unsigned char)(value >> shift);
    return at;
}

/* `data` may already stand in its place, 8 bytes behind `at`. */
static unsigned char *put_chunk(unsigned char *at, const char *name, const void *data, size_t len)
{
    unsigned char *body = put32(at, len);
    memcpy(body, name, 4);
    if (len && data != body + 4)
        memcpy(body + 4, data, len);
    return put32(body + 4 + len, libdeflate_crc32(0, body, 4 + len));
}

static unsigned char *put_palette(unsigned char *at, const struct png_form *f)
{
    unsigned char colours[PNG_PALETTE_MOST * 3];
    unsigned char alpha[PNG_PALETTE_MOST];
    for (unsigned i = 0; i < f->palette_count; i++) {
        memcpy(colours + (size_t)i * 3, f->palette[i], 3);
        alpha[i] = f->palette[i][3];
    }
    at = put_chunk(at, "PLTE", colours, (size_t)f->palette_count * 3);
    return f->transparent_count ? put_chunk(at, "tRNS", alpha, f->transparent_count) : at;
}

static unsigned char *put_head(unsigned char *at, const struct png_form *f)
{
    static const unsigned char signature[SIGNATURE] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char header[HEADER_LEN] = {0};
    memcpy(at, signature, SIGNATURE);
    put32(put32(header, f->width), f->height);
    header[8] = (unsigned char)f->depth;
    header[9] = (unsigned char)f->colour;
    at = put_chunk(at + SIGNATURE, "IHDR", header, HEADER_LEN);
    return f->colour == PNG_PALETTE ? put_palette(at, f) : at;
}

#define HEAD_MOST                                                                                  \
    (SIGNATURE + CHUNK + HEADER_LEN + CHUNK + PNG_PALETTE_MOST * 3 + CHUNK + PNG_PALETTE_MOST)

/* ---- the file ---- */

/* The picture's rows with their filters, to be deflated. */
struct raw {
    unsigned char *bytes;
    size_t len;
    bool filtered;
};

struct file {
    unsigned char *bytes;
    size_t len;
};

static int deflate_file(const struct png_form *f, const struct raw *raw, int level,
                        struct file *ret)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level);
    size_t bound = libdeflate_zlib_compress_bound(compressor, raw->len);
    unsigned char *file = compressor ? malloc(HEAD_MOST + CHUNK + bound + CHUNK) : NULL;
    if (file) {
        unsigned char *at = put_head(file, f);
        size_t len = libdeflate_zlib_compress(compressor, raw->bytes, raw->len, at + 8, bound);
        must(len > 0); /* the bound is large enough for anything */
        at = put_chunk(at, "IDAT", at + 8, len);
        at = put_chunk(at, "IEND", NULL, 0);
        *ret = (struct file){.bytes = file, .len = (size_t)(at - file)};
    }
    libdeflate_free_compressor(compressor);
    return file ? 0 : -ENOMEM;
}

static int trial(struct libdeflate_compressor *compressor, const struct raw *raw, size_t *ret_len)
{
    size_t bound = libdeflate_deflate_compress_bound(compressor, raw->len);
    void *out = malloc(bound);
    if (!out)
        return -ENOMEM;
    *ret_len = libdeflate_deflate_compress(compressor, raw->bytes, raw->len, out, bound);
    free(out);
    return 0;
}

/* Whether filters help depends on what is shown, and no rule of thumb tells logos (10 % smaller
 * without) from photographs (40 % larger): the fastest deflate does. */
static int choose_filters(struct raw *raw, struct raw *other)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(LEVEL_TRIAL);
    size_t without;
    size_t with;
    int r = compressor ? 0 : -ENOMEM;
    if (r == 0)
        r = trial(compressor, raw, &without);
    if (r == 0)
        r = trial(compressor, other, &with);
    if (r == 0 && with < without) {
        struct raw swap = *raw;
        *raw = *other;
        *other = swap;
    }
    libdeflate_free_compressor(compressor);
    return r;
}

/* Filters take differences: the numbers of a palette have none that mean anything (PNG, 12.7). */
static int filter(const struct png_form *f, struct raw *raw)
{
    filter_none(f, raw->bytes);
    if (f->colour == PNG_PALETTE || f->depth < 8)
        return 0;
    struct raw filtered = {.bytes = malloc(raw->len), .len = raw->len, .filtered = true};
    int r = filtered.bytes ? filter_by_row(f, filtered.bytes) : -ENOMEM;
    if (r == 0)
        r = choose_filters(raw, &filtered);
    free(filtered.bytes);
    return r;
}

static void keep_smaller(struct file *kept, struct file *other)
{
    if (other->len < kept->len) {
        struct file swap = *kept;
        *kept = *other;
        *other = swap;
    }
    free(other->bytes);
}

static int write_form(const struct png_form *f, size_t wanted, struct file *ret)
{
    struct raw raw = {.len = (f->row_len + 1) * f->height};
    raw.bytes = malloc(raw.len);
    int r = raw.bytes ? filter(f, &raw) : -ENOMEM;
    if (r == 0)
        r = deflate_file(f, &raw, raw.filtered ? LEVEL_FILTERED : LEVEL_PLAIN, ret);
    struct file harder;
    if (r == 0 && ret->len > wanted && raw.len <= HARD_MOST &&
        deflate_file(f, &raw, LEVEL_HARD, &harder) == 0)
        keep_smaller(ret, &harder);
    free(raw.bytes);
    return r;
}

/* `ret_few`: it has a palette, or fewer bits than 8. */
static int write_few(struct pixels *pixels, size_t wanted, bool *ret_few, struct file *ret)
{
    struct png_form form = {.rows = NULL};
    int r = png_form_make(pixels, true, &form);
    if (r == 0)
        r = write_form(&form, wanted, ret);
    *ret_few = form.colour == PNG_PALETTE || form.depth < 8;
    png_form_free(&form);
    return r;
}

static int write_samples(struct pixels *pixels, size_t wanted, struct file *ret)
{
    struct png_form form = {.rows = NULL};
    int r = png_form_make(pixels, false, &form);
    if (r == 0)
        r = write_form(&form, wanted, ret);
    png_form_free(&form);
    return r;
}

int png_write(struct pixels *pixels, size_t wanted, void **ret_bytes, size_t *ret_len)
{
    struct file file = {0};
    bool few;
    int r = write_few(pixels, wanted, &few, &file);
    if (r < 0)
        return r;
    /* The palette itself may be most of the file, and what changes slowly has no palette that
     * filters do not beat. */
    struct file other;
    bool small = pixels_count(pixels) * pixels->bands <= BOTH_MOST;
    if (few && (small || file.len > wanted) && write_samples(pixels, wanted, &other) == 0)
        keep_smaller(&file, &other);
    *ret_bytes = file.bytes;
    *ret_len = file.len;
    return 0;
}
