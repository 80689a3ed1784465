/* Paths that were verified lately: what holds, and for how long. */
#include "test.h"

#include "serve/known.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

/* The clock of the table, in place of the system's: it goes on when the test says so. */
static time_t test_now_s = 1000;

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    (void)clock;
    *ret = (struct timespec){.tv_sec = test_now_s};
    return 0;
}

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

static struct known_picture get(struct known *known)
{
    struct known_picture picture;
    assert_true(known_get(known, "/i/k/1", 6, 1, &picture));
    return picture;
}

/* With a place: it was read there. Without: another path's copy was in memory. */
static void put_at(struct known *known, struct cache_place place)
{
    struct cache_record record = record_of(1);
    struct cache_want want = {.record = &record, .place = place};
    known_put(known, "/i/k/1", 6, 1, &want);
}

static void follow_to(struct known *known, struct cache_place place)
{
    struct known_picture picture = get(known);
    struct cache_want want = {.record = &picture.record, .place = place};
    known_follow(&picture, &want);
}

static void test_lately_is_when_it_was_read(void **state)
{
    (void)state;
    struct known *known;
    assert_int_equal(known_new(&known), 0);
    put_at(known, (struct cache_place){7, 3});
    assert_true(get(known).lately);
    /* It is asked for all the time, and answered from elsewhere. */
    for (unsigned i = 0; i <= LIMIT_RESIDENT_S; i++) {
        follow_to(known, (struct cache_place){0});
        test_now_s++;
    }
    assert_false(get(known).lately);
    assert_false(get(known).lately);
    follow_to(known, (struct cache_place){7, 3});
    assert_true(get(known).lately);
    put_at(known, (struct cache_place){0});
    assert_false(get(known).lately);
    known_free(known);
}

static void test_follows_to_another_slot(void **state)
{
    (void)state;
    struct known *known;
    assert_int_equal(known_new(&known), 0);
    put_at(known, (struct cache_place){7, 3});
    follow_to(known, (struct cache_place){7, 4});
    assert_int_equal(get(known).place.generation, 7);
    assert_int_equal(get(known).place.slot, 4);
    follow_to(known, (struct cache_place){0}); /* from memory: it is there still */
    assert_int_equal(get(known).place.slot, 4);
    known_free(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holds_for_one_stamp),
        cmocka_unit_test(test_a_newer_one_takes_the_place),
        cmocka_unit_test(test_few_do_not_meet),
        cmocka_unit_test(test_lately_is_when_it_was_read),
        cmocka_unit_test(test_follows_to_another_slot),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
