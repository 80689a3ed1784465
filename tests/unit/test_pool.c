#include "decoding.h"

#include "base/limits.h"
#include "base/list.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* A 2x1 GIF, one pixel black and one white, written by hand (GIF89a, appendix F: minimal LZW). */
static const char gif[] = "GIF89a\x02\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x01\0\0"
                          "\x02\x02\x44\x0a\0;";

static struct decoding bad;

static const char *good_program(void)
{
    return getenv("SHOJI_DECODE");
}

static struct pool_conf bad_conf(void)
{
    return decoding_conf(getenv("SHOJI_BAD_DECODE"));
}

static int open_bad(void **state)
{
    (void)state;
    struct pool_conf conf = bad_conf();
    conf.deadline_ms = 10000;
#ifndef __SANITIZE_ADDRESS__
    conf.memory = 256 * MiB;
#endif
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

static void expect_ok(struct decoding *d)
{
    struct came came = say_to(d, "ok");
    assert_int_equal(came.result.outcome, DECODE_OK);
    assert_int_equal(came.result.type, IMAGE_JPEG);
    assert_int_equal(came.result.width, 3);
    assert_int_equal(came.result.height, 2);
    assert_int_equal(came.result.len, 15);
    free(came.result.bytes);
}

/* ---- the jail ---- */

static void test_forbidden_calls_kill(void **state)
{
    (void)state;
    static const char *const words[] = {"open",  "socket",      "socketpair", "execve",  "fork",
                                        "vfork", "exec-memory", "make-exec",  "kill",    "ptrace",
                                        "memfd", "unshare",     "prctl",      "io-uring"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct came came = say_to(&bad, words[i]);
        if (came.result.outcome != DECODE_CRASHED)
            fail_msg("%s: outcome %d", words[i], came.result.outcome);
        assert_null(came.result.bytes);
        expect_ok(&bad);
    }
}

static void expect_allowed(const char *word)
{
    struct came came = say_to(&bad, word);
    if (came.result.outcome != DECODE_OK)
        fail_msg("%s: outcome %d", word, came.result.outcome);
    free(came.result.bytes);
}

static void test_threads_work(void **state)
{
    (void)state;
    expect_allowed("thread");
    expect_allowed("clone3");
}

static void test_memory_is_limited(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    expect_allowed("memory");
}

static void test_jail_is_told(void **state)
{
    (void)state;
    const char *text = pool_jail_text(bad.pool);
    assert_non_null(strstr(text, "seccomp"));
    assert_non_null(strstr(text, "no new privileges"));
    assert_non_null(strstr(text, "no capabilities"));
    assert_non_null(strstr(text, "limits"));
}

/* Runs in a process where seccomp is refused, as an old container runtime does. 0: as expected. */
static int without_seccomp(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (!filter || seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(seccomp), 0) != 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(prctl), 1,
                         SCMP_A0(SCMP_CMP_EQ, PR_SET_SECCOMP)) != 0 ||
        seccomp_load(filter) != 0)
        return 10;
    struct loop *loop = NULL;
    struct pool *pool = NULL;
    struct pool_conf conf = bad_conf();
    char why[256] = "";
    if (loop_new(&loop) != 0)
        return 11;
    if (pool_new(loop, &conf, why, &pool) == 0)
        return 12;
    if (!strstr(why, "sandbox") || !strstr(why, "seccomp"))
        return 13;
    conf.without_sandbox = true;
    if (pool_new(loop, &conf, why, &pool) != 0)
        return 14;
    const char *without = strstr(pool_jail_text(pool), "without: ");
    if (!without || !strstr(without, "seccomp"))
        return 15;
    pool_free(pool);
    loop_free(loop);
    return 0;
}

