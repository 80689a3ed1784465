#include "test.h"

#include "serve/plan.h"
#include "serve/reason.h"

#include <pthread.h>

/* The rules of the README, "When an original is fetched", one line a case. */

#define DAY_S 86400
#define NOW_S (20000LL * DAY_S + 12345)

static const struct plan_conf conf = {
    .packed = PLAN_PACKED(365LL * DAY_S, 14LL * DAY_S, 5),
};

/* The same, but for how many must share what is fetched again. */
static struct plan_conf with_sharers(unsigned sharers)
{
    struct plan_conf other = {0};
    struct plan_terms terms = plan_terms(&conf);
    terms.sharers = sharers;
    plan_set_terms(&other, &terms);
    return other;
}

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

    const struct plan_conf never = with_sharers(PLAN_NEVER), always = with_sharers(0);
    struct plan_ask ask = reader(TODAY, false);
    assert_int_equal(plan_decide(&never, &ask, &many, false), PLAN_GONE);
    assert_int_equal(plan_decide(&always, &ask, &alone, false), PLAN_REQUEUE);
    ask = reader(NOT, false);
    assert_int_equal(plan_decide(&never, &ask, &many, false), PLAN_GONE);
    assert_int_equal(plan_decide(&always, &ask, &alone, false), PLAN_FETCH);
    expect(PLAN_REQUEUE, ask, &many, false);
}

