#include "test.h"

#include "decode/sniff.h"

/* The headers below are written by hand from the formats' specifications. */

#define JPEG_START "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
#define JPEG_FRAME "\xff\xc0\x00\x0b\x08\x01\x2c\x02\x58\x01\x01\x11\x00"
#define PNG_START  "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x02\x80\0\0\x01\xe0\x08\x06\0\0\0"
#define GIF_START  "GIF89a\x0a\x00\x14\x01\x80\x00\x00"
#define WEBP_LOSSY "RIFF\x40\0\0\0WEBPVP8 \x30\0\0\0\x10\x02\x00\x9d\x01\x2a\x80\x42\xe0\x81"
/* 14 bits of width - 1, 14 of height - 1: 300 and 200 */
#define WEBP_LOSSLESS "RIFF\x40\0\0\0WEBPVP8L\x30\0\0\0\x2f\x2b\xc1\x31\x00"
#define WEBP_EXTENDED "RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x0f\x27\x00\x63\x00\x01"

/* rows at 26, and a second header of `size` bytes */
#define BMP_START(size)                                                                            \
    "BM\x46\0\0\0\0\0\0\0\x1a\0\0\0" #size "\0\0\0\x02\0\x02\0\x01\0\x18\0\0\0\0\0"
#define ICON_ENTRY "\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0"

#define BYTES(literal) (literal), sizeof(literal) - 1

static void test_types(void **state)
{
    (void)state;
    assert_int_equal(sniff_type(BYTES(JPEG_START)), IMAGE_JPEG);
    assert_int_equal(sniff_type(BYTES(PNG_START)), IMAGE_PNG);
    assert_int_equal(sniff_type(BYTES(GIF_START)), IMAGE_GIF);
    assert_int_equal(sniff_type(BYTES("GIF87a")), IMAGE_GIF);
    assert_int_equal(sniff_type(BYTES(WEBP_LOSSY)), IMAGE_WEBP);
    assert_int_equal(sniff_type(BYTES(WEBP_EXTENDED)), IMAGE_WEBP);
    assert_int_equal(sniff_type(BYTES(BMP_START(\x28))), IMAGE_BMP);
    assert_int_equal(sniff_type(BYTES(BMP_START(\x0c))), IMAGE_BMP);
    assert_int_equal(sniff_type(BYTES("\0\0\1\0\1\0" ICON_ENTRY)), IMAGE_ICO);
    assert_int_equal(sniff_type(BYTES("\0\0\2\0\1\0" ICON_ENTRY)), IMAGE_ICO);
}

static void test_anything_else_is_none(void **state)
{
    (void)state;
    assert_int_equal(sniff_type("", 0), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("\xff\xd8")), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("GIF88a      ")), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("\x89PNG\n\x1a\n\0\0")), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("RIFF\x40\0\0\0WAVEfmt ")), IMAGE_NONE);
    /* two letters are no bitmap, nor is a header of a length that none has */
    assert_int_equal(sniff_type(BYTES("BM\x46\0\0\0\0\0\0\0\x36\0\0\0")), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES(BMP_START(\x42))), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("BMW is a maker of cars and motorcycles in Munich")),
                     IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("\0\0\1\0\0\0" ICON_ENTRY)), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("\0\0\1\0\2\0" ICON_ENTRY)), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("\0\0\1\xba\1\0" ICON_ENTRY)), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("II*\0\x08\0\0\0")), IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("\0\0\0\x1c"
                                      "ftypavif")),
                     IMAGE_NONE);
    assert_int_equal(sniff_type(BYTES("%PDF-1.7 \xff\xd8\xff")), IMAGE_NONE);
}

static void expect_size(enum image_type type, const char *bytes, size_t len, uint32_t width,
                        uint32_t height)
{
    uint32_t size[2] = {0, 0};
    assert_int_equal(sniff_size(type, bytes, len, size), 0);
    assert_int_equal(size[0], width);
    assert_int_equal(size[1], height);
}

static void test_sizes(void **state)
{
    (void)state;
    expect_size(IMAGE_JPEG, BYTES(JPEG_START JPEG_FRAME), 600, 300);
    expect_size(IMAGE_JPEG, BYTES(JPEG_START "\xff\xff\xff" JPEG_FRAME), 600, 300);
    expect_size(IMAGE_PNG, BYTES(PNG_START), 640, 480);
    expect_size(IMAGE_GIF, BYTES(GIF_START), 10, 276);
    /* the two top bits are scaling hints, not size (RFC 6386, 9.1) */
    expect_size(IMAGE_WEBP, BYTES(WEBP_LOSSY), 640, 480);
    expect_size(IMAGE_WEBP, BYTES(WEBP_LOSSLESS), 300, 200);
    expect_size(IMAGE_WEBP, BYTES(WEBP_EXTENDED), 10000, 65636);
}

/* Every cut of a header is refused or (once the size is in) read, and never read beyond: the bytes
 * stand in memory of exactly that length, for the sanitizer to watch. */
static void test_cut_headers(void **state)
{
    (void)state;
    static const struct {
        enum image_type type;
        const char *bytes;
        size_t len;
    } whole[] = {
        {IMAGE_JPEG, BYTES(JPEG_START JPEG_FRAME)},
        {IMAGE_PNG, BYTES(PNG_START)},
        {IMAGE_GIF, BYTES(GIF_START)},
        {IMAGE_WEBP, BYTES(WEBP_LOSSY)},
        {IMAGE_WEBP, BYTES(WEBP_LOSSLESS)},
        {IMAGE_WEBP, BYTES(WEBP_EXTENDED)},
    };
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        for (size_t len = 0; len < whole[i].len; len++) {
            char *cut = malloc(len ? len : 1);
            assert_non_null(cut);
            memcpy(cut, whole[i].bytes, len);
            uint32_t size[2];
            int r = sniff_size(whole[i].type, cut, len, size);
            assert_true(r == 0 || r == SNIFF_NO_SIZE);
            if (len < 10)
                assert_int_equal(r, SNIFF_NO_SIZE);
            free(cut);
        }
    }
}

static void test_no_size(void **state)
{
    (void)state;
    uint32_t size[2];
    assert_int_equal(sniff_size(IMAGE_PNG, BYTES(GIF_START), size), SNIFF_NO_SIZE);
    assert_int_equal(sniff_size(IMAGE_GIF, BYTES("GIF89a\0\0\x14\x01\x80\0\0"), size),
                     SNIFF_NO_SIZE);
    /* a segment that is longer than the file, and one that is too short to be one */
    assert_int_equal(sniff_size(IMAGE_JPEG, BYTES("\xff\xd8\xff\xe0\xff\xff" JPEG_FRAME), size),
                     SNIFF_NO_SIZE);
    assert_int_equal(sniff_size(IMAGE_JPEG, BYTES("\xff\xd8\xff\xe0\0\0" JPEG_FRAME), size),
                     SNIFF_NO_SIZE);
    /* a table is no frame */
    assert_int_equal(
        sniff_size(IMAGE_JPEG, BYTES("\xff\xd8\xff\xc4\x00\x0b\x08\x01\x2c\x02\x58\x01\x01"), size),
        SNIFF_NO_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),   cmocka_unit_test(test_anything_else_is_none),
        cmocka_unit_test(test_sizes),   cmocka_unit_test(test_cut_headers),
        cmocka_unit_test(test_no_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
