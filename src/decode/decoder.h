/*
 * The shoji-decode process itself: started with one socket, an environment of our own and no other
 * descriptor, ended with SIGKILL. Owned by the team of workers. One thread.
 */
#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct decoder {
    pid_t pid;   /* 0: not running */
    int control; /* non-blocking; -1: not running */
};

#define DECODER_INIT ((struct decoder){.control = -1})

/* 0 or -errno: among others -ENOENT and -EACCES for the program. Does not wait for its hello. */
MUST_CHECK int decoder_start(const char *program, struct decoder *ret);

static inline bool decoder_running(const struct decoder *decoder)
{
    return decoder->pid != 0;
}

/* True once the process has died: before its workers are, who die of it. */
bool decoder_gone(const struct decoder *decoder);

/* Kills and reaps it; the kernel then kills its workers. */
void decoder_stop(struct decoder *decoder);

#endif
