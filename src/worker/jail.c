#include "worker/jail.h"

#include "base/limits.h"
#include "worker/landlock.h"
#include "worker/syscalls.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NOBODY 65534 /* the kernel's own "nobody": owns no file and runs nothing else */

#ifdef WORKER_SANITIZED /* the address sanitizer reserves terabytes of address space */
#define ADDRESS_SPACE_LIMITABLE false
#else
#define ADDRESS_SPACE_LIMITABLE true
#endif

static void step(struct jail *jail, enum wire_jail part, const char *name, int r)
{
    if (r == 0) {
        jail->reached |= part;
    } else if ((part & WIRE_JAIL_REQUIRED) && !jail->failed) {
        jail->failed = name;
        jail->error = r;
    }
}

static int as_error(int result)
{
    return result < 0 ? -errno : 0;
}

/* With privileges directly; without them through a user namespace, in which nobody is mapped. */
static int own_namespaces(void)
{
    int flags = CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS;
    if (unshare(flags) == 0)
        return 0;
    return as_error(unshare(CLONE_NEWUSER | flags));
}

/* An empty, read-only tmpfs over a directory that every system has becomes the root. */
static int empty_root(void)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", "/proc", "tmpfs", flags, "size=4k,nr_inodes=1,mode=555") < 0 ||
        chdir("/proc") < 0 || chroot(".") < 0)
        return -errno;
    return as_error(mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL));
}

static int drop_user(void)
{
    if (geteuid() != 0)
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        return -errno;
    return 0;
}

static int drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    int r = drop_user();
    if (r < 0)
        return r;
    /* The bounding set needs no clearing: with no_new_privs no execve can gain from it. */
    return as_error((int)syscall(SYS_capset, &header, none));
}

void jail_enter(struct jail *jail)
{
    *jail = (struct jail){0};
    int r = own_namespaces();
    step(jail, WIRE_JAIL_NAMESPACES, "namespaces", r);
    step(jail, WIRE_JAIL_EMPTY_ROOT, "empty root", r == 0 ? empty_root() : r);
    step(jail, WIRE_JAIL_NO_CAPS, "dropping privileges", drop_capabilities());
    step(jail, WIRE_JAIL_NO_NEW_PRIVS, "no_new_privs",
         as_error(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)));
    step(jail, WIRE_JAIL_LANDLOCK, "landlock", landlock_deny_all(&jail->landlock_abi));
}

static int limit(int resource, rlim_t ceiling)
{
    struct rlimit value = {.rlim_cur = ceiling, .rlim_max = ceiling};
    return as_error(setrlimit((__rlimit_resource_t)resource, &value));
}

/* No RLIMIT_CPU: it counts a whole life of a worker, and one picture's time is the pool's to keep,
 * by its own clock and SIGKILL. */
static int set_limits(size_t memory)
{
    int r = limit(RLIMIT_CORE, 0);
    if (r == 0)
        r = limit(RLIMIT_FSIZE, LIMIT_DECODED_BYTES);
    if (r == 0)
        r = limit(RLIMIT_NOFILE, LIMIT_WORKER_FDS);
    /* The kernel counts the threads of a user, not of a process. */
    if (r == 0)
        r = limit(RLIMIT_NPROC, LIMIT_WORKER_THREADS);
    if (r == 0 && memory > 0 && ADDRESS_SPACE_LIMITABLE)
        r = limit(RLIMIT_AS, memory);
    return r;
}

void jail_seal(struct jail *jail, const struct wire_fork *order)
{
    /* Nobody of the same user may attach to it or read its memory. */
    int r = as_error(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    step(jail, WIRE_JAIL_LIMITS, "limits", r == 0 ? set_limits(order->memory) : r);
    step(jail, WIRE_JAIL_SECCOMP, "seccomp", syscalls_restrict((enum wire_class)order->class));
}
