#include "test.h"

#include "serve/hot.h"

#include <sodium.h>

enum { BODY = 10000, ROOM = 100 }; /* about as many bodies as fit */
enum { NOW = 7 };                  /* a stamp */

static struct reply *reply_of(int number)
{
    uint8_t content[32] = {(uint8_t)number, (uint8_t)(number >> 8)};
    struct reply *reply = NULL;
    assert_int_equal(reply_image(IMAGE_PNG, calloc(1, BODY), BODY, content, &reply), 0);
    return reply;
}

static size_t path_of(int number, char *path)
{
    return (size_t)sprintf(path, "/i/k/%d", number);
}

static void put(struct hot *hot, int number)
{
    char path[32];
    struct reply *reply = reply_of(number);
    hot_put(hot, path, path_of(number, path), NOW, reply);
    reply_unref(reply);
}

static struct reply *get(struct hot *hot, int number)
{
    char path[32];
    return hot_get(hot, path, path_of(number, path), NOW);
}

static void test_finds_what_was_put_and_nothing_else(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(ROOM * (BODY + 1200), &hot), 0);
    put(hot, 1);
    put(hot, 2);
    assert_non_null(get(hot, 1));
    assert_ptr_not_equal(get(hot, 1), get(hot, 2));
    assert_null(get(hot, 3));
    assert_null(hot_get(hot, "/i/k/1x", 7, NOW));
    assert_null(hot_get(hot, "/i/k/", 5, NOW));
    hot_drop(hot, "/i/k/1", 6);
    hot_drop(hot, "/i/k/3", 6);
    assert_null(get(hot, 1));
    assert_non_null(get(hot, 2));
    hot_free(hot);
}

static void test_a_crawl_does_not_wash_out_what_is_asked_again(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(ROOM * (BODY + 1200), &hot), 0);
    for (int i = 0; i < ROOM / 2; i++)
        put(hot, i);
    int missed = 0;
    for (int i = 1000; i < 6000; i++) { /* fifty times the room, each once */
        put(hot, i);
        if (!get(hot, i % (ROOM / 2)))
            missed++;
    }
    assert_int_equal(missed, 0);
    int kept = 0;
    for (int i = 1000; i < 6000; i++)
        kept += get(hot, i) != NULL;
    assert_in_range(kept, 1, ROOM); /* the room was kept to, and new ones still enter */
    hot_free(hot);
}

/* Once asked again, and then not while ten times the capacity goes through. */
static void test_what_was_warm_outlives_a_crawl(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(ROOM * (BODY + 1200), &hot), 0);
    for (int i = 0; i < ROOM / 2; i++)
        put(hot, i);
    for (int i = 0; i < ROOM / 2; i++)
        assert_non_null(get(hot, i));
    for (int i = 1000; i < 1000 + 10 * ROOM; i++)
        put(hot, i);
    for (int i = 0; i < ROOM / 2; i++)
        assert_non_null(get(hot, i));
    hot_free(hot);
}

static void test_another_stamp_voids_the_path_but_not_the_picture(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(ROOM * (BODY + 1200), &hot), 0);
    put(hot, 1);
    const struct reply *before = get(hot, 1);
    assert_null(hot_get(hot, "/i/k/1", 6, NOW + 1));
    assert_ptr_equal(get(hot, 1), before); /* asking changes nothing */
    const uint8_t content[32] = {1}, other[32] = {2};
    struct reply *found = hot_find(hot, content);
    assert_ptr_equal(found, before);
    assert_null(hot_find(hot, other));
    hot_put(hot, "/i/k/1", 6, NOW + 1, found);
    assert_ptr_equal(hot_get(hot, "/i/k/1", 6, NOW + 1), before);
    assert_null(get(hot, 1));
    hot_drop(hot, "/i/k/1", 6);
    assert_null(hot_find(hot, content)); /* no path leads to it any more */
    assert_int_equal(hot_bytes(hot), 0);
    hot_free(hot);
}

static void test_one_picture_under_many_paths_counts_once(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(ROOM * (BODY + 1200), &hot), 0);
    for (int i = 0; i < 20 * ROOM; i++) { /* each time a copy of its own, as if read anew */
        char path[32];
        struct reply *reply = reply_of(1);
        hot_put(hot, path, path_of(i, path), NOW, reply);
        reply_unref(reply);
    }
    for (int i = 1; i < 20 * ROOM; i++)
        assert_ptr_equal(get(hot, i), get(hot, 0));
    assert_in_range(hot_bytes(hot), BODY, BODY + 2000 + 20 * ROOM * 200);
    for (int i = 1000; i < 1000 + 4 * ROOM; i++)
        put(hot, i);
    assert_in_range(hot_bytes(hot), 1, ROOM * (BODY + 1200));
    hot_free(hot);
}

static void test_what_grows_makes_room(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(10 * BODY, &hot), 0);
    struct reply *blank = reply_constant(REPLY_BLANK);
    for (int i = 0; i < 100; i++) {
        char path[32];
        hot_put(hot, path, path_of(i, path), NOW, blank);
    }
    for (int i = 0; i < 100; i++) {
        assert_in_range(hot_bytes(hot), 1, 10 * BODY);
        if (get(hot, i)) {
            char path[32];
            const uint8_t content[32] = {(uint8_t)i, 1};
            struct reply *reply = NULL;
            assert_int_equal(reply_image(IMAGE_PNG, calloc(1, BODY), BODY, content, &reply), 0);
            hot_put(hot, path, path_of(i, path), NOW, reply);
            reply_unref(reply);
        }
    }
    hot_free(hot);
}

static void test_too_large_is_not_kept(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(8 * BODY, &hot), 0);
    put(hot, 1);
    assert_null(get(hot, 1));
    hot_free(hot);
}

static void test_the_same_path_twice_keeps_the_newer(void **state)
{
    (void)state;
    struct hot *hot;
    assert_int_equal(hot_new(ROOM * (BODY + 1200), &hot), 0);
    for (int i = 0; i < 10 * ROOM; i++)
        put(hot, 1); /* counted once, or the room would run out */
    struct reply *newer = reply_of(9);
    hot_put(hot, "/i/k/1", 6, NOW, newer);
    assert_ptr_equal(get(hot, 1), newer);
    reply_unref(newer);
    hot_free(hot);
}

static int setup(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : reply_setup();
}

static int teardown(void **state)
{
    (void)state;
    reply_teardown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_was_put_and_nothing_else),
        cmocka_unit_test(test_a_crawl_does_not_wash_out_what_is_asked_again),
        cmocka_unit_test(test_what_was_warm_outlives_a_crawl),
        cmocka_unit_test(test_another_stamp_voids_the_path_but_not_the_picture),
        cmocka_unit_test(test_one_picture_under_many_paths_counts_once),
        cmocka_unit_test(test_what_grows_makes_room),
        cmocka_unit_test(test_too_large_is_not_kept),
        cmocka_unit_test(test_the_same_path_twice_keeps_the_newer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
