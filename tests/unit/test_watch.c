#include "test.h"

#include "serve/watch.h"
#include "sys/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

/* Stepped by hand, so that the clock is the test's own. */
static const struct watch_conf by_hand = {
    .max = 4, .header_ms = 20000, .answer_ms = 30000, .answer_rate = 16384};

#define LONG_MS 1000000

/* A connection that is watched, and the reader's end of it. */
struct pair {
    int ours, theirs;
    struct watched *watched;
};

static struct watch *watch_of(const struct watch_conf *conf)
{
    struct watch *watch;
    assert_int_equal(watch_new(conf, &watch), 0);
    return watch;
}

static struct pair connect_unwatched(void)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    return (struct pair){.ours = fds[0], .theirs = fds[1]};
}

static struct pair connect_to(struct watch *watch)
{
    struct pair pair = connect_unwatched();
    pair.watched = watch_add(watch, pair.ours);
    return pair;
}

static void disconnect(struct pair *pair)
{
    watch_remove(pair->watched);
    close(pair->ours);
    close(pair->theirs);
}

/* Nothing is ever sent, so that what can be read is the end. */
static bool is_cut(const struct pair *pair)
{
    char byte;
    ssize_t n = recv(pair->theirs, &byte, 1, MSG_DONTWAIT);
    assert_true(n == 0 || (n < 0 && errno == EAGAIN));
    return n == 0;
}

static void test_a_header_has_its_time_and_no_more(void **state)
{
    (void)state;
    struct watch *watch = watch_of(&by_hand);
    watch_step(watch, 12345);
    struct pair pair = connect_to(watch);
    watch_step(watch, 19999);
    assert_false(is_cut(&pair));
    watch_step(watch, 1);
    assert_true(is_cut(&pair));
    disconnect(&pair);
    watch_free(watch);
}

static void test_the_next_header_has_its_time_from_the_answer_on(void **state)
{
    (void)state;
    struct watch *watch = watch_of(&by_hand);
    struct pair pair = connect_to(watch);
    for (int i = 0; i < 3; i++) {
        watch_step(watch, 19999);
        watch_answer(pair.watched, 100);
        watch_step(watch, 29999);
        watch_header(pair.watched);
    }
    watch_step(watch, 19999);
    assert_false(is_cut(&pair));
    watch_step(watch, 1);
    assert_true(is_cut(&pair));
    disconnect(&pair);
    watch_free(watch);
}

static void test_an_answer_has_time_by_its_size(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        unsigned ms;
    } cases[] = {
        {0, 30000},
        {16384, 31000},             /* a second at the rate */
        {64 * 1024, 34000},         /* four */
        {8192, 30500},              /* half a one */
        {16 * 1024 * 1024, 1054000} /* 1024 */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct watch *watch = watch_of(&by_hand);
        struct pair pair = connect_to(watch);
        watch_answer(pair.watched, cases[i].bytes);
        watch_step(watch, cases[i].ms - 1);
        assert_false(is_cut(&pair));
        watch_step(watch, 1);
        assert_true(is_cut(&pair));
        disconnect(&pair);
        watch_free(watch);
    }
}

static void test_who_waits_for_us_waits_as_long_as_it_takes(void **state)
{
    (void)state;
    struct watch *watch = watch_of(&by_hand);
    struct pair pair = connect_to(watch);
    watch_pause(pair.watched);
    watch_step(watch, LONG_MS);
    assert_false(is_cut(&pair));
    watch_answer(pair.watched, 0);
    watch_step(watch, 29999);
    assert_false(is_cut(&pair));
    watch_step(watch, 1);
    assert_true(is_cut(&pair));
    disconnect(&pair);
    watch_free(watch);
}

static void test_only_who_is_due_is_cut(void **state)
{
    (void)state;
    struct watch *watch = watch_of(&by_hand);
    struct pair early = connect_to(watch);
    watch_step(watch, 10000);
    struct pair late = connect_to(watch);
    watch_step(watch, 10000);
    assert_true(is_cut(&early));
    assert_false(is_cut(&late));
    disconnect(&early);
    watch_step(watch, 10000);
    assert_true(is_cut(&late));
    disconnect(&late);
    watch_free(watch);
}

static void test_a_removed_descriptor_is_left_alone(void **state)
{
    (void)state;
    struct watch *watch = watch_of(&by_hand);
    struct pair pair = connect_to(watch);
    int number = pair.ours;
    disconnect(&pair);
    /* The kernel gives the lowest free number: the next socket is somebody else under the same. */
    struct pair other = connect_unwatched();
    assert_int_equal(other.ours, number);
    watch_step(watch, LONG_MS);
    assert_false(is_cut(&other));
    disconnect(&other);
    watch_free(watch);
}

