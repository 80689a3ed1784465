#include "bad_acts.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MiB 1048576UL

static void sleep_once(void)
{
    static int word;
    syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void bad_sleep(void)
{
    for (;;)
        sleep_once();
}

static int sleep_in_thread(void *arg)
{
    (void)arg;
    bad_sleep();
}

/* As many as an exhausted machine would notice, each with next to no memory. */
static void start_threads(void)
{
    enum { MOST = 4000, STACK = 4096 };
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    char *stacks = mmap(NULL, (size_t)MOST * STACK, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stacks == MAP_FAILED)
        return;
    for (size_t i = 1; i <= MOST; i++)
        if (clone(sleep_in_thread, stacks + i * STACK, flags, NULL) < 0)
            return;
    __builtin_trap();
}

/* Touches all it can have: more than `memory` allows is not to be had. */
static void eat_memory(void)
{
    size_t eaten = 0;
    for (;;) {
        char *piece = mmap(NULL, MiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED)
            return;
        memset(piece, 1, MiB);
        eaten += MiB;
        if (eaten > 1024 * MiB)
            __builtin_trap();
    }
}

/* Code in a file that the server has written is code all the same. */
static void map_file_as_code(void)
{
    for (int fd = 0; fd < 16; fd++)
        (void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
}

/* The 32-bit calls have other numbers, and a filter by number alone lets them through. */
static void call_as_i386(void)
{
#ifdef __x86_64__
    long answer = 5; /* open */
    __asm__ volatile("int $0x80" : "+a"(answer) : "b"(0L), "c"(0L), "d"(0L) : "memory");
#else
    __builtin_trap();
#endif
}

/* Of its descriptors only the result can be written; not what the null ones are, nor the original.
 */
static void write_everywhere(void)
{
    int writable = 0;
    for (int fd = WIRE_WORKER_FD + 1; fd < 16; fd++)
        writable += pwrite(fd, "x", 1, 0) == 1;
    if (writable != 1)
        __builtin_trap();
}

static void write_past_result(const struct wire_job *job)
{
    for (int fd = WIRE_WORKER_FD + 1; fd < 16; fd++)
        (void)!pwrite(fd, "x", 1, (off_t)job->out_max);
}

bool bad_call(const struct wire_job *job, const char *word)
{
    static char remembered[BAD_PICTURE_ALL - BAD_PICTURE];
    if (strncmp(word, "call-", 5) == 0)
        (void)!syscall(strtol(word + 5, NULL, 10), 0, 0, 0, 0, 0, 0);
    else if (strcmp(word, "threads") == 0)
        start_threads();
    else if (strcmp(word, "eat-memory") == 0)
        eat_memory();
    else if (strcmp(word, "exec-file") == 0)
        map_file_as_code();
    else if (strcmp(word, "i386") == 0)
        call_as_i386();
    else if (strcmp(word, "write-everywhere") == 0)
        write_everywhere();
    else if (strcmp(word, "write-past") == 0)
        write_past_result(job);
    else if (strncmp(word, "remember", 8) == 0)
        strncpy(remembered, word, sizeof(remembered) - 1);
    else if (strcmp(word, "confess") == 0)
        memcpy(bad_picture + BAD_PICTURE, remembered, sizeof(remembered));
    else if (strcmp(word, "sleep") == 0)
        bad_sleep();
    else
        return false;
    return true;
}
