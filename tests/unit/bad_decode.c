/*
 * A decoder in bad hands: shoji-decode's own processes and jail around a trade that does what the
 * "picture" says: JPEG magic, then a word. After an attempt that should have killed it, it answers
 * with a flawless result, so that only a death can tell that the attempt was stopped.
 */
#include "bad_acts.h"

#include "base/image.h"
#include "worker/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void do_crash(void)
{
    __builtin_trap();
}

static void do_hang(void)
{
    for (;;)
        sched_yield();
}

static void do_open(void)
{
    (void)!open("/etc/passwd", O_RDONLY);
}

static void do_socket(void)
{
    (void)!socket(AF_INET, SOCK_STREAM, 0);
}

static void do_socketpair(void)
{
    int pair[2];
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static void do_execve(void)
{
    char *const none[] = {NULL};
    (void)!execve("/bin/true", none, none);
}

static void do_fork(void)
{
    if (fork() == 0)
        _exit(0);
}

static void do_vfork(void)
{
    (void)!syscall(SYS_vfork);
}

static void do_exec_memory(void)
{
    (void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_make_exec(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)!mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void do_kill(void)
{
    (void)!syscall(SYS_kill, 1, 0);
}

static void do_ptrace(void)
{
    (void)!ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void do_memfd(void)
{
    (void)!memfd_create("x", 0);
}

static void do_unshare(void)
{
    (void)!unshare(CLONE_NEWUSER);
}

static void do_prctl(void)
{
    (void)!prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void do_io_uring(void)
{
    (void)!syscall(SYS_io_uring_setup, 1, NULL);
}

static void *in_thread(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

/* Allowed, or no decoder would work: the contrast to all of the above. */
static void do_thread(void)
{
    pthread_t thread;
    int ran = 0;
    if (pthread_create(&thread, NULL, in_thread, &ran) != 0 || pthread_join(thread, NULL) != 0 ||
        !ran)
        __builtin_trap();
}

static void do_clone3(void)
{
    if (syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
        __builtin_trap();
}

/* More than the limit of 256 MiB that the test sets. */
static void do_memory(void)
{
    if (mmap(NULL, 1UL << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        __builtin_trap();
}

static void do_short_message(void)
{
    (void)!sendmsg(WIRE_WORKER_FD,
                   &(struct msghdr){.msg_iov = &(struct iovec){bad_picture, 5}, .msg_iovlen = 1},
                   0);
}

static void do_long_message(void)
{
    static char much[4096];
    (void)!sendmsg(WIRE_WORKER_FD,
                   &(struct msghdr){.msg_iov = &(struct iovec){much, 4096}, .msg_iovlen = 1}, 0);
}

static const struct {
    const char *word;
    void (*act)(void);
} acts[] = {
    {"ok", NULL},
    {"crash", do_crash},
    {"hang", do_hang},
    {"open", do_open},
    {"socket", do_socket},
    {"socketpair", do_socketpair},
    {"execve", do_execve},
    {"fork", do_fork},
    {"vfork", do_vfork},
    {"exec-memory", do_exec_memory},
    {"make-exec", do_make_exec},
    {"kill", do_kill},
    {"ptrace", do_ptrace},
    {"memfd", do_memfd},
    {"unshare", do_unshare},
    {"prctl", do_prctl},
    {"io-uring", do_io_uring},
    {"thread", do_thread},
    {"clone3", do_clone3},
    {"memory", do_memory},
    {"short-message", do_short_message},
    {"long-message", do_long_message},
};

static int nothing(void)
{
    return 0;
}

/* The first thread of a process sets up what a sealed one could not. */
static int warm(enum wire_class class)
{
    (void)class;
    do_thread();
    return 0;
}

static void work(const struct wire_job *job, const void *bytes, struct worked *ret)
{
    char word[64] = "";
    size_t len = job->in_len - 3 < sizeof(word) - 1 ? job->in_len - 3 : sizeof(word) - 1;
    memcpy(word, (const char *)bytes + 3, len);
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (acts[i].act && strcmp(word, acts[i].word) == 0)
            acts[i].act();
    if (!bad_call(job, word))
        bad_talk(job, word);
    static unsigned char garbage[] = "<script>alert(1)</script>";
    bool garbled = strcmp(word, "garbage") == 0;
    bool broken = strcmp(word, "broken") == 0 || strcmp(word, "remember-broken") == 0;
    *ret = (struct worked){
        .outcome = broken ? WORKED_BROKEN : WORKED_OK,
        .type = IMAGE_JPEG,
        .width = 3,
        .height = 2,
        .frames = 1,
        .bytes = garbled ? garbage : bad_picture,
        .len = garbled                        ? sizeof(garbage)
               : strcmp(word, "confess") == 0 ? BAD_PICTURE_ALL
                                              : BAD_PICTURE,
    };
}

static void release(struct worked *worked)
{
    worked->bytes = NULL;
}

int main(void)
{
    static const struct trade trade = {
        .start = nothing, .warm = warm, .work = work, .release = release};
    zygote_run(WIRE_CONTROL_FD, &trade);
}
