/*
 * What a record and a waiting URL cost: disk of the index, and memory of the process. With
 * SHOJI_SIZE=1000000 it measures what the headers of src/store/ say; by itself a part of that.
 */
#include "cache_fixture.h"

#include <stdio.h>

static unsigned wanted(void)
{
    const char *text = getenv("SHOJI_SIZE");
    return text ? (unsigned)strtoul(text, NULL, 10) : 30000;
}

static uint64_t index_left(const struct fixture *f)
{
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    return usage.index_left;
}

/* Memory that is ours alone, in KiB: not what is mapped from the index's file. */
static unsigned long anonymous_kib(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    assert_non_null(file);
    char line[256];
    unsigned long kib = 0;
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "Anonymous: %lu", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

/* 40 to 280 bytes, 120 on average, most of them short; alike in their beginning, as a sender's. */
static size_t make_url(unsigned i, char ret[300])
{
    uint16_t random;
    fixture_fill(i, &random, sizeof(random));
    size_t len = 40 + (size_t)random * random / (65536 * 65536UL / 241);
    int head = snprintf(ret, 300, "https://img%u.sender.test/o/%08x/", i % 500, i);
    for (size_t at = (size_t)head; at < len; at++)
        ret[at] = (char)('a' + (at * 7 + i) % 26);
    ret[len < (size_t)head ? (size_t)head : len] = '\0';
    return strlen(ret);
}

/* Without waiting for it, but for every five hundredth: that many are on their way at most. */
static void start(struct fixture *f, unsigned i, const struct cache_write *write)
{
    if (i % 500 == 499) {
        struct cache_write waited = *write;
        assert_int_equal(fixture_write(f, &waited), 0);
        return;
    }
    struct cache_write *mine = malloc(sizeof(*mine));
    void *bytes = malloc(write->len + 1);
    assert_non_null(mine);
    assert_non_null(bytes);
    *mine = *write;
    if (write->len > 0)
        memcpy(bytes, write->bytes, write->len);
    mine->bytes = bytes;
    cache_write_start(f->cache, mine);
}

/* A sanitizer keeps memory of its own for all of ours: there is nothing to be learned then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define SANITIZED false
#endif

static void settle(struct fixture *f)
{
    struct cache_write nothing = {.op = CACHE_DEQUEUE, .key = fixture_key(f, "https://a.test/")};
    assert_int_equal(fixture_write(f, &nothing), 0);
}

static void test_a_waiting_url(void **state)
{
    (void)state;
    unsigned count = wanted();
    struct fixture *f = fixture_new(2048 * MiB, 64 * MiB + count * 1024UL);
    uint64_t before = index_left(f), bytes = 0;
    unsigned long memory = anonymous_kib();
    char url[300];
    for (unsigned i = 0; i < count; i++) {
        size_t len = make_url(i, url);
        uint16_t jitter;
        fixture_fill(i + 1000000000UL, &jitter, sizeof(jitter));
        struct cache_write write = {
            .op = CACHE_ENQUEUE,
            .key = fixture_key(f, url),
            .group = 1 + i % 500,
            .record = {.retry_s = 1800000000 + i / 100 + jitter % 600, .delivered_s = 1800000000},
            .bytes = url,
            .len = len,
        };
        start(f, i, &write);
        bytes += len;
    }
    settle(f);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.queued, count);
    uint64_t each = (before - usage.index_left) / count;
    unsigned long grown = anonymous_kib() - memory;
    print_message("%u URLs of %lu bytes: %lu bytes of disk each, %lu KiB of memory\n", count,
                  (unsigned long)(bytes / count), (unsigned long)each, grown);
    assert_in_range(bytes / count, 110, 130);
    assert_true(each <= 300);
    assert_true(SANITIZED || grown <= 50 * 1024);
    fixture_free(f);
}

static void test_a_record(void **state)
{
    (void)state;
    unsigned count = wanted();
    struct fixture *f = fixture_new(2048 * MiB, 64 * MiB + count * 1024UL);
    uint64_t before = index_left(f);
    char url[300];
    assert_int_equal(fixture_store(f, "https://a.test/banner", "banner", 6), 0);
    for (unsigned i = 0; i < count; i++) { /* half with a picture that many share, half failed */
        make_url(i, url);
        struct cache_write write = {
            .op = i % 2 ? CACHE_STORE : CACHE_FAIL,
            .key = fixture_key(f, url),
            .record = {.type = IMAGE_PNG, .host = i, .tenant = 5, .delivered_s = 1800000000},
            .bytes = i % 2 ? "banner" : NULL,
            .len = i % 2 ? 6 : 0,
        };
        start(f, i, &write);
    }
    settle(f);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.records, count + 1);
    assert_int_equal(usage.failed, count - count / 2);
    uint64_t each = (before - usage.index_left) / count;
    print_message("%u records: %lu bytes of disk each\n", count, (unsigned long)each);
    assert_true(each <= 200);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_waiting_url),
        cmocka_unit_test(test_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
