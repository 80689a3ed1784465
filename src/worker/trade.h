/*
 * What a worker does for a living, apart from how it is kept: the seam between the processes
 * (zygote.c, work.c, jail.c) and the pictures (transform.c). The tests put misbehaving trades here.
 */
#ifndef WORKER_TRADE_H
#define WORKER_TRADE_H

#include "decode/wire.h"

#include <stddef.h>
#include <stdint.h>

/* The enum of decode/pool.h, which is not for this side; the wire keeps the two equal. */
enum worked_outcome {
    WORKED_OK = 0,
    WORKED_TOO_LARGE = 2,
    WORKED_BROKEN = 3,
};

struct worked {
    enum worked_outcome outcome;
    uint32_t type; /* enum image_type */
    uint32_t width;
    uint32_t height;
    uint32_t frames;
    uint32_t transparent;
    void *bytes; /* freed with `release` */
    size_t len;
};

struct trade {
    /* In the zygote, once, before any fork and still unjailed: must leave no thread behind. */
    int (*start)(void);
    /* In a worker, before it is sealed: whatever must be opened or looked up lazily. */
    int (*warm)(enum wire_class class);
    void (*work)(const struct wire_job *job, const void *bytes, struct worked *ret);
    void (*release)(struct worked *worked);
};

#endif
