/* The parts of the decoder that read a file's structure themselves, and what shojid reads of it: no
 * read outside, and answers that hold together. */
#include "decode/sniff.h"
#include "worker/gif.h"
#include "worker/icc.h"
#include "worker/jpeg_head.h"
#include "worker/png_gamma.h"
#include "worker/riff.h"

#include <stdbool.h>
#include <string.h>

#define RIFF_HEADER 12

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* At most one format, by the beginning alone, and a size only with that format. */
static void sniff(const uint8_t *bytes, size_t len)
{
    static const enum image_type types[] = {IMAGE_JPEG, IMAGE_PNG, IMAGE_GIF, IMAGE_WEBP};
    enum image_type found = sniff_type(bytes, len);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        uint32_t size[2] = {77, 88};
        int r = sniff_size(types[i], bytes, len, size);
        if (r == 0)
            must(found == types[i] && size[0] >= 1 && size[1] >= 1);
        else
            must(r == SNIFF_NO_SIZE && size[0] == 77 && size[1] == 88);
    }
}

/* Can a colour table of 256 be in there? Of the screen, or of something like a frame. */
static bool full_tables(const uint8_t *bytes, size_t len)
{
    bool full = (bytes[10] & 7) == 7;
    for (size_t at = 13; at + 9 < len && !full; at++)
        full = bytes[at] == 0x2c && (bytes[at + 9] & 7) == 7;
    return full;
}

/* What lies behind a whole GIF does not matter; what is cut off its blocks does. */
static void gif(const uint8_t *bytes, size_t len)
{
    struct gif_facts facts = gif_look(bytes, len);
    must(facts.end <= len);
    if (!facts.whole)
        return;
    must(len >= 13);
    /* The copy is a GIF, too. It may need another only where a frame uses all colours there are. */
    size_t copy_len = 0;
    void *copy = gif_copy_clear(bytes, facts.end, &copy_len);
    must(copy && copy_len > facts.end);
    struct gif_facts again = gif_look(copy, copy_len);
    must(again.whole && again.end == copy_len - 1);
    must(!again.exposed || full_tables(bytes, facts.end));
    free(copy);
}

/* As a reader that knows nothing but RFC 9649 sees it: no chunk EXIF among the outermost. */
static bool has_exif(const uint8_t *b, size_t len)
{
    size_t at = RIFF_HEADER;
    while (len - at >= 8) {
        size_t size = (size_t)b[at + 4] | (size_t)b[at + 5] << 8 | (size_t)b[at + 6] << 16 |
                      (size_t)b[at + 7] << 24;
        size_t whole = 8 + size + (size & 1);
        if (whole > len - at)
            return false;
        if (memcmp(b + at, "EXIF", 4) == 0)
            return true;
        at += whole;
    }
    return false;
}

static void riff(const uint8_t *bytes, size_t len)
{
    (void)!riff_is_lossless(bytes, len);
    must(riff_frames(bytes, len) <= len / 8);
    if (len < RIFF_HEADER)
        return; /* our own encoder's output has a header */
    uint8_t *copy = malloc(len);
    must(copy);
    memcpy(copy, bytes, len);
    size_t rest = riff_drop_exif(copy, len);
    must(rest >= RIFF_HEADER && rest <= len && !has_exif(copy, rest));
    must(riff_drop_exif(copy, rest) == rest);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    sniff(bytes, len);
    gif(bytes, len);
    riff(bytes, len);
    (void)!icc_is_srgb(bytes, len);
    (void)!icc_is_of(bytes, len, "CMYK");
    (void)!jpeg_is_usual(bytes, len);
    int quality = jpeg_quality(bytes, len);
    must(quality >= 0 && quality <= 100);
    int orientation = jpeg_orientation(bytes, len);
    must(orientation >= 1 && orientation <= 8);
    (void)!png_gamma(bytes, len);
    return 0;
}
