/* What survives a crash, and what damage does. */
#include "cache_fixture.h"

#include "base/list.h"
#include "store/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- killed while writing ---- */

#define WRITES 20000

struct promise {
    uint32_t number; /* of a write whose `done` came with result 0 */
};

static int promise_fd;

struct numbered {
    struct cache_write write;
    uint32_t number;
    uint8_t bytes[3000];
};

static void promise(struct cache_write *self)
{
    struct numbered *n = container_of(self, struct numbered, write);
    struct promise p = {n->number};
    if (self->result != 0 || write(promise_fd, &p, sizeof(p)) != sizeof(p))
        _exit(9);
    free(n);
}

static size_t size_of(uint32_t number)
{
    return 1 + number * 37 % 3000;
}

/* Claims a few addresses for good; answers others in two steps; never ends by itself. */
static void write_until_killed(struct fixture *f, uint32_t first)
{
    assert_int_equal(loop_new(&f->loop), 0);
    f->conf.loop = f->loop;
    if (cache_open(&f->conf, &f->cache) != 0)
        _exit(8);
    char url[64];
    for (uint32_t i = 0; i < WRITES; i++) {
        struct numbered *n = calloc(1, sizeof(*n));
        n->number = first + i;
        snprintf(url, sizeof(url), "https://a.test/%u", n->number);
        n->write.key = fixture_key(f, url);
        n->write.done = promise;
        n->write.op = n->number % 20 == 0 ? CACHE_CLAIM : CACHE_STORE;
        n->write.bytes = n->bytes;
        n->write.len = n->write.op == CACHE_STORE ? size_of(n->number) : 0;
        fixture_fill(n->number, n->bytes, n->write.len);
        cache_write_start(f->cache, &n->write);
    }
    (void)!loop_run(f->loop);
    _exit(7);
}

static void check_promise(struct fixture *f, uint32_t number)
{
    char url[64];
    uint8_t bytes[3000];
    snprintf(url, sizeof(url), "https://a.test/%u", number);
    if (number % 20 == 0) {
        struct cache_key key = fixture_key(f, url);
        struct cache_record record;
        assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
        assert_int_equal(record.state, CACHE_FAILED);
        assert_int_equal(record.reason, CACHE_REASON_CRASHED);
        return;
    }
    fixture_fill(number, bytes, size_of(number));
    assert_int_equal(fixture_check(f, url, bytes, size_of(number)), 0);
}

static void test_what_was_reported_survives_sigkill(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(128 * MiB, 32 * MiB);
    fixture_close(f);
    static uint32_t kept[WRITES];
    size_t rounds_with_promises = 0;
    for (uint32_t round = 0; round < 20; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            promise_fd = ends[1];
            write_until_killed(f, round * WRITES);
        }
        close(ends[1]);
        /* Killed after a number of promises that differs from round to round, at whatever the
         * writer is then in the middle of. */
        size_t count = 0, stop = 1 + round * 131 % 700;
        struct promise p;
        while (count < stop && read(ends[0], &p, sizeof(p)) == sizeof(p))
            kept[count++] = p.number;
        kill(pid, SIGKILL);
        while (count < WRITES && read(ends[0], &p, sizeof(p)) == sizeof(p))
            kept[count++] = p.number;
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

        fixture_open(f);
        for (size_t i = 0; i < count; i++)
            check_promise(f, kept[i]);
        rounds_with_promises += count > 0;
        struct cache_usage usage;
        cache_usage(f->cache, &usage);
        assert_int_equal(usage.index_lost, 0);
        fixture_close(f);
    }
    assert_int_equal(rounds_with_promises, 20);
    fixture_free(f);
}

/* ---- damaged files ---- */

#define PICTURES 200

static void url_of(unsigned i, char ret[64])
{
    snprintf(ret, 64, "https://a.test/%u", i);
}

static size_t fill_picture(unsigned i, uint8_t bytes[40000])
{
    size_t len = 100 + i * 191 % 39000;
    fixture_fill(i, bytes, len);
    return len;
}

static struct fixture *filled(void)
{
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    uint8_t bytes[40000];
    char url[64];
    for (unsigned i = 0; i < PICTURES; i++) {
        url_of(i, url);
        size_t len = fill_picture(i, bytes);
        assert_int_equal(fixture_store(f, url, bytes, len), 0);
    }
    fixture_close(f);
    return f;
}

