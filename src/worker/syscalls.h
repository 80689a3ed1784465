/*
 * The system calls that remain to a worker: an allow-list in seccomp, for all of its threads.
 * Anything else, and any foreign architecture, kills the process. There is no open, no socket, no
 * execve, no fork, no signal, and no memory that is ever executable.
 */
#ifndef WORKER_SYSCALLS_H
#define WORKER_SYSCALLS_H

#include "base/err.h"

/* Irrevocable. 0 or -errno. */
MUST_CHECK int syscalls_restrict(void);

#endif
