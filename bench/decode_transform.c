/* The worker's own code in one process, without sandbox and messages: see decode_turns.h. */
#include "decode_turns.h"

#include "base/limits.h"
#include "worker/transform.h"

static struct worked worked;

void subject_start(void)
{
    if (transform_start() < 0 || transform_warm(WIRE_CLASS_RASTER) < 0)
        bench_fail("libvips does not start");
}

void subject_make(const struct original *original, unsigned max_side, struct made *ret)
{
    const struct wire_job job = {
        .type = original->type,
        .in_len = original->len,
        .out_max = LIMIT_DECODED_BYTES,
        .max_pixels = LIMIT_PIXELS,
        .max_total_pixels = LIMIT_TOTAL_PIXELS,
        .max_frames = LIMIT_FRAMES,
        .max_side = max_side,
    };
    worked = (struct worked){.outcome = WORKED_BROKEN};
    transform_run(&job, original->bytes, &worked);
    if (worked.outcome != WORKED_OK)
        bench_fail("a picture cannot be decoded");
    *ret = (struct made){worked.bytes, worked.len};
}

void subject_release(struct made *made)
{
    (void)made;
    transform_release(&worked);
}

void subject_ready(unsigned max_side)
{
    (void)max_side;
}

uint64_t subject_others_ns(void)
{
    return 0;
}