static void test_five_kids_of_one_mailbox_are_not_five_mailboxes(void **state)
{
    (void)state;
    struct cache_record record = stored(5);
    for (unsigned i = 0; i < 5; i++)
        record.sharers[i] = (uint16_t)(i << 10 | 3);
    assert_int_equal(cache_sharers(&record), 1);
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

static struct plan_series series(int64_t first_s, uint32_t spread)
{
    struct plan_series made = {.first_s = first_s};
    for (size_t i = 0; i < PLAN_RETRIES; i++)
        memcpy(made.spread + i * sizeof(spread), &spread, sizeof(spread));
    return made;
}

/* README: "repeated up to three times, after about 1 minute, 15 minutes and 4 hours". */
static void test_tries_end(void **state)
{
    (void)state;
    static const int64_t about_s[] = {60, 900, 14400};
    for (uint32_t spread = 0; spread < 100000; spread += 77) {
        struct plan_series made = series(NOW_S, spread);
        int64_t at_s = NOW_S;
        for (size_t i = 0; i < 3; i++) {
            at_s = plan_retry_s(&made, at_s);
            assert_in_range(at_s - NOW_S, about_s[i], about_s[i] * 3 / 2);
        }
        assert_int_equal(plan_retry_s(&made, at_s), 0);
    }
}

/* "503 first, image later": whenever the outcome comes, the next try is where it was. */
static void test_an_outcome_does_not_move_the_next_try(void **state)
{
    (void)state;
    struct plan_series made = series(NOW_S, 0x12345678);
    int64_t first_s = plan_retry_s(&made, NOW_S);
    for (int64_t at_s = NOW_S; at_s < first_s; at_s++)
        assert_int_equal(plan_retry_s(&made, at_s), first_s);
    int64_t second_s = plan_retry_s(&made, first_s);
    assert_true(second_s > first_s);
    for (int64_t at_s = first_s; at_s < second_s; at_s += 7)
        assert_int_equal(plan_retry_s(&made, at_s), second_s);
}

static void test_a_series_begins_when_it_was_due(void **state)
{
    (void)state;
    assert_int_equal(plan_first_s(NOW_S - 5, NOW_S), NOW_S - 5);
    assert_int_equal(plan_first_s(NOW_S, NOW_S), NOW_S);
    /* Days late, after an outage: its further tries still come. */
    assert_int_equal(plan_first_s(NOW_S - 3 * DAY_S, NOW_S), NOW_S);
    /* Nobody had queued it. */
    assert_int_equal(plan_first_s(0, NOW_S), NOW_S);
    assert_int_equal(plan_first_s(NOW_S + 1, NOW_S), NOW_S);
}

/* What a reader has queued again comes at any time of an hour, whatever jitter says: of 4,000 draws
 * some lie in each of its minutes (a minute stays empty once in 10^29), and none outside. */
static void test_no_requeue_follows_its_reader(void **state)
{
    (void)state;
    static const int64_t jitters_s[] = {0, 30, 7200};
    for (size_t i = 0; i < 3; i++) {
        int64_t spread_s = jitters_s[i] > 3600 ? jitters_s[i] : 3600;
        unsigned minutes[120] = {0};
        for (unsigned draw = 0; draw < 4000; draw++) {
            int64_t after_s = plan_requeue_s(NOW_S, 10, jitters_s[i]) - NOW_S;
            assert_in_range(after_s, 10, 10 + spread_s);
            minutes[(after_s - 10) * 59 / spread_s]++;
        }
        for (unsigned minute = 0; minute < 59; minute++)
            assert_true(minutes[minute] > 0);
    }
    assert_int_equal(plan_due_s(NOW_S, 0, 0), NOW_S);
}

/* A turn that has not come, or an egress that is down, is no outcome. */
static void test_who_was_not_asked_has_not_failed(void **state)
{
    (void)state;
    static const uint8_t reasons[] = {REASON_PACED, REASON_EGRESS};
    for (size_t i = 0; i < 2; i++) {
        struct cache_record record = failed(NOW_S + 600);
        record.reason = reasons[i];
        expect(PLAN_FETCH, reader(NOT, false), &record, false);
        expect(PLAN_FETCH, reader(TODAY, true), &record, false);
        expect(PLAN_WAIT, reader(TODAY, false), &record, false);
        expect(PLAN_LATER, of(PLAN_SCHEDULED), &record, false);
        record.retry_s = NOW_S;
        expect(PLAN_FETCH, of(PLAN_SCHEDULED), &record, false);
        /* Was it asked before, then its further tries are the schedule's as ever. */
        record.tries = 1;
        expect(PLAN_LATER, reader(NOT, false), &record, false);
        expect(PLAN_LATER, reader(TODAY, true), &record, false);
        expect(PLAN_LATER, reader(TODAY, false), &record, false);
        expect(PLAN_FETCH, of(PLAN_SCHEDULED), &record, false);
    }
}

/* An answered original was evicted, and fetching it again was put off (its turn, or no egress): it
 * waits for the queue, whatever the reader's URL says but consent. */
static void test_who_was_answered_before_is_not_asked_for_a_reader(void **state)
{
    (void)state;
    static const uint8_t reasons[] = {REASON_PACED, REASON_EGRESS};
    for (size_t i = 0; i < 2; i++) {
        struct cache_record record = failed(NOW_S + 600);
        record.reason = reasons[i];
        record.answered = 1;
        expect(PLAN_LATER, reader(NOT, false), &record, false);
        expect(PLAN_LATER, reader(TODAY, false), &record, false);
        expect(PLAN_FETCH, reader(NOT, true), &record, false);
        expect(PLAN_FETCH, reader(TODAY, true), &record, false);
        record.retry_s = NOW_S;
        expect(PLAN_FETCH, of(PLAN_SCHEDULED), &record, false);
    }
}

static void test_what_was_purged_stays_so(void **state)
{
    (void)state;
    struct cache_record record = stored(8);
    record.purged = 1;
    const struct plan_conf always = with_sharers(0);
    const struct plan_ask asks[] = {reader(NOT, false), reader(TODAY, false), reader(TODAY, true),
                                    of(PLAN_SCHEDULED), of(PLAN_HOP)};
    for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        expect(PLAN_GONE, asks[i], &record, false);
        assert_int_equal(plan_decide(&always, &asks[i], &record, false), PLAN_GONE);
    }
    record.answered_s = NOW_S - 366LL * DAY_S;
    expect(PLAN_GONE, reader(NOT, false), &record, false);
}

/* Contract: option d: "A reader's request for it never causes a fetch". */
static void test_no_reader_fetches_delivered_mail_at_his_request(void **state)
{
    (void)state;
    const struct cache_record records[] = {
        stored(0), stored(8), failed(0), failed(NOW_S - 1), {.state = CACHE_CLAIMED}};
    static const unsigned policies[] = {5, PLAN_NEVER, 0};
    static const int days[] = {0, LONG_AGO, TODAY - 1, TODAY, TODAY + 1, 1000000};
    for (size_t policy = 0; policy < 3; policy++) {
        const struct plan_conf other = with_sharers(policies[policy]);
        for (size_t day = 0; day < sizeof(days) / sizeof(days[0]); day++) {
            struct plan_ask ask = reader(days[day], false);
            assert_int_not_equal(plan_decide(&other, &ask, NULL, false), PLAN_FETCH);
            for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++)
                assert_int_not_equal(plan_decide(&other, &ask, &records[i], false), PLAN_FETCH);
        }
    }
}

