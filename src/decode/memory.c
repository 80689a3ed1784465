#include "decode/memory.h"

#include "sys/fd.h"

#include <sys/mman.h>

/* Sealed for good: what the worker maps cannot change under it, nor can it change it. */
int memory_of_original(const void *bytes, size_t len, int *ret)
{
    CLEANUP_FD int fd = memfd_create("original", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    int r = fd_write_all(fd, bytes, len);
    if (r == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        r = -errno;
    if (r == 0)
        *ret = fd_take(&fd);
    return r;
}

/* Made to size and sealed so: the worker can write into it, not make it larger. */
int memory_for_result(size_t size, int *ret)
{
    CLEANUP_FD int fd = memfd_create("result", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
        return -errno;
    *ret = fd_take(&fd);
    return 0;
}
