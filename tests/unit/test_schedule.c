/* How workers are scheduled, and what excuses them: seen at processes of our own. */
#include "test.h"

#include "decode/schedule.h"
#include "sys/clock.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that spins on the first core that we may use, or waits. */
static pid_t spawn(bool spins)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    cpu_set_t cores, one;
    CPU_ZERO(&one);
    sched_getaffinity(0, sizeof(cores), &cores);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &cores))
            CPU_SET(i, &one);
    sched_setaffinity(0, sizeof(one), &one);
    for (volatile unsigned long turns = 0;; turns++)
        if (!spins)
            pause();
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static struct schedule schedule_of(pid_t child)
{
    struct schedule schedule;
    int pid_fd = (int)syscall(SYS_pidfd_open, child, 0);
    assert_true(pid_fd >= 0);
    schedule_worker(&schedule, pid_fd);
    close(pid_fd);
    return schedule;
}

static void await_state(pid_t child, char wanted)
{
    char path[64], state = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
    while (state != wanted) {
        FILE *file = fopen(path, "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
        fclose(file);
        poll(NULL, 0, 1);
    }
}

static void test_comes_last(void **state)
{
    (void)state;
    pid_t child = spawn(false);
    struct schedule schedule = schedule_of(child);
    assert_int_equal(schedule.pid, child);
    assert_int_equal(sched_getscheduler(child), SCHED_IDLE);
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    end(child);
}

static void test_who_does_not_want_to_run_has_no_excuse(void **state)
{
    (void)state;
    pid_t child = spawn(false);
    struct schedule schedule = schedule_of(child);
    await_state(child, 'S');
    schedule_job(&schedule);
    poll(NULL, 0, 100);
    assert_int_equal(schedule_excuse_ms(&schedule), 0);
    end(child);
}

static void test_who_is_not_let_run_has_some(void **state)
{
    (void)state;
    pid_t child = spawn(true), other = spawn(true);
    struct schedule schedule = schedule_of(child);
    schedule_job(&schedule);
    int64_t began_ms = clock_ms(), given_ms = 0;
    unsigned excuses = 0;
    while (excuses < 8 && clock_ms() - began_ms < 20000) {
        poll(NULL, 0, 40);
        int64_t more_ms = schedule_excuse_ms(&schedule);
        given_ms += more_ms;
        excuses += more_ms > 0;
    }
    int64_t took_ms = clock_ms() - began_ms;
    assert_int_equal(excuses, 8);
    assert_in_range(given_ms, 8 * 10, took_ms + 8 * 500); /* what it waited, or a little */
    poll(NULL, 0, 100);
    assert_int_equal(schedule_excuse_ms(&schedule), 0); /* enough is enough */
    schedule_job(&schedule);
    poll(NULL, 0, 200);
    assert_true(schedule_excuse_ms(&schedule) > 0); /* the next job has its own */
    end(child);
    end(other);
}

static void test_who_runs_all_the_time_has_none(void **state)
{
    (void)state;
    pid_t child = spawn(true);
    int pid_fd = (int)syscall(SYS_pidfd_open, child, 0);
    struct schedule schedule;
    schedule_worker(&schedule, pid_fd);
    close(pid_fd);
    schedule_job(&schedule);
    /* As on a machine of its own, whatever else this one does. */
    schedule.marked.waited_ms = INT64_MAX / 2;
    schedule.marked.ran_ms = INT64_MIN / 2;
    assert_int_equal(schedule_excuse_ms(&schedule), 0);
    end(child);
}

static void test_one_that_has_ended_is_nobody(void **state)
{
    (void)state;
    pid_t child = spawn(false);
    int pid_fd = (int)syscall(SYS_pidfd_open, child, 0);
    end(child);
    struct schedule schedule;
    schedule_worker(&schedule, pid_fd);
    close(pid_fd);
    assert_int_equal(schedule.pid, 0);
    schedule_job(&schedule);
    assert_int_equal(schedule_excuse_ms(&schedule), 0);
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER); /* 0 would be ourselves */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_last),
        cmocka_unit_test(test_who_does_not_want_to_run_has_no_excuse),
        cmocka_unit_test(test_who_is_not_let_run_has_some),
        cmocka_unit_test(test_who_runs_all_the_time_has_none),
        cmocka_unit_test(test_one_that_has_ended_is_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
