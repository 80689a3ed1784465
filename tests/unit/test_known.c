/* Paths that were verified lately: what holds, and for how long. */
#include "test.h"

#include "serve/known.h"

#include <sodium.h>
#include <stdio.h>

static size_t path_of(unsigned i, char path[32])
{
    return (size_t)sprintf(path, "/i/k/%u", i);
}

static struct cache_record record_of(unsigned i)
{
    struct cache_record record = {.state = CACHE_STORED, .type = IMAGE_GIF};
    memcpy(record.content, &i, sizeof(i));
    return record;
}

static void put(struct known *known, unsigned i, uint64_t stamp)
{
    char path[32];
    struct cache_record record = record_of(i);
    struct cache_want want = {.record = &record, .place = {100 + i, i}};
    known_put(known, path, path_of(i, path), stamp, &want);
}

/* Is it there, and the right one? */
static bool has(struct known *known, unsigned i, uint64_t stamp)
{
    char path[32];
    struct known_picture picture;
    if (!known_get(known, path, path_of(i, path), stamp, &picture))
        return false;
    struct cache_record record = record_of(i);
    assert_int_equal(picture.record.state, CACHE_STORED);
    assert_int_equal(picture.record.type, IMAGE_GIF);
    assert_int_equal(picture.place.generation, 100 + i);
    assert_int_equal(picture.place.slot, i);
    assert_memory_equal(picture.record.content, record.content, 32);
    return true;
}

static void test_holds_for_one_stamp(void **state)
{
    (void)state;
    struct known *known;
    assert_int_equal(known_new(&known), 0);
    assert_false(has(known, 1, 0));
    put(known, 1, 5);
    assert_true(has(known, 1, 5));
    assert_false(has(known, 1, 6));
    assert_false(has(known, 2, 5));
    put(known, 1, 6);
    assert_true(has(known, 1, 6));
    assert_false(has(known, 1, 5));
    known_free(known);
}

static void test_a_newer_one_takes_the_place(void **state)
{
    (void)state;
    struct known *known;
    assert_int_equal(known_new(&known), 0);
    unsigned count = 0;
    for (unsigned i = 0; i < 10 * LIMIT_KNOWN_PATHS; i++) {
        put(known, i, 1);
        assert_true(has(known, i, 1));
    }
    for (unsigned i = 0; i < 10 * LIMIT_KNOWN_PATHS; i++)
        count += has(known, i, 1);
    assert_in_range(count, LIMIT_KNOWN_PATHS / 2, LIMIT_KNOWN_PATHS);
    known_free(known);
}

/* Few beside what there is room for: none takes another's place. */
static void test_few_do_not_meet(void **state)
{
    (void)state;
    struct known *known;
    assert_int_equal(known_new(&known), 0);
    const unsigned few = LIMIT_KNOWN_PATHS / 32;
    unsigned count = 0;
    for (unsigned i = 0; i < few; i++)
        put(known, i, 1);
    for (unsigned i = 0; i < few; i++)
        count += has(known, i, 1);
    /* 512 of 4096 sets of four: that five meet happens once in 10,000 tables or so */
    assert_in_range(count, few - 1, few);
    known_free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_for_one_stamp),
        cmocka_unit_test(test_a_newer_one_takes_the_place),
        cmocka_unit_test(test_few_do_not_meet),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
