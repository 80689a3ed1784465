/*
 * SVG documents through the real decoder. What pixels are due follows from the documents by
 * arithmetic; the results are read back with libpng.
 */
#include "decoding.h"

#include "base/image.h"
#include "sys/clock.h"

#include <png.h>
#include <stdio.h>

#define NS    "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
#define RED   0xff0000ffU
#define GREEN 0x00ff00ffU
#define NONE  0x00000000U

static struct decoding compat;

static struct pool_conf conf_of(void)
{
    return decoding_conf(getenv("SHOJI_DECODE"));
}

static int open_pool(void **state)
{
    (void)state;
    struct pool_conf conf = conf_of();
    decoding_open(&compat, &conf);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    decoding_close(&compat);
    return 0;
}

static struct came draw(struct decoding *d, const char *svg)
{
    return decoding_one(d, svg, strlen(svg));
}

/* ---- results ---- */

struct pixels {
    unsigned width;
    unsigned height;
    unsigned char *rgba;
};

static struct pixels read_png(const struct decode_result *result)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    struct pixels pixels = {0};
    assert_int_equal(result->type, IMAGE_PNG);
    assert_true(png_image_begin_read_from_memory(&png, result->bytes, result->len));
    png.format = PNG_FORMAT_RGBA;
    pixels = (struct pixels){png.width, png.height, malloc(PNG_IMAGE_SIZE(png))};
    assert_non_null(pixels.rgba);
    assert_true(png_image_finish_read(&png, NULL, pixels.rgba, 0, NULL));
    return pixels;
}

static uint32_t pixel_at(const struct pixels *pixels, unsigned x, unsigned y)
{
    const unsigned char *p = pixels->rgba + 4 * ((size_t)y * pixels->width + x);
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The picture, which must be `width` x `height`, and have one colour left of `edge` and another
 * from there on. */
static void expect_halves(struct came came, unsigned width, unsigned height, unsigned edge,
                          uint32_t left, uint32_t right)
{
    assert_int_equal(came.result.outcome, DECODE_OK);
    struct pixels pixels = read_png(&came.result);
    assert_int_equal(pixels.width, width);
    assert_int_equal(pixels.height, height);
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++)
            assert_int_equal(pixel_at(&pixels, x, y), x < edge ? left : right);
    free(pixels.rgba);
    free(came.result.bytes);
}

/* ---- drawing ---- */

static void test_rectangles(void **state)
{
    (void)state;
    struct came came =
        draw(&compat, "<svg " NS " width='40' height='30'><rect width='20' height='30' "
                      "fill='red'/></svg>");
    assert_int_equal(came.result.width, 40);
    assert_int_equal(came.result.height, 30);
    assert_int_equal(came.result.frames, 1);
    assert_false(came.result.transparent);
    expect_halves(came, 40, 30, 20, RED, NONE);
    expect_halves(draw(&compat, "<svg " NS " width='40' height='30'><rect width='40' height='30' "
                                "fill='#0f0'/><rect width='10' height='30' fill='red'/></svg>"),
                  40, 30, 10, RED, GREEN);
    /* half transparent: 0.4 * 255 = 102, and the colour is not darkened by it */
    expect_halves(draw(&compat, "<svg " NS " width='4' height='3'><rect width='2' height='3' "
                                "fill='red' opacity='0.4'/></svg>"),
                  4, 3, 2, 0xff000066, NONE);
}

/* At the middle of each of 256 columns, from black to white. */
static void test_gradient(void **state)
{
    (void)state;
    struct came came =
        draw(&compat, "<svg " NS " width='256' height='2'><linearGradient id='g'><stop "
                      "stop-color='#000'/><stop offset='1' stop-color='#fff'/></linearGradient>"
                      "<rect width='256' height='2' fill='url(#g)'/></svg>");
    assert_int_equal(came.result.outcome, DECODE_OK);
    struct pixels pixels = read_png(&came.result);
    for (unsigned x = 0; x < 256; x++) {
        int due = (int)((x + 0.5) / 256 * 255 + 0.5);
        uint32_t pixel = pixel_at(&pixels, x, 1);
        assert_true(abs((int)(pixel >> 24) - due) <= 1);
        assert_int_equal(pixel & 0xff, 255);
    }
    free(pixels.rgba);
    free(came.result.bytes);
}

static void expect_size(const char *attributes, unsigned width, unsigned height)
{
    char svg[512];
    snprintf(svg, sizeof(svg), "<svg " NS " %s><rect width='9' height='9'/></svg>", attributes);
    struct came came = draw(&compat, svg);
    if (came.result.outcome != DECODE_OK || came.result.width != width ||
        came.result.height != height)
        fail_msg("%s: outcome %d, %ux%u", attributes, came.result.outcome, came.result.width,
                 came.result.height);
    struct pixels pixels = read_png(&came.result);
    assert_int_equal(pixels.width, width);
    assert_int_equal(pixels.height, height);
    free(pixels.rgba);
    free(came.result.bytes);
}

/* CSS Values 3, section 5.2: 1in = 96px = 2.54cm = 25.4mm = 72pt = 6pc. */
static void test_sizes(void **state)
{
    (void)state;
    expect_size("width='17' height='5'", 17, 5);
    expect_size("width='1in' height='25.4mm'", 96, 96);
    expect_size("width='72pt' height='3pc'", 96, 48);
    expect_size("width='2.54cm' height='48px' viewBox='0 0 4 4'", 96, 48);
    expect_size("viewBox='0 0 64 32'", 64, 32);
    expect_size("width='100%' height='100%' viewBox='0 0 64 32'", 64, 32);
    expect_size("width='32' viewBox='0 0 64 32'", 32, 16);
    expect_size("height='64' viewBox='0 0 64 32'", 128, 64);
    expect_size("width='1in'", 96, 150);
    expect_size("height='20'", 300, 20);
    expect_size("", 300, 150);
    expect_size("width='0.2' height='0.2'", 1, 1);
}

