/*
 * Runs a fuzz target as an ordinary test: over every file of its corpus, and over mutations of them
 * that are the same on every run. usage: fuzz_STEM CORPUS-DIRECTORY MUTATIONS
 *
 * A target reports a failure by stopping the process; the input at fault is then named on stderr,
 * and can be had again by the same command, since nothing here is random.
 */
#include "base/err.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define INPUT_MAX 65536 /* bytes of a mutated input */
#define FILES_MAX 1024

struct input {
    char name[256];
    uint8_t *bytes;
    size_t len;
};

static struct input inputs[FILES_MAX];
static size_t inputs_count;
static char current[512]; /* what runs now, for the signal handler */

static void on_crash(int number)
{
    ssize_t ignored = write(STDERR_FILENO, current, strlen(current));
    (void)ignored;
    signal(number, SIG_DFL);
    raise(number);
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit > 0 ? (size_t)(next_random(state) % limit) : 0;
}

static bool read_input(const char *dir, const char *name, struct input *ret)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    snprintf(ret->name, sizeof(ret->name), "%s", name);
    ret->bytes = malloc(INPUT_MAX);
    ret->len = ret->bytes ? fread(ret->bytes, 1, INPUT_MAX, file) : 0;
    fclose(file);
    return ret->bytes != NULL;
}

static bool read_corpus(const char *dir)
{
    struct dirent **entries;
    int count = scandir(dir, &entries, NULL, alphasort);
    bool good = count >= 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (good && name[0] != '.' && inputs_count < FILES_MAX)
            good = read_input(dir, name, &inputs[inputs_count++]);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    return good && inputs_count > 0;
}

/* The target gets a copy of exactly its length, so that a sanitizer sees a read behind the end. */
static bool run(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (!copy)
        return false;
    memcpy(copy, bytes, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    return true;
}

/* Takes `len` bytes out at `at` and puts `with` there, as far as there is room. */
static size_t replace(uint8_t *bytes, size_t total, size_t at, size_t len, struct input with)
{
    if (total - len + with.len > INPUT_MAX)
        with.len = 0;
    memmove(bytes + at + with.len, bytes + at + len, total - at - len);
    memcpy(bytes + at, with.bytes, with.len);
    return total - len + with.len;
}

static size_t mutate_once(uint8_t *bytes, size_t len, uint64_t *state)
{
    /* Bytes that parsers care about; the target's own words come from splicing its corpus. */
    static const char marks[] =
        "\0\t\n\r \"#%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xbf\xc2\xef\xff";
    size_t at = below(state, len + 1);
    size_t span = below(state, len - at + 1);
    if (span > 16)
        span %= 17;
    switch (below(state, 6)) {
    case 0:
        if (at < len)
            bytes[at] = (uint8_t)(bytes[at] ^ 1U << below(state, 8));
        return len;
    case 1: {
        uint8_t mark = (uint8_t)marks[below(state, sizeof(marks) - 1)];
        return replace(bytes, len, at, 0, (struct input){.bytes = &mark, .len = 1});
    }
    case 2: {
        uint8_t mark = (uint8_t)marks[below(state, sizeof(marks) - 1)];
        if (at < len)
            bytes[at] = mark;
        return len;
    }
    case 3:
        return replace(bytes, len, at, span, (struct input){.bytes = bytes, .len = 0});
    case 4: { /* says a part twice */
        uint8_t part[16];
        memcpy(part, bytes + at, span > 16 ? 16 : span);
        return replace(bytes, len, at, 0, (struct input){.bytes = part, .len = span});
    }
    default: { /* a part of another input */
        struct input other = inputs[below(state, inputs_count)];
        size_t from = below(state, other.len + 1);
        size_t part_len = below(state, other.len - from + 1);
        return replace(bytes, len, at, span,
                       (struct input){.bytes = other.bytes + from, .len = part_len});
    }
    }
}

static bool run_mutations(unsigned long count)
{
    static uint8_t bytes[INPUT_MAX];
    for (unsigned long i = 0; i < count; i++) {
        uint64_t state = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
        const struct input *input = &inputs[below(&state, inputs_count)];
        size_t len = input->len;
        memcpy(bytes, input->bytes, len);
        for (size_t steps = 1 + below(&state, 8); steps > 0; steps--)
            len = mutate_once(bytes, len, &state);
        snprintf(current, sizeof(current), "replay: mutation %lu, of %.255s\n", i, input->name);
        if (!run(bytes, len))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s CORPUS-DIRECTORY MUTATIONS\n", argv[0]);
        return 2;
    }
    if (!read_corpus(argv[1])) {
        fprintf(stderr, "replay: no corpus in %s\n", argv[1]);
        return 1;
    }
    signal(SIGABRT, on_crash);
    signal(SIGSEGV, on_crash);
    bool good = true;
    for (size_t i = 0; good && i < inputs_count; i++) {
        snprintf(current, sizeof(current), "replay: %.255s\n", inputs[i].name);
        good = run(inputs[i].bytes, inputs[i].len);
    }
    good = good && run_mutations(strtoul(argv[2], NULL, 10));
    printf("%zu files, %s mutations\n", inputs_count, argv[2]);
    for (size_t i = 0; i < inputs_count; i++)
        free(inputs[i].bytes);
    return good ? 0 : 1;
}
