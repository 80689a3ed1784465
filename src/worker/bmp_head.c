#include "worker/bmp.h"

#include "base/bytes.h"

#include <string.h>

#define FILE_HEADER 14
#define CORE        12 /* BITMAPCOREHEADER: OS/2 1.x, Windows 2 */
#define INFO        40 /* BITMAPINFOHEADER */
#define INFO_RGB    52 /* with three masks */
#define INFO_RGBA   56 /* with four */
#define INFO_V4     108
#define INFO_V5     124
#define OS2_MOST    64 /* OS/2 2.x: its header may end after any field from 16 bytes on */

#define SIDE_MOST 65535 /* Chromium's; wider than any ceiling of ours would let through */

#define PROFILE_EMBEDDED 0x4d424544 /* "MBED"; a linked profile is a path, and is not followed */

enum compression { RGB = 0, RLE8 = 1, RLE4 = 2, BITFIELDS = 3, ALPHABITFIELDS = 6 };

struct header {
    const unsigned char *bytes; /* from the header's own size on */
    size_t len;                 /* to the end of the file */
    uint32_t size;
    bool os2;
    uint32_t compression;
    uint32_t colours;
    size_t at;   /* behind what was read so far, from `bytes` */
    size_t data; /* from `bytes`; 0: follows at once */
};

static bool is_windows(uint32_t size)
{
    return size == INFO || size == INFO_RGB || size == INFO_RGBA || size == INFO_V4 ||
           size == INFO_V5;
}

static bool is_os2(uint32_t size)
{
    return size == CORE ||
           (size >= 16 && size <= OS2_MOST && (size % 4 == 0 || size == 42 || size == 46));
}

static void read_core(const struct header *h, struct bmp *bmp)
{
    bmp->width = bytes_little16(h->bytes + 4);
    bmp->height = bytes_little16(h->bytes + 6);
    bmp->bits = bytes_little16(h->bytes + 10);
}

static bool read_info(struct header *h, struct bmp *bmp)
{
    int64_t height = (int32_t)bytes_little32(h->bytes + 8);
    if (bmp->in_icon)
        height /= 2;
    bmp->top_down = height < 0;
    height = height < 0 ? -height : height;
    bmp->width = bytes_little32(h->bytes + 4);
    bmp->height = height > SIDE_MOST ? 0 : (uint32_t)height;
    bmp->bits = bytes_little16(h->bytes + 14);
    h->compression = h->size >= 20 ? bytes_little32(h->bytes + 16) : RGB;
    h->colours = h->size >= 36 ? bytes_little32(h->bytes + 32) : 0;
    return !(bmp->top_down && h->os2);
}

static bool bits_are_known(const struct header *h, unsigned bits)
{
    if (bits == 1 || bits == 4 || bits == 8 || bits == 24)
        return true;
    return !h->os2 && (bits == 2 || bits == 16 || bits == 32); /* 2: Windows CE */
}

static bool set_code(const struct header *h, struct bmp *bmp)
{
    switch (h->compression) {
    case RGB:
        bmp->code = BMP_PLAIN;
        return true;
    case RLE8:
        bmp->code = BMP_RLE8;
        return bmp->bits == 8 && !bmp->in_icon;
    case RLE4:
        bmp->code = BMP_RLE4;
        return bmp->bits == 4 && !bmp->in_icon;
    case BITFIELDS:
    case ALPHABITFIELDS:
        bmp->code = BMP_PLAIN;
        return !h->os2 && (bmp->bits == 16 || bmp->bits == 32);
    default:
        return false;
    }
}

static bool set_channel(struct bmp_channel *channel, uint32_t mask)
{
    *channel = (struct bmp_channel){.mask = mask};
    if (mask == 0)
        return true;
    channel->shift = (unsigned)__builtin_ctz(mask);
    channel->most = mask >> channel->shift;
    return (channel->most & (channel->most + 1)) == 0; /* of one piece */
}

/* Masks stand in the header from its version 2 on, and behind the older one. The alpha mask counts
 * whatever the compression, as in Chromium. */
