/*
 * What a decoder costs without its sandbox, its messages and its process: the pictures of a file
 * through the worker's own code, and, as the floor, through libpng alone (read into pixels, and
 * written with the same filters and the same level). And what a worker does before its first
 * picture. PNG only.
 *
 * usage: decode_loop FILE ROUNDS. FILE holds the responses of bench/origin.c, each as a line with
 * its length in decimal and then so many bytes, head and body. It prints a line of JSON, CPU
 * microseconds a picture, the median of the rounds: {"start":N,"transform":N,"libpng":N}. For
 * benchmarks only: it trusts its file.
 */
#include "base/err.h"
#include "base/image.h"
#include "base/limits.h"
#include "worker/transform.h"

#include <png.h>
#include <string.h>
#include <time.h>

#define MOST       4096
#define MAX_ROUNDS 100
#define PNG_LEVEL  6 /* as worker/save.c has it */

static struct {
    char *bytes[MOST];
    size_t lens[MOST];
    size_t count;
} pictures;

static void fail(const char *what)
{
    fprintf(stderr, "decode_loop: %s\n", what);
    exit(3);
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void read_pictures(const char *path)
{
    FILE *file = fopen(path, "rb");
    size_t size;
    if (!file)
        fail(path);
    while (pictures.count < MOST && fscanf(file, "%zu", &size) == 1) {
        char *answer = malloc(size + 1);
        if (!answer || getc(file) != '\n' || fread(answer, 1, size, file) != size)
            fail(path);
        answer[size] = '\0';
        char *body = strstr(answer, "\r\n\r\n");
        if (!body)
            fail(path);
        pictures.bytes[pictures.count] = body + 4;
        pictures.lens[pictures.count++] = size - (size_t)(body + 4 - answer);
    }
    fclose(file);
    if (pictures.count == 0)
        fail(path);
}

static void by_worker(size_t i)
{
    const struct wire_job job = {
        .type = IMAGE_PNG,
        .in_len = pictures.lens[i],
        .max_pixels = LIMIT_PIXELS,
        .max_total_pixels = LIMIT_TOTAL_PIXELS,
        .max_frames = LIMIT_FRAMES,
    };
    struct worked worked = {.outcome = WORKED_BROKEN};
    transform_run(&job, pictures.bytes[i], &worked);
    if (worked.outcome != WORKED_OK)
        fail("a picture cannot be decoded");
    transform_release(&worked);
}

static void forget(png_structp png, png_bytep bytes, size_t len)
{
    size_t *total = png_get_io_ptr(png);
    (void)bytes;
    *total += len;
}

static void flush(png_structp png)
{
    (void)png;
}

static void by_libpng(size_t i)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    size_t total = 0;
    if (!png_image_begin_read_from_memory(&image, pictures.bytes[i], pictures.lens[i]))
        fail(image.message);
    image.format = PNG_FORMAT_RGB;
    png_bytep pixels = malloc(PNG_IMAGE_SIZE(image));
    if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL))
        fail("libpng cannot read a picture");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info || setjmp(png_jmpbuf(png)))
        fail("libpng cannot write a picture");
    png_set_write_fn(png, &total, forget, flush);
    png_set_compression_level(png, PNG_LEVEL);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_ALL_FILTERS);
    png_set_IHDR(png, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (png_uint_32 y = 0; y < image.height; y++)
        png_write_row(png, pixels + y * image.width * 3UL);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(pixels);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_us(void (*work)(size_t i), int rounds)
{
    double took_us[MAX_ROUNDS];
    for (int round = 0; round < rounds; round++) {
        double began = now_us();
        for (size_t i = 0; i < pictures.count; i++)
            work(i);
        took_us[round] = (now_us() - began) / (double)pictures.count;
    }
    qsort(took_us, (size_t)rounds, sizeof(*took_us), by_value);
    return took_us[rounds / 2];
}

int main(int argc, char **argv)
{
    int rounds = argc == 3 ? atoi(argv[2]) : 0;
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: decode_loop FILE ROUNDS\n");
        return 2;
    }
    read_pictures(argv[1]);
    double began = now_us();
    if (transform_start() < 0 || transform_warm(WIRE_CLASS_RASTER) < 0)
        fail("libvips does not start");
    double start_us = now_us() - began;
    double transform_us = median_us(by_worker, rounds);
    printf("{\"start\":%.1f,\"transform\":%.1f,\"libpng\":%.1f}\n", start_us, transform_us,
           median_us(by_libpng, rounds));
    return 0;
}
