#include "store/env.h"

#include "base/limits.h"
#include "store/sound.h"
#include "store/trail.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define IDLE_READS                                                                                 \
    16 /* one a thread that reads at the same time; more are made and thrown away                  \
        */

/* A cache line a reader and LMDB's own head, in whole blocks. */
#define LOCK_FILE (LIMIT_STORE_READERS * 64 + 4096)

struct env {
    MDB_env *mdb;
    struct trail trail;   /* who writes */
    pthread_mutex_t lock; /* of `idle` */
    MDB_txn *idle[IDLE_READS];
    size_t idle_count;
};

int env_error(int code)
{
    switch (code) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return -ENOENT;
    case MDB_KEYEXIST:
        return -EEXIST;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case MDB_PAGE_FULL:
    case MDB_CURSOR_FULL:
        return -ENOSPC;
    case MDB_READERS_FULL:
        return -EAGAIN;
    case MDB_PANIC: /* an earlier commit failed half-way; nothing more is written until reopened */
        return -EIO;
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
        return -EBADMSG;
    default:
        return code > 0 ? -code : -EIO;
    }
}

static int data_fd(const struct env *env)
{
    int fd = -1;
    must(mdb_env_get_fd(env->mdb, &fd) == 0);
    return fd;
}

/* Takes the whole file now: a disk that fills up later costs new segments, never a write into this
 * one. File systems that cannot reserve are believed to have the room; on those that copy on write
 * (Btrfs without nodatacow, ZFS) a block written again takes a new one, so that there a disk that
 * fills up later fails writes into this one, too. */
static int reserve(struct env *env, uint64_t size)
{
    int fd = data_fd(env);
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size >= size)
        return 0;
    if (fallocate(fd, 0, 0, (off_t)size) < 0 && errno != EOPNOTSUPP)
        return -errno;
    return 0;
}

/* LMDB makes its lock file with holes and maps it: on a full disk, the first touch would be a
 * SIGBUS. It takes a file that is large enough as it is. */
static int fill_lock_file(const struct env_conf *conf)
{
    static const char zeros[LOCK_FILE];
    char path[PATH_MAX];
    struct stat st;
    int r = fd_path(conf->dir, "lock.mdb", path);
    if (r < 0)
        return r;
    CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (st.st_size >= LOCK_FILE && st.st_blocks * 512 >= st.st_size)
        return 0;
    return fd_write_all(fd, zeros, sizeof(zeros));
}

static int check(const struct env_conf *conf, struct trail *trail)
{
    char path[PATH_MAX];
    struct stat st;
    int r = fd_path(conf->dir, "data.mdb", path);
    if (r < 0 || stat(path, &st) < 0)
        return r;
    if (st.st_mtim.tv_sec < conf->closed.s ||
        (st.st_mtim.tv_sec == conf->closed.s && st.st_mtim.tv_nsec < conf->closed.ns))
        return 0;
    return trail_proves(trail, &st) ? 0 : sound_check(path);
}

static int open_mdb(const struct env_conf *conf, struct env *env)
{
    int code = mdb_env_create(&env->mdb);
    if (code == 0)
        code = mdb_env_set_mapsize(env->mdb, conf->size);
    if (code == 0)
        code = mdb_env_set_maxreaders(env->mdb, LIMIT_STORE_READERS);
    if (code == 0 && conf->databases > 0)
        code = mdb_env_set_maxdbs(env->mdb, conf->databases);
    /* Not NOMEMINIT: LMDB then wipes its pages, and no heap memory of ours gets to the disk. */
    if (code == 0)
        code = mdb_env_open(env->mdb, conf->dir, MDB_NOTLS | MDB_NORDAHEAD | conf->flags, 0600);
    return code == 0 ? reserve(env, conf->size) : env_error(code);
}

