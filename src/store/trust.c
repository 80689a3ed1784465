#include "store/trust.h"

#include "store/trail.h"
#include "sys/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A path and not a descriptor: closed at the wrong moment, that would be another file's. */
static char mark[PATH_MAX];
static atomic_bool marked;

static int remove_note(const char *dir, const char *name)
{
    char path[PATH_MAX];
    int r = fd_path(dir, name, path);
    if (r < 0)
        return r;
    return unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

static int remove_trails(const char *dir)
{
    DIR *d = opendir(dir);
    if (!d)
        return -errno;
    int r = remove_note(dir, "index/trail");
    const struct dirent *entry;
    while (r == 0 && (entry = readdir(d))) {
        char path[PATH_MAX];
        if (strncmp(entry->d_name, "seg-", 4) != 0)
            continue;
        r = fd_path(dir, entry->d_name, path);
        if (r == 0)
            r = remove_note(path, "trail");
    }
    closedir(d);
    return r;
}

/* The time of the mark: never. */
static int make_mark(void)
{
    static const struct timespec never[2];
    CLEANUP_FD int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 || futimens(fd, never) < 0 ? -errno : 0;
}

static bool is_believed(bool closed_well)
{
    struct stat st;
    struct timespec now;
    if (stat(mark, &st) < 0)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    time_t since_s = now.tv_sec - st.st_mtim.tv_sec;
    return closed_well || since_s < 0 || since_s >= TRAIL_PAUSE_S;
}

int trust_open(const char *dir, bool closed_well)
{
    trust_close();
    int r = fd_path(dir, "trust", mark);
    if (r < 0)
        return r;
    if (!is_believed(closed_well)) {
        r = remove_note(dir, "checked");
        if (r == 0)
            r = remove_trails(dir);
        if (r == 0)
            r = make_mark();
    } else if (!closed_well && utimensat(AT_FDCWD, mark, NULL, 0) < 0) {
        r = -errno;
    }
    if (r == 0)
        atomic_store(&marked, true);
    return r;
}

void trust_close(void)
{
    atomic_store(&marked, false);
}

void trust_lose(void)
{
    int was = errno;
    if (atomic_load(&marked))
        (void)!unlink(mark);
    errno = was;
}
