/*
 * The store's folder: taken by one process at a time, of a known format, and where things are in
 * it. Opened and closed by one thread; the paths are read by any.
 */
#ifndef STORE_FOLDER_H
#define STORE_FOLDER_H

#include "base/err.h"

#include "store/env.h"

#include <stdbool.h>
#include <stdint.h>

struct folder {
    int lock_fd; /* -1 while not open; the lock goes with it */
    bool has_index;
    struct env_closed closed;
    char *dir;
    char *secret; /* paths */
    char *index;
    char *clean;  /* a mark: its time is `closed` */
    char *broken; /* an index that could not be read, the last such one */
    char *memo;
};

/* Makes the folder (0700) when missing. 0; CACHE_LOCKED; CACHE_NEWER; -EBADMSG: a format file that
 * is not ours; -errno. folder_close is due in any case. */
MUST_CHECK int folder_open(const char *dir, struct folder *ret);
void folder_close(struct folder *folder);

/* Says that everything in it is closed as it should be; the next opening takes that back. */
void folder_closed_well(const struct folder *folder);

MUST_CHECK int folder_set_index_aside(struct folder *folder);

/* Bytes on disk of everything but the segments. */
uint64_t folder_disk_bytes(const struct folder *folder);

#endif
