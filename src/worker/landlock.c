#include "worker/landlock.h"

#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's struct landlock_ruleset_attr in its present form, since Debian 12's headers end at
 * ABI 2. A shorter prefix is what older kernels take. */
struct ruleset {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* from ABI 4 */
    uint64_t scoped;             /* from ABI 6 */
};

#define CREATE_RULESET_VERSION 1U

/* Rights are numbered without gaps; an ABI adds some at the end. */
static uint64_t file_rights(int abi)
{
    unsigned count = 13; /* execute ... make_sym */
    if (abi >= 2)
        count++; /* refer */
    if (abi >= 3)
        count++; /* truncate */
    if (abi >= 5)
        count++; /* ioctl_dev */
    return (UINT64_C(1) << count) - 1;
}

int landlock_deny_all(uint32_t *ret_abi)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_RULESET_VERSION);
    if (abi < 0)
        return -errno;
    *ret_abi = (uint32_t)abi;
    struct ruleset rules = {.handled_access_fs = file_rights(abi)};
    size_t size = offsetof(struct ruleset, handled_access_net);
    if (abi >= 4) {
        rules.handled_access_net = 3; /* bind and connect, TCP */
        size = offsetof(struct ruleset, scoped);
    }
    if (abi >= 6) {
        rules.scoped = 3; /* abstract sockets and signals to outside */
        size = sizeof(rules);
    }
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return -errno;
    int r = syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
    close(fd);
    return r;
}
