#include "sys/fd.h"

#include "base/buf.h"

#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>

int fd_path(const char *dir, const char *name, char ret[PATH_MAX])
{
    return snprintf(ret, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int fd_write_all(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

int fd_write_at(int fd, const void *bytes, size_t len, uint64_t at)
{
    const char *from = bytes;
    while (len > 0) {
        ssize_t n = pwrite(fd, from, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        from += n;
        len -= (size_t)n;
        at += (uint64_t)n;
    }
    return 0;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
    CLEANUP(buf_free) struct buf buf = BUF_INIT(max + 1);
    for (;;) {
        size_t room = max + 1 - buf.len < 65536 ? max + 1 - buf.len : 65536;
        if (room == 0)
            return -E2BIG;
        char *at = buf_reserve(&buf, room);
        if (!at)
            return buf_error(&buf);
        ssize_t n = read(fd, at, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        buf_commit(&buf, (size_t)n);
    }
    if (buf.len > max)
        return -E2BIG;
    char *text = buf_steal(&buf, ret_len);
    if (!text)
        return -ENOMEM;
    *ret = text;
    return 0;
}

int fd_sync_name(const char *path)
{
    char folder[PATH_MAX];
    if (snprintf(folder, sizeof(folder), "%s", path) >= (int)sizeof(folder))
        return -ENAMETOOLONG;
    CLEANUP_FD int fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return -errno;
    return 0;
}

int fd_replace_file(const char *path, mode_t mode, const void *bytes, size_t len)
{
    char tmp[PATH_MAX];
    if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
        return -ENAMETOOLONG;
    CLEANUP_FD int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fd_write_all(fd, bytes, len);
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0))
        r = -errno;
    if (r < 0) {
        unlink(tmp);
        return r;
    }
    return fd_sync_name(path);
}