/* The largest and smallest that the configuration takes, and what stands beside them. */
static void test_terms_are_kept_as_given(void **state)
{
    (void)state;
    static const int64_t times_s[] = {DAY_S, 14LL * DAY_S, 3650LL * DAY_S};
    static const unsigned sharers[] = {0, 2, 8, PLAN_NEVER};
    for (size_t i = 0; i < 3 * 3 * 4; i++) {
        const struct plan_terms given = {
            .retention_s = times_s[i % 3],
            .fetch_window_s = times_s[i / 3 % 3],
            .sharers = sharers[i / 9],
        };
        struct plan_conf kept = {0};
        plan_set_terms(&kept, &given);
        const struct plan_terms got = plan_terms(&kept);
        assert_int_equal(got.retention_s, given.retention_s);
        assert_int_equal(got.fetch_window_s, given.fetch_window_s);
        assert_int_equal(got.sharers, given.sharers);
    }
}

/* Two kinds of terms that take turns until `ends`, and how often they did. */
struct turns {
    struct plan_terms terms[2];
    struct plan_conf now;
    _Atomic unsigned count;
    _Atomic bool ends;
};

static void *take_turns(void *arg)
{
    struct turns *turns = arg;
    while (!turns->ends) {
        plan_set_terms(&turns->now, &turns->terms[turns->count % 2]);
        turns->count++;
    }
    return NULL;
}

/* Neither the terms of before nor those of after allow a fetch: then no moment does. */
static void expect_gone_throughout(struct turns *turns, const struct plan_ask *ask,
                                   const struct cache_record *record)
{
    pthread_t thread;
    for (unsigned i = 0; i < 2; i++) {
        plan_set_terms(&turns->now, &turns->terms[i]);
        assert_int_equal(plan_decide(&turns->now, ask, record, false), PLAN_GONE);
    }
    assert_int_equal(pthread_create(&thread, NULL, take_turns, turns), 0);
    unsigned others = 0;
    for (unsigned i = 0; i < 2000000 || turns->count < 1000; i++)
        others += plan_decide(&turns->now, ask, record, false) != PLAN_GONE;
    turns->ends = true;
    pthread_join(thread, NULL);
    assert_int_equal(others, 0);
}

static void test_terms_change_at_once(void **state)
{
    (void)state;
    const struct cache_record alone = stored(1), many = stored(8);
    const struct plan_ask scheduled = of(PLAN_SCHEDULED), read = reader(LONG_AGO, false);
    struct turns refetch = {
        .terms = {{365LL * DAY_S, 14LL * DAY_S, 5}, {365LL * DAY_S, 14LL * DAY_S, PLAN_NEVER}}};
    expect_gone_throughout(&refetch, &scheduled, &alone);
    /* By the one it is forgotten, and delivered too long ago; by the other, never fetched again. */
    struct cache_record older = many;
    older.answered_s = NOW_S - 20LL * DAY_S;
    struct turns all = {
        .terms = {{10LL * DAY_S, 14LL * DAY_S, 2}, {365LL * DAY_S, 14LL * DAY_S, PLAN_NEVER}}};
    expect_gone_throughout(&all, &read, &older);
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
        cmocka_unit_test(test_an_outcome_does_not_move_the_next_try),
        cmocka_unit_test(test_a_series_begins_when_it_was_due),
        cmocka_unit_test(test_no_requeue_follows_its_reader),
        cmocka_unit_test(test_who_was_not_asked_has_not_failed),
        cmocka_unit_test(test_who_was_answered_before_is_not_asked_for_a_reader),
        cmocka_unit_test(test_what_was_purged_stays_so),
        cmocka_unit_test(test_no_reader_fetches_delivered_mail_at_his_request),
        cmocka_unit_test(test_terms_are_kept_as_given),
        cmocka_unit_test(test_terms_change_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