static void test_scaled_down_at_once(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = conf_of();
    conf.max_side = 20;
    decoding_open(&d, &conf);
    struct came came = draw(&d, "<svg " NS " width='400' height='300'><rect width='200' "
                                "height='300' fill='red'/></svg>");
    assert_int_equal(came.result.width, 400);
    assert_int_equal(came.result.height, 300);
    expect_halves(came, 20, 15, 10, RED, NONE);
    decoding_close(&d);
}

static void test_webp_is_lossless(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = conf_of();
    conf.webp = true;
    decoding_open(&d, &conf);
    struct came came = draw(&d, "<svg " NS " width='400' height='300'><rect width='200' "
                                "height='300' fill='red'/></svg>");
    assert_int_equal(came.result.outcome, DECODE_OK);
    assert_int_equal(came.result.type, IMAGE_WEBP);
    assert_non_null(memmem(came.result.bytes, came.result.len, "VP8L", 4));
    free(came.result.bytes);
    decoding_close(&d);
}

static void test_spacer(void **state)
{
    (void)state;
    struct came came = draw(&compat, "<svg " NS " width='90' height='2'/>");
    assert_int_equal(came.result.outcome, DECODE_OK);
    assert_true(came.result.transparent);
    free(came.result.bytes);
}

/* ---- pictures inside ---- */

/* 2x1 pixels, all #00ff00, written by PIL. */
static const char png_inside[] = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGNk+M/"
                                 "AwMAAAAUJAQFCuUJcAAAAAElFTkSuQmCC";
static const char gif_inside[] = "R0lGODdhAgABAIEAAAD/AAAAAAAAAAAAACwAAAAAAgABAAAIBQABAAgIADs=";
static const char jpeg_inside[] =
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYG"
    "BwkIBgcJBwYGCAsICQoKCgoKBggLDAsKDAkKCgr/2wBDAQICAgICAgUDAwUKBwYHCgoKCgoKCgoKCgoK"
    "CgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgoKCgr/wAARCAABAAIDAREAAhEBAxEB/8QA"
    "FAABAAAAAAAAAAAAAAAAAAAAB//EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAA"
    "AAAJ/8QAFBEBAAAAAAAAAAAAAAAAAAAAAP/aAAwDAQACEQMRAD8AWBXhTf/Z";

/* Red left, and on the right what the picture covers. */
static struct came with_inside(const char *type, const char *encoded)
{
    char svg[1024];
    must(snprintf(svg, sizeof(svg),
                  "<svg " NS " width='8' height='4'><rect width='4' height='4' fill='red'/>"
                  "<image x='4' width='4' height='4' preserveAspectRatio='none' "
                  "xlink:href='data:%s;base64,%s'/></svg>",
                  type, encoded) < (int)sizeof(svg));
    return draw(&compat, svg);
}

/* PNG and JPEG are drawn. Nothing else is, nor does looking for its loader kill. */
static void test_pictures_inside(void **state)
{
    (void)state;
    static const char *const not_drawn[] = {
        "image/gif",     "image/bmp", "image/webp", "image/tiff",
        "image/svg+xml", "image/x-y", "text/plain", ""};
    expect_halves(with_inside("image/png", png_inside), 8, 4, 4, RED, GREEN);
    struct came came = with_inside("image/jpeg", jpeg_inside);
    assert_int_equal(came.result.outcome, DECODE_OK);
    struct pixels pixels = read_png(&came.result);
    assert_int_equal(pixel_at(&pixels, 3, 2), RED);
    assert_in_range(pixel_at(&pixels, 5, 2) >> 16 & 0xff, 250, 255);
    assert_int_equal(pixel_at(&pixels, 5, 2) & 0xff, 255);
    free(pixels.rgba);
    free(came.result.bytes);
    for (size_t i = 0; i < sizeof(not_drawn) / sizeof(not_drawn[0]); i++)
        expect_halves(with_inside(not_drawn[i], gif_inside), 8, 4, 4, RED, NONE);
    expect_halves(with_inside("image/png", "broken"), 8, 4, 4, RED, NONE);
}

/* ---- text ---- */

/* It is left out, also where a document insists, and does not kill. */
static void test_text(void **state)
{
    (void)state;
    expect_halves(draw(&compat, "<svg " NS " width='40' height='30'><rect width='20' height='30' "
                                "fill='red'/><text x='2' y='20' font-family='DejaVu Sans'>Some "
                                "<tspan>more</tspan></text></svg>"),
                  40, 30, 20, RED, NONE);
    struct came came =
        draw(&compat, "<svg " NS " width='40' height='30'><text style='display:inline!important' "
                      "y='20' font-size='20' stroke='red' text-decoration='underline' "
                      "font-family='DejaVu Sans, serif' font-weight='bold'>\u4e2d\u6587 "
                      "\u0639\u0631 abc \U0001f600</text></svg>");
    expect_halves(came, 40, 30, 0, NONE, NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rectangles), cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_scaled_down_at_once),
        cmocka_unit_test(test_spacer),     cmocka_unit_test(test_webp_is_lossless),
        cmocka_unit_test(test_text),       cmocka_unit_test(test_pictures_inside),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
