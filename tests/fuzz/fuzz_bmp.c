/* Whatever a bitmap or an icon holds: no read outside, and every pixel of a picture that is shown
 * comes from the file, none from what was in memory before. */
#include "worker/bmp.h"
#include "worker/ico.h"

#include <string.h>

#define PIXELS_MOST 4096 /* the reader knows no ceiling, its caller does */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Twice into memory that held different things. */
static void read_twice(const struct bmp *bmp)
{
    static unsigned char first[PIXELS_MOST * 4];
    static unsigned char second[PIXELS_MOST * 4];
    bool opaque = false;
    bool again = false;
    uint64_t count = (uint64_t)bmp->width * bmp->height;
    must(count > 0 && bmp->width <= 65535 && bmp->height <= 65535);
    if (count > PIXELS_MOST)
        return;
    memset(first, 0x55, count * 4);
    memset(second, 0xaa, count * 4);
    int r = bmp_read(bmp, first, &opaque);
    must(bmp_read(bmp, second, &again) == r && again == opaque);
    if (r != 0)
        return;
    must(memcmp(first, second, count * 4) == 0);
    for (uint64_t i = 0; i < count && opaque; i++)
        must(first[i * 4 + 3] == 255);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct bmp bmp;
    struct ico_picture picture;
    if (bmp_open(bytes, len, &bmp) == 0)
        read_twice(&bmp);
    if (ico_choose(bytes, len, &picture) == 0) {
        must(picture.bytes >= bytes && picture.len <= len);
        if (!picture.png && bmp_open_icon(picture.bytes, picture.len, &bmp) == 0)
            read_twice(&bmp);
    }
    return 0;
}
