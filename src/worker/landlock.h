/*
 * Landlock without its library (Debian 12 has none): a rule set that handles everything this kernel
 * can handle, and allows nothing. See landlock(7) and the kernel's Documentation/userspace-api.
 */
#ifndef WORKER_LANDLOCK_H
#define WORKER_LANDLOCK_H

#include "base/err.h"

#include <stdint.h>

/* For the calling thread and what it starts; needs no_new_privs. 0 or -errno (-ENOSYS, -EOPNOTSUPP:
 * not in this kernel); the ABI's number in any case where the kernel tells one. */
MUST_CHECK int landlock_deny_all(uint32_t *ret_abi);

#endif
