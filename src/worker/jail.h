/*
 * The jail of the decoder's processes, in two halves.
 *
 * jail_enter is for the zygote, while it is single-threaded: it gives up privileges, the network
 * and the file system, for itself and whatever it forks. jail_seal is for a worker, after libvips
 * is warm and before the first foreign byte: limits, and the list of system calls that remain.
 * There is no way back from either. Both do as much as the host allows and write down what was
 * reached; whether that is enough is for the pool to decide. They never exit or log.
 *
 * A worker ends with memory, threads, a clock, the descriptors it is sent, and nothing else: any
 * other system call kills it.
 */
#ifndef WORKER_JAIL_H
#define WORKER_JAIL_H

#include "decode/wire.h"

#include <stddef.h>
#include <stdint.h>

struct jail {
    uint32_t reached; /* enum wire_jail */
    uint32_t landlock_abi;
    const char *failed; /* the first step of the required ones that failed, or NULL */
    int error;          /* its -errno */
};

void jail_enter(struct jail *jail);

/* As the order says: its class, and its memory (0: as much as there is). */
void jail_seal(struct jail *jail, const struct wire_fork *order);

#endif
