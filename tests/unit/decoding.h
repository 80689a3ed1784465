/*
 * A pool on a loop, for tests: starts pictures, runs the loop until all have come back, and keeps
 * what came.
 */
#ifndef TESTS_DECODING_H
#define TESTS_DECODING_H

#include "test.h"

#include "base/limits.h"
#include "decode/pool.h"

struct decoding {
    struct loop *loop;
    struct pool *pool;
    unsigned pending;
};

struct came {
    struct decoding *decoding;
    struct decode *decode;
    struct decode_result result; /* `bytes` is ours to free */
    unsigned times;
};

static inline struct pool_conf decoding_conf(const char *program)
{
    return (struct pool_conf){
        .program = program,
        .workers = 1,
        .deadline_ms = 60000, /* a loaded machine, and sanitizers, are slow */
        .memory = 768 * MiB,
        .max_pixels = LIMIT_PIXELS,
        .max_frames = LIMIT_FRAMES,
    };
}

static inline void decoding_open(struct decoding *d, const struct pool_conf *conf)
{
    char why[256] = "";
    *d = (struct decoding){0};
    assert_int_equal(loop_new(&d->loop), 0);
    if (pool_new(d->loop, conf, why, &d->pool) != 0)
        fail_msg("pool_new: %s", why);
}

static inline void decoding_close(struct decoding *d)
{
    pool_free(d->pool);
    loop_free(d->loop);
}

static inline void decoding_done(void *ctx, struct decode_result *result)
{
    struct came *came = ctx;
    came->times++;
    came->result = *result;
    result->bytes = NULL;
    if (--came->decoding->pending == 0)
        loop_stop(came->decoding->loop);
}

static inline void decoding_start(struct decoding *d, const void *bytes, size_t len,
                                  struct came *came)
{
    *came = (struct came){.decoding = d};
    d->pending++;
    assert_int_equal(decode_start(d->pool, bytes, len, decoding_done, came, &came->decode), 0);
    assert_int_equal(came->times, 0);
}

static inline void decoding_wait(struct decoding *d)
{
    assert_int_equal(loop_run(d->loop), 0);
}

static inline struct came decoding_one(struct decoding *d, const void *bytes, size_t len)
{
    struct came came;
    decoding_start(d, bytes, len, &came);
    decoding_wait(d);
    assert_int_equal(came.times, 1);
    return came;
}

#endif
