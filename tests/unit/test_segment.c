/* A segment on its own: what it refuses. */
#include "test.h"

#include "base/limits.h"
#include "store/segment.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct secret secret = {.sum = {1, 2, 3}};

static struct segment *open_new(char dir[64])
{
    snprintf(dir, 64, "/tmp/shoji-test-segment-XXXXXX");
    assert_non_null(mkdtemp(dir));
    struct segment_conf conf = {
        .dir = dir, .generation = 5, .size = 4 * MiB, .secret = &secret, .may_make = true};
    struct segment *segment;
    assert_int_equal(segment_open(&conf, &segment), 0);
    return segment;
}

static void name_of(unsigned i, uint8_t ret[32])
{
    memset(ret, 0, 32);
    memcpy(ret, &i, sizeof(i));
}

static void test_takes_until_full_and_says_so_before(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    static uint8_t bytes[20000];
    uint8_t name[32];
    unsigned count = 0;
    while (segment_fits(segment, sizeof(bytes))) {
        name_of(count++, name);
        assert_int_equal(segment_append(segment, name, bytes, sizeof(bytes)), 0);
        if (count % 10 == 0)
            assert_int_equal(segment_commit(segment), 0);
    }
    assert_int_equal(segment_commit(segment), 0);
    /* Five pages a picture of a thousand; at most an eighth is lost to housekeeping. */
    assert_in_range(count, 1000 / 5 * 7 / 8 - 10, 1000 / 5 + 5);
    for (unsigned i = 0; i < count; i++) {
        void *copy;
        size_t len;
        name_of(i, name);
        assert_int_equal(segment_read(segment, name, &copy, &len), 0);
        assert_int_equal(len, sizeof(bytes));
        free(copy);
    }
    segment_remove(segment);
    assert_int_equal(rmdir(dir), 0); /* nothing is left in it */
}

static void test_the_promised_room_is_there(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    size_t len = segment_room(4 * MiB);
    assert_true(len > 3 * MiB);
    assert_true(segment_fits(segment, len));
    uint8_t *bytes = calloc(1, len), name[32];
    name_of(1, name);
    assert_int_equal(segment_append(segment, name, bytes, len), 0);
    assert_int_equal(segment_commit(segment), 0);
    assert_true(segment_holds(segment, name, bytes, len));
    free(bytes);
    segment_remove(segment);
    rmdir(dir);
}

static void test_aborted_is_absent_and_the_same_again_is_fine(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    uint8_t name[32];
    void *copy;
    size_t len;
    name_of(1, name);
    assert_int_equal(segment_append(segment, name, "abc", 3), 0);
    assert_true(segment_holds(segment, name, "abc", 3));
    segment_abort(segment);
    assert_false(segment_holds(segment, name, "abc", 3));
    assert_int_equal(segment_read(segment, name, &copy, &len), -ENOENT);
    assert_int_equal(segment_append(segment, name, "abc", 3), 0);
    assert_int_equal(segment_commit(segment), 0);
    assert_int_equal(segment_append(segment, name, "abc", 3), 0);
    assert_int_equal(segment_commit(segment), 0);
    assert_int_equal(segment_append(segment, name, "abd", 3), -EEXIST);
    segment_abort(segment);
    assert_int_equal(segment_read(segment, name, &copy, &len), 0);
    assert_memory_equal(copy, "abc", 3);
    free(copy);
    segment_remove(segment);
    rmdir(dir);
}

static void test_another_secret_reads_nothing(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    uint8_t name[32];
    name_of(1, name);
    assert_int_equal(segment_append(segment, name, "abc", 3), 0);
    assert_int_equal(segment_commit(segment), 0);
    segment_close(segment);
    struct secret other = {.sum = {3, 2, 1}};
    struct segment_conf conf = {.dir = dir, .generation = 5, .secret = &other};
    assert_int_equal(segment_open(&conf, &segment), 0);
    void *copy;
    size_t len;
    assert_int_equal(segment_read(segment, name, &copy, &len), -ENOENT);
    segment_remove(segment);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_until_full_and_says_so_before),
        cmocka_unit_test(test_the_promised_room_is_there),
        cmocka_unit_test(test_aborted_is_absent_and_the_same_again_is_fine),
        cmocka_unit_test(test_another_secret_reads_nothing),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
