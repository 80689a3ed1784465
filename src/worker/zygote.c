#include "worker/zygote.h"

#include "worker/work.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* fork() takes along the calling thread only: a library thread at this point would be missing in
 * every worker, and its locks would stay taken. */
static int check_single_threaded(void)
{
    DIR *tasks = opendir("/proc/self/task");
    if (!tasks)
        return -errno;
    unsigned count = 0;
    for (const struct dirent *e = readdir(tasks); e; e = readdir(tasks))
        count += e->d_name[0] != '.';
    closedir(tasks);
    return count == 1 ? 0 : -EBUSY;
}

static void fill_hello(struct wire_state *hello, const char *step, int error)
{
    hello->error = error;
    strncpy(hello->text, step, sizeof(hello->text) - 1);
}

static void prepare(const struct trade *trade, struct jail *jail, struct wire_state *hello)
{
    int r = trade->start();
    if (r < 0) {
        fill_hello(hello, "starting libvips", r);
        return;
    }
    r = check_single_threaded();
    if (r < 0) {
        fill_hello(hello, "counting threads", r);
        return;
    }
    jail_enter(jail);
    hello->jail = jail->reached;
    hello->landlock_abi = jail->landlock_abi;
}

/* In the child. The socket becomes the only descriptor beside the standard three. */
__attribute__((noreturn)) static void become_worker(int socket, const struct wire_fork *order,
                                                    struct jail *jail, const struct trade *trade)
{
    sigset_t none;
    sigemptyset(&none);
#ifndef WORKER_SANITIZED
    /* What a worker might write to stderr is not for our log. */
    if (dup2(STDIN_FILENO, STDERR_FILENO) < 0)
        _exit(1);
#endif
    if (dup2(socket, WIRE_WORKER_FD) < 0 || close_range(WIRE_WORKER_FD + 1, ~0U, 0) < 0 ||
        sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        _exit(1);
    work_run(order, jail, trade);
}

static void fork_worker(int control, const struct wire_fork *order, int socket,
                        const struct trade *trade, struct jail *jail)
{
    struct wire_forked answer = {.kind = WIRE_FORKED, .id = order->id};
    struct wire_fds fds = {0};
    pid_t zygote = getpid();
    pid_t child = fork();
    if (child == 0) {
        /* The zygote may have died before the signal was asked for. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != zygote)
            _exit(1);
        become_worker(socket, order, jail, trade);
    }
    /* The child cannot be reaped before reap() below, so its number still means it. */
    int pid_fd = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
    if (pid_fd < 0) {
        answer.error = -errno;
        if (child > 0)
            kill(child, SIGKILL);
    } else {
        fds = (struct wire_fds){.count = 1, .fd = {pid_fd}};
    }
    int r = wire_send(control, &answer, sizeof(answer), &fds);
    wire_close(&fds);
    if (r < 0)
        _exit(0);
}

static void reap(int signal_fd)
{
    struct signalfd_siginfo info;
    ssize_t n = read(signal_fd, &info, sizeof(info));
    (void)n; /* one signal may stand for several children */
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

static int watch_children(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void obey(int control, const struct trade *trade, struct jail *jail)
{
    struct wire_fork order;
    struct wire_fds fds;
    if (wire_receive(control, &order, sizeof(order), &fds) != 0)
        _exit(0);
    if (order.kind == WIRE_FORK && fds.count == 1)
        fork_worker(control, &order, fds.fd[0], trade, jail);
    wire_close(&fds);
}

void zygote_run(int control, const struct trade *trade)
{
    struct jail jail = {0};
    struct wire_state hello = {.kind = WIRE_HELLO, .version = WIRE_VERSION};
    prepare(trade, &jail, &hello);
    int signal_fd = watch_children();
    if (signal_fd < 0 && hello.error == 0)
        fill_hello(&hello, "signalfd", -errno);
    if (wire_send(control, &hello, sizeof(hello), NULL) < 0 || hello.error < 0)
        _exit(1);

    struct pollfd polled[] = {{.fd = control, .events = POLLIN},
                              {.fd = signal_fd, .events = POLLIN}};
    for (;;) {
        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            _exit(1);
        if (polled[1].revents)
            reap(signal_fd);
        if (polled[0].revents)
            obey(control, trade, &jail);
    }
}