static void test_no_sandbox_no_pool(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(without_seccomp());
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- misbehaviour ---- */

static void test_hang_is_a_timeout(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = bad_conf();
    conf.deadline_ms = 300;
    decoding_open(&d, &conf);
    int64_t begin_ms = clock_ms();
    struct came came = say_to(&d, "hang");
    assert_int_equal(came.result.outcome, DECODE_TIMEOUT);
    assert_true(clock_ms() - begin_ms >= 300);
    struct pool_figures figures;
    pool_figures(d.pool, &figures);
    assert_int_equal(figures.timeouts, 1);
    assert_int_equal(figures.failed, 1);
    decoding_close(&d);
}

/* A child of a process, the `before`th after the first, as the kernel lists it; 0: none. */
static pid_t child_at(pid_t parent, unsigned before)
{
    char path[64];
    char text[64] = "";
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
        return 0;
    char *at = text;
    while (before-- > 0)
        (void)strtol(at, &at, 10);
    return (pid_t)strtol(at, NULL, 10);
}

static pid_t child_of(pid_t parent)
{
    return child_at(parent, 0);
}

/* Waits until a process that is to end has ended: pidfd_open(2) tells, of anybody's child. */
static void await_end(pid_t pid)
{
    CLEANUP_FD int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd ends = {.fd = fd, .events = POLLIN};
    assert_true(fd >= 0 || errno == ESRCH);
    assert_true(fd < 0 || poll(&ends, 1, 10000) == 1);
}

/* The worker that took its place is the first child once the zygote has buried the old one. */
static pid_t child_after(pid_t zygote, pid_t before)
{
    pid_t now = before;
    await_end(before);
    for (int i = 0; i < 1000 && (now = child_of(zygote)) == before; i++)
        usleep(1000);
    return now;
}

struct killer {
    struct loop_timer timer;
    pid_t victim;
};

static void strike(struct loop_timer *timer)
{
    struct killer *killer = container_of(timer, struct killer, timer);
    assert_int_equal(kill(killer->victim, SIGKILL), 0);
}

static enum decode_outcome kill_during_hang(struct decoding *d, pid_t victim)
{
    struct killer killer = {.timer.fire = strike, .victim = victim};
    struct came came;
    assert_true(victim > 0);
    decoding_start(d, "\xff\xd8\xffhang", 7, &came);
    assert_int_equal(loop_timer_set(d->loop, &killer.timer, 0), 0);
    decoding_wait(d);
    assert_int_equal(came.times, 1);
    return came.result.outcome;
}

static void test_killed_worker_costs_its_image(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = bad_conf();
    decoding_open(&d, &conf);
    assert_int_equal(kill_during_hang(&d, child_of(child_of(getpid()))), DECODE_CRASHED);
    expect_ok(&d);
    struct pool_figures figures;
    pool_figures(d.pool, &figures);
    assert_int_equal(figures.crashed, 1);
    assert_int_equal(figures.decoded, 1);
    decoding_close(&d);
}

static void test_killed_zygote_is_replaced(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = bad_conf();
    decoding_open(&d, &conf);
    pid_t zygote = child_of(getpid());
    /* nobody's image is to blame for it */
    assert_int_equal(kill_during_hang(&d, zygote), DECODE_NO_MEMORY);
    expect_ok(&d);
    assert_int_not_equal(child_of(getpid()), zygote);
    decoding_close(&d);
    assert_int_equal(child_of(getpid()), 0);
}

/* ---- the queue ---- */

static void never(void *ctx, struct decode_result *result)
{
    (void)ctx, (void)result;
    fail_msg("a cancelled decode called back");
}

static void test_cancelled_is_silent(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = decoding_conf(good_program());
    decoding_open(&d, &conf);
    struct decode *given;
    struct decode *waiting;
    struct decode *refused;
    assert_int_equal(decode_start(d.pool, gif, sizeof(gif) - 1, never, NULL, &given), 0);
    assert_int_equal(decode_start(d.pool, gif, sizeof(gif) - 1, never, NULL, &waiting), 0);
    assert_int_equal(decode_start(d.pool, "nothing", 7, never, NULL, &refused), 0);
    decode_cancel(given);
    decode_cancel(waiting);
    decode_cancel(refused);
    decode_cancel(NULL);
    /* the one worker answers in order: after this, the first would have come */
    struct came came = decoding_one(&d, gif, sizeof(gif) - 1);
    assert_int_equal(came.result.outcome, DECODE_OK);
    assert_int_equal(came.result.width, 2);
    free(came.result.bytes);
    decoding_close(&d);
}

static void test_what_is_pending_at_the_end_is_silent(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = decoding_conf(good_program());
    decoding_open(&d, &conf);
    struct decode *decode;
    for (int i = 0; i < 5; i++)
        assert_int_equal(decode_start(d.pool, gif, sizeof(gif) - 1, never, NULL, &decode), 0);
    assert_int_equal(decode_start(d.pool, "nothing", 7, never, NULL, &decode), 0);
    decoding_close(&d);
}

/* Originals in memory that the kernel lends to workers: ours are open while one is handed over. */
static unsigned copies_open(void)
{
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++) {
        char path[32];
        char target[64] = "";
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        if (readlink(path, target, sizeof(target) - 1) > 0 && strstr(target, "memfd:original"))
            count++;
    }
    return count;
}

