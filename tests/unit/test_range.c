#include "test.h"

#include "serve/range.h"

/* RFC 9110, section 14.1.2 has the examples for a representation of 10000 bytes. */
static void test_parts(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t size, first, len;
    } cases[] = {
        {"bytes=0-499", 10000, 0, 500},   {"bytes=500-999", 10000, 500, 500},
        {"bytes=-500", 10000, 9500, 500}, {"bytes=9500-", 10000, 9500, 500},
        {"bytes=0-0", 10000, 0, 1},       {"bytes=-1", 10000, 9999, 1},
        {"BYTES= 0-", 10, 0, 10},         {"bytes=5-99999999999999999999999", 10, 5, 5},
        {"bytes=-999", 10, 0, 10},        {"bytes=9-9", 10, 9, 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct range range = {0};
        assert_int_equal(range_parse(cases[i].text, cases[i].size, &range), RANGE_PART);
        assert_int_equal(range.first, cases[i].first);
        assert_int_equal(range.len, cases[i].len);
    }
}

static void test_not_a_single_byte_range(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",           "bytes",      "bytes=",     "bytes=-",     "bytes=a-b", "bytes=0-1,3-4",
        "bytes=5-2",  "lines=0-1",  "bytes=0x1-", "bytes=0-1x",  "bytes=--1", "bytes = 0-1",
        "bytes=0 -1", "bytes=+0-1", "byte=0-1",   "bytes=0-1;1",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct range range;
        if (range_parse(texts[i], 10, &range) != RANGE_WHOLE)
            fail_msg("%s", texts[i]);
    }
}

static void test_unsatisfiable(void **state)
{
    (void)state;
    struct range range;
    assert_int_equal(range_parse("bytes=10-", 10, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=10-20", 10, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=-0", 10, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=0-", 0, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=-5", 0, &range), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=99999999999999999999999-", 10, &range),
                     RANGE_UNSATISFIABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_not_a_single_byte_range),
        cmocka_unit_test(test_unsatisfiable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
