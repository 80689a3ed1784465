/*
 * The system calls that remain to a worker: an allow-list in seccomp, for all of its threads.
 * Anything else, and any foreign architecture, kills the process. There is no open, no socket, no
 * execve, no fork, no signal, and no memory that is ever executable.
 *
 * WIRE_CLASS_SVG has the same list. Only, where a file is asked for by its name, the answer is "not
 * permitted" instead of death: gdk-pixbuf looks for its list of loaders and for the tables of file
 * types again with every embedded picture that it cannot read.
 */
#ifndef WORKER_SYSCALLS_H
#define WORKER_SYSCALLS_H

#include "base/err.h"
#include "decode/wire.h"

/* Irrevocable. 0 or -errno. */
MUST_CHECK int syscalls_restrict(enum wire_class class);

#endif
