#include "decode/schedule.h"

#include "sys/clock.h"
#include "sys/fd.h"

#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>

#define LEAST_MS 10  /* less is no excuse */
#define STILL_MS 500 /* for one that waits just now; not tuned */
#define MOST     8 /* excuses of one job, each at most as long as what came before it; not tuned */

/* One read gives all of such a file. */
static bool read_small(const char *path, char *text, size_t size)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, text, size - 1);
    if (len <= 0)
        return false;
    text[len] = '\0';
    return true;
}

/* The worker is in a namespace where it has another one. */
static pid_t pid_of(int pid_fd)
{
    char path[64], text[512];
    int pid = 0;
    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pid_fd);
    const char *line = read_small(path, text, sizeof(text)) ? strstr(text, "\nPid:") : NULL;
    return line && sscanf(line, "\nPid: %d", &pid) == 1 && pid > 0 ? pid : 0; /* -1: it ended */
}

/* What its first thread, which does the work, has run, and could have run and was not let (proc(5),
 * schedstat). */
static struct schedule_times times_of(pid_t pid)
{
    char path[64], text[128];
    struct schedule_times times = {.at_ms = clock_ms()};
    uint64_t ran_ns, waited_ns;
    snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
    if (pid > 0 && read_small(path, text, sizeof(text)) &&
        sscanf(text, "%" SCNu64 " %" SCNu64, &ran_ns, &waited_ns) == 2) {
        times.ran_ms = (int64_t)(ran_ns / 1000000);
        times.waited_ms = (int64_t)(waited_ns / 1000000);
    }
    return times;
}

/* Is it running, or would it? */
static bool wants_to_run(pid_t pid)
{
    char path[64], text[512];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    const char *state = pid && read_small(path, text, sizeof(text)) ? strrchr(text, ')') : NULL;
    return state && strncmp(state, ") R", 3) == 0;
}

void schedule_worker(struct schedule *schedule, int pid_fd)
{
    const struct sched_param none = {0};
    *schedule = (struct schedule){.pid = pid_of(pid_fd)};
    if (schedule->pid > 0)
        (void)!sched_setscheduler(schedule->pid, SCHED_IDLE, &none);
}

void schedule_job(struct schedule *schedule)
{
    schedule->marked = times_of(schedule->pid);
    schedule->excused = 0;
}

int64_t schedule_excuse_ms(struct schedule *schedule)
{
    struct schedule_times now = times_of(schedule->pid), marked = schedule->marked;
    int64_t waited_ms = now.waited_ms - marked.waited_ms;
    int64_t idle_ms = now.at_ms - marked.at_ms - (now.ran_ms - marked.ran_ms);
    if (schedule->excused == MOST)
        return 0;
    /* How long it has been waiting when it waits just now is not told before it has run again. */
    if (waited_ms < LEAST_MS && idle_ms >= LEAST_MS && wants_to_run(schedule->pid))
        waited_ms = STILL_MS;
    if (waited_ms < LEAST_MS)
        return 0;
    schedule->marked = now;
    schedule->excused++;
    return waited_ms;
}
