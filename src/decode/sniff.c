#include "decode/sniff.h"

#include "base/bytes.h"

#include "decode/sniff_svg.h"

#include <stdbool.h>
#include <string.h>

/* Two letters are little to go by: the length of the second header must be one that exists, and the
 * rows stand within the file. */
static bool is_bmp(const unsigned char *b, size_t len)
{
    if (len < 26 || memcmp(b, "BM", 2) != 0 || bytes_little32(b + 10) >= len)
        return false;
    uint32_t header = bytes_little32(b + 14);
    return header == 12 || (header >= 16 && header <= 64) || header == 108 || header == 124;
}

/* An icon (1) or a cursor (2) of at least one picture, which begins behind the directory. */
static bool is_icon(const unsigned char *b, size_t len)
{
    if (len < 22 || memcmp(b, "\0\0", 2) != 0 ||
        (bytes_little16(b + 2) != 1 && bytes_little16(b + 2) != 2))
        return false;
    uint32_t count = bytes_little16(b + 4);
    return count > 0 && bytes_little32(b + 18) >= 6 + 16 * count;
}

enum image_type sniff_type(const void *bytes, size_t len)
{
    const unsigned char *b = bytes;
    if (len >= 3 && memcmp(b, "\xff\xd8\xff", 3) == 0)
        return IMAGE_JPEG;
    if (len >= 8 && memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0)
        return IMAGE_PNG;
    if (len >= 6 && (memcmp(b, "GIF87a", 6) == 0 || memcmp(b, "GIF89a", 6) == 0))
        return IMAGE_GIF;
    if (len >= 16 && memcmp(b, "RIFF", 4) == 0 && memcmp(b + 8, "WEBPVP8", 7) == 0)
        return IMAGE_WEBP;
    if (is_bmp(b, len))
        return IMAGE_BMP;
    if (is_icon(b, len))
        return IMAGE_ICO;
    return sniff_svg(bytes, len) ? IMAGE_SVG : IMAGE_NONE;
}

/* Start-of-frame markers: C0 to CF without DHT, JPG and DAC (ITU T.81, table B.1). */
static bool is_frame_marker(unsigned marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool jpeg_size(const unsigned char *b, size_t len, uint32_t size[2])
{
    size_t at = 2;
    while (len - at >= 9 && b[at] == 0xff) {
        if (b[at + 1] == 0xff) { /* a fill byte before a marker is legal (T.81, B.1.1.2) */
            at++;
            continue;
        }
        if (is_frame_marker(b[at + 1])) {
            size[0] = bytes_big16(b + at + 7);
            size[1] = bytes_big16(b + at + 5);
            return true;
        }
        size_t segment = 2 + (size_t)bytes_big16(b + at + 2);
        if (segment < 4 || segment > len - at)
            return false;
        at += segment;
    }
    return false;
}

static bool png_size(const unsigned char *b, size_t len, uint32_t size[2])
{
    if (len < 24 || memcmp(b + 8, "\0\0\0\x0dIHDR", 8) != 0)
        return false;
    size[0] = bytes_big32(b + 16);
    size[1] = bytes_big32(b + 20);
    return true;
}

static bool gif_size(const unsigned char *b, size_t len, uint32_t size[2])
{
    if (len < 10)
        return false;
    size[0] = bytes_little16(b + 6);
    size[1] = bytes_little16(b + 8);
    return true;
}

/* The three ways a WebP file may begin: RFC 9649, sections 2.5 to 2.7, and RFC 6386, 9.1. */
static bool webp_size(const unsigned char *b, size_t len, uint32_t size[2])
{
    if (len >= 30 && memcmp(b + 12, "VP8X", 4) == 0) {
        size[0] = bytes_little24(b + 24) + 1;
        size[1] = bytes_little24(b + 27) + 1;
        return true;
    }
    if (len >= 30 && memcmp(b + 12, "VP8 ", 4) == 0 && memcmp(b + 23, "\x9d\x01\x2a", 3) == 0) {
        size[0] = bytes_little16(b + 26) & 0x3fff;
        size[1] = bytes_little16(b + 28) & 0x3fff;
        return true;
    }
    if (len >= 25 && memcmp(b + 12, "VP8L", 4) == 0 && b[20] == 0x2f) {
        uint32_t bits = bytes_little24(b + 21) | (uint32_t)b[24] << 24;
        size[0] = (bits & 0x3fff) + 1;
        size[1] = (bits >> 14 & 0x3fff) + 1;
        return true;
    }
    return false;
}

int sniff_size(enum image_type type, const void *bytes, size_t len, uint32_t ret[2])
{
    uint32_t size[2] = {0, 0};
    bool known = false;
    if (type == IMAGE_NONE || sniff_type(bytes, len) != type)
        return SNIFF_NO_SIZE;
    switch (type) {
    case IMAGE_NONE:
    case IMAGE_BMP: /* no worker answers with one */
    case IMAGE_ICO:
    case IMAGE_SVG:
        break;
    case IMAGE_JPEG:
        known = jpeg_size(bytes, len, size);
        break;
    case IMAGE_PNG:
        known = png_size(bytes, len, size);
        break;
    case IMAGE_GIF:
        known = gif_size(bytes, len, size);
        break;
    case IMAGE_WEBP:
        known = webp_size(bytes, len, size);
        break;
    }
    if (!known || size[0] == 0 || size[1] == 0)
        return SNIFF_NO_SIZE;
    ret[0] = size[0];
    ret[1] = size[1];
    return 0;
}
