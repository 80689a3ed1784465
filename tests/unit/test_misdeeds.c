/*
 * A worker in an attacker's hands (bad_decode.c): whatever it does is stopped, costs its own
 * picture at most, and the next picture comes out right.
 */
#include "decoding.h"

#include "sys/fd.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>

static struct decoding bad;

static struct pool_conf bad_conf(void)
{
    struct pool_conf conf = decoding_conf(getenv("SHOJI_BAD_DECODE"));
    conf.deadline_ms = 20000; /* none of these is to be found by it, but where a test says so */
#ifndef __SANITIZE_ADDRESS__
    conf.memory = 256 * MiB;
#endif
    return conf;
}

static int open_bad(void **state)
{
    (void)state;
    struct pool_conf conf = bad_conf();
    decoding_open(&bad, &conf);
    return 0;
}

static int close_bad(void **state)
{
    (void)state;
    decoding_close(&bad);
    return 0;
}

static struct came say_to(struct decoding *d, const char *word)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "\xff\xd8\xff%s", word);
    return decoding_one(d, text, (size_t)len);
}

/* By hand, from T.81: SOI, and SOF0 with 8 bits, 2 lines of 3. */
static const char right[] = "\xff\xd8\xff\xc0\0\x0b\x08\0\x02\0\x03\x01\x01\x11";

static void check_right(const struct decode_result *result)
{
    assert_int_equal(result->outcome, DECODE_OK);
    assert_int_equal(result->type, IMAGE_JPEG);
    assert_int_equal(result->width, 3);
    assert_int_equal(result->height, 2);
    assert_int_equal(result->len, sizeof(right));
    assert_memory_equal(result->bytes, right, sizeof(right));
}

static void expect_right(struct decoding *d)
{
    struct came came = say_to(d, "ok");
    check_right(&came.result);
    free(came.result.bytes);
}

static void expect(const char *word, enum decode_outcome outcome)
{
    struct came came = say_to(&bad, word);
    if (came.result.outcome != outcome)
        fail_msg("%s: outcome %d", word, came.result.outcome);
    if (outcome != DECODE_OK)
        assert_null(came.result.bytes);
    free(came.result.bytes);
    expect_right(&bad);
}

/* ---- calls ---- */

/* Judged by what each can do (syscalls(2)): to memory of its own, to descriptors it has, to itself.
 * With zeros for arguments `clone` is a fork, and `exit` an end without an answer. */
static bool is_harmless(long number)
{
    static const long harmless[] = {
        SYS_read,
        SYS_write,
        SYS_close,
        SYS_mmap,
        SYS_mprotect,
        SYS_munmap,
        SYS_brk,
        SYS_rt_sigprocmask,
        SYS_pwrite64,
        SYS_sched_yield,
        SYS_mremap,
        SYS_madvise,
        SYS_sendmsg,
        SYS_recvmsg,
        SYS_gettimeofday,
        SYS_getrusage,
        SYS_sysinfo,
        SYS_futex,
        SYS_getrandom,
        SYS_clock_gettime,
        SYS_sched_getaffinity,
        SYS_set_robust_list,
        SYS_rseq,
        SYS_clone3,
        SYS_restart_syscall, /* EINTR where there is nothing to restart */
#ifdef __SANITIZE_ADDRESS__
        SYS_sigaltstack,
        SYS_gettid,
        SYS_getpid,
#endif
    };
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (number == harmless[i])
            return true;
    return false;
}

/* Every other call of this kernel and of the next ones: opening, connecting, executing, tracing,
 * signalling, other descriptors, other processes. */
static void test_every_other_call_kills(void **state)
{
    (void)state;
    for (long number = 0; number < 512; number++) {
        char word[32];
        snprintf(word, sizeof(word), "call-%ld", number);
        struct came came = say_to(&bad, word);
        /* Newer kernels keep 335 and 336 for traps of their own and show them to no filter; they do
         * nothing where there is no such trap. */
        if (number == 335 || number == 336) {
            free(came.result.bytes);
            continue;
        }
        enum decode_outcome due = is_harmless(number) ? DECODE_OK : DECODE_CRASHED;
        if (came.result.outcome != due)
            fail_msg("system call %ld: outcome %d", number, came.result.outcome);
        free(came.result.bytes);
    }
    expect_right(&bad);
}

static void test_other_ways_into_the_kernel(void **state)
{
    (void)state;
    expect("i386", DECODE_CRASHED);
    expect("call-1073741826", DECODE_CRASHED); /* open, of the x32 table */
    expect("call-548", DECODE_CRASHED);
    expect("call--1", DECODE_CRASHED);
    expect("exec-file", DECODE_CRASHED);
}

static void test_resources_end(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    expect("threads", DECODE_OK);
    assert_int_equal(say_to(&bad, "broken").result.outcome, DECODE_BROKEN);
    expect("eat-memory", DECODE_OK);
    assert_int_equal(say_to(&bad, "broken").result.outcome, DECODE_BROKEN);
    expect_right(&bad);
}

