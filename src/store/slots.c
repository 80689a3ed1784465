#include "store/slots.h"

#include "base/limits.h"
#include "sys/fd.h"

#include <limits.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

/* A part of the map: enough for pictures of 2 KiB on average. */
#define SHARE 64

#define BLOCK 4096
#define TURN  (LIMIT_SLOTS_FILL * SLOTS_KEY) /* bytes written at once */

uint64_t slots_bytes(uint64_t size)
{
    return (size / SHARE + BLOCK - 1) / BLOCK * BLOCK;
}

uint32_t slots_limit(uint64_t size)
{
    uint64_t limit = slots_bytes(size) / SLOTS_KEY;
    return limit < SLOTS_NONE ? (uint32_t)limit : SLOTS_NONE;
}

uint64_t slots_map_size(uint64_t bytes)
{
    uint64_t size = bytes / (SHARE + 1) * SHARE / BLOCK * BLOCK;
    return size > BLOCK ? size - BLOCK : 0; /* as slots_bytes rounds up */
}

static int open_keys(const char *dir, int flags)
{
    char path[PATH_MAX];
    int r = fd_path(dir, "keys", path);
    if (r < 0)
        return r;
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

int slots_open(const char *dir, uint64_t size, int make, struct slots *ret)
{
    CLEANUP_FD int fd = open_keys(dir, make ? O_RDWR | O_CREAT | O_TRUNC : O_RDWR);
    struct slots slots = {.fd = -1, .limit = slots_limit(size)};
    if (fd == -ENOENT) {
        *ret = slots;
        return 0;
    }
    if (fd < 0)
        return fd;
    /* The length says how many have keys. */
    if (make && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)slots_bytes(size)) < 0 &&
        errno != EOPNOTSUPP)
        return -errno;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    uint64_t filled = (uint64_t)st.st_size / SLOTS_KEY;
    slots.filled = filled < slots.limit ? (uint32_t)filled : slots.limit;
    slots.fd = fd_take(&fd);
    *ret = slots;
    return 0;
}

void slots_close(struct slots *slots)
{
    fd_close(&slots->fd);
}

int slots_renew(const struct slots *slots, uint32_t from, uint32_t upto)
{
    UNCLEARED uint8_t keys[TURN];
    int r = 0;
    while (r == 0 && from < upto) {
        uint32_t count = upto - from < LIMIT_SLOTS_FILL ? upto - from : LIMIT_SLOTS_FILL;
        randombytes_buf(keys, (size_t)count * SLOTS_KEY);
        r = fd_write_at(slots->fd, keys, (size_t)count * SLOTS_KEY, (uint64_t)from * SLOTS_KEY);
        from += count;
    }
    sodium_memzero(keys, sizeof(keys));
    return r;
}

int slots_sync(const struct slots *slots)
{
    return fdatasync(slots->fd) < 0 ? -errno : 0;
}

int slots_fill(struct slots *slots, uint32_t slot)
{
    if (slot >= slots->limit)
        return -ENOSPC;
    if (slot < slots->filled)
        return 0;
    uint32_t upto = (slot / LIMIT_SLOTS_FILL + 1) * LIMIT_SLOTS_FILL;
    if (upto > slots->limit)
        upto = slots->limit;
    int r = slots_renew(slots, slots->filled, upto);
    if (r == 0)
        r = slots_sync(slots);
    if (r == 0)
        slots->filled = upto;
    return r;
}

int slots_key(const struct slots *slots, uint32_t slot, uint8_t ret[SLOTS_KEY])
{
    if (slots->fd < 0 || slot == SLOTS_NONE)
        return -ENOENT;
    uint8_t key[SLOTS_KEY];
    ssize_t n = pread(slots->fd, key, sizeof(key), (off_t)slot * SLOTS_KEY);
    if (n == (ssize_t)sizeof(key))
        memcpy(ret, key, sizeof(key));
    sodium_memzero(key, sizeof(key));
    if (n < 0)
        return -errno;
    return n == (ssize_t)sizeof(key) ? 0 : -ENOENT;
}

void slots_wipe(const char *dir)
{
    static const uint8_t zeros[BLOCK];
    CLEANUP_FD int fd = open_keys(dir, O_RDWR);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return;
    for (off_t at = 0; at < st.st_size; at += BLOCK) {
        off_t left = st.st_size - at;
        if (fd_write_at(fd, zeros, left < BLOCK ? (size_t)left : BLOCK, (uint64_t)at) < 0)
            break;
    }
    (void)!fdatasync(fd); /* what cannot be written over is removed all the same */
}
