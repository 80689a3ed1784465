/*
 * One original from the claim to what is remembered of it: what is asked of the world, and what
 * never again.
 */
#include "flight_world.h"

#include "sys/clock.h"

#include <sodium.h>

#define A "http://a.example/a.png"
#define B "http://b.example/b.png"
#define C "http://c.example/c.png"

static void assert_told(struct told told, enum reply_constant reply)
{
    assert_int_equal(told.reply, reply);
}

static void assert_picture(struct told told, const char *bytes)
{
    assert_int_equal(told.reply, REPLY_CONSTANTS);
    assert_string_equal(told.bytes, bytes);
}

static void pass_until_due(const struct world *w, const char *url)
{
    int64_t due_s = world_due_s(w, url);
    assert_true(due_s > clock_wall_s());
    world_pass_s(due_s - clock_wall_s() + 1);
}

/* ---- an outcome that cannot be written ---- */

static void test_an_unwritten_picture_is_shown_and_tried_again_by_the_clock(void **state)
{
    (void)state;
    static const struct page pages[] = {{.url = A}, {0}};
    struct world *w = world_new(pages);
    world_break_writes(CACHE_STORE, 1);
    assert_picture(world_read(w, A), A);
    assert_int_equal(world_record(w, A).state, CACHE_CLAIMED);
    /* No reader has it asked again, and none waits for a flight that has ended. */
    assert_told(world_read(w, A), REPLY_LATER);
    assert_told(world_consent(w, A), REPLY_LATER);
    assert_told(world_read_delivered(w, A), REPLY_LATER);
    assert_int_equal(world_asked(A), 1);
    pass_until_due(w, A);
    assert_told(world_read(w, A), REPLY_LATER);
    assert_picture(world_take_turn(w, A), A);
    assert_int_equal(world_asked(A), 2);
    assert_int_equal(world_record(w, A).tries, 2);
    assert_picture(world_read(w, A), A);
    assert_int_equal(world_asked(A), 2);
    world_free(w);
}

/* However long nothing can be written: no more tries than the schedule has. */
static void test_unwritten_failures_end_with_the_schedule(void **state)
{
    (void)state;
    static const struct page pages[] = {{.url = A, .outcome = FETCH_ORIGIN_ERROR}, {0}};
    struct world *w = world_new(pages);
    unsigned turns = 0;
    world_break_writes(CACHE_FAIL, UINT16_MAX);
    assert_told(world_read(w, A), REPLY_LATER);
    while (world_due_s(w, A) != 0) {
        assert_in_range(++turns, 1, PLAN_RETRIES);
        pass_until_due(w, A);
        assert_told(world_take_turn(w, A), REPLY_LATER);
    }
    assert_int_equal(turns, PLAN_RETRIES);
    assert_int_equal(world_record(w, A).state, CACHE_CLAIMED);
    assert_told(world_read(w, A), REPLY_MISSING);
    assert_told(world_consent(w, A), REPLY_MISSING);
    assert_int_equal(world_asked(A), 1 + PLAN_RETRIES);
    world_free(w);
}

/* ---- poison ---- */

static void test_what_kills_the_decoder_is_never_offered_again(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.url = A, .decoded = DECODE_CRASHED},
        {.url = B, .decoded = DECODE_TIMEOUT},
        {.url = C, .outcome = FETCH_REDIRECT, .location = A},
        {0},
    };
    struct world *w = world_new(pages);
    assert_told(world_read(w, A), REPLY_MISSING);
    assert_told(world_read(w, B), REPLY_MISSING);
    assert_int_equal(world_record(w, A).reason, REASON_DECODE + DECODE_CRASHED);
    assert_int_equal(world_record(w, B).reason, REASON_DECODE + DECODE_TIMEOUT);
    for (int i = 0; i < 2; i++) {
        assert_told(world_read(w, A), REPLY_MISSING);
        assert_told(world_consent(w, A), REPLY_MISSING);
        assert_told(world_consent(w, B), REPLY_MISSING);
        assert_told(world_read(w, C), REPLY_MISSING); /* nor where another leads to it */
        assert_int_equal(world_due_s(w, A), 0);
        world_pass_s(30LL * 86400);
        world_restart(w);
    }
    assert_int_equal(world_asked(A), 1);
    assert_int_equal(world_asked(B), 1);
    assert_int_equal(world_asked(C), 1);
    assert_int_equal(world_decoded(), 2);
    world_free(w);
}

