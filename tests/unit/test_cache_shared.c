/* One picture that many URLs lead to: kept once, and no URL takes it from another. */
#include "cache_fixture.h"

#include <stdio.h>

#define ONE "https://a.test/banner?to=1"
#define TWO "https://b.test/banner?to=2"

static uint8_t banner[60000];

static struct cache_usage usage_of(const struct fixture *f)
{
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    return usage;
}

static int check(struct fixture *f, const char *url)
{
    return fixture_check(f, url, banner, sizeof(banner));
}

static struct fixture *new_with_both(void)
{
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    fixture_fill(7, banner, sizeof(banner));
    assert_int_equal(fixture_store(f, ONE, banner, sizeof(banner)), 0);
    assert_int_equal(fixture_store(f, TWO, banner, sizeof(banner)), 0);
    assert_int_equal(usage_of(f).pictures, 1);
    return f;
}

/* Without waiting for it, but for every twentieth: that many are on their way at most. */
static void store_soon(struct fixture *f, unsigned i, const char *url, const void *bytes)
{
    if (i % 20 == 19) {
        assert_int_equal(fixture_store(f, url, bytes, sizeof(banner)), 0);
        return;
    }
    struct cache_write *write = calloc(1, sizeof(*write));
    void *copy = malloc(sizeof(banner));
    assert_non_null(write);
    assert_non_null(copy);
    memcpy(copy, bytes, sizeof(banner));
    *write = (struct cache_write){.op = CACHE_STORE,
                                  .key = fixture_key(f, url),
                                  .record = {.type = IMAGE_PNG},
                                  .bytes = copy,
                                  .len = sizeof(banner)};
    cache_write_start(f->cache, write);
}

/* Fills the segments until the oldest that stood there have gone; other pictures each time. Reads
 * `url` on the way, when that is not NULL. */
static void churn(struct fixture *f, unsigned round, const char *url)
{
    static uint8_t bytes[60000];
    char other[64];
    for (unsigned i = 0; i < 600; i++) { /* 36 MB through 24 */
        snprintf(other, sizeof(other), "https://c.test/%u/%u", round, i);
        fixture_fill(1000000 + round * 1000 + i, bytes, sizeof(bytes));
        store_soon(f, i, other, bytes);
        if (url && i % 20 == 19)
            assert_int_equal(check(f, url), 0);
    }
}

static void test_a_purge_takes_one_way_there(void **state)
{
    (void)state;
    for (int forget = 0; forget < 2; forget++) {
        struct fixture *f = new_with_both();
        struct cache_purge purge = {
            .what = CACHE_PURGE_URL, .key = fixture_key(f, ONE), .forget = (uint8_t)forget};
        assert_int_equal(fixture_purge(f, &purge), 0);
        assert_int_equal(check(f, ONE), CACHE_NONE);
        assert_int_equal(check(f, TWO), 0);
        fixture_close(f);
        fixture_open(f);
        assert_int_equal(check(f, ONE), CACHE_NONE);
        assert_int_equal(check(f, TWO), 0);
        /* And comes again without being kept twice. */
        assert_int_equal(fixture_store(f, ONE, banner, sizeof(banner)), forget ? 0 : CACHE_CHANGED);
        assert_int_equal(check(f, ONE), forget ? 0 : CACHE_NONE);
        assert_int_equal(usage_of(f).pictures, 1);
        fixture_free(f);
    }
}

static void test_a_purge_of_a_host_leaves_it_to_others(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    static const char *const urls[] = {ONE, TWO};
    static const char *const hosts[] = {"a.test", "b.test"};
    fixture_fill(7, banner, sizeof(banner));
    for (int i = 0; i < 2; i++) {
        struct cache_write write = {
            .op = CACHE_STORE,
            .key = fixture_key(f, urls[i]),
            .record = {.type = IMAGE_PNG, .host = cache_host_hash(f->cache, hosts[i], 6)},
            .bytes = banner,
            .len = sizeof(banner),
        };
        assert_int_equal(fixture_write(f, &write), 0);
    }
    struct cache_purge purge = {.what = CACHE_PURGE_HOST,
                                .host = cache_host_hash(f->cache, "a.test", 6)};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 1);
    assert_int_equal(check(f, ONE), CACHE_NONE);
    assert_int_equal(check(f, TWO), 0);
    fixture_free(f);
}

