/* Descriptors: closed at the end of a scope, close-on-exec from birth. */
#ifndef SYS_FD_H
#define SYS_FD_H

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

static inline void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* `CLEANUP_FD int fd = -1;` closes at the end of the scope; hand over with fd_take(&fd). */
#define CLEANUP_FD CLEANUP(fd_close)

static inline int fd_take(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

/* The path of `name` in the folder `dir`. 0 or -ENAMETOOLONG. */
MUST_CHECK int fd_path(const char *dir, const char *name, char ret[PATH_MAX]);

/* Writes everything, also to a pipe or socket that takes it in pieces. 0 or -errno. */
MUST_CHECK int fd_write_all(int fd, const void *bytes, size_t len);

/* The same at a place of a file. */
MUST_CHECK int fd_write_at(int fd, const void *bytes, size_t len, uint64_t at);

/* Reads until the end or `max` bytes; -E2BIG when there is more. The caller frees *ret. The text is
 * followed by a NUL that *ret_len excludes. 0 or -errno. */
MUST_CHECK int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len);

/* Replaces the file at `path` by rename, mode `mode`, after its bytes have reached the disk; a
 * crash leaves the old or the new file, never a part. 0 or -errno. */
MUST_CHECK int fd_replace_file(const char *path, mode_t mode, const void *bytes, size_t len);

/* Makes the name `path` durable, or that it is gone. 0 or -errno. */
MUST_CHECK int fd_sync_name(const char *path);

#endif
