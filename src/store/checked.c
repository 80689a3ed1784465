#include "store/checked.h"

#include "sys/fd.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#define TEXT                                                                                       \
    21 /* a number of 64 bits, a line's end; always as long, so that it is written at once */

void checked_open(const char *dir, struct checked *ret)
{
    char path[PATH_MAX], text[TEXT + 1] = "";
    struct stat st;
    *ret = (struct checked){.fd = -1};
    if (fd_path(dir, "checked", path) < 0)
        return;
    CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    uint64_t below;
    char end;
    if (fd >= 0 && pread(fd, text, TEXT, 0) == TEXT && fstat(fd, &st) == 0 &&
        sscanf(text, "%" SCNu64 "%c", &below, &end) == 2 && end == '\n') {
        ret->below = below;
        ret->closed = (struct env_closed){st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
    }
    ret->fd = fd_take(&fd);
}

void checked_close(struct checked *checked)
{
    fd_close(&checked->fd);
}

static bool is_later(const struct env_closed *one, const struct env_closed *other)
{
    return one->s > other->s || (one->s == other->s && one->ns > other->ns);
}

struct env_closed checked_closed(const struct checked *checked, uint64_t generation,
                                 const struct env_closed *closed)
{
    bool speaks = generation < checked->below && is_later(&checked->closed, closed);
    return speaks ? checked->closed : *closed;
}

void checked_note(const struct checked *checked, uint64_t generation)
{
    char text[TEXT + 1];
    snprintf(text, sizeof(text), "%020" PRIu64 "\n", generation);
    if (checked->fd >= 0)
        (void)!pwrite(checked->fd, text, TEXT, 0);
}
