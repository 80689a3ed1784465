#include "store/folder.h"

#include "store/cache.h"
#include "sys/fd.h"

#include <string.h>
#include <sys/stat.h>

#define FORMAT_NAME   "shoji cache"
#define FORMAT_NUMBER 4

static int lock(const char *dir, int *ret_fd)
{
    char *path;
    if (asprintf(&path, "%s/lock", dir) < 0)
        return -ENOMEM;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    free(path);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    /* Of the open file, not of the process: two openings in one process exclude each other too. */
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &range) < 0)
        return errno == EAGAIN || errno == EACCES ? CACHE_LOCKED : -errno;
    return 0;
}

static int write_format(const char *path)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%s %d\n", FORMAT_NAME, FORMAT_NUMBER);
    return fd_replace_file(path, 0600, text, (size_t)len);
}

/* Older formats are read, and from now on ours is what is written. */
static int check_format_file(const char *path)
{
    char text[64];
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? write_format(path) : -errno;
    ssize_t len = read(fd, text, sizeof(text) - 1);
    if (len < 0)
        return -errno;
    text[len] = '\0';
    unsigned number;
    char end;
    if (sscanf(text, FORMAT_NAME " %u%c", &number, &end) != 2 || end != '\n' || number == 0)
        return -EBADMSG;
    if (number > FORMAT_NUMBER)
        return CACHE_NEWER;
    return number < FORMAT_NUMBER ? write_format(path) : 0;
}

static int check_format(const char *dir)
{
    char *path;
    if (asprintf(&path, "%s/format", dir) < 0)
        return -ENOMEM;
    int r = check_format_file(path);
    free(path);
    return r;
}

int folder_open(const char *dir, struct folder *ret)
{
    *ret = (struct folder){.lock_fd = -1};
    ret->dir = strdup(dir);
    if (!ret->dir || asprintf(&ret->secret, "%s/secret", dir) < 0) {
        ret->secret = NULL;
        return -ENOMEM;
    }
    if (asprintf(&ret->index, "%s/index", dir) < 0) {
        ret->index = NULL;
        return -ENOMEM;
    }
    if (asprintf(&ret->clean, "%s/clean", dir) < 0) {
        ret->clean = NULL;
        return -ENOMEM;
    }
    if (asprintf(&ret->broken, "%s/index.broken", dir) < 0) {
        ret->broken = NULL;
        return -ENOMEM;
    }
    if (asprintf(&ret->memo, "%s/memo", dir) < 0) {
        ret->memo = NULL;
        return -ENOMEM;
    }
    if (mkdir(dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    int r = lock(dir, &ret->lock_fd);
    if (r == 0)
        r = check_format(dir);
    if (r != 0)
        return r;
    ret->has_index = env_file_bytes(ret->index) > 0;
    struct stat st;
    if (stat(ret->clean, &st) == 0)
        ret->closed = (struct env_closed){st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    return unlink(ret->clean) < 0 && errno != ENOENT ? -errno : 0;
}

void folder_close(struct folder *folder)
{
    free(take(folder->dir));
    free(take(folder->secret));
    free(take(folder->index));
    free(take(folder->clean));
    free(take(folder->broken));
    free(take(folder->memo));
    fd_close(&folder->lock_fd);
}

void folder_closed_well(const struct folder *folder)
{
    int r = fd_replace_file(folder->clean, 0600, "", 0);
    (void)r; /* without the mark the next opening merely takes longer */
}

int folder_set_index_aside(struct folder *folder)
{
    int r = env_remove(folder->broken);
    if (r < 0)
        return r;
    return rename(folder->index, folder->broken) < 0 ? -errno : 0;
}

uint64_t folder_disk_bytes(const struct folder *folder)
{
    uint64_t bytes = env_disk_bytes(folder->index) + env_disk_bytes(folder->broken);
    const char *const files[] = {folder->secret, folder->memo, folder->dir};
    struct stat st;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (stat(files[i], &st) == 0)
            bytes += (uint64_t)st.st_blocks * 512;
    return bytes;
}
