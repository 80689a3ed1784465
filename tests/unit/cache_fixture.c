#include "cache_fixture.h"

#include "base/list.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *run_loop(void *arg)
{
    assert_int_equal(loop_run(arg), 0);
    return NULL;
}

struct fixture *fixture_new(uint64_t size, uint64_t index_size)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    snprintf(f->dir, sizeof(f->dir), "/tmp/shoji-test-cache-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->conf = (struct cache_conf){.dir = f->dir,
                                  .size = size,
                                  .index_size = index_size,
                                  .encrypt = getenv("SHOJI_TEST_ENCRYPT") != NULL};
    fixture_open(f);
    return f;
}

void fixture_open(struct fixture *f)
{
    assert_int_equal(loop_new(&f->loop), 0);
    f->conf.loop = f->loop;
    assert_int_equal(cache_open(&f->conf, &f->cache), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, run_loop, f->loop), 0);
}

void fixture_close(struct fixture *f)
{
    if (!f->cache)
        return;
    loop_stop(f->loop);
    pthread_join(f->thread, NULL);
    cache_close(f->cache);
    loop_free(f->loop);
    f->cache = NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_free(struct fixture *f)
{
    fixture_close(f);
    nftw(f->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
}

/* ---- writing ---- */

/* One lock for all is enough: each write is waited for under an address of its own. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

struct waited {
    struct cache_write write;
    bool done;
};

static void finish(struct cache_write *self)
{
    pthread_mutex_lock(&lock);
    container_of(self, struct waited, write)->done = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

int fixture_write(struct fixture *f, struct cache_write *write)
{
    struct waited waited = {.write = *write};
    waited.write.done = finish;
    cache_write_start(f->cache, &waited.write);
    pthread_mutex_lock(&lock);
    while (!waited.done)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    write->result = waited.write.result;
    write->record = waited.write.record;
    return write->result;
}

/* What is waited for under its own address, until its `done` takes it out again. */
static const void *awaited;

static void tell(const void *what)
{
    pthread_mutex_lock(&lock);
    assert_ptr_equal(what, awaited);
    awaited = NULL;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void expect(const void *what)
{
    pthread_mutex_lock(&lock);
    while (awaited)
        pthread_cond_wait(&changed, &lock);
    awaited = what;
    pthread_mutex_unlock(&lock);
}

static void wait_for(const void *what)
{
    pthread_mutex_lock(&lock);
    while (awaited == what)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void purged(struct cache_purge *self)
{
    tell(self);
}

int fixture_purge(struct fixture *f, struct cache_purge *purge)
{
    purge->done = purged;
    expect(purge);
    cache_purge_start(f->cache, purge);
    wait_for(purge);
    return purge->result;
}

static void swept(struct cache_sweep *self)
{
    tell(self);
}

int fixture_sweep(struct fixture *f, struct cache_sweep *sweep)
{
    sweep->done = swept;
    expect(sweep);
    cache_sweep_start(f->cache, sweep);
    wait_for(sweep);
    return sweep->result;
}

struct cache_key fixture_key(const struct fixture *f, const char *url)
{
    struct cache_key key;
    cache_key_of_url(f->cache, url, strlen(url), &key);
    return key;
}

int fixture_store(struct fixture *f, const char *url, const void *bytes, size_t len)
{
    struct cache_write write = {.op = CACHE_STORE,
                                .key = fixture_key(f, url),
                                .record = {.type = IMAGE_PNG},
                                .bytes = bytes,
                                .len = len};
    return fixture_write(f, &write);
}

int fixture_claim(struct fixture *f, const char *url, uint8_t seen)
{
    struct cache_write write = {.op = CACHE_CLAIM, .key = fixture_key(f, url), .seen = seen};
    return fixture_write(f, &write);
}

int fixture_enqueue(struct fixture *f, const char *url, int64_t due_s)
{
    struct cache_write write = {.op = CACHE_ENQUEUE,
                                .key = fixture_key(f, url),
                                .record = {.retry_s = due_s},
                                .bytes = url,
                                .len = strlen(url)};
    return fixture_write(f, &write);
}

int fixture_check(struct fixture *f, const char *url, const void *bytes, size_t len)
{
    struct cache_key key = fixture_key(f, url);
    struct cache_record record;
    int r = cache_lookup(f->cache, &key, &record);
    if (r != 0)
        return r;
    void *got;
    size_t got_len;
    r = cache_read(f->cache, &record, &got, &got_len);
    if (r != 0)
        return r;
    r = got_len == len && memcmp(got, bytes, len) == 0 ? 0 : -EILSEQ;
    free(got);
    return r;
}

/* ---- files ---- */

static void (*visit_file)(const char *path, void *ctx);
static void *visit_ctx;

static int visit_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)ftw;
    if (type == FTW_F)
        visit_file(path, visit_ctx);
    return 0;
}

void fixture_files(const struct fixture *f, void (*visit)(const char *path, void *ctx), void *ctx)
{
    visit_file = visit;
    visit_ctx = ctx;
    assert_int_equal(nftw(f->dir, visit_one, 16, FTW_PHYS), 0);
}

struct seeing {
    void (*see)(struct span all, void *ctx);
    void *ctx;
};

static void see_file(const char *path, void *ctx)
{
    const struct seeing *seeing = ctx;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    if (st.st_size > 0) {
        char *all = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        assert_true(all != MAP_FAILED);
        seeing->see((struct span){all, (size_t)st.st_size}, seeing->ctx);
        munmap(all, (size_t)st.st_size);
    }
    close(fd);
}

void fixture_contents(const struct fixture *f, void (*see)(struct span all, void *ctx), void *ctx)
{
    struct seeing seeing = {see, ctx};
    fixture_files(f, see_file, &seeing);
}

static uint64_t disk_bytes;

static int count_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)path;
    (void)type;
    (void)ftw;
    disk_bytes += (uint64_t)st->st_blocks * 512;
    return 0;
}

uint64_t fixture_disk_bytes(const struct fixture *f)
{
    disk_bytes = 0;
    assert_int_equal(nftw(f->dir, count_one, 16, FTW_PHYS), 0);
    return disk_bytes;
}

void fixture_fill(uint64_t seed, void *bytes, size_t len)
{
    /* splitmix64: any seed, even 0, gives bytes that look random. */
    uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++) {
        seed += 0x9e3779b97f4a7c15;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        at[i] = (uint8_t)(z >> 56);
    }
}