int env_open(const struct env_conf *conf, struct env **ret)
{
    if (mkdir(conf->dir, 0700) < 0 && errno != EEXIST)
        return -errno;
    struct env *env = calloc(1, sizeof(*env));
    if (!env)
        return -ENOMEM;
    pthread_mutex_init(&env->lock, NULL);
    trail_open(conf->dir, conf->trail, &env->trail);
    int r = check(conf, &env->trail);
    if (r == 0)
        r = fill_lock_file(conf);
    if (r == 0)
        r = open_mdb(conf, env);
    if (r < 0) {
        env_close(env);
        return r;
    }
    trail_end(&env->trail, data_fd(env)); /* it is ours as it is now */
    *ret = env;
    return 0;
}

void env_close(struct env *env)
{
    if (!env)
        return;
    while (env->idle_count > 0)
        mdb_txn_abort(env->idle[--env->idle_count]);
    if (env->mdb)
        mdb_env_close(env->mdb);
    trail_close(&env->trail);
    pthread_mutex_destroy(&env->lock);
    free(env);
}

int env_seek(MDB_cursor *cursor, const MDB_val *after, MDB_val *ret_key, MDB_val *ret_value)
{
    if (!after)
        return env_error(mdb_cursor_get(cursor, ret_key, ret_value, MDB_FIRST));
    MDB_val k = *after;
    int r = env_error(mdb_cursor_get(cursor, &k, ret_value, MDB_SET_RANGE));
    if (r == 0 && k.mv_size == after->mv_size && memcmp(k.mv_data, after->mv_data, k.mv_size) == 0)
        r = env_error(mdb_cursor_get(cursor, &k, ret_value, MDB_NEXT));
    *ret_key = k;
    return r;
}

int env_read_begin(struct env *env, MDB_txn **ret)
{
    pthread_mutex_lock(&env->lock);
    MDB_txn *txn = env->idle_count > 0 ? env->idle[--env->idle_count] : NULL;
    pthread_mutex_unlock(&env->lock);
    if (!txn)
        return env_error(mdb_txn_begin(env->mdb, NULL, MDB_RDONLY, ret));
    int code = mdb_txn_renew(txn);
    if (code != 0) {
        mdb_txn_abort(txn);
        return env_error(code);
    }
    *ret = txn;
    return 0;
}

void env_read_end(struct env *env, MDB_txn *txn)
{
    mdb_txn_reset(txn);
    pthread_mutex_lock(&env->lock);
    if (env->idle_count < IDLE_READS) {
        env->idle[env->idle_count++] = txn;
        txn = NULL;
    }
    pthread_mutex_unlock(&env->lock);
    if (txn)
        mdb_txn_abort(txn);
}

int env_write_begin(struct env *env, MDB_txn **ret)
{
    return env_error(mdb_txn_begin(env->mdb, NULL, 0, ret));
}

int env_commit(struct env *env, MDB_txn *txn)
{
    trail_begin(&env->trail);
    int r = env_error(mdb_txn_commit(txn));
    if (r == 0)
        trail_end(&env->trail, data_fd(env));
    else
        trail_lose(&env->trail);
    return r;
}

void env_space(struct env *env, struct env_space *ret)
{
    MDB_envinfo info;
    MDB_stat stat;
    must(mdb_env_info(env->mdb, &info) == 0 && mdb_env_stat(env->mdb, &stat) == 0);
    *ret = (struct env_space){
        .page = stat.ms_psize,
        .pages = info.me_mapsize / stat.ms_psize,
        .pages_used = info.me_last_pgno + 1,
    };
}

int env_free_pages(struct env *env, uint64_t *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(env, &txn);
    if (r < 0)
        return r;
    MDB_cursor *cursor;
    r = env_error(mdb_cursor_open(txn, 0, &cursor)); /* database 0 is LMDB's list of free pages */
    if (r == 0) {
        uint64_t count = 0;
        MDB_val key, value;
        int code;
        while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
            size_t here; /* each value is a list that begins with its length */
            memcpy(&here, value.mv_data, sizeof(here));
            count += here;
        }
        mdb_cursor_close(cursor);
        r = code == MDB_NOTFOUND ? 0 : env_error(code);
        if (r == 0)
            *ret = count;
    }
    env_read_end(env, txn);
    return r;
}

