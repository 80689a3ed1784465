/*
 * A worker's answer, taken over and held against what was asked. The worker may be in the hands of
 * whoever made the picture, and may still write into the result's memory: so the bytes are copied
 * first, and only the copy is looked at. Any thread.
 */
#ifndef DECODE_ANSWER_H
#define DECODE_ANSWER_H

#include "decode/pool.h"
#include "decode/wire.h"

enum {
    ANSWER_FALSE = 1, /* no honest worker says this: kill it */
};

/* On 0 the caller owns ret->bytes (with DECODE_OK; NULL otherwise). 0, an answer or -ENOMEM. */
MUST_CHECK int answer_take(const struct wire_job *job, const struct wire_done *done, int out_fd,
                           struct decode_result *ret);

#endif
