#include "worker/jpeg.h"

#define SOF0  0xc0 /* baseline; 1 extended, 2 progressive; from 9 on with arithmetic coding */
#define SOF15 0xcf
#define DHT   0xc4
#define JPG   0xc8
#define DAC   0xcc
#define RST0  0xd0
#define SOI   0xd8
#define SOS   0xda

static bool stands_alone(unsigned marker)
{
    return marker <= 0x01 || (marker >= RST0 && marker <= SOI);
}

static bool is_frame(unsigned marker)
{
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

/* What stands between segments is skipped, as libjpeg does. */
bool jpeg_is_usual(const void *file, size_t len)
{
    const unsigned char *b = file;
    size_t at = 2;
    while (at + 4 <= len && (b[at] != 0xff || b[at + 1] != SOS)) {
        unsigned marker = b[at + 1];
        if (b[at] != 0xff || marker == 0xff) {
            at++;
            continue;
        }
        if (stands_alone(marker)) {
            at += 2;
            continue;
        }
        size_t size = (size_t)b[at + 2] << 8 | b[at + 3];
        if (size < 2 || size > len - at - 2)
            return false;
        if (is_frame(marker))
            return marker <= SOF0 + 2;
        at += 2 + size;
    }
    return false;
}