static int write_zeros(int fd, uint64_t from, uint64_t end)
{
    static const char zeros[64 * KiB];
    int r = 0;
    for (; from < end && r == 0; from += sizeof(zeros)) {
        size_t len = end - from < sizeof(zeros) ? end - from : sizeof(zeros);
        r = fd_write_at(fd, zeros, len, from);
    }
    return r;
}

/* For the trail, a commit like others: it changes the file. */
int env_clear_rest(struct env *env)
{
    struct env_space space;
    struct stat st;
    unsigned flags = 0;
    int fd = data_fd(env), r = 0;
    env_space(env, &space);
    uint64_t from = space.pages_used * space.page;
    if (fstat(fd, &st) < 0)
        return -errno;
    if ((uint64_t)st.st_size <= from)
        return 0;
    uint64_t len = (uint64_t)st.st_size - from;
    trail_begin(&env->trail);
    if (fallocate(fd, FALLOC_FL_ZERO_RANGE, (off_t)from, (off_t)len) < 0)
        r = errno == EOPNOTSUPP ? write_zeros(fd, from, from + len) : -errno;
    must(mdb_env_get_flags(env->mdb, &flags) == 0);
    if (r == 0 && !(flags & MDB_NOSYNC) && fdatasync(fd) < 0)
        r = -errno;
    trail_end(&env->trail, fd);
    return r;
}

static const char *const files[] = {"data.mdb", "lock.mdb", "keys" /* slots.h */, "trail"};

uint64_t env_file_bytes(const char *dir)
{
    char path[PATH_MAX];
    struct stat st;
    if (fd_path(dir, "data.mdb", path) < 0 || stat(path, &st) < 0)
        return 0;
    return (uint64_t)st.st_size;
}

uint64_t env_disk_bytes(const char *dir)
{
    uint64_t bytes = 0;
    char path[PATH_MAX];
    struct stat st;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (fd_path(dir, files[i], path) == 0 && stat(path, &st) == 0)
            bytes += (uint64_t)st.st_blocks * 512;
    if (stat(dir, &st) == 0)
        bytes += (uint64_t)st.st_blocks * 512;
    return bytes;
}

/* What LMDB begins every environment with: two pages. Made in memory, for the disk may be full. */
#define METAS 2

static int make_blank(int fd, uint64_t size)
{
    char path[64];
    MDB_env *mdb;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    int code = mdb_env_create(&mdb);
    if (code != 0)
        return env_error(code);
    code = mdb_env_set_mapsize(mdb, size);
    if (code == 0)
        code = mdb_env_open(mdb, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600);
    mdb_env_close(mdb);
    return env_error(code);
}

static int blank(uint64_t size, char **ret, size_t *ret_len)
{
    size_t metas = METAS * (size_t)sysconf(_SC_PAGESIZE), len;
    CLEANUP_FD int fd = memfd_create("blank", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    char *bytes;
    int r = make_blank(fd, size);
    if (r == 0)
        r = fd_read_all(fd, metas, &bytes, &len);
    if (r < 0)
        return r;
    if (len != metas) {
        free(bytes);
        return -EIO;
    }
    *ret = bytes;
    *ret_len = len;
    return 0;
}

/* Holes are filled, should somebody have copied the file with some. */
static int write_begin(const char *dir, uint64_t size, const char *bytes, size_t len)
{
    char path[PATH_MAX];
    int r = fd_path(dir, "data.mdb", path);
    if (r < 0)
        return r;
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    if (fallocate(fd, 0, 0, (off_t)size) < 0 && errno != EOPNOTSUPP)
        return -errno;
    r = fd_write_all(fd, bytes, len);
    return r == 0 && fdatasync(fd) < 0 ? -errno : r;
}

int env_renew(const char *dir, uint64_t size)
{
    char *bytes = NULL;
    size_t len = 0;
    int r = blank(size, &bytes, &len);
    if (r < 0)
        return r;
    r = write_begin(dir, size, bytes, len);
    free(bytes);
    return r;
}

int env_remove(const char *dir)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int r = fd_path(dir, files[i], path);
        if (r < 0)
            return r;
        if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
            return -errno;
    }
    return rmdir(dir) < 0 && errno != ENOENT ? -errno : 0;
}
