#include "test.h"

#include "serve/crowd.h"

static void test_each_domain_is_counted_for_itself(void **state)
{
    (void)state;
    struct crowd *crowd = NULL;
    assert_int_equal(crowd_new(&crowd), 0);
    assert_int_equal(crowd_count(crowd, 7), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(crowd_enter(crowd, 7), 0);
    assert_int_equal(crowd_enter(crowd, 8), 0);
    assert_int_equal(crowd_count(crowd, 7), 3);
    assert_int_equal(crowd_count(crowd, 8), 1);
    crowd_leave(crowd, 7);
    crowd_leave(crowd, 8);
    assert_int_equal(crowd_count(crowd, 7), 2);
    assert_int_equal(crowd_count(crowd, 8), 0);
    crowd_free(crowd);
}

/* Many domains, in another order out than in: what has left takes no memory (ASan), what is still
 * here at the end is freed with the crowd. */
static void test_many_come_and_go(void **state)
{
    (void)state;
    struct crowd *crowd = NULL;
    assert_int_equal(crowd_new(&crowd), 0);
    for (uint64_t i = 0; i < 10000; i++)
        assert_int_equal(crowd_enter(crowd, i % 500), 0);
    for (uint64_t domain = 0; domain < 500; domain++)
        assert_int_equal(crowd_count(crowd, domain), 20);
    for (uint64_t i = 10000; i-- > 500;)
        crowd_leave(crowd, i % 500);
    for (uint64_t domain = 0; domain < 500; domain++)
        assert_int_equal(crowd_count(crowd, domain), 1);
    crowd_free(crowd);
    crowd_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_domain_is_counted_for_itself),
        cmocka_unit_test(test_many_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