/* The same bytes under many URLs: two workers are lost, and no more. Other bytes are nobody's
 * business. */
static void test_a_campaign_of_poison_costs_two_workers(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.url = "http://p.example/1", .body = "poison", .decoded = DECODE_TIMEOUT},
        {.url = "http://p.example/2", .body = "poison"},
        {.url = "http://p.example/3", .body = "poison"},
        {.url = "http://p.example/4", .body = "poison"},
        {.url = "http://p.example/5", .body = "health"},
        {.url = "http://p.example/6", .body = "broken", .decoded = DECODE_BROKEN},
        {.url = "http://p.example/7", .body = "broken"},
        {.url = "http://p.example/8", .body = "broken"},
        {0},
    };
    struct world *w = world_new(pages);
    for (int i = 0; i < 4; i++) {
        assert_told(world_read(w, pages[i].url), REPLY_MISSING);
        assert_int_equal(world_record(w, pages[i].url).reason, REASON_DECODE + DECODE_TIMEOUT);
        assert_int_equal(world_decoded(), i < 2 ? i + 1 : 2);
    }
    assert_picture(world_read(w, pages[4].url), pages[4].url);
    for (int i = 5; i < 8; i++) /* a worker lives through these */
        assert_told(world_read(w, pages[i].url), REPLY_MISSING);
    assert_int_equal(world_decoded(), 2 + 1 + 3);
    world_free(w);
}

/* A machine that was too slow once, and once more later, has not shown anything. */
static void test_what_went_well_in_between_is_no_poison(void **state)
{
    (void)state;
    struct page pages[] = {
        {.url = "http://p.example/1", .body = "large"},
        {.url = "http://p.example/2", .body = "large"},
        {.url = "http://p.example/3", .body = "large"},
        {.url = "http://p.example/4", .body = "large"},
        {0},
    };
    struct world *w = world_new(pages);
    for (int i = 0; i < 4; i++) {
        pages[0].decoded = i % 2 ? DECODE_OK : DECODE_TIMEOUT;
        struct told told = world_read(w, pages[i].url);
        assert_int_equal(told.reply, i % 2 ? REPLY_CONSTANTS : REPLY_MISSING);
    }
    assert_int_equal(world_decoded(), 4);
    world_free(w);
}

/* ---- redirects ---- */

/* Who answered with a redirect is not asked again while the hop waits for another try. */
static void test_who_redirected_is_not_asked_again(void **state)
{
    (void)state;
    struct page pages[] = {
        {.url = A, .outcome = FETCH_REDIRECT, .location = B},
        {.url = B, .outcome = FETCH_ORIGIN_ERROR},
        {.url = C, .outcome = FETCH_REDIRECT, .location = A},
        {0},
    };
    struct world *w = world_new(pages);
    assert_told(world_read(w, A), REPLY_LATER);
    assert_told(world_read(w, A), REPLY_LATER);
    assert_told(world_consent(w, A), REPLY_LATER);
    assert_told(world_read(w, C), REPLY_LATER);
    assert_told(world_consent(w, C), REPLY_LATER);
    world_restart(w);
    assert_told(world_consent(w, A), REPLY_LATER);
    assert_told(world_consent(w, C), REPLY_LATER);
    assert_int_equal(world_asked(A), 1);
    assert_int_equal(world_asked(B), 1);
    assert_int_equal(world_asked(C), 1);
    pages[1].outcome = FETCH_OK;
    pass_until_due(w, B);
    assert_picture(world_take_turn(w, B), B);
    pass_until_due(w, C);
    assert_picture(world_take_turn(w, A), B);
    assert_picture(world_take_turn(w, C), B);
    assert_int_equal(world_asked(A), 1);
    assert_int_equal(world_asked(B), 2);
    assert_int_equal(world_asked(C), 1);
    world_free(w);
}

