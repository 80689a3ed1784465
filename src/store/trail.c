#include "store/trail.h"

#include "sys/fd.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <xxhash.h>

#define MAGIC 0x316c7274 /* "trl1" */

/* As it lies in the file; no other machine reads it. */
struct note {
    uint64_t magic;
    unsigned char boot[16];
    int64_t last_s; /* the data file's time after the last commit */
    int64_t last_ns;
    int64_t begun_s; /* a commit has begun since; 0: none */
    int64_t begun_ns;
    int64_t believed_s;
    uint64_t sum;
};

_Static_assert(sizeof(struct note) == 72, "no gaps");

static uint64_t sum_of(const struct note *note)
{
    return XXH3_64bits(note, offsetof(struct note, sum));
}

/* Of this boot; zeros when it cannot be told, which is believed of nothing. */
static void read_boot(unsigned char ret[16])
{
    char text[37] = "";
    memset(ret, 0, 16);
    CLEANUP_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, 36) != 36)
        return;
    XXH128_hash_t hash = XXH3_128bits(text, 36);
    memcpy(ret, &hash, sizeof(hash));
}

static int64_t boot_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

void trail_open(const char *dir, bool make, struct trail *ret)
{
    static const unsigned char unknown[16];
    char path[PATH_MAX];
    *ret = (struct trail){.fd = -1};
    read_boot(ret->boot);
    if (memcmp(ret->boot, unknown, sizeof(unknown)) == 0 || fd_path(dir, "trail", path) < 0)
        return;
    ret->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (make ? O_CREAT : 0), 0600);
}

void trail_close(struct trail *trail)
{
    fd_close(&trail->fd);
}

static bool read_note(const struct trail *trail, struct note *ret)
{
    return trail->fd >= 0 && pread(trail->fd, ret, sizeof(*ret), 0) == sizeof(*ret) &&
           ret->magic == MAGIC && ret->sum == sum_of(ret) &&
           memcmp(ret->boot, trail->boot, sizeof(ret->boot)) == 0;
}

static void write_note(const struct trail *trail, const struct timespec *begun)
{
    struct note note = {
        .magic = MAGIC,
        .last_s = trail->last.tv_sec,
        .last_ns = trail->last.tv_nsec,
        .begun_s = begun->tv_sec,
        .begun_ns = begun->tv_nsec,
        .believed_s = trail->believed_s,
    };
    if (trail->fd < 0)
        return;
    memcpy(note.boot, trail->boot, sizeof(note.boot));
    note.sum = sum_of(&note);
    if (pwrite(trail->fd, &note, sizeof(note), 0) != sizeof(note))
        trail_lose(trail); /* what stands there may be wrong from now on */
}

/* The clock that files have their times from may be a tick behind the other. */
static bool is_ours(const struct note *note, const struct stat *data)
{
    if (note->last_s == data->st_mtim.tv_sec && note->last_ns == data->st_mtim.tv_nsec)
        return true;
    double since = (double)(data->st_mtim.tv_sec - note->begun_s) +
                   (double)(data->st_mtim.tv_nsec - note->begun_ns) / 1e9;
    return note->begun_s != 0 && since > -0.02 && since < TRAIL_COMMIT_S;
}

bool trail_proves(struct trail *trail, const struct stat *data)
{
    struct note note;
    if (!read_note(trail, &note) || !is_ours(&note, data))
        return false;
    int64_t now_s = boot_s();
    if (note.believed_s != 0 && now_s - note.believed_s < TRAIL_PAUSE_S)
        return false;
    trail->believed_s = now_s;
    return true;
}

void trail_begin(const struct trail *trail)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    write_note(trail, &now);
}

void trail_end(struct trail *trail, int data_fd)
{
    static const struct timespec none;
    struct stat st;
    if (trail->fd < 0)
        return;
    if (fstat(data_fd, &st) < 0) {
        trail_lose(trail);
        return;
    }
    trail->last = st.st_mtim;
    write_note(trail, &none);
}

void trail_lose(const struct trail *trail)
{
    if (trail->fd >= 0)
        (void)!ftruncate(trail->fd, 0);
}
