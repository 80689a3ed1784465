#include "store_drive.h"

#include "base/list.h"

#include <dirent.h>
#include <errno.h>
#include <lmdb.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct write_slot {
    struct cache_write write;
    struct drive *drive;
    void *bytes;
    size_t room;
};

struct drive {
    struct cache *cache;
    struct loop *loop;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned pending;
    int result;
    struct drive_commit longest;
    struct drive_commit commit; /* the last one */
    double told_s;              /* when a write was told of last */
    struct cache_sweep terms;
    struct write_slot slots[DRIVE_BATCH];
};

__attribute__((noreturn)) static void die(const char *what, int error)
{
    fprintf(stderr, "store benchmark: %s: %s\n", what, error < 0 ? strerror(-error) : "no");
    exit(1);
}

double drive_now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double drive_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *run(void *arg)
{
    int r = loop_run(arg);
    if (r < 0)
        die("loop", r);
    return NULL;
}

static void ignore(struct cache_sweep *self)
{
    (void)self;
}

struct drive *drive_open(const struct cache_conf *given, double *ret_start_s)
{
    struct drive *drive = calloc(1, sizeof(*drive));
    struct cache_conf conf = *given;
    if (!drive || loop_new(&drive->loop) < 0)
        die("memory", -ENOMEM);
    conf.loop = drive->loop;
    double before = drive_now_s();
    int r = cache_open(&conf, &drive->cache);
    *ret_start_s = drive_now_s() - before;
    if (r != 0)
        die(conf.dir, r);
    pthread_mutex_init(&drive->lock, NULL);
    pthread_cond_init(&drive->done, NULL);
    pthread_create(&drive->thread, NULL, run, drive->loop);
    /* As the server does: a full index then forgets the oldest instead of refusing. */
    drive->terms = (struct cache_sweep){
        .now_s = time(NULL), .retention_s = 365 * 86400, .fetch_window_s = 86400, .done = ignore};
    cache_sweep_start(drive->cache, &drive->terms);
    return drive;
}

void drive_close(struct drive *drive)
{
    loop_stop(drive->loop);
    pthread_join(drive->thread, NULL);
    cache_close(drive->cache);
    loop_free(drive->loop);
    for (unsigned i = 0; i < DRIVE_BATCH; i++)
        free(drive->slots[i].bytes);
    free(drive);
}

struct cache *drive_cache(struct drive *drive)
{
    return drive->cache;
}

/* ---- pictures ---- */

