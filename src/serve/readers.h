/*
 * Reader threads: what would have a front thread wait for the disk is done here.
 *
 * A job is the caller's memory and runs once, on one of a few threads, in the order of posting. The
 * queue is bounded: whoever posts has reserved a place before, while he can still do something
 * else. Any thread. Jobs must not wait for one another.
 */
#ifndef SERVE_READERS_H
#define SERVE_READERS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct readers;

struct readers_job {
    void (*run)(struct readers_job *self); /* afterwards the job is not touched any more */
    struct readers_job *next;
};

/* `most`: places, of jobs that wait to be run. 0 or -errno. */
MUST_CHECK int readers_new(unsigned threads, size_t most, struct readers **ret);

/* Runs what was posted, and ends the threads. Takes NULL. */
void readers_free(struct readers *readers);

/* A place for one job. False: `most` are taken. */
MUST_CHECK bool readers_reserve(struct readers *readers);

/* Gives the place back. */
void readers_release(struct readers *readers);

/* Takes the place that was reserved. */
void readers_post(struct readers *readers, struct readers_job *job);

#endif