/* Every picture is as it was, or gone (`gone`: CACHE_NONE, or what else it may be). How many are
 * there? */
static unsigned count_pictures(struct fixture *f, int gone)
{
    unsigned there = 0;
    uint8_t bytes[40000];
    char url[64];
    for (unsigned i = 0; i < PICTURES; i++) {
        url_of(i, url);
        size_t len = fill_picture(i, bytes);
        int r = fixture_check(f, url, bytes, len);
        assert_true(r == 0 || r == CACHE_NONE || r == gone);
        there += r == 0;
    }
    return there;
}

struct target {
    const char *part;
    char path[256];
};

static void find_target(const char *path, void *ctx)
{
    struct target *target = ctx;
    if (strstr(path, target->part) && strstr(path, "data.mdb"))
        snprintf(target->path, sizeof(target->path), "%s", path);
}

static int open_path(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

static int open_target(const struct fixture *f, const char *part)
{
    struct target target = {.part = part};
    fixture_files(f, find_target, &target);
    return open_path(target.path);
}

/* Is this one of the pages that LMDB finds its way by: meta, branch or leaf? */
static bool is_structure(const char *page, uint64_t number)
{
    uint16_t flags;
    memcpy(&flags, page + 10, sizeof(flags));
    return memcmp(page, &number, sizeof(number)) == 0 && (flags == 1 || flags == 2 || flags == 8);
}

/* Damages `count` bytes of such pages, mostly in their heads and tables. */
static void damage_structure(char *file, size_t len, uint64_t seed, unsigned count)
{
    uint64_t pages[2048];
    size_t found = 0;
    for (uint64_t n = 0; n < len / 4096 && found < 2048; n++)
        if (is_structure(file + n * 4096, n))
            pages[found++] = n;
    assert_true(found > 2);
    for (unsigned i = 0; i < count; i++) {
        uint64_t random[3];
        fixture_fill(seed * 1000 + i, random, sizeof(random));
        size_t within = random[1] % 4 ? random[1] % 64 : random[1] % 4096;
        file[pages[random[0] % found] * 4096 + within] = (char)random[2];
    }
}

static void flip(int fd, uint64_t seed, unsigned count, off_t from, off_t to)
{
    for (unsigned i = 0; i < count; i++) {
        uint64_t random;
        fixture_fill(seed * 1000 + i, &random, sizeof(random));
        off_t at = from + (off_t)(random % (uint64_t)(to - from));
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (uint8_t)(1U << (random >> 61));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
}

static void copy_over(int to, const char *bytes, size_t len)
{
    assert_int_equal(ftruncate(to, (off_t)len), 0);
    assert_int_equal(pwrite(to, bytes, len, 0), (ssize_t)len);
}

static void test_flipped_bytes_cost_pictures_only(void **state)
{
    (void)state;
    struct fixture *f = filled();
    unsigned least = PICTURES;
    for (uint64_t round = 0; round < 6; round++) {
        int fd = open_target(f, "seg-");
        flip(fd, round, 40, 10 * 4096, 700 * 4096);
        close(fd);
        fixture_open(f);
        unsigned there = count_pictures(f, CACHE_NONE);
        least = there < least ? there : least;
        uint8_t byte = 1;
        assert_int_equal(fixture_store(f, "https://a.test/new", &byte, 1), 0);
        assert_int_equal(fixture_check(f, "https://a.test/new", &byte, 1), 0);
        fixture_close(f);
    }
    assert_true(least < PICTURES); /* that damage was done at all */
    fixture_free(f);
}

/* LMDB itself would follow a wrong page number to its death; so each damaged file is opened, read
 * and written in a process of its own, which has to come through. */
static bool survives(struct fixture *f)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka's handlers would go on with the next test */
        signal(SIGBUS, SIG_DFL);
        signal(SIGABRT, SIG_DFL);
        fixture_open(f);
        (void)count_pictures(f, -EBADMSG); /* a record whose checksum fails */
        uint8_t byte = 1;
        (void)fixture_store(f, "https://a.test/new", &byte, 1);
        fixture_close(f);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void damage_in_turn(const char *name, unsigned rounds)
{
    struct fixture *f = filled();
    char folder[128], path[160];
    snprintf(folder, sizeof(folder), "%s/%s", f->dir, name);
    snprintf(path, sizeof(path), "%s/data.mdb", folder);
    int fd = open_path(path);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    size_t len = (size_t)st.st_size;
    char *good = malloc(len);
    char *bad = malloc(len);
    assert_non_null(good);
    assert_non_null(bad);
    assert_int_equal(pread(fd, good, len, 0), (ssize_t)len);
    close(fd);
    for (uint64_t round = 0; round < rounds; round++) {
        memcpy(bad, good, len);
        damage_structure(bad, len, round, 1 + (unsigned)(round % 5));
        mkdir(folder, 0700); /* the last damage may have cost it */
        fd = open_path(path);
        copy_over(fd, bad, len);
        close(fd);
        assert_true(survives(f));
    }
    free(bad);
    free(good);
    fixture_free(f);
}

static void test_a_damaged_segment_is_survived(void **state)
{
    (void)state;
    damage_in_turn("seg-1", 40);
}

static void test_a_damaged_index_is_survived(void **state)
{
    (void)state;
    damage_in_turn("index", 40);
}

static void test_a_truncated_segment_is_emptied(void **state)
{
    (void)state;
    struct fixture *f = filled();
    int fd = open_target(f, "seg-1/");
    assert_int_equal(ftruncate(fd, 300 * 4096 + 17), 0);
    close(fd);
    fixture_open(f);
    assert_in_range(count_pictures(f, CACHE_NONE), 0, PICTURES / 2); /* others fill a second one */
    uint8_t bytes[40000];
    size_t len = fill_picture(3, bytes);
    assert_int_equal(fixture_check(f, "https://a.test/3", bytes, len), CACHE_NONE);
    assert_int_equal(fixture_store(f, "https://a.test/3", bytes, len), 0);
    assert_int_equal(fixture_check(f, "https://a.test/3", bytes, len), 0);
    fixture_free(f);
}

static void test_an_unreadable_index_is_set_aside_and_said(void **state)
{
    (void)state;
    struct fixture *f = filled();
    int fd = open_target(f, "index/");
    assert_int_equal(pwrite(fd, "garbage", 7, 16), 7);
    assert_int_equal(pwrite(fd, "garbage", 7, 4096 + 16), 7);
    close(fd);
    fixture_open(f);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.index_lost, 1);
    assert_int_equal(usage.records, 0);
    struct target target = {.part = "index.broken"};
    fixture_files(f, find_target, &target);
    assert_int_not_equal(target.path[0], '\0');
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    fixture_close(f);
    fixture_open(f);
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.index_lost, 0);
    fixture_free(f);
}

