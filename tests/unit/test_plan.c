#include "test.h"

#include "serve/plan.h"
#include "sys/conf.h"

/* The rules of the README, "When an original is fetched", one line a case. */

#define DAY_S 86400
#define NOW_S (20000LL * DAY_S + 12345)

static const struct plan_conf conf = {
    .retention_s = 365LL * DAY_S,
    .fetch_window_s = 14LL * DAY_S,
    .refetch = CONF_REFETCH_SHARED,
    .shared_by = 5,
};

static struct plan_ask reader(int delivered, bool consent)
{
    struct plan_ask ask = {.who = PLAN_READER, .options = SHOJI_URL_OPTIONS_NONE, .now_s = NOW_S};
    ask.options.delivered = delivered;
    ask.options.consent = consent;
    return ask;
}

static struct plan_ask of(enum plan_who who)
{
    return (struct plan_ask){.who = who, .options = SHOJI_URL_OPTIONS_NONE, .now_s = NOW_S};
}

static struct cache_record stored(unsigned sharers)
{
    struct cache_record record = {.state = CACHE_STORED, .answered_s = NOW_S - DAY_S};
    record.sharers_count = (uint8_t)sharers;
    for (unsigned i = 0; i < sharers; i++)
        record.sharers[i] = (uint16_t)(7 << 10 | i);
    return record;
}

static struct cache_record failed(int64_t retry_s)
{
    return (struct cache_record){
        .state = CACHE_FAILED, .answered_s = NOW_S - 100, .retry_s = retry_s};
}

enum { TODAY = 20000, LONG_AGO = 20000 - 15, NOT = SHOJI_NOT_DELIVERED };

static void expect(enum plan wanted, struct plan_ask ask, const struct cache_record *record,
                   bool have)
{
    enum plan got = plan_decide(&conf, &ask, record, have);
    if (got != wanted)
        fail_msg("%s, not %s", plan_name(got), plan_name(wanted));
}

static void test_unknown(void **state)
{
    (void)state;
    expect(PLAN_FETCH, reader(NOT, false), NULL, false);
    expect(PLAN_WAIT, reader(TODAY, false), NULL, false);
    expect(PLAN_WAIT, reader(TODAY - 13, false), NULL, false);
    expect(PLAN_GONE, reader(LONG_AGO, false), NULL, false);
    expect(PLAN_FETCH, reader(TODAY, true), NULL, false);
    expect(PLAN_FETCH, reader(LONG_AGO, true), NULL, false);
    expect(PLAN_FETCH, of(PLAN_SCHEDULED), NULL, false);
    expect(PLAN_FETCH, of(PLAN_HOP), NULL, false);
}

static void test_stored_is_served_to_all(void **state)
{
    (void)state;
    struct cache_record record = stored(0);
    expect(PLAN_SERVE, reader(NOT, false), &record, true);
    expect(PLAN_SERVE, reader(LONG_AGO, false), &record, true);
    expect(PLAN_SERVE, of(PLAN_SCHEDULED), &record, true);
    record.answered_s = NOW_S - 1000LL * DAY_S;
    expect(PLAN_SERVE, reader(LONG_AGO, false), &record, true);
}

static void test_evicted(void **state)
{
    (void)state;
    struct cache_record alone = stored(4), many = stored(5);
    expect(PLAN_GONE, reader(NOT, false), &alone, false);
    expect(PLAN_GONE, reader(TODAY, false), &alone, false);
    expect(PLAN_GONE, of(PLAN_SCHEDULED), &alone, false);
    expect(PLAN_GONE, of(PLAN_HOP), &alone, false);
    expect(PLAN_FETCH, reader(TODAY, true), &alone, false);
    expect(PLAN_REQUEUE, reader(TODAY, false), &many, false);
    expect(PLAN_FETCH, of(PLAN_SCHEDULED), &many, false);

    struct plan_conf never = conf, always = conf;
    never.refetch = CONF_REFETCH_NEVER;
    always.refetch = CONF_REFETCH_ALWAYS;
    struct plan_ask ask = reader(TODAY, false);
    assert_int_equal(plan_decide(&never, &ask, &many, false), PLAN_GONE);
    assert_int_equal(plan_decide(&always, &ask, &alone, false), PLAN_FETCH);
}

static void test_five_kids_of_one_mailbox_are_not_five_mailboxes(void **state)
{
    (void)state;
    struct cache_record record = stored(5);
    for (unsigned i = 0; i < 5; i++)
        record.sharers[i] = (uint16_t)(i << 10 | 3);
    assert_int_equal(plan_sharers(&record), 1);
    expect(PLAN_GONE, reader(TODAY, false), &record, false);
}

static void test_a_failure_is_tried_again_by_the_schedule_alone(void **state)
{
    (void)state;
    struct cache_record final = failed(0), due = failed(NOW_S - 1), later = failed(NOW_S + 60);
    const struct plan_ask readers[] = {reader(NOT, false), reader(TODAY, false),
                                       reader(TODAY, true), of(PLAN_HOP)};
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        expect(PLAN_MISSING, readers[i], &final, false);
        expect(PLAN_LATER, readers[i], &due, false);
        expect(PLAN_LATER, readers[i], &later, false);
    }
    expect(PLAN_FETCH, of(PLAN_SCHEDULED), &due, false);
    expect(PLAN_LATER, of(PLAN_SCHEDULED), &later, false);
    expect(PLAN_MISSING, of(PLAN_SCHEDULED), &final, false);
}

static void test_after_retention_it_may_be_forgotten(void **state)
{
    (void)state;
    struct cache_record record = stored(0);
    record.answered_s = NOW_S - 366LL * DAY_S;
    expect(PLAN_FETCH, reader(NOT, false), &record, false);
    expect(PLAN_WAIT, reader(TODAY, false), &record, false);
    record = failed(0);
    record.answered_s = NOW_S - 366LL * DAY_S;
    expect(PLAN_FETCH, reader(NOT, false), &record, false);
}

static void test_claimed_is_never_claimed_twice(void **state)
{
    (void)state;
    struct cache_record record = {.state = CACHE_CLAIMED, .claimed_s = NOW_S - 1};
    expect(PLAN_LATER, reader(NOT, false), &record, false);
    expect(PLAN_LATER, of(PLAN_SCHEDULED), &record, false);
}

static void test_tries_end(void **state)
{
    (void)state;
    int64_t last = NOW_S;
    unsigned tries = 0;
    for (int64_t next; (next = plan_retry_s(NOW_S, tries + 1, 0xffffffff)) != 0; tries++) {
        assert_true(next > last);
        last = next;
        assert_true(tries < 10);
    }
    assert_int_equal(tries, 3);
    assert_int_equal(plan_retry_s(NOW_S, 0, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_stored_is_served_to_all),
        cmocka_unit_test(test_evicted),
        cmocka_unit_test(test_five_kids_of_one_mailbox_are_not_five_mailboxes),
        cmocka_unit_test(test_a_failure_is_tried_again_by_the_schedule_alone),
        cmocka_unit_test(test_after_retention_it_may_be_forgotten),
        cmocka_unit_test(test_claimed_is_never_claimed_twice),
        cmocka_unit_test(test_tries_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
