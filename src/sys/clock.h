/* Time. Deadlines use the monotonic clock, records the calendar. Any thread. */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Milliseconds since some fixed point; never jumps. */
static inline int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Seconds since 1970-01-01; may jump with the machine's clock. */
static inline int64_t clock_wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec;
}

/* Days since 1970-01-01, as option d of a signed URL counts them. */
static inline int32_t clock_day(void)
{
    return (int32_t)(clock_wall_s() / (24 * 60 * 60));
}

/* Milliseconds since 1970-01-01: for adding less than a second before rounding up. */
static inline int64_t clock_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
