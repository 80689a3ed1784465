/*
 * A worker's life: warm up, seal the jail, then one job after the other from WIRE_WORKER_FD.
 */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include "worker/jail.h"
#include "worker/trade.h"

/* `jail`: what the zygote reached. Ends the process when the pool closes the socket. */
__attribute__((noreturn)) void work_run(const struct wire_fork *order, struct jail *jail,
                                        const struct trade *trade);

#endif