static void test_what_waits_is_not_copied(void **state)
{
    (void)state;
    struct decoding d;
    struct came came[20];
    struct pool_conf conf = decoding_conf(good_program());
    decoding_open(&d, &conf);
    for (int i = 0; i < 20; i++)
        decoding_start(&d, gif, sizeof(gif) - 1, &came[i]);
    assert_true(copies_open() <= conf.workers);
    decoding_wait(&d);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(came[i].result.outcome, DECODE_OK);
        free(came[i].result.bytes);
    }
    assert_int_equal(copies_open(), 0);
    decoding_close(&d);
}

struct census {
    struct loop_timer timer;
    struct decoding *decoding;
    unsigned wanted;
};

static void take_census(struct loop_timer *timer)
{
    struct census *census = container_of(timer, struct census, timer);
    struct pool_figures figures;
    pool_figures(census->decoding->pool, &figures);
    if (figures.workers_alive == census->wanted)
        loop_stop(census->decoding->loop);
    else
        assert_int_equal(loop_timer_set(census->decoding->loop, timer, 5), 0);
}

/* pool_new waits for the first worker only. */
static void wait_for_workers(struct decoding *d, unsigned count)
{
    struct census census = {.timer.fire = take_census, .decoding = d, .wanted = count};
    assert_int_equal(loop_timer_set(d->loop, &census.timer, 0), 0);
    decoding_wait(d);
}

static void test_two_hundred_through_two(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    static struct came came[COUNT];
    struct decoding d;
    struct pool_conf conf = decoding_conf(good_program());
    conf.workers = 2;
    decoding_open(&d, &conf);
    wait_for_workers(&d, 2);
    for (int i = 0; i < COUNT; i++)
        decoding_start(&d, gif, sizeof(gif) - 1, &came[i]);
    struct pool_figures figures;
    pool_figures(d.pool, &figures);
    assert_true(figures.waiting >= COUNT - 2);
    decoding_wait(&d);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(came[i].times, 1);
        assert_int_equal(came[i].result.outcome, DECODE_OK);
        /* whichever worker it was, the bytes are the same */
        assert_int_equal(came[i].result.len, came[0].result.len);
        assert_memory_equal(came[i].result.bytes, came[0].result.bytes, came[0].result.len);
    }
    for (int i = 0; i < COUNT; i++)
        free(came[i].result.bytes);
    pool_figures(d.pool, &figures);
    assert_int_equal(figures.decoded, COUNT);
    assert_int_equal(figures.waiting, 0);
    assert_int_equal(figures.workers_alive, 2);
    decoding_close(&d);
}

