#include "test.h"

#include "base/buf.h"

#include <errno.h>

static void test_grows_to_the_ceiling_and_no_further(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(buf_add_char(&buf, 'x'), 0);
    assert_int_equal(buf.len, 100);
    assert_int_equal(buf_add_char(&buf, 'y'), -E2BIG);
    assert_int_equal(buf.len, 100);
    buf_free(&buf);
}

static void test_error_sticks_until_cleared(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(4);
    assert_int_equal(buf_add_text(&buf, "abcde"), -E2BIG);
    assert_int_equal(buf_add_text(&buf, "a"), -E2BIG);
    assert_null(buf_reserve(&buf, 1));
    buf_clear(&buf);
    assert_int_equal(buf_add_text(&buf, "a"), 0);
    assert_string_equal(buf.ptr, "a");
    buf_free(&buf);
}

static void test_huge_length_does_not_wrap(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(SIZE_MAX);
    assert_int_equal(buf_add_text(&buf, "abc"), 0);
    assert_null(buf_reserve(&buf, SIZE_MAX - 1));
    assert_int_equal(buf_error(&buf), -E2BIG);
    buf_free(&buf);
}

static void test_steal_hands_over_and_leaves_an_empty_buffer(void **state)
{
    (void)state;
    struct buf buf = BUF_INIT(100);
    buf_add_format(&buf, "%d-%s", 7, "seven");
    size_t len = 0;
    char *text = buf_steal(&buf, &len);
    assert_string_equal(text, "7-seven");
    assert_int_equal(len, 7);
    assert_null(buf.ptr);
    free(text);

    text = buf_steal(&buf, &len);
    assert_non_null(text);
    assert_int_equal(len, 0);
    free(text);

    buf_add_format(&buf, "%0200d", 1);
    assert_null(buf_steal(&buf, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_to_the_ceiling_and_no_further),
        cmocka_unit_test(test_error_sticks_until_cleared),
        cmocka_unit_test(test_huge_length_does_not_wrap),
        cmocka_unit_test(test_steal_hands_over_and_leaves_an_empty_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
