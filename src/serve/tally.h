/*
 * What a front has answered: by the step that answered and the status that went out.
 *
 * One writer, the thread of its front; any thread may read, and sees each number as it was a moment
 * ago, which is all that metrics need. So a count is a plain load and store: no lock, no locked
 * instruction, and a cache line that no other front writes to.
 */
#ifndef SERVE_TALLY_H
#define SERVE_TALLY_H

#include <stdatomic.h>
#include <stddef.h>

/* Who gave the answer: the listener itself (method, malformed path), hot memory, or a step of the
 * request; `lookup` is what we know, pictures in the kernel's memory included, `read` what a reader
 * thread read from the disk, `join` whatever crossed to the back thread. */
#define TALLY_STEPS(STEP)                                                                          \
    STEP(http) STEP(hot) STEP(verify) STEP(policy) STEP(lookup) STEP(read) STEP(join)

enum tally_step {
#define STEP(name) TALLY_##name,
    TALLY_STEPS(STEP)
#undef STEP
        TALLY_STEPS_COUNT
};

/* All that reply.c can say, and 0 for what it could not. */
static const unsigned short tally_statuses[] = {200, 206, 304, 400, 403, 404,
                                                405, 410, 416, 503, 0};

#define TALLY_STATUSES (sizeof(tally_statuses) / sizeof(tally_statuses[0]))

struct tally {
    _Alignas(64) atomic_ulong answers[TALLY_STEPS_COUNT][TALLY_STATUSES];
    atomic_ulong hot_bytes;
};

static inline const char *tally_step_name(enum tally_step step)
{
    static const char *const names[] = {
#define STEP(name) #name,
        TALLY_STEPS(STEP)
#undef STEP
    };
    return names[step];
}

static inline void tally_add(struct tally *tally, enum tally_step step, unsigned status)
{
    size_t at = 0;
    while (at < TALLY_STATUSES - 1 && tally_statuses[at] != status)
        at++;
    atomic_ulong *count = &tally->answers[step][at];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static inline void tally_set_hot_bytes(struct tally *tally, size_t bytes)
{
    atomic_store_explicit(&tally->hot_bytes, bytes, memory_order_relaxed);
}

#endif
