#include "worker/jpeg_head.h"

#include "base/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SOF0  0xc0 /* baseline; 1 extended, 2 progressive; from 9 on with arithmetic coding */
#define SOF15 0xcf
#define DHT   0xc4
#define JPG   0xc8
#define DAC   0xcc
#define SOI   0xd8
#define EOI   0xd9
#define SOS   0xda
#define DQT   0xdb
#define APP1  0xe1
#define TEM   0x01
#define RST0  0xd0

#define TABLE       64
#define ORIENTATION 0x0112
#define IFD_ENTRY   12

struct segment {
    unsigned marker;
    const unsigned char *bytes;
    size_t len;
};

/* The segments before the first scan, one a call; `at` begins with 2. What stands between them is
 * skipped, as libjpeg does. */
static bool next_segment(const unsigned char *b, size_t len, size_t *at, struct segment *ret)
{
    while (*at + 4 <= len) {
        unsigned marker = b[*at + 1];
        if (b[*at] != 0xff || marker == 0xff || marker == 0) {
            ++*at;
            continue;
        }
        if (marker == TEM || (marker >= RST0 && marker <= SOI)) {
            *at += 2;
            continue;
        }
        size_t size = bytes_big16(b + *at + 2);
        if (marker == SOS || marker == EOI || size < 2 || size > len - *at - 2)
            return false;
        *ret = (struct segment){marker, b + *at + 4, size - 2};
        *at += 2 + size;
        return true;
    }
    return false;
}

/* ---- coding ---- */

static bool is_frame(unsigned marker)
{
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

bool jpeg_is_usual(const void *file, size_t len)
{
    struct segment s;
    size_t at = 2;
    while (next_segment(file, len, &at, &s))
        if (is_frame(s.marker))
            return s.marker <= SOF0 + 2;
    return false;
}

/* ---- quality ---- */

/* T.81, table K.1, whose order does not matter here: only the sum counts. */
static const unsigned char brightness[TABLE] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
};

/* As libjpeg's jpeg_quality_scaling makes it. */
static long sum_of_quality(int quality)
{
    long scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    long sum = 0;
    for (int i = 0; i < TABLE; i++) {
        long value = (brightness[i] * scale + 50) / 100;
        sum += value < 1 ? 1 : value > 255 ? 255 : value;
    }
    return sum;
}

/* The sum of table 0, or -1: it is not in this segment. */
static long sum_of_table(const struct segment *s)
{
    long sum = -1;
    size_t at = 0;
    while (at < s->len) {
        unsigned wide = s->bytes[at] >> 4;
        unsigned number = s->bytes[at] & 15;
        size_t size = TABLE * (size_t)(wide ? 2 : 1);
        if (size > s->len - at - 1)
            break;
        const unsigned char *t = s->bytes + at + 1;
        if (number == 0) {
            sum = 0;
            for (size_t i = 0; i < TABLE; i++)
                sum += wide ? t[2 * i] << 8 | t[2 * i + 1] : t[i];
        }
        at += 1 + size;
    }
    return sum;
}

int jpeg_quality(const void *file, size_t len)
{
    struct segment s;
    size_t at = 2;
    long sum = -1;
    while (next_segment(file, len, &at, &s))
        if (s.marker == DQT) {
            long here = sum_of_table(&s);
            sum = here >= 0 ? here : sum;
        }
    if (sum < 0)
        return 0;
    int best = 1;
    for (int quality = 2; quality <= 100; quality++)
        if (labs(sum_of_quality(quality) - sum) < labs(sum_of_quality(best) - sum))
            best = quality;
    return best;
}

/* ---- orientation ---- */

static uint32_t number(const unsigned char *b, size_t bytes, bool little)
{
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | b[little ? bytes - 1 - i : i];
    return value;
}

/* Exif's TIFF header, and the first directory. */
static int orientation_of(const unsigned char *tiff, size_t len)
{
    if (len < 8 || (memcmp(tiff, "II", 2) != 0 && memcmp(tiff, "MM", 2) != 0))
        return 1;
    bool little = tiff[0] == 'I';
    size_t at = number(tiff + 4, 4, little);
    if (at > len || len - at < 2)
        return 1;
    size_t count = number(tiff + at, 2, little);
    for (at += 2; count > 0 && len - at >= IFD_ENTRY; count--, at += IFD_ENTRY) {
        if (number(tiff + at, 2, little) != ORIENTATION)
            continue;
        uint32_t value = number(tiff + at + 8, 2, little);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

int jpeg_orientation(const void *file, size_t len)
{
    struct segment s;
    size_t at = 2;
    while (next_segment(file, len, &at, &s))
        if (s.marker == APP1 && s.len >= 6 && memcmp(s.bytes, "Exif\0", 6) == 0)
            return orientation_of(s.bytes + 6, s.len - 6);
    return 1;
}
