/* A picture that is read again and again, by the place where it was found. */
#include "cache_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define LEN 40000

static uint8_t picture[LEN];

/* The answer; what is read must be the picture. */
static int read_wanted(struct fixture *f, struct cache_want *want)
{
    void *bytes;
    size_t len;
    int r = cache_read_wanted(f->cache, want, &bytes, &len);
    if (r != 0)
        return r;
    assert_int_equal(len, LEN);
    assert_memory_equal(bytes, picture, LEN);
    free(bytes);
    return 0;
}

static struct fixture *with_picture(bool encrypt, struct cache_record *ret)
{
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    if (encrypt) {
        fixture_close(f);
        f->conf.encrypt = true;
        fixture_open(f);
    }
    fixture_fill(7, picture, LEN);
    assert_int_equal(fixture_store(f, "https://a.test/1", picture, LEN), 0);
    struct cache_key key = fixture_key(f, "https://a.test/1");
    assert_int_equal(cache_lookup(f->cache, &key, ret), 0);
    return f;
}

static void others(struct fixture *f, unsigned from, unsigned count)
{
    static uint8_t bytes[200000];
    for (unsigned i = from; i < from + count; i++) {
        char url[64];
        snprintf(url, sizeof(url), "https://a.test/other/%u", i);
        fixture_fill(1000 + i, bytes, sizeof(bytes));
        assert_int_equal(fixture_store(f, url, bytes, sizeof(bytes)), 0);
    }
}

static void a_wrong_place(bool encrypt)
{
    struct cache_record record;
    struct fixture *f = with_picture(encrypt, &record);
    others(f, 0, 3);
    struct cache_want want = {.record = &record};
    assert_int_equal(read_wanted(f, &want), 0);
    const struct cache_place found = want.place;
    assert_int_not_equal(found.generation, 0);
    assert_int_equal(read_wanted(f, &want), 0);
    assert_non_null(found.at); /* larger than a page */
    static const uint8_t other[LEN + 16];
    const void *nowhere = mmap(NULL, LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(nowhere, MAP_FAILED);
    const struct cache_place wrong[] = {
        {.generation = found.generation + 40, .slot = found.slot},
        /* when it is encrypted, another's key */
        {.generation = found.generation, .slot = found.slot + 1},
        {.generation = found.generation, .slot = UINT32_MAX - 1},
        {.slot = 3},
        {found.generation, found.slot, found.len, other},
        {found.generation, found.slot, found.len - 1, found.at},
        {found.generation, found.slot, found.len - 1, (const uint8_t *)found.at + 1},
        {found.generation, found.slot, 3, found.at},
        {found.generation, found.slot + 1, found.len, found.at},
        /* of a segment that is gone, nothing is touched */
        {found.generation + 40, found.slot, LEN, nowhere},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        want.place = wrong[i];
        assert_int_equal(read_wanted(f, &want), 0);
        assert_ptr_equal(want.place.at, found.at);
    }
    assert_int_equal(munmap((void *)(uintptr_t)nowhere, LEN), 0);
    /* And no place makes a picture of what is none. */
    record.content[5] ^= 1;
    want.place = found;
    assert_int_equal(read_wanted(f, &want), CACHE_NONE);
    fixture_free(f);
}

static void test_a_wrong_place_is_no_wrong_picture(void **state)
{
    (void)state;
    a_wrong_place(false);
}

static void test_a_wrong_place_is_no_wrong_key(void **state)
{
    (void)state;
    a_wrong_place(true);
}

/* Read all the time, it is appended anew before its segment goes. */
static void test_it_is_followed_when_it_moves(void **state)
{
    (void)state;
    struct cache_record record;
    struct fixture *f = with_picture(false, &record);
    struct cache_want want = {.record = &record};
    assert_int_equal(read_wanted(f, &want), 0);
    const struct cache_place first = want.place;
    for (unsigned i = 0; i < 400; i++) { /* 80 MB through 24 MiB */
        others(f, i, 1);
        assert_int_equal(read_wanted(f, &want), 0);
    }
    assert_true(want.place.generation > first.generation);
    fixture_free(f);
}

/* Where the index says that it is. */
static uint64_t generation_of(struct fixture *f, const struct cache_record *record)
{
    struct cache_record unplaced = *record;
    unplaced.place = 0;
    struct cache_want want = {.record = &unplaced};
    assert_int_equal(read_wanted(f, &want), 0);
    return want.place.generation;
}

/* Other pictures are stored until it has been appended anew; how many. It is read before each. */
static unsigned until_it_moves(struct fixture *f, const struct cache_record *record)
{
    const uint64_t first = generation_of(f, record);
    unsigned i = 0;
    while (generation_of(f, record) == first) {
        assert_in_range(i, 0, 400);
        others(f, i++, 1);
    }
    return i;
}

/* As soon as there are two copies the younger one is read, whatever the record or who read it
 * before may say. */
static void the_younger_copy(bool encrypt)
{
    struct cache_record record;
    struct fixture *f = with_picture(encrypt, &record);
    struct cache_want known = {.record = &record}, unknown = known;
    assert_int_equal(read_wanted(f, &known), 0);
    until_it_moves(f, &record);
    const uint64_t now = generation_of(f, &record);
    assert_int_equal(read_wanted(f, &known), 0);
    assert_int_equal(known.place.generation, now);
    assert_int_equal(read_wanted(f, &unknown), 0);
    assert_int_equal(unknown.place.generation, now);
    fixture_free(f);
}

static void test_the_younger_copy_is_read(void **state)
{
    (void)state;
    the_younger_copy(false);
}

static void test_the_younger_copy_is_read_encrypted(void **state)
{
    (void)state;
    the_younger_copy(true);
}

/* Read while its old segment is still there, but no more when the second one grows old: it goes. */
static void kept_once(bool encrypt)
{
    struct cache_record record;
    struct fixture *f = with_picture(encrypt, &record);
    struct cache_want known = {.record = &record};
    assert_int_equal(read_wanted(f, &known), 0);
    unsigned stored = until_it_moves(f, &record);
    struct cache_want unknown = {.record = &record};
    assert_int_equal(read_wanted(f, &known), 0);
    assert_int_equal(read_wanted(f, &unknown), 0);
    others(f, stored, 190); /* 38 MB through 24 MiB: a third copy would still be there */
    assert_int_equal(read_wanted(f, &known), CACHE_NONE);
    fixture_free(f);
}

static void test_it_is_kept_once_for_a_request(void **state)
{
    (void)state;
    kept_once(false);
}

static void test_it_is_kept_once_for_a_request_encrypted(void **state)
{
    (void)state;
    kept_once(true);
}

static void test_its_end_is_noticed(void **state)
{
    (void)state;
    struct cache_record record;
    struct fixture *f = with_picture(false, &record);
    struct cache_want want = {.record = &record};
    assert_int_equal(read_wanted(f, &want), 0);
    others(f, 0, 400);
    assert_int_equal(read_wanted(f, &want), CACHE_NONE);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_wrong_place_is_no_wrong_picture),
        cmocka_unit_test(test_a_wrong_place_is_no_wrong_key),
        cmocka_unit_test(test_it_is_followed_when_it_moves),
        cmocka_unit_test(test_the_younger_copy_is_read),
        cmocka_unit_test(test_the_younger_copy_is_read_encrypted),
        cmocka_unit_test(test_it_is_kept_once_for_a_request),
        cmocka_unit_test(test_it_is_kept_once_for_a_request_encrypted),
        cmocka_unit_test(test_its_end_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
