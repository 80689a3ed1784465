#include "worker/ico.h"

#include "base/bytes.h"
#include "worker/bmp.h"

#include <string.h>

#define HEADER 6
#define ENTRY  16

#define PNG_HEAD 26 /* signature, IHDR with size, depth and colour type */

struct rank {
    uint64_t area;
    unsigned bits;
};

static bool is_png(const unsigned char *b, size_t len)
{
    return len >= PNG_HEAD && memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0;
}

/* PNG (third edition), table 8: samples a pixel of each colour type. */
static unsigned png_bits(const unsigned char *b)
{
    static const unsigned char samples[] = {1, 0, 3, 1, 2, 0, 4};
    return b[25] < sizeof(samples) ? b[24] * samples[b[25]] : 0;
}

static bool picture_at(const unsigned char *file, size_t len, const unsigned char *entry,
                       struct ico_picture *ret)
{
    size_t size = bytes_little32(entry + 8);
    size_t at = bytes_little32(entry + 12);
    if (at > len || size > len - at)
        return false;
    *ret = (struct ico_picture){file + at, size, is_png(file + at, size)};
    return true;
}

static bool rank_of(const struct ico_picture *picture, struct rank *ret)
{
    struct bmp bmp;
    if (picture->png) {
        uint64_t width = bytes_big32(picture->bytes + 16);
        *ret = (struct rank){width * bytes_big32(picture->bytes + 20), png_bits(picture->bytes)};
        return true;
    }
    if (bmp_open_icon(picture->bytes, picture->len, &bmp) != 0)
        return false;
    *ret = (struct rank){(uint64_t)bmp.width * bmp.height, bmp.bits};
    return true;
}

int ico_choose(const void *file, size_t len, struct ico_picture *ret)
{
    const unsigned char *b = file;
    if (len < HEADER || bytes_little16(b) != 0 ||
        (bytes_little16(b + 2) != 1 && bytes_little16(b + 2) != 2))
        return ICO_BROKEN;
    size_t count = bytes_little16(b + 4);
    if (count > (len - HEADER) / ENTRY)
        return ICO_BROKEN;
    bool found = false;
    struct rank best = {0};
    for (size_t i = 0; i < count; i++) {
        struct ico_picture picture;
        struct rank rank;
        if (!picture_at(b, len, b + HEADER + i * ENTRY, &picture) || !rank_of(&picture, &rank))
            continue;
        if (found && (rank.area < best.area || (rank.area == best.area && rank.bits <= best.bits)))
            continue;
        found = true;
        best = rank;
        *ret = picture;
    }
    return found ? 0 : ICO_BROKEN;
}