static void test_result_has_an_end(void **state)
{
    (void)state;
    expect("write-everywhere", DECODE_OK); /* it found nothing */
    expect("write-past", DECODE_CRASHED);
}

/* ---- words ---- */

static void test_lies_are_crashes(void **state)
{
    (void)state;
    static const char *const about[] = {
        "id",       "kind",        "outcome",  "no-memory", "crashed", "type",   "no-type",
        "far-type", "width",       "no-width", "height",    "huge",    "frames", "no-frames",
        "length",   "transparent", "endless",  "nothing",   "header",  "empty"};
    for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
        char word[32];
        snprintf(word, sizeof(word), "lie-%s", about[i]);
        expect(word, DECODE_CRASHED);
    }
    expect("garbage", DECODE_CRASHED);
    expect("crash", DECODE_CRASHED);
    expect("short-message", DECODE_CRASHED);
    expect("long-message", DECODE_CRASHED);
}

static void test_rubbish_is_a_crash(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        char word[32];
        snprintf(word, sizeof(word), "rave-%d", i);
        struct came came = say_to(&bad, word);
        if (came.result.outcome != DECODE_CRASHED)
            fail_msg("%s: outcome %d", word, came.result.outcome);
    }
    expect_right(&bad);
}

/* At the edges of a field some answers are true; what is taken over must be so. */
static void test_edges_are_held_against_the_picture(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (int i = 0; i < 600; i++) {
        char word[32];
        snprintf(word, sizeof(word), "edge-%d", i);
        struct decode_result result = say_to(&bad, word).result;
        refused += result.outcome == DECODE_CRASHED;
        if (result.outcome == DECODE_OK) {
            assert_int_equal(result.type, IMAGE_JPEG);
            assert_int_equal(result.width, 3);
            assert_int_equal(result.height, 2);
            assert_in_range(result.frames, 1, LIMIT_FRAMES);
            assert_in_range(result.len, 11, LIMIT_DECODED_BYTES);
            assert_memory_equal(result.bytes, right, 11);
        } else if (result.outcome != DECODE_CRASHED) {
            /* a worker may say so of any picture */
            assert_true(result.outcome == DECODE_BROKEN || result.outcome == DECODE_TOO_LARGE);
        }
        free(result.bytes);
    }
    assert_true(refused > 300);
    expect_right(&bad);
}

/* ---- at the wrong time ---- */

/* The result is written to while it is taken over. What was looked at is what is kept. */
static void test_result_changes_after_the_answer(void **state)
{
    (void)state;
    unsigned taken = 0;
    unsigned refused = 0;
    for (int i = 0; i < 20000 && (i < 200 || !taken || !refused); i++) {
        struct decode_result result = say_to(&bad, "race").result;
        if (result.outcome == DECODE_OK) {
            check_right(&result);
            taken++;
        } else {
            assert_int_equal(result.outcome, DECODE_CRASHED);
            refused++;
        }
        free(result.bytes);
    }
    /* It came to both: the race was one. Workers run at idle priority, so on a busy machine it
     * takes thousands until both threads of one are on processors. */
    assert_true(taken > 0);
    assert_true(refused > 0);
    expect_right(&bad);
}

/* The picture of a word, and three that wait for the same worker while it acts; twenty times.
 * Returns how many of those were answered as their own fault. */
static unsigned bystanders_lost(const char *word)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "\xff\xd8\xff%s", word);
    unsigned lost = 0;
    for (int round = 0; round < 20; round++) {
        struct came came[4];
        decoding_start(&bad, text, (size_t)len, &came[0]);
        for (int i = 1; i < 4; i++)
            decoding_start(&bad, "\xff\xd8\xffok", 5, &came[i]);
        decoding_wait(&bad);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(came[i].times, 1);
            if (i > 0 && came[i].result.outcome == DECODE_NO_MEMORY)
                continue; /* "ours, not the picture's": it is tried again */
            if (i > 0 && came[i].result.outcome == DECODE_CRASHED)
                lost++;
            else
                check_right(&came[i].result);
            free(came[i].result.bytes);
        }
    }
    expect_right(&bad);
    return lost;
}

static void test_answers_twice(void **state)
{
    (void)state;
    assert_int_equal(bystanders_lost("twice"), 0);
}

/* It comes before the next picture is given out, or is taken for a lie about that one: what a
 * worker in bad hands is given next it can always refuse. Never for more, and never as a picture.
 */
static void test_answers_before_it_is_asked(void **state)
{
    (void)state;
    assert_in_range(bystanders_lost("ahead"), 0, 20);
}