static void test_worn_workers_are_replaced(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = bad_conf();
    decoding_open(&d, &conf);
    pid_t zygote = child_of(getpid());
    pid_t first = child_of(zygote);
    for (int i = 0; i < LIMIT_WORKER_IMAGES - 1; i++)
        expect_ok(&d);
    assert_int_equal(child_of(zygote), first);
    expect_ok(&d);
    expect_ok(&d);
    pid_t second = child_after(zygote, first);
    assert_int_not_equal(second, first);
    assert_int_equal(say_to(&d, "broken").result.outcome, DECODE_BROKEN);
    expect_ok(&d);
    assert_int_not_equal(child_after(zygote, second), second);
    decoding_close(&d);
}

/* ---- a machine that does too much at once ---- */

/* What is done when the pool has said so often that a worker is slow. */
static struct patience {
    struct decoding *decoding; /* its loop is stopped then; NULL: not */
    unsigned wanted;
    unsigned said;
    pid_t zygote; /* when it was said first */
    int gate;     /* opened then; -1: not */
} patience;

static void on_slow(int64_t waited_ms)
{
    assert_true(waited_ms > 0);
    if (patience.said++ == 0)
        patience.zygote = child_of(getpid());
    if (patience.said != patience.wanted)
        return;
    if (patience.gate >= 0)
        assert_int_equal(write(patience.gate, "go\n", 3), 3);
    if (patience.decoding)
        loop_stop(patience.decoding->loop);
}

static struct pool_conf slow_conf(const char *program)
{
    struct pool_conf conf = decoding_conf(program);
    conf.slow = on_slow;
    conf.start_ms = 200;
    patience = (struct patience){.wanted = 3, .gate = -1};
    return conf;
}

static unsigned long overdue(const struct decoding *d)
{
    struct pool_figures figures;
    pool_figures(d->pool, &figures);
    return figures.lost[POOL_LOSS_OVERDUE];
}

/* A program that becomes a decoder once it has read a line from `gate`, which is open here. */
struct held {
    char dir[32];
    char gate[48];
    char program[48];
    int fd;
};

static void held_open(struct held *held)
{
    char text[512];
    *held = (struct held){.dir = "/tmp/shoji-test-held-XXXXXX"};
    assert_non_null(mkdtemp(held->dir));
    snprintf(held->gate, sizeof(held->gate), "%s/gate", held->dir);
    snprintf(held->program, sizeof(held->program), "%s/decode", held->dir);
    assert_int_equal(mkfifo(held->gate, 0600), 0);
    held->fd = open(held->gate, O_RDWR | O_CLOEXEC);
    assert_true(held->fd >= 0);
    int len = snprintf(text, sizeof(text), "#!/bin/sh\nread line < %s\nexec '%s'\n", held->gate,
                       getenv("SHOJI_BAD_DECODE"));
    assert_int_equal(fd_replace_file(held->program, 0700, text, (size_t)len), 0);
}

static void held_close(struct held *held)
{
    close(held->fd);
    unlink(held->gate);
    unlink(held->program);
    rmdir(held->dir);
}

static void test_a_slow_decoder_is_not_begun_anew(void **state)
{
    (void)state;
    struct held held;
    struct decoding d;
    held_open(&held);
    struct pool_conf conf = slow_conf(held.program);
    assert_int_equal(write(held.fd, "go\n", 3), 3);
    decoding_open(&d, &conf);
    patience.gate = held.fd;
    assert_int_equal(kill_during_hang(&d, child_of(getpid())), DECODE_NO_MEMORY);
    wait_for_workers(&d, 1);
    assert_true(patience.said >= 3);
    assert_int_equal(child_of(getpid()), patience.zygote);
    assert_int_equal(overdue(&d), 0);
    expect_ok(&d);
    decoding_close(&d);
    held_close(&held);
}

