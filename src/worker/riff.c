#include "worker/riff.h"

#include "base/bytes.h"

#include <stdint.h>
#include <string.h>

#define HEADER     12 /* "RIFF", size, "WEBP" */
#define CHUNK      8  /* name, size */
#define ANMF_FIXED 16 /* position, size and duration of a frame stand before its own chunks */
#define VP8X_EXIF  0x08

static size_t chunk_size(const unsigned char *chunk)
{
    uint32_t size = bytes_little32(chunk + 4);
    return CHUNK + (size_t)size + (size & 1);
}

static bool is(const unsigned char *chunk, const char *name)
{
    return memcmp(chunk, name, 4) == 0;
}

bool riff_is_lossless(const void *file, size_t len)
{
    const unsigned char *b = file;
    size_t at = HEADER;
    while (at + CHUNK <= len) {
        if (is(b + at, "VP8L"))
            return true;
        if (is(b + at, "VP8 "))
            return false;
        if (is(b + at, "ANMF"))
            at += CHUNK + ANMF_FIXED;
        else if (chunk_size(b + at) > len - at)
            return false;
        else
            at += chunk_size(b + at);
    }
    return false;
}

size_t riff_frames(const void *file, size_t len)
{
    const unsigned char *b = file;
    size_t frames = 0;
    size_t at = HEADER;
    while (at + CHUNK <= len && chunk_size(b + at) <= len - at) {
        frames += is(b + at, "ANMF");
        at += chunk_size(b + at);
    }
    return frames;
}

size_t riff_drop_exif(void *file, size_t len)
{
    unsigned char *b = file;
    size_t at = HEADER;
    while (at + CHUNK <= len && chunk_size(b + at) <= len - at) {
        size_t size = chunk_size(b + at);
        if (is(b + at, "EXIF")) {
            memmove(b + at, b + at + size, len - at - size);
            len -= size;
            continue;
        }
        if (is(b + at, "VP8X") && size > CHUNK)
            b[at + CHUNK] &= (unsigned char)~VP8X_EXIF;
        at += size;
    }
    for (unsigned i = 0; i < 4; i++)
        b[4 + i] = (unsigned char)((len - CHUNK) >> (8 * i));
    return len;
}