static unsigned descriptors(void)
{
    unsigned count = 0;
    DIR *dir = opendir("/proc/self/fd");
    assert_non_null(dir);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void test_descriptors_are_not_taken(void **state)
{
    (void)state;
    expect_right(&bad);
    unsigned before = descriptors();
    for (int i = 0; i < 20; i++) {
        struct came came = say_to(&bad, "pass");
        check_right(&came.result);
        free(came.result.bytes);
    }
    expect_right(&bad);
    assert_int_equal(descriptors(), before);
}

/* A worker that hangs up is not left to itself. */
static void test_closed_socket_is_the_end(void **state)
{
    (void)state;
    char path[64];
    char text[64] = "";
    expect_right(&bad);
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)syscall(SYS_gettid));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", strtol(text, NULL, 10),
             strtol(text, NULL, 10));
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    CLEANUP_FD int worker = (int)syscall(SYS_pidfd_open, strtol(text, NULL, 10), 0);
    assert_true(worker >= 0);
    expect("close", DECODE_CRASHED);
    struct pollfd ends = {.fd = worker, .events = POLLIN};
    assert_int_equal(poll(&ends, 1, 10000), 1);
}

static void test_silence_is_a_timeout(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = bad_conf();
    conf.deadline_ms = 300;
    decoding_open(&d, &conf);
    assert_int_equal(say_to(&d, "sleep").result.outcome, DECODE_TIMEOUT);
    expect_right(&d);
    decoding_close(&d);
}

/* ---- each is counted, by what it was ---- */

static unsigned long lost(enum pool_loss loss)
{
    struct pool_figures figures;
    pool_figures(bad.pool, &figures);
    return figures.lost[loss];
}

static void test_losses_are_counted_by_kind(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum decode_outcome outcome;
        enum pool_loss loss;
    } cases[] = {
        {"open", DECODE_CRASHED, POOL_LOSS_DIED},
        {"crash", DECODE_CRASHED, POOL_LOSS_DIED},
        {"lie-width", DECODE_CRASHED, POOL_LOSS_FALSE},
        {"long-message", DECODE_CRASHED, POOL_LOSS_FALSE},
        {"garbage", DECODE_CRASHED, POOL_LOSS_FALSE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned long before = lost(cases[i].loss);
        expect(cases[i].word, cases[i].outcome);
        assert_int_equal(lost(cases[i].loss), before + 1);
    }
    unsigned long before = lost(POOL_LOSS_IDLE);
    struct came twice = say_to(&bad, "twice");
    check_right(&twice.result);
    free(twice.result.bytes);
    /* the second answer is found before the next picture is given out, or by its number */
    struct came next = say_to(&bad, "ok");
    assert_true(next.result.outcome == DECODE_OK || next.result.outcome == DECODE_NO_MEMORY);
    free(next.result.bytes);
    assert_int_equal(lost(POOL_LOSS_IDLE), before + 1);
    assert_int_equal(lost(POOL_LOSS_OVERDUE), 0);
}

/* ---- what was there before (CVE-2019-6976) ---- */

static bool confesses(void)
{
    struct decode_result result = say_to(&bad, "confess").result;
    assert_int_equal(result.outcome, DECODE_OK);
    bool knows = memmem(result.bytes, result.len, "remember", 8) != NULL;
    free(result.bytes);
    return knows;
}

/* A worker that was led astray by a picture does not see the next one, nor what it left behind. */
static void test_nothing_is_left_of_a_broken_picture(void **state)
{
    (void)state;
    assert_int_equal(say_to(&bad, "broken").result.outcome, DECODE_BROKEN);
    assert_false(confesses());
    assert_int_equal(say_to(&bad, "remember-broken").result.outcome, DECODE_BROKEN);
    assert_false(confesses());
    /* The contrast: the worker of a good picture lives on, and could. */
    struct came came = say_to(&bad, "remember-this");
    assert_int_equal(came.result.outcome, DECODE_OK);
    free(came.result.bytes);
    assert_true(confesses());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_other_call_kills),
        cmocka_unit_test(test_other_ways_into_the_kernel),
        cmocka_unit_test(test_resources_end),
        cmocka_unit_test(test_result_has_an_end),
        cmocka_unit_test(test_lies_are_crashes),
        cmocka_unit_test(test_rubbish_is_a_crash),
        cmocka_unit_test(test_edges_are_held_against_the_picture),
        cmocka_unit_test(test_result_changes_after_the_answer),
        cmocka_unit_test(test_answers_twice),
        cmocka_unit_test(test_answers_before_it_is_asked),
        cmocka_unit_test(test_descriptors_are_not_taken),
        cmocka_unit_test(test_closed_socket_is_the_end),
        cmocka_unit_test(test_losses_are_counted_by_kind),
        cmocka_unit_test(test_nothing_is_left_of_a_broken_picture),
        cmocka_unit_test_setup_teardown(test_silence_is_a_timeout, close_bad, open_bad),
    };
    return cmocka_run_group_tests(tests, open_bad, close_bad);
}