static void test_who_stands_is_left_alone_meanwhile(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = slow_conf(getenv("SHOJI_BAD_DECODE"));
    conf.workers = 2;
    decoding_open(&d, &conf);
    wait_for_workers(&d, 2);
    pid_t zygote = child_of(getpid());
    pid_t first = child_of(zygote), second = child_at(zygote, 1);
    assert_true(second > 0);
    assert_int_equal(kill(zygote, SIGSTOP), 0);
    assert_int_equal(kill(second, SIGKILL), 0);
    patience.decoding = &d;
    decoding_wait(&d);
    assert_int_equal(patience.said, 3);
    assert_int_equal(child_of(getpid()), zygote);
    assert_int_equal(child_of(zygote), first);
    expect_ok(&d);
    assert_int_equal(kill(zygote, SIGCONT), 0);
    wait_for_workers(&d, 2);
    assert_int_equal(child_of(getpid()), zygote);
    assert_int_equal(overdue(&d), 0);
    decoding_close(&d);
}

/* It is given up for this picture soon, and as a process after long. */
static void test_a_decoder_that_hangs_is_replaced(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = slow_conf(getenv("SHOJI_BAD_DECODE"));
    conf.start_ms = 100;
    decoding_open(&d, &conf);
    pid_t zygote = child_of(getpid()), worker = child_of(zygote);
    assert_int_equal(kill(zygote, SIGSTOP), 0);
    assert_int_equal(kill(worker, SIGKILL), 0);
    await_end(worker);
    assert_int_equal(say_to(&d, "ok").result.outcome, DECODE_NO_MEMORY);
    assert_true(pool_hopeless(d.pool));
    assert_int_equal(overdue(&d), 0);
    wait_for_workers(&d, 1);
    assert_true(overdue(&d) >= 1);
    assert_int_not_equal(child_of(getpid()), zygote);
    assert_false(pool_hopeless(d.pool));
    expect_ok(&d);
    decoding_close(&d);
}

/* poll(2) refuses more descriptors than a process may have. */
static bool forbid_files(void *ctx, int64_t waited_ms)
{
    unsigned *times = ctx;
    struct rlimit files;
    (void)waited_ms;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    return ++*times < 3;
}

static void test_what_cannot_be_waited_for_is_not(void **state)
{
    (void)state;
    struct held held;
    struct loop *loop;
    struct pool *pool;
    struct rlimit files;
    unsigned times = 0;
    char why[256] = "";
    held_open(&held);
    struct pool_conf conf = decoding_conf(held.program);
    conf.waits = forbid_files;
    conf.ctx = &times;
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    int r = pool_new(loop, &conf, why, &pool);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(r, -EINVAL);
    assert_int_equal(times, 1);
    assert_non_null(strstr(why, "Invalid argument"));
    loop_free(loop);
    held_close(&held);
}

static void test_not_images(void **state)
{
    (void)state;
    static const char html[] = "<html><svg xmlns='http://www.w3.org/2000/svg'/></html>";
    assert_int_equal(decoding_one(&bad, html, sizeof(html) - 1).result.outcome, DECODE_NOT_IMAGE);
    assert_int_equal(decoding_one(&bad, "", 0).result.outcome, DECODE_NOT_IMAGE);
}

static void test_missing_program_is_told(void **state)
{
    (void)state;
    struct loop *loop;
    struct pool *pool;
    struct pool_conf conf = decoding_conf("/nonexistent/shoji-decode");
    char why[256] = "";
    assert_int_equal(loop_new(&loop), 0);
    assert_true(pool_new(loop, &conf, why, &pool) < 0);
    assert_non_null(strstr(why, "No such file"));
    /* a program that is something else */
    conf.program = "/bin/true";
    assert_true(pool_new(loop, &conf, why, &pool) < 0);
    loop_free(loop);
}