uint64_t drive_mix(uint64_t number)
{
    uint64_t z = number + 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

void drive_fill(uint64_t seed, void *bytes, size_t len)
{
    uint8_t *at = bytes;
    for (; len >= 8; len -= 8, at += 8) {
        uint64_t word = drive_mix(seed++);
        memcpy(at, &word, 8);
    }
    uint64_t word = drive_mix(seed);
    memcpy(at, &word, len);
}

/* By Box and Muller; the quartiles are at half and twice the median. */
size_t drive_mail_size(uint64_t number)
{
    double u = ((double)(drive_mix(number * 2 + 1) >> 11) + 1) / 9007199254740994.0;
    double v = (double)(drive_mix(number * 2 + 2) >> 11) / 9007199254740992.0;
    double normal = sqrt(-2 * log(u)) * cos(2 * M_PI * v);
    double size = 12000 * exp(1.03 * normal);
    return size < 1000 ? 1000 : size > (double)DRIVE_LARGEST ? DRIVE_LARGEST : (size_t)size;
}

struct cache_key drive_key(struct drive *drive, uint64_t number)
{
    char url[64];
    struct cache_key key;
    int len = snprintf(url, sizeof(url), "https://a.test/%llu", (unsigned long long)number);
    cache_key_of_url(drive->cache, url, (size_t)len, &key);
    return key;
}

bool drive_read(struct drive *drive, uint64_t number)
{
    struct cache_key key = drive_key(drive, number);
    struct cache_record record;
    void *bytes;
    size_t len;
    if (cache_lookup(drive->cache, &key, &record) != 0 ||
        cache_read(drive->cache, &record, &bytes, &len) != 0)
        return false;
    free(bytes);
    return true;
}

/* ---- writing ---- */

/* The writes of one commit are told of one right after the other; a longer pause is that of another
 * commit. One that takes less counts with that before it, which flatters it by no more than this; a
 * busy machine that pauses by itself makes it look worse. */
#define PAUSE_S 500e-6

static void count(struct drive *drive, const struct cache_write *write)
{
    double now_s = drive_now_s();
    double pause_s = now_s - drive->told_s;
    if (pause_s > PAUSE_S)
        drive->commit = (struct drive_commit){.s = pause_s};
    drive->commit.bytes += write->len;
    if (drive->commit.s >= drive->longest.s)
        drive->longest = drive->commit;
    drive->told_s = now_s;
}

static void finish(struct cache_write *self)
{
    struct write_slot *slot = container_of(self, struct write_slot, write);
    struct drive *drive = slot->drive;
    pthread_mutex_lock(&drive->lock);
    if (self->result != 0)
        drive->result = self->result;
    count(drive, self);
    if (--drive->pending == 0)
        pthread_cond_signal(&drive->done);
    pthread_mutex_unlock(&drive->lock);
}

static uint64_t prepare(struct drive *drive, struct write_slot *slot,
                        const struct drive_batch *batch, uint64_t number)
{
    uint64_t picture = batch->distinct ? number % batch->distinct : number;
    size_t len = batch->size(picture);
    uint8_t pixel = len == 0; /* nothing is stored but what we know */
    if (slot->room < len) {
        free(slot->bytes);
        slot->bytes = malloc(len);
        slot->room = len;
        if (!slot->bytes)
            die("memory", -ENOMEM);
    }
    drive_fill(picture << 20, slot->bytes, len);
    slot->drive = drive;
    slot->write =
        (struct cache_write){.op = CACHE_STORE,
                             .key = drive_key(drive, number),
                             .record = {.type = IMAGE_PNG, .host = 1, .tenant = 1, .pixel = pixel},
                             .bytes = slot->bytes,
                             .len = len,
                             .done = finish};
    return len;
}

uint64_t drive_store(struct drive *drive, const struct drive_batch *batch, double *ret_s)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < batch->count; i++) {
        uint64_t at = batch->first + i;
        bytes += prepare(drive, &drive->slots[i], batch, batch->order ? batch->order[at] : at);
    }
    double before = drive_now_s();
    pthread_mutex_lock(&drive->lock);
    drive->pending = batch->count;
    drive->told_s = before;
    drive->commit = drive->longest = (struct drive_commit){0};
    for (unsigned i = 0; i < batch->count; i++)
        cache_write_start(drive->cache, &drive->slots[i].write);
    while (drive->pending > 0)
        pthread_cond_wait(&drive->done, &drive->lock);
    pthread_mutex_unlock(&drive->lock);
    *ret_s = drive_now_s() - before;
    if (drive->result != 0)
        die("a write", drive->result);
    return bytes;
}

struct drive_commit drive_longest(const struct drive *drive)
{
    return drive->longest;
}

/* ---- the disk ---- */

static uint64_t blocks_of(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return 0;
    uint64_t bytes = (uint64_t)st.st_blocks * 512;
    return S_ISDIR(st.st_mode) ? bytes + drive_disk_bytes(path) : bytes;
}

uint64_t drive_disk_bytes(const char *dir)
{
    uint64_t bytes = 0;
    char path[4096];
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d && (entry = readdir(d))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        bytes += blocks_of(path);
    }
    if (d)
        closedir(d);
    return bytes;
}

/* Pages from the first to the last ever used, but for those on LMDB's list of free ones. */
static uint64_t used_of(const char *path)
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    MDB_envinfo info;
    MDB_val k, v;
    if (mdb_env_create(&env) != 0 || mdb_env_open(env, path, MDB_RDONLY, 0) != 0 ||
        mdb_env_info(env, &info) != 0 || mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0 ||
        mdb_cursor_open(txn, 0, &cursor) != 0)
        die(path, -EIO);
    uint64_t pages = info.me_last_pgno + 1;
    while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == 0) {
        size_t free_pages;
        memcpy(&free_pages, v.mv_data, sizeof(free_pages));
        pages -= free_pages;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    mdb_env_close(env);
    return pages * 4096;
}

uint64_t drive_used_bytes(const char *dir, const char *prefix)
{
    uint64_t bytes = 0;
    char path[4096];
    DIR *d = opendir(dir);
    const struct dirent *entry;
    while (d && (entry = readdir(d))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        bytes += used_of(path);
    }
    if (d)
        closedir(d);
    return bytes;
}
