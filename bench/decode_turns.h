/*
 * What the subjects of bench/decode.py that are written in C share: the list of pictures that
 * bench/decode_images.py wrote, and turns over it. A subject is the functions below; decode_turns.c
 * has main(). For benchmarks only: it trusts its files, and ends with a sentence when something
 * fails. One thread.
 *
 * usage: SUBJECT LIST. Each line of its input is an order, answered by one line of JSON; it ends
 * with its input.
 *
 *     turn SIDE MS       whole passes, at least one, until so many milliseconds of CPU time are
 *                        spent; SIDE is max_side, 0 for none:
 *                        {"passes":N,"rest_ns":N,"cpu_ns":[N,...],"out_bytes":[N,...]}, all of one
 *                        pass; rest_ns is what other processes spent between the pictures
 *     save SIDE FOLDER   one pass; results go to FOLDER/0, FOLDER/1 and so on: {"saved":N}
 *
 * The peers (bench/decode_peers) speak the same.
 */
#ifndef BENCH_DECODE_TURNS_H
#define BENCH_DECODE_TURNS_H

#include "base/image.h"

#include <stddef.h>
#include <stdint.h>

struct original {
    enum image_type type;
    void *bytes;
    size_t len;
};

struct made {
    void *bytes;
    size_t len;
};

void subject_start(void);

/* Before the first picture with this max_side: what is set up for it is no picture's cost. */
void subject_ready(unsigned max_side);

/* A picture that cannot be made ends the program. */
void subject_make(const struct original *original, unsigned max_side, struct made *ret);
void subject_release(struct made *made);

/* CPU time of the subject's other processes since their start, those that ended included. */
uint64_t subject_others_ns(void);

__attribute__((noreturn)) void bench_fail(const char *what);

#endif