/* The same where the hop was not even asked: no egress worked, or its network had its share. */
static void test_a_hop_that_was_put_off_sends_nobody_back(void **state)
{
    (void)state;
    struct page pages[] = {
        {.url = A, .outcome = FETCH_REDIRECT, .location = B},
        {.url = B, .outcome = FETCH_EGRESS},
        {.url = C, .outcome = FETCH_REDIRECT, .location = A},
        {0},
    };
    struct world *w = world_new(pages);
    assert_told(world_read(w, A), REPLY_LATER);
    assert_told(world_consent(w, A), REPLY_LATER);
    assert_told(world_consent(w, C), REPLY_LATER);
    pass_until_due(w, A);
    world_take_turn(w, A); /* led to the hop, and put off with it once more */
    assert_told(world_consent(w, A), REPLY_LATER);
    assert_told(world_consent(w, C), REPLY_LATER);
    world_restart(w);
    assert_told(world_consent(w, A), REPLY_LATER);
    assert_told(world_consent(w, C), REPLY_LATER);
    assert_int_equal(world_asked(A), 1);
    assert_int_equal(world_asked(C), 1);
    pages[1].outcome = FETCH_OK;
    assert_picture(world_consent(w, B), B);
    pass_until_due(w, A);
    assert_picture(world_take_turn(w, A), B);
    assert_int_equal(world_asked(A), 1);
    world_free(w);
}

/* ---- what the bytes are ---- */

static void test_verdicts(void **state)
{
    (void)state;
    static const struct page pages[] = {
        {.url = "http://v.example/1x1", .width = 1, .height = 1},
        {.url = "http://v.example/2x2", .width = 2, .height = 2},
        {.url = "http://v.example/3x3", .width = 3, .height = 3, .transparent = true},
        {.url = "http://v.example/4x3", .width = 4, .height = 3},
        {.url = "http://v.example/1x600", .width = 1, .height = 600},
        {.url = "http://v.example/4x1", .width = 4, .height = 1, .transparent = true},
        {.url = "http://v.example/8x8", .width = 8, .height = 8, .transparent = true},
        {0},
    };
    struct world *w = world_new(pages);
    for (int i = 0; i < 3; i++) {
        assert_told(world_read(w, pages[i].url), REPLY_BLANK);
        assert_int_equal(world_record(w, pages[i].url).pixel, 1);
    }
    for (int i = 3; i < 7; i++) {
        assert_picture(world_read(w, pages[i].url), pages[i].url);
        assert_int_equal(world_record(w, pages[i].url).pixel, 0);
    }
    struct flight_figures figures;
    flight_figures(w->flights, &figures);
    assert_int_equal(figures.verdicts[FLIGHT_PIXEL], 3);
    assert_int_equal(figures.verdicts[FLIGHT_PICTURE], 2);
    assert_int_equal(figures.verdicts[FLIGHT_SPACER], 2);
    world_free(w);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 || reply_setup() != 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    reply_teardown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_unwritten_picture_is_shown_and_tried_again_by_the_clock),
        cmocka_unit_test(test_unwritten_failures_end_with_the_schedule),
        cmocka_unit_test(test_what_kills_the_decoder_is_never_offered_again),
        cmocka_unit_test(test_a_campaign_of_poison_costs_two_workers),
        cmocka_unit_test(test_what_went_well_in_between_is_no_poison),
        cmocka_unit_test(test_who_redirected_is_not_asked_again),
        cmocka_unit_test(test_a_hop_that_was_put_off_sends_nobody_back),
        cmocka_unit_test(test_verdicts),
    };
    return cmocka_run_group_tests_name("flight", tests, set_up, tear_down);
}
