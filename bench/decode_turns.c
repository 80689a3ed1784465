#include "decode_turns.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 1024

static struct {
    struct original originals[MOST];
    uint64_t cpu_ns[MOST];
    size_t out_bytes[MOST];
    size_t count;
} all;

void bench_fail(const char *what)
{
    fprintf(stderr, "decode: %s\n", what);
    exit(3);
}

static uint64_t own_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- the list ---- */

static enum image_type type_of(const char *ending)
{
    static const struct {
        const char *ending;
        enum image_type type;
    } types[] = {{"jpg", IMAGE_JPEG}, {"png", IMAGE_PNG}, {"gif", IMAGE_GIF}, {"webp", IMAGE_WEBP}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    bench_fail(ending);
}

static void read_original(const char *path, struct original *ret)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        bench_fail(path);
    ret->len = (size_t)ftell(file);
    ret->bytes = malloc(ret->len);
    rewind(file);
    if (!ret->bytes || fread(ret->bytes, 1, ret->len, file) != ret->len)
        bench_fail(path);
    fclose(file);
}

static void read_list(const char *path)
{
    char ending[8];
    char name[1024];
    FILE *file = fopen(path, "r");
    if (!file)
        bench_fail(path);
    while (all.count < MOST && fscanf(file, "%*15s %7s %1023s", ending, name) == 2) {
        struct original *original = &all.originals[all.count++];
        original->type = type_of(ending);
        read_original(name, original);
    }
    fclose(file);
}

/* ---- orders ---- */

/* What other processes did for a picture is told apart: `rest` is what they did besides. */
static uint64_t one_pass(unsigned side, uint64_t *others_ns)
{
    uint64_t spent = 0;
    for (size_t i = 0; i < all.count; i++) {
        struct made made;
        uint64_t others = subject_others_ns();
        uint64_t own = own_ns();
        subject_make(&all.originals[i], side, &made);
        own = own_ns() - own;
        others = subject_others_ns() - others;
        all.cpu_ns[i] += own + others;
        all.out_bytes[i] = made.len;
        spent += own + others;
        *others_ns += others;
        subject_release(&made);
    }
    return spent;
}

static void turn(unsigned side, uint64_t budget_ns)
{
    uint64_t spent = 0, others_ns = 0;
    subject_ready(side);
    uint64_t before = subject_others_ns();
    unsigned passes = 0;
    memset(all.cpu_ns, 0, sizeof(all.cpu_ns));
    do {
        spent += one_pass(side, &others_ns);
        passes++;
    } while (spent < budget_ns);
    uint64_t rest_ns = subject_others_ns() - before - others_ns;
    printf("{\"passes\":%u,\"rest_ns\":%" PRIu64 ",\"cpu_ns\":[", passes, rest_ns / passes);
    for (size_t i = 0; i < all.count; i++)
        printf("%s%" PRIu64, i ? "," : "", all.cpu_ns[i] / passes);
    printf("],\"out_bytes\":[");
    for (size_t i = 0; i < all.count; i++)
        printf("%s%zu", i ? "," : "", all.out_bytes[i]);
    printf("]}\n");
}

static void save(unsigned side, const char *folder)
{
    for (size_t i = 0; i < all.count; i++) {
        char path[1100];
        struct made made;
        subject_make(&all.originals[i], side, &made);
        snprintf(path, sizeof(path), "%s/%zu", folder, i);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(made.bytes, 1, made.len, file) != made.len || fclose(file) != 0)
            bench_fail(path);
        subject_release(&made);
    }
    printf("{\"saved\":%zu}\n", all.count);
}

int main(int argc, char **argv)
{
    char line[1100], folder[1024];
    unsigned side, budget_ms;
    if (argc != 2)
        bench_fail("usage: SUBJECT LIST");
    read_list(argv[1]);
    subject_start();
    while (fgets(line, sizeof(line), stdin)) {
        if (sscanf(line, "turn %u %u", &side, &budget_ms) == 2)
            turn(side, budget_ms * UINT64_C(1000000));
        else if (sscanf(line, "save %u %1023s", &side, folder) == 2)
            save(side, folder);
        else
            bench_fail("an order that it does not know");
        fflush(stdout);
    }
    return 0;
}