static bool read_masks(struct header *h, struct bmp *bmp)
{
    bool fields = h->compression == BITFIELDS || h->compression == ALPHABITFIELDS;
    uint32_t mask[4] = {0xff0000, 0xff00, 0xff, 0};
    if (bmp->bits == 16)
        memcpy(mask, (const uint32_t[3]){0x7c00, 0x3e0, 0x1f}, sizeof(uint32_t[3]));
    if (fields && h->size == INFO) {
        size_t count = h->compression == ALPHABITFIELDS ? 4 : 3;
        if (h->len - h->at < 4 * count)
            return false;
        for (size_t i = 0; i < count; i++)
            mask[i] = bytes_little32(h->bytes + h->at + 4 * i);
        h->at += 4 * count;
    } else if (fields) {
        for (size_t i = 0; i < 3; i++)
            mask[i] = bytes_little32(h->bytes + INFO + 4 * i);
    }
    if (!h->os2 && h->size >= INFO_RGBA)
        mask[3] = bytes_little32(h->bytes + INFO_RGB);
    else if (bmp->in_icon && bmp->bits == 32 && !fields)
        mask[3] = 0xff000000;
    uint32_t all = bmp->bits == 32 ? UINT32_MAX : (UINT32_C(1) << bmp->bits) - 1;
    uint32_t seen = 0;
    for (size_t i = 0; i < 4; i++) {
        mask[i] &= all;
        if ((mask[i] & seen) || !set_channel(&bmp->channel[i], mask[i]))
            return false;
        seen |= mask[i];
    }
    return true;
}

static bool read_palette(struct header *h, struct bmp *bmp)
{
    size_t size = h->size == CORE ? 3 : 4;
    size_t count = (size_t)1 << bmp->bits;
    if (h->colours > 0 && h->colours < count)
        count = h->colours;
    size_t room = (h->data != 0 ? h->data - h->at : h->len - h->at) / size;
    if (h->data != 0 && count > room) /* the rows begin within the palette */
        count = room;
    if (count > room)
        return false;
    const unsigned char *entry = h->bytes + h->at;
    for (size_t i = 0; i < count; i++, entry += size) {
        bmp->palette[i][0] = entry[2];
        bmp->palette[i][1] = entry[1];
        bmp->palette[i][2] = entry[0];
    }
    h->at += count * size;
    return true;
}

static void find_profile(const struct header *h, struct bmp *bmp)
{
    if (h->size != INFO_V5 || bytes_little32(h->bytes + 56) != PROFILE_EMBEDDED)
        return;
    size_t at = bytes_little32(h->bytes + 112);
    size_t len = bytes_little32(h->bytes + 116);
    if (at < h->size || at > h->len || len == 0 || len > h->len - at)
        return;
    bmp->profile = h->bytes + at;
    bmp->profile_len = len;
}

static int open_header(struct header *h, struct bmp *bmp)
{
    if (h->len < CORE)
        return BMP_BROKEN;
    h->size = bytes_little32(h->bytes);
    h->os2 = !is_windows(h->size);
    if (h->size > h->len || (h->os2 && (bmp->in_icon || !is_os2(h->size))))
        return BMP_BROKEN;
    h->at = h->size;
    if (h->size == CORE)
        read_core(h, bmp);
    else if (!read_info(h, bmp))
        return BMP_BROKEN;
    if (bmp->width == 0 || bmp->width > SIDE_MOST || bmp->height == 0 ||
        !bits_are_known(h, bmp->bits) || !set_code(h, bmp))
        return BMP_BROKEN;
    if (h->data != 0 && (h->data < h->at || h->data > h->len))
        return BMP_BROKEN;
    if (bmp->bits > 8 ? !read_masks(h, bmp) : !read_palette(h, bmp))
        return BMP_BROKEN;
    if (h->data == 0)
        h->data = h->at;
    else if (h->data < h->at)
        return BMP_BROKEN; /* the rows begin within the masks */
    find_profile(h, bmp);
    bmp->data = h->bytes + h->data;
    bmp->data_len = h->len - h->data;
    return 0;
}

int bmp_open(const void *file, size_t len, struct bmp *ret)
{
    const unsigned char *b = file;
    if (len < FILE_HEADER || memcmp(b, "BM", 2) != 0)
        return BMP_BROKEN;
    uint32_t offset = bytes_little32(b + 10);
    struct header h = {.bytes = b + FILE_HEADER, .len = len - FILE_HEADER};
    struct bmp bmp = {0};
    if (offset != 0 && offset <= FILE_HEADER)
        return BMP_BROKEN;
    h.data = offset != 0 ? offset - FILE_HEADER : 0;
    int r = open_header(&h, &bmp);
    if (r == 0)
        *ret = bmp;
    return r;
}

int bmp_open_icon(const void *header, size_t len, struct bmp *ret)
{
    struct header h = {.bytes = header, .len = len};
    struct bmp bmp = {.in_icon = true};
    int r = open_header(&h, &bmp);
    if (r == 0)
        *ret = bmp;
    return r;
}
