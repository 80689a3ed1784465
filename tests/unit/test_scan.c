/* scan.h against the definition: no byte that is looked for is ever passed. */
#include "test.h"

#include "base/scan.h"

#define LEN 70

/* What may be passed from `at`: whole blocks before the first of the bytes, or before the end. */
static size_t expected(struct span s, size_t at, const char bytes[3])
{
    size_t first = at;
    while (first < s.len && !memchr(bytes, s.ptr[first], 3))
        first++;
    return at + (first - at) / 16 * 16;
}

static void every_place(void **state)
{
    (void)state;
    char text[LEN];
    for (size_t place = 0; place <= LEN; place++) {
        memset(text, 'x', sizeof(text));
        if (place < LEN)
            text[place] = '&';
        for (size_t len = 0; len <= LEN; len++)
            for (size_t at = 0; at <= len; at++)
                assert_int_equal(scan_past((struct span){text, len}, at, "<&>"),
                                 expected((struct span){text, len}, at, "<&>"));
    }
}

static void every_byte(void **state)
{
    (void)state;
    char text[16];
    for (int wanted = 0; wanted < 256; wanted++) {
        for (int there = 0; there < 256; there++) {
            const char bytes[3] = {(char)wanted, (char)wanted, (char)wanted};
            memset(text, wanted ^ 0x80, sizeof(text));
            text[15] = (char)there;
            assert_int_equal(scan_past((struct span){text, sizeof(text)}, 0, bytes),
                             there == wanted ? 0 : 16);
        }
    }
}

/* Past ASCII without the byte: whole blocks only, and never past one that counts. */
static void past_ascii(void **state)
{
    (void)state;
    char text[3 * LEN];
    for (size_t len = 0; len <= sizeof(text); len++) {
        for (size_t place = 0; place < len; place++) {
            memset(text, 'x', sizeof(text));
            text[place] = place % 2 ? '\r' : '\xC3';
            size_t at = scan_past_ascii((struct span){text, len}, 0, '\r');
            assert_true(at <= place && place - at < 16);
        }
        memset(text, 'x', sizeof(text));
        assert_int_equal(scan_past_ascii((struct span){text, len}, 0, '\r'), len / 16 * 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(past_ascii),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