/* What the decoder does not need it must not bring along: an exploit would find it useful. */
static void test_links_nothing_more(void **state)
{
    (void)state;
    static const char *const foreign[] = {"curl",       "lmdb",    "sodium", "cares",
                                          "microhttpd", "jansson", "icu"};
    char command[512];
    char line[512];
    bool elf = false;
    snprintf(command, sizeof(command), "readelf -d '%s' 2>/dev/null", good_program());
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe)) {
        if (!strstr(line, "(NEEDED)"))
            continue;
        elf = elf || strstr(line, "libvips.so");
        for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
            if (strstr(line, foreign[i]))
                fail_msg("linked to %s", line);
    }
    pclose(pipe);
    if (!elf) {
        print_message("readelf is not installed\n");
        skip();
    }
}

static char copies[] = "/tmp/shoji-test-pool-XXXXXX";

static void remove_copies(void)
{
    char path[sizeof(copies) + 32];
    const char *const names[] = {"good", "bad"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", copies, names[i]);
        unlink(path);
    }
    rmdir(copies);
}

/* Points the variable at a copy of its program: the build folder may be within root's reach only.
 */
static int copy_program(const char *variable, const char *name)
{
    char path[sizeof(copies) + 32];
    snprintf(path, sizeof(path), "%s/%s", copies, name);
    int from = open(getenv(variable), O_RDONLY | O_CLOEXEC);
    char *bytes = NULL;
    size_t len = 0;
    int r = from < 0 ? -errno : fd_read_all(from, 256 * MiB, &bytes, &len);
    if (r == 0)
        r = fd_replace_file(path, 0755, bytes, len);
    if (r == 0)
        r = setenv(variable, path, 1);
    free(bytes);
    fd_close(&from);
    return r;
}

/* As a service runs: an ordinary user. For the whole program, since there is no way back. */
static int become(const char *number)
{
    unsigned id = (unsigned)strtoul(number, NULL, 10);
    if (geteuid() != 0) {
        fprintf(stderr, "not root: the other run was as an ordinary user already\n");
        return -1;
    }
    if (!mkdtemp(copies) || chown(copies, id, id) < 0 || chdir("/") < 0)
        return -1;
    atexit(remove_copies);
    if (copy_program("SHOJI_DECODE", "good") < 0 || copy_program("SHOJI_BAD_DECODE", "bad") < 0 ||
        setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
        return -1;
    /* A change of user forbids reading one's own /proc, in which the tests look for children. */
    prctl(PR_SET_DUMPABLE, 1);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden_calls_kill),
        cmocka_unit_test(test_threads_work),
        cmocka_unit_test(test_memory_is_limited),
        cmocka_unit_test(test_jail_is_told),
        cmocka_unit_test(test_not_images),
        cmocka_unit_test_setup_teardown(test_no_sandbox_no_pool, close_bad, open_bad),
        cmocka_unit_test_setup_teardown(test_hang_is_a_timeout, close_bad, open_bad),
        cmocka_unit_test_setup_teardown(test_killed_worker_costs_its_image, close_bad, open_bad),
        cmocka_unit_test_setup_teardown(test_killed_zygote_is_replaced, close_bad, open_bad),
        cmocka_unit_test_setup_teardown(test_worn_workers_are_replaced, close_bad, open_bad),
        cmocka_unit_test(test_cancelled_is_silent),
        cmocka_unit_test(test_what_is_pending_at_the_end_is_silent),
        cmocka_unit_test(test_what_waits_is_not_copied),
        cmocka_unit_test(test_two_hundred_through_two),
        cmocka_unit_test_setup_teardown(test_a_slow_decoder_is_not_begun_anew, close_bad, open_bad),
        cmocka_unit_test_setup_teardown(test_who_stands_is_left_alone_meanwhile, close_bad,
                                        open_bad),
        cmocka_unit_test_setup_teardown(test_a_decoder_that_hangs_is_replaced, close_bad, open_bad),
        cmocka_unit_test(test_what_cannot_be_waited_for_is_not),
        cmocka_unit_test(test_missing_program_is_told),
        cmocka_unit_test(test_links_nothing_more),
    };
    if (argc == 2 && become(argv[1]) < 0)
        return 77;
    return cmocka_run_group_tests(tests, open_bad, close_bad);
}
