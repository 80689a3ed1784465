#include "rewrite_corpus.h"

#include "base/err.h"

#include <shoji/rewrite.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void bench_die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("rewrite_loop: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(3);
}

/* ---- documents ---- */

static void *have(void *memory)
{
    if (!memory)
        bench_die("out of memory");
    return memory;
}

static size_t read_whole(const char *path, char **ret)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        bench_die("%s: %s", path, strerror(errno));
    size_t len = (size_t)ftell(file);
    rewind(file);
    *ret = have(malloc(len + 1));
    if (fread(*ret, 1, len, file) != len)
        bench_die("%s: cannot be read", path);
    fclose(file);
    (*ret)[len] = '\0';
    return len;
}

void corpus_load(const char *path, struct corpus *ret)
{
    struct corpus corpus = {0};
    size_t len = read_whole(path, &corpus.bytes), room = 0;
    for (char *at = corpus.bytes, *end = at + len; at < end;) {
        char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t size = strtoul(at, NULL, 10);
        if (!line_end || (size_t)(end - line_end - 1) < size)
            bench_die("%s: no corpus", path);
        if (corpus.count == room) {
            room = room ? 2 * room : 64;
            corpus.documents = have(realloc(corpus.documents, room * sizeof(struct span)));
        }
        corpus.documents[corpus.count++] = (struct span){line_end + 1, size};
        at = line_end + 1 + size;
    }
    *ret = corpus;
}

void corpus_free(struct corpus *corpus)
{
    free(corpus->documents);
    free(corpus->bytes);
}

/* ---- subjects ---- */

/* The key is no secret: nobody is to be kept from reading what a benchmark signs. */
#define KEY "bench AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n"

/* The published set, from the file that BENCH_RULES names. */
static const struct shoji_rules *rules_of_ours(void)
{
    const struct shoji_rules_source source = {.files = getenv("BENCH_RULES")};
    struct shoji_rules *rules;
    char why[SHOJI_RULES_WHY_SIZE];
    if (!source.files)
        bench_die("BENCH_RULES names no file");
    if (shoji_rules_load(&source, why, &rules) != 0)
        bench_die("%s", why);
    return rules;
}

static const struct shoji_rewrite *rewriter(bool checked, bool by_rules)
{
    static struct shoji_rewrite how = {.options = SHOJI_URL_OPTIONS_NONE};
    static struct shoji_keys *keys;
    char why[SHOJI_WHY_SIZE];
    if (shoji_keys_parse(KEY, strlen(KEY), "bench", why, &keys) != 0)
        bench_die("%s", why);
    how.signer = (struct shoji_signer){
        .key = shoji_keys_signer(keys, NULL), .base_url = "https://img.example.org", .suffix = ""};
    how.keys = keys;
    how.unchecked = !checked;
    how.rules = by_rules ? rules_of_ours() : NULL;
    return &how;
}

static void rewrite_html(const void *ctx, struct span in, size_t *ret_len)
{
    struct shoji_report report;
    char *body;
    if (shoji_rewrite_html(ctx, in.ptr, in.len, &body, ret_len, &report) != 0)
        bench_die("a document cannot be rewritten");
    free(body);
    shoji_report_free(&report);
}

static void rewrite_mail(const void *ctx, struct span in, size_t *ret_len)
{
    struct shoji_report report;
    char *body;
    if (shoji_rewrite_mail(ctx, in.ptr, in.len, &body, ret_len, &report) != 0)
        bench_die("a message cannot be rewritten");
    free(body);
    shoji_report_free(&report);
}

/*
 * The floor: the least that a rewriter can do that looks at each byte once. A table says what class
 * a byte is of; every byte is copied, and those that a tokenizer would stop at are counted.
 */
enum { PLAIN, BLANK, QUOTE, OPEN, CLOSE, AMPERSAND, CLASSES };

static const unsigned char classes[256] = {
    ['\t'] = BLANK, ['\n'] = BLANK, ['\f'] = BLANK, ['\r'] = BLANK, [' '] = BLANK,
    ['"'] = QUOTE,  ['\''] = QUOTE, ['<'] = OPEN,   ['>'] = CLOSE,  ['&'] = AMPERSAND,
};

static void copy(const void *ctx, struct span in, size_t *ret_len)
{
    (void)ctx;
    size_t seen[CLASSES] = {0};
    char *out = have(malloc(in.len + 1));
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        unsigned char class = classes[(unsigned char)in.ptr[i]];
        if (class != PLAIN)
            seen[class]++;
        out[len++] = in.ptr[i];
    }
    /* Read through a pointer that the compiler cannot follow: else it would copy nothing. */
    const volatile char *result = out;
    *ret_len = len + (len > 0 && seen[OPEN] > len && result[len - 1] == '\0');
    free(out);
}

struct subject subject_find(const char *name)
{
    bool html = strncmp(name, "html", 4) == 0;
    const char *with = name + strnlen(name, 4);
    bool known = !*with || strcmp(with, "-check") == 0 || strcmp(with, "-rules") == 0;
    if (known && (html || strncmp(name, "mail", 4) == 0))
        return (struct subject){html ? rewrite_html : rewrite_mail,
                                rewriter(strcmp(with, "-check") == 0, strcmp(with, "-rules") == 0)};
    if (strcmp(name, "floor") == 0)
        return (struct subject){copy, NULL};
    bench_die("no subject %s; there are: html mail, with -check or -rules; floor", name);
}