static void check_sound(const char *path, void *ctx)
{
    unsigned *count = ctx;
    if (!strstr(path, "data.mdb"))
        return;
    assert_int_equal(sound_check(path), 0);
    ++*count;
}

static void test_every_good_file_is_sound(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char url[64];
    uint8_t bytes[40000];
    for (unsigned i = 0; i < 3000; i++) { /* splits, merges, free pages, several segments */
        url_of(i, url);
        size_t len = i % 3 ? fill_picture(i, bytes) : 10;
        assert_int_equal(fixture_store(f, url, bytes, len), 0);
        assert_int_equal(fixture_enqueue(f, url, i), 0);
        url_of(i / 2, url);
        struct cache_write forget = {.op = CACHE_FORGET, .key = fixture_key(f, url)};
        if (i % 2)
            assert_int_equal(fixture_write(f, &forget), 0);
    }
    fixture_close(f);
    unsigned count = 0;
    fixture_files(f, check_sound, &count);
    assert_true(count > 3);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_reported_survives_sigkill),
        cmocka_unit_test(test_flipped_bytes_cost_pictures_only),
        cmocka_unit_test(test_a_damaged_segment_is_survived),
        cmocka_unit_test(test_a_damaged_index_is_survived),
        cmocka_unit_test(test_a_truncated_segment_is_emptied),
        cmocka_unit_test(test_an_unreadable_index_is_set_aside_and_said),
        cmocka_unit_test(test_every_good_file_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
