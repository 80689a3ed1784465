#include "worker/syscalls.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

/* Whatever they are asked, these only touch the process itself or descriptors it was given. */
static const int harmless[] = {
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(read),
    SCMP_SYS(write), /* to stderr, which is /dev/null */
    SCMP_SYS(pwrite64),
    SCMP_SYS(close),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getrandom), /* malloc's tcache key */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo), /* glibc's qsort asks how much memory there is */
    SCMP_SYS(restart_syscall),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
#ifdef WORKER_SANITIZED
    SCMP_SYS(sigaltstack), /* a sanitizer's threads set one up */
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
#endif
};

#define ANY_NAMESPACE                                                                              \
    (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS |     \
     CLONE_NEWCGROUP)

static int add_rules(scmp_filter_ctx filter)
{
    int r = 0;
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, harmless[i], 0);
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                             SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* Threads, never processes. The flags of clone3 are in memory, where a filter cannot see them:
     * "no such call" sends glibc back to clone. */
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ,
                                     (scmp_datum_t)(CLONE_THREAD | ANY_NAMESPACE), CLONE_THREAD));
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    /* GLib names its threads. */
    if (r == 0)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                             SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    return r;
}

/* Nothing is opened, nor is it told what exists. */
static int add_refusals(scmp_filter_ctx filter)
{
    static const int by_name[] = {SCMP_SYS(openat), SCMP_SYS(newfstatat)};
    int r = 0;
    for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]) && r == 0; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), by_name[i], 0);
    return r;
}

int syscalls_restrict(enum wire_class class)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return -ENOMEM;
    /* All threads: libvips keeps some from the warm-up. no_new_privs was set before, and where it
     * could not be, a filter must not be the one to set it unnoticed. */
    int r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
    if (r == 0)
        r = add_rules(filter);
    if (r == 0 && class == WIRE_CLASS_SVG)
        r = add_refusals(filter);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    return r;
}