static void test_there_are_so_many_places_and_they_are_used_again(void **state)
{
    (void)state;
    struct watch *watch = watch_of(&by_hand);
    struct pair pairs[4];
    for (int i = 0; i < 4; i++) {
        pairs[i] = connect_to(watch);
        assert_non_null(pairs[i].watched);
    }
    struct pair over = connect_to(watch);
    assert_null(over.watched);
    watch_header(over.watched);
    watch_answer(over.watched, 1);
    watch_pause(over.watched);
    watch_step(watch, 15000);
    disconnect(&pairs[2]);
    disconnect(&pairs[0]);
    pairs[0] = connect_to(watch);
    pairs[2] = connect_to(watch);
    assert_non_null(pairs[0].watched);
    assert_non_null(pairs[2].watched);
    watch_step(watch, 5000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(is_cut(&pairs[i]), i % 2);
    watch_step(watch, 15000);
    for (int i = 0; i < 4; i++)
        assert_true(is_cut(&pairs[i]));
    assert_false(is_cut(&over));
    for (int i = 0; i < 4; i++)
        disconnect(&pairs[i]);
    disconnect(&over);
    watch_free(watch);
}

/* ---- with its thread ---- */

static void test_the_thread_cuts_by_itself_and_never_early(void **state)
{
    (void)state;
    const struct watch_conf conf = {
        .max = 1, .header_ms = 20, .answer_ms = 1, .answer_rate = 1, .tick_ms = 20};
    struct watch *watch = watch_of(&conf);
    for (int i = 0; i < 10; i++) {
        poll(NULL, 0, 2 * i); /* a cut comes with a tick: so they begin all over the next one */
        int64_t began_ms = clock_ms();
        struct pair pair = connect_to(watch);
        struct pollfd end = {.fd = pair.theirs, .events = POLLIN};
        assert_int_equal(poll(&end, 1, 30000), 1);
        assert_true(is_cut(&pair));
        assert_true(clock_ms() - began_ms >= 20);
        disconnect(&pair);
    }
    watch_free(watch);
}

static void test_the_thread_ends_at_once(void **state)
{
    (void)state;
    const struct watch_conf conf = {.answer_rate = 1, .tick_ms = 3600 * 1000};
    watch_free(watch_of(&conf));
    watch_free(NULL);
}

/*
 * A front: connections come, are answered and go, while the thread cuts most of them. After each,
 * one that nobody watches takes its number and must live through the next turn: then a byte still
 * goes through it.
 */
struct front {
    pthread_t thread;
    struct watch *watch;
    size_t turns, lost;
};

static bool lives(const struct pair *pair)
{
    char byte = 'x';
    return send(pair->ours, &byte, 1, MSG_NOSIGNAL) == 1 &&
           recv(pair->theirs, &byte, 1, MSG_DONTWAIT) == 1;
}

static void *front_main(void *arg)
{
    struct front *front = arg;
    int64_t until_ms = clock_ms() + 500;
    struct pair other = connect_unwatched();
    for (; clock_ms() < until_ms; front->turns++) {
        struct pair pair = connect_to(front->watch);
        must(pair.watched != NULL);
        struct pollfd end = {.fd = pair.theirs, .events = POLLIN};
        poll(&end, 1, (int)(front->turns % 4)); /* at most 3 ms: some ends come, some do not */
        watch_pause(pair.watched);
        watch_answer(pair.watched, front->turns % 3);
        watch_header(pair.watched);
        disconnect(&pair);
        struct pair next = connect_unwatched(); /* by the numbers that have just come free */
        front->lost += !lives(&other);
        disconnect(&other);
        other = next;
    }
    disconnect(&other);
    return NULL;
}

static void test_fronts_and_the_thread_at_once(void **state)
{
    (void)state;
    const struct watch_conf conf = {
        .max = 4, .header_ms = 1, .answer_ms = 1, .answer_rate = 1000, .tick_ms = 1};
    struct watch *watch = watch_of(&conf);
    struct front fronts[4] = {0};
    for (int i = 0; i < 4; i++) {
        fronts[i].watch = watch;
        assert_int_equal(pthread_create(&fronts[i].thread, NULL, front_main, &fronts[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(fronts[i].thread, NULL), 0);
        assert_true(fronts[i].turns > 0);
        assert_int_equal(fronts[i].lost, 0);
    }
    watch_free(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_header_has_its_time_and_no_more),
        cmocka_unit_test(test_the_next_header_has_its_time_from_the_answer_on),
        cmocka_unit_test(test_an_answer_has_time_by_its_size),
        cmocka_unit_test(test_who_waits_for_us_waits_as_long_as_it_takes),
        cmocka_unit_test(test_only_who_is_due_is_cut),
        cmocka_unit_test(test_a_removed_descriptor_is_left_alone),
        cmocka_unit_test(test_there_are_so_many_places_and_they_are_used_again),
        cmocka_unit_test(test_the_thread_cuts_by_itself_and_never_early),
        cmocka_unit_test(test_the_thread_ends_at_once),
        cmocka_unit_test(test_fronts_and_the_thread_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
