/*
 * The process that forks workers whenever the pool asks, and reaps them: started once, warm,
 * single-threaded and jailed, so that a fork costs a millisecond. It never sees a picture.
 */
#ifndef WORKER_ZYGOTE_H
#define WORKER_ZYGOTE_H

#include "worker/trade.h"

/* Ends the process when the pool's end of `control` closes. */
__attribute__((noreturn)) void zygote_run(int control, const struct trade *trade);

#endif
