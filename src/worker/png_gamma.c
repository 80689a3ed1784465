#include "worker/png_gamma.h"

#include "base/bytes.h"

#include <stdbool.h>
#include <string.h>

#define SIGNATURE 8
#define FRAME     12 /* length, name and checksum of a chunk */

#define SCREEN 45455 /* 1 / 2.2 */
#define NEAR   (SCREEN / 20)
#define LEAST  16 /* libpng's own bounds */
#define MOST   625000000

static bool is(const unsigned char *chunk, const char *name)
{
    return memcmp(chunk + 4, name, 4) == 0;
}

uint32_t png_gamma(const void *file, size_t len)
{
    const unsigned char *b = file;
    uint32_t gamma = 0;
    size_t at = SIGNATURE;
    while (at + FRAME <= len && !is(b + at, "IDAT")) {
        const unsigned char *chunk = b + at;
        size_t size = bytes_big32(chunk);
        if (size > len - at - FRAME || is(chunk, "iCCP") || is(chunk, "sRGB"))
            return 0;
        if (is(chunk, "gAMA") && size == 4)
            gamma = bytes_big32(chunk + 8);
        at += FRAME + size;
    }
    bool near = gamma > SCREEN - NEAR && gamma < SCREEN + NEAR;
    return near || gamma < LEAST || gamma > MOST ? 0 : gamma;
}
