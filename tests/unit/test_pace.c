#include "test.h"

#include "serve/pace.h"

/* What is expected follows from "burst at once, then per_s a second" alone. */

static struct pace *bucket_of(uint64_t per_s, uint64_t burst, size_t most)
{
    struct pace *pace = NULL;
    const struct pace_rate rate = {.per_s = per_s, .burst = burst};
    assert_int_equal(pace_new(&rate, most, &pace), 0);
    return pace;
}

/* Takes whenever it may; how many until `until_ms`. */
static unsigned take_all(struct pace *pace, uint64_t key, int64_t *now_ms, int64_t until_ms)
{
    unsigned taken = 0;
    while (*now_ms <= until_ms) {
        int64_t wait_ms = pace_wait_ms(pace, key, *now_ms);
        if (wait_ms > 0) {
            *now_ms += wait_ms;
            continue;
        }
        pace_take(pace, key, 1, *now_ms);
        taken++;
    }
    return taken;
}

static void test_the_burst_then_the_rate(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(20, 40, 8);
    int64_t now_ms = 1000000;
    assert_int_equal(take_all(pace, 7, &now_ms, 1000000), 40);
    assert_int_equal(pace_wait_ms(pace, 7, 1000000), 50);
    now_ms = 1000000;
    assert_int_equal(take_all(pace, 7, &now_ms, 1010000), 10 * 20);
    pace_free(pace);
}

static void test_it_fills_up_to_the_burst_and_no_further(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(10, 5, 8);
    int64_t now_ms = 0;
    assert_int_equal(take_all(pace, 1, &now_ms, 0), 5);
    now_ms = 300;
    assert_int_equal(take_all(pace, 1, &now_ms, 300), 3);
    now_ms = 1000LL * 3600 * 24 * 365;
    assert_int_equal(take_all(pace, 1, &now_ms, 1000LL * 3600 * 24 * 365), 5);
    pace_free(pace);
}

static void test_keys_do_not_pay_for_one_another(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(1, 1, 8);
    pace_take(pace, 1, 1, 0);
    assert_int_equal(pace_wait_ms(pace, 1, 0), 1000);
    assert_int_equal(pace_wait_ms(pace, 2, 0), 0);
    pace_free(pace);
}

static void test_no_rate_is_no_limit(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(0, 0, 1);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(pace_wait_ms(pace, (uint64_t)i, 0), 0);
        pace_take(pace, (uint64_t)i, 1000000000, 0);
    }
    pace_free(pace);
}

/* Bytes are known only when they are here. */
static void test_debts_are_paid_off(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(1000000, 1000000, 4); /* a megabyte a second */
    pace_take(pace, 0, 4000000, 0);
    assert_in_range(pace_wait_ms(pace, 0, 0), 3000, 3001);
    assert_in_range(pace_wait_ms(pace, 0, 2000), 1000, 1001);
    assert_int_equal(pace_wait_ms(pace, 0, 3001), 0);
    pace_free(pace);
}

static void test_what_was_booked_comes_one_after_the_other(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(40, 2, 4);
    assert_int_equal(pace_book(pace, 9, 500), 0);
    assert_int_equal(pace_book(pace, 9, 500), 0);
    for (int i = 1; i <= 10000; i++)
        assert_int_equal(pace_book(pace, 9, 500), i * 25);
    pace_free(pace);
}

static void test_a_full_table_forgets_no_debt(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(1, 1, 100);
    for (uint64_t key = 1; key <= 100; key++)
        pace_take(pace, key, key <= 50 ? 1000 : 1, 0);
    /* All owe: a stranger waits, and whoever is known still owes. */
    assert_true(pace_wait_ms(pace, 1000, 0) > 0);
    assert_int_equal(pace_wait_ms(pace, 3, 0), 1000 * 1000);
    /* Half of them have paid: there is room for as many strangers, and not for more. */
    unsigned let_in = 0;
    for (uint64_t key = 1000; key < 2000; key++) {
        if (pace_wait_ms(pace, key, 5000) > 0)
            continue;
        pace_take(pace, key, 1000, 5000);
        let_in++;
    }
    assert_int_equal(let_in, 50);
    for (uint64_t key = 1; key <= 50; key++)
        assert_int_equal(pace_wait_ms(pace, key, 5000), 995 * 1000);
    pace_free(pace);
}

static void test_enormous_numbers_stay_in_range(void **state)
{
    (void)state;
    struct pace *pace = bucket_of(1, 1, 2);
    for (int i = 0; i < 100; i++)
        pace_take(pace, 5, UINT64_MAX, INT64_MAX / 4000000);
    assert_true(pace_wait_ms(pace, 5, 0) > 0);
    pace_free(pace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_burst_then_the_rate),
        cmocka_unit_test(test_it_fills_up_to_the_burst_and_no_further),
        cmocka_unit_test(test_keys_do_not_pay_for_one_another),
        cmocka_unit_test(test_no_rate_is_no_limit),
        cmocka_unit_test(test_debts_are_paid_off),
        cmocka_unit_test(test_what_was_booked_comes_one_after_the_other),
        cmocka_unit_test(test_a_full_table_forgets_no_debt),
        cmocka_unit_test(test_enormous_numbers_stay_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