static void test_it_goes_for_all_at_once(void **state)
{
    (void)state;
    struct fixture *f = new_with_both();
    churn(f, 0, NULL);
    assert_int_equal(check(f, ONE), CACHE_NONE);
    assert_int_equal(check(f, TWO), CACHE_NONE);
    /* Both are remembered; whichever comes again brings it back for both. */
    struct cache_record record;
    const struct cache_key key = fixture_key(f, TWO);
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    assert_int_equal(record.state, CACHE_STORED);
    assert_int_equal(fixture_store(f, ONE, banner, sizeof(banner)), 0);
    assert_int_equal(check(f, TWO), 0);
    /* It is there once: the other way there adds none. A commit may let others go. */
    uint64_t pictures = usage_of(f).pictures;
    assert_int_equal(fixture_store(f, TWO, banner, sizeof(banner)), 0);
    assert_true(usage_of(f).pictures <= pictures);
    fixture_free(f);
}

/* Whoever reads it keeps it for all, and it counts once however often it moved on. */
static void test_who_reads_it_keeps_it_for_all(void **state)
{
    (void)state;
    struct fixture *f = new_with_both();
    for (unsigned round = 0; round < 3; round++) {
        churn(f, round, ONE);
        assert_int_equal(check(f, ONE), 0);
        assert_int_equal(check(f, TWO), 0);
    }
    /* Each picture of the churn has one URL, so what can be read is what is kept, and the banner.
     * The figure may be off by a segment, whose names are taken out little by little. */
    static uint8_t bytes[60000];
    char url[64];
    uint64_t here = 1;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 600; i++) {
            struct cache_record record;
            snprintf(url, sizeof(url), "https://c.test/%u/%u", round, i);
            const struct cache_key key = fixture_key(f, url);
            assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
            fixture_fill(1000000 + round * 1000 + i, bytes, sizeof(bytes));
            here += fixture_check(f, url, bytes, sizeof(bytes)) == 0;
        }
    }
    uint64_t pictures = usage_of(f).pictures;
    uint64_t off = pictures > here ? pictures - here : here - pictures;
    assert_true(off <= LIMIT_SEGMENT_MIN / sizeof(banner));
    fixture_free(f);
}

/* src/store/record.h: a record with a picture has 85 bytes, and takes 165 with keys and pages. */
static void test_what_one_more_url_costs(void **state)
{
    (void)state;
    const unsigned more = 10000;
    struct fixture *f = new_with_both();
    struct cache_usage before = usage_of(f);
    for (unsigned i = 0; i < more; i++) {
        char url[64];
        snprintf(url, sizeof(url), "https://a.test/banner?to=%u", i + 10);
        store_soon(f, i, url, banner);
    }
    struct cache_usage after = usage_of(f);
    assert_int_equal(after.records, before.records + more);
    assert_int_equal(after.pictures, 1);
    assert_int_equal(after.segment_bytes, before.segment_bytes);
    uint64_t each = (before.index_left - after.index_left) / more;
    print_message("one more URL for a picture that is here: %lu bytes\n", (unsigned long)each);
    assert_in_range(each, 85, 260);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_purge_takes_one_way_there),
        cmocka_unit_test(test_a_purge_of_a_host_leaves_it_to_others),
        cmocka_unit_test(test_it_goes_for_all_at_once),
        cmocka_unit_test(test_who_reads_it_keeps_it_for_all),
        cmocka_unit_test(test_what_one_more_url_costs),
    };
    return cmocka_run_group_tests_name("cache_shared", tests, NULL, NULL);
}
