/*
 * The store's part of tests/e2e/test_power.py, which takes the power away under it.
 *
 * power_driver write DIR FIRST: writes for as long as it lives, and says on stdout, by its number,
 * what was reported as done: four bytes each. power_driver check DIR: reads such numbers from stdin
 * and says whether everything that was promised is there; then one line: how many pictures there
 * should be and how many are gone. Exit 0 or 1.
 *
 * What a number stands for: see kind_of. That a picture is gone is counted; that a record is, or
 * that a picture is another one, is said and ends in 1.
 */
#include "base/list.h"
#include "store/cache.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LARGEST 20000

enum kind { CLAIM, STORE, FAIL, PURGE };

static enum kind kind_of(uint32_t number)
{
    return number % 10 == 0 ? CLAIM : number % 10 == 1 ? FAIL : number % 10 == 2 ? PURGE : STORE;
}

/* Then the store is small and goes round all the time. */
static bool large(void)
{
    static int known = -1;
    if (known < 0)
        known = getenv("SHOJI_TEST_LARGE") != NULL;
    return known;
}

static size_t size_of(uint32_t number)
{
    if (large())
        return LARGEST - number % 100;
    return 1 + number * 7919 % (number % 7 == 0 ? LARGEST : 3000);
}

static void fill(uint32_t seed, uint8_t *bytes, size_t len)
{
    uint64_t state = seed + 1;
    for (size_t i = 0; i < len; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        bytes[i] = (uint8_t)(state >> 56);
    }
}

static struct cache_key key_of(const struct cache *cache, uint32_t number)
{
    char url[64];
    struct cache_key key;
    int len = snprintf(url, sizeof(url), "https://a.test/%u", number);
    cache_key_of_url(cache, url, (size_t)len, &key);
    return key;
}

static struct cache *open_cache(const char *dir, struct loop **ret_loop)
{
    struct cache_conf conf = {.dir = dir,
                              .size = large() ? 24 * MiB : 32 * MiB,
                              .index_size = 8 * MiB,
                              .encrypt = getenv("SHOJI_TEST_ENCRYPT") != NULL};
    struct cache *cache;
    if (loop_new(ret_loop) < 0)
        exit(3);
    conf.loop = *ret_loop;
    int r = cache_open(&conf, &cache);
    if (r != 0) {
        printf("cache_open: %d\n", r);
        exit(1);
    }
    return cache;
}

/* ---- writing ---- */

/* So many at a time: a commit is then of some, not of all. */
#define AT_ONCE 24

struct numbered {
    struct cache_write write;
    uint32_t number;
    uint8_t bytes[LARGEST];
};

static struct cache *writing;
static uint32_t next_number;

static void start_next(void);

static void promise(struct cache_write *self)
{
    struct numbered *n = container_of(self, struct numbered, write);
    if (self->result == 0 &&
        write(STDOUT_FILENO, &n->number, sizeof(n->number)) != sizeof(n->number))
        _exit(0);
    free(n);
    start_next();
}

static void start_next(void)
{
    static const enum cache_op ops[] = {
        [CLAIM] = CACHE_CLAIM, [STORE] = CACHE_STORE, [FAIL] = CACHE_FAIL, [PURGE] = CACHE_PURGE};
    struct numbered *n = calloc(1, sizeof(*n));
    if (!n)
        _exit(3);
    n->number = next_number++;
    enum kind kind = kind_of(n->number);
    n->write = (struct cache_write){
        .op = ops[kind], .key = key_of(writing, n->number), .done = promise, .bytes = n->bytes};
    n->write.record.type = IMAGE_PNG;
    n->write.record.purged = kind == PURGE;
    if (kind == STORE) {
        n->write.len = size_of(n->number);
        fill(n->number, n->bytes, n->write.len);
    }
    cache_write_start(writing, &n->write);
}

static int write_for_ever(const char *dir, uint32_t first)
{
    struct loop *loop;
    writing = open_cache(dir, &loop);
    next_number = first;
    for (unsigned i = 0; i < AT_ONCE; i++)
        start_next();
    return loop_run(loop) < 0;
}

/* ---- checking ---- */

/* Is the record what was promised? */
static bool record_holds(uint32_t number, const struct cache_record *record)
{
    switch (kind_of(number)) {
    case CLAIM:
        return record->state == CACHE_FAILED && record->reason == CACHE_REASON_CRASHED;
    case FAIL:
        return record->state == CACHE_FAILED && record->reason == 0;
    case PURGE:
        return record->purged;
    default:
        return record->state == CACHE_STORED && record->size == size_of(number);
    }
}

/* 1: the picture is gone; 0: all is there; -1: a promise is broken. */
static int check(const struct cache *cache, uint32_t number)
{
    struct cache_key key = key_of(cache, number);
    struct cache_record record;
    void *bytes;
    size_t len;
    int r = cache_lookup(cache, &key, &record);
    if (r != 0 || !record_holds(number, &record)) {
        printf("%u: the record is not there: %d\n", number, r);
        return -1;
    }
    if (kind_of(number) != STORE)
        return 0;
    r = cache_read(cache, &record, &bytes, &len);
    if (r == CACHE_NONE)
        return 1;
    static uint8_t wanted[LARGEST];
    fill(number, wanted, size_of(number));
    if (r == 0 && len == size_of(number) && memcmp(bytes, wanted, len) == 0) {
        free(bytes);
        return 0;
    }
    printf("%u: not its picture: %d\n", number, r);
    return -1;
}

static int check_all(const char *dir)
{
    struct loop *loop;
    struct cache *cache = open_cache(dir, &loop);
    struct cache_usage usage;
    uint32_t number, pictures = 0, gone = 0;
    int broken = 0;
    cache_usage(cache, &usage);
    if (usage.index_lost) {
        printf("the index could not be read\n");
        broken = 1;
    }
    while (fread(&number, sizeof(number), 1, stdin) == 1) {
        int r = check(cache, number);
        broken |= r < 0;
        gone += r == 1;
        pictures += kind_of(number) == STORE;
    }
    cache_close(cache);
    loop_free(loop);
    printf("%u %u\n", pictures, gone);
    return broken;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "write") == 0)
        return write_for_ever(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "check") == 0)
        return check_all(argv[2]);
    fprintf(stderr, "usage: power_driver write DIR FIRST | check DIR\n");
    return 2;
}
