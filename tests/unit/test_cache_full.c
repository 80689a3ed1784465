/* What happens when there is no more room: of the cache, of the index, on the disk. */
#include "cache_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void url_of(unsigned i, char ret[64])
{
    snprintf(ret, 64, "https://a.test/%u", i);
}

static int store(struct fixture *f, unsigned i, size_t len)
{
    static uint8_t bytes[1 << 20];
    char url[64];
    url_of(i, url);
    fixture_fill(i, bytes, len);
    return fixture_store(f, url, bytes, len);
}

/* Without waiting for it. */
static void store_soon(struct fixture *f, unsigned i, size_t len)
{
    char url[64];
    url_of(i, url);
    struct cache_write *write = calloc(1, sizeof(*write));
    assert_non_null(write);
    void *bytes = malloc(len);
    assert_non_null(bytes);
    fixture_fill(i, bytes, len);
    *write = (struct cache_write){
        .op = CACHE_STORE, .key = fixture_key(f, url), .bytes = bytes, .len = len};
    cache_write_start(f->cache, write);
}

static int check(struct fixture *f, unsigned i, size_t len)
{
    static uint8_t bytes[1 << 20];
    char url[64];
    url_of(i, url);
    fixture_fill(i, bytes, len);
    return fixture_check(f, url, bytes, len);
}

/* Sizes as in mail: mostly some KB, some of hundreds. */
static size_t size_of(unsigned i)
{
    return i % 16 == 0 ? 300000 + i * 7 % 200000 : 500 + i * 911 % 30000;
}

static void test_ten_capacities_pass_through(void **state)
{
    (void)state;
    const uint64_t size = 48 * MiB;
    struct fixture *f = fixture_new(size, 8 * MiB);
    uint64_t written = 0;
    unsigned count = 0;
    while (written < 10 * size) {
        for (unsigned i = 0; i < 49; i++) {
            store_soon(f, count, size_of(count));
            written += size_of(count++);
        }
        assert_int_equal(store(f, count, size_of(count)), 0);
        for (unsigned i = count - 49; i <= count; i++)
            assert_int_equal(check(f, i, size_of(i)), 0);
        written += size_of(count++);
        if (count % 500 == 0)
            assert_true(fixture_disk_bytes(f) <= size);
        if (count % 3000 == 0) {
            fixture_close(f);
            fixture_open(f);
        }
    }
    uint64_t kept = 0;
    unsigned first = count;
    for (unsigned i = 0; i < count; i++) {
        int r = check(f, i, size_of(i));
        assert_true(r == 0 || r == CACHE_NONE);
        if (r == 0)
            kept += size_of(i);
        if (r == 0 && first == count)
            first = i;
        assert_true(r == 0 || i < first || i < count / 2); /* the oldest go, not the youngest */
    }
    assert_true(kept > size / 2);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.records, count); /* what was fetched is remembered all the same */
    assert_true(usage.bytes <= size);
    assert_true(usage.bytes >= fixture_disk_bytes(f) * 9 / 10);
    assert_true(usage.pictures < count);
    fixture_free(f);
}

static void test_what_is_read_stays(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(32 * MiB, 8 * MiB);
    assert_int_equal(store(f, 1000000, 20000), 0);
    assert_int_equal(store(f, 1000001, 20000), 0);
    for (unsigned i = 0; i < 5000; i++) { /* 75 MB through 24 */
        store_soon(f, i, 15000);
        if (i % 50 == 0) {
            assert_int_equal(store(f, i, 15000), 0);
            assert_int_equal(check(f, 1000000, 20000), 0);
        }
    }
    assert_int_equal(check(f, 1000000, 20000), 0);
    assert_int_equal(check(f, 1000001, 20000), CACHE_NONE);
    fixture_free(f);
}

/* Read once, in the older half, it gets through one turn more, not through all that follow. */
static void test_what_was_read_once_goes_in_the_end(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(32 * MiB, 8 * MiB);
    assert_int_equal(store(f, 1000000, 20000), 0);
    struct cache_key key = fixture_key(f, "https://a.test/1000000");
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    unsigned turns = 0, written = 0;
    for (unsigned i = 0; cache_has_picture(f->cache, &record) == 0; i++, written += 15000) {
        assert_true(i < 10000);
        assert_int_equal(store(f, i, 15000), 0);
        turns = written / (24 * MiB);
        if (turns == 0)
            assert_int_equal(check(f, 1000000, 20000), 0);
    }
    assert_in_range(turns, 1, 2);
    fixture_free(f);
}

struct inodes {
    unsigned count;
    ino_t all[32];
};

static void add_inode(const char *path, void *ctx)
{
    struct inodes *inodes = ctx;
    struct stat st;
    if (!strstr(path, "/seg-") || !strstr(path, "/data.mdb"))
        return;
    assert_int_equal(stat(path, &st), 0);
    assert_in_range(inodes->count, 0, 31);
    inodes->all[inodes->count++] = st.st_ino;
}

/* A full cache makes no files and removes none: it fills the ones that it has. */
static void test_files_are_used_again(void **state)
{
    (void)state;
    for (unsigned encrypt = 0; encrypt < 2; encrypt++) {
        struct fixture *f = fixture_new(32 * MiB, 8 * MiB);
        struct inodes before = {0}, after = {0};
        fixture_close(f);
        f->conf.encrypt = encrypt;
        fixture_open(f);
        for (unsigned i = 0; i < 4000; i++) { /* 60 MB through 24 */
            store_soon(f, i, 15000);
            if (i % 50 == 0)
                assert_int_equal(store(f, i, 15000), 0);
            if (i == 2500)
                fixture_files(f, add_inode, &before);
        }
        fixture_files(f, add_inode, &after);
        assert_int_equal(before.count, after.count);
        for (unsigned i = 0; i < before.count; i++) {
            bool again = false;
            for (unsigned j = 0; j < after.count; j++)
                again |= before.all[i] == after.all[j];
            assert_true(again);
        }
        for (unsigned i = 0; i < 4000; i++) /* renewed, it says nothing of what was there */
            assert_true(check(f, i, 15000) == (i < 2500 ? CACHE_NONE : 0) || i % 1000 > 0);
        fixture_free(f);
    }
}

/* As if a segment had been begun each day, the last one `hours` ago. */
static void age(const struct fixture *f, unsigned first, unsigned count, unsigned hours)
{
    char path[128];
    for (unsigned i = 0; i < count; i++) {
        struct timespec times[2];
        clock_gettime(CLOCK_REALTIME, &times[0]);
        times[0].tv_sec -= (time_t)((count - 1 - i) * 86400 + hours * 3600);
        times[1] = times[0];
        snprintf(path, sizeof(path), "%s/seg-%u", f->dir, first + i);
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    }
}

static void test_how_long_pictures_stay_is_told(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(32 * MiB, 8 * MiB); /* six segments of 4 MiB */
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.stays_s, 0);
    assert_int_equal(usage.oldest_goes_s, 0);
    for (unsigned i = 0; i < 44; i++) /* three hold 14 each; two are in the fourth */
        assert_int_equal(store(f, i, 280000), 0);
    fixture_close(f);
    age(f, 1, 4, 12); /* in three days and a half, 3.15 segments */
    fixture_open(f);
    cache_usage(f->cache, &usage);
    assert_in_range(usage.stays_s, 6 * 86400, 7 * 86400);
    assert_in_range(usage.oldest_goes_s, 2.5 * 86400, 3.5 * 86400); /* of 2.85 segments */
    fixture_close(f);
    age(f, 1, 4, 12 + 24 * 20); /* twenty days without anything: it is slower, but not never */
    fixture_open(f);
    cache_usage(f->cache, &usage);
    assert_true(usage.stays_s > 20 * 86400);
    fixture_close(f);
    age(f, 1, 1, 0);
    age(f, 2, 1, 0);
    age(f, 3, 1, 0);
    char path[128];
    snprintf(path, sizeof(path), "%s/seg-4", f->dir); /* made tomorrow: the clock was set back */
    struct timespec times[2];
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec += 86400;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    fixture_open(f);
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.stays_s, 0);
    fixture_free(f);
}

/* Of what has been through the ring and out again, only what could not be fetched anew is found:
 * what nobody shares, and what mailboxes share that are not of one key. That two shall do is said
 * when two share it already, and a third makes it so. */
static void test_what_could_not_come_again_stays_longer(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(32 * MiB, 8 * MiB);
    enum { COUNT = 4000, RECENT = 1600 }; /* 60 MB through 24 */
    for (unsigned i = 0; i < COUNT; i++) {
        cache_set_shared_by(f->cache, 8);
        assert_int_equal(store(f, i, 15000), 0);
        char url[64];
        url_of(i, url);
        for (uint16_t mailbox = 1; i % 2 == 1 && mailbox <= (i % 4 == 1 ? 3 : 2); mailbox++) {
            cache_set_shared_by(f->cache, i % 4 == 1 && mailbox < 3 ? 8 : 2);
            uint16_t key = i % 4 == 3 ? mailbox : 1; /* the upper six bits tell */
            struct cache_write write = {
                .op = CACHE_SHARER,
                .key = fixture_key(f, url),
                .record = {.sharers = {(uint16_t)(key << 10 | mailbox)}},
            };
            assert_int_equal(fixture_write(f, &write), 0);
        }
    }
    unsigned alone = 0, two_keys = 0, shared = 0;
    for (unsigned i = 0; i < COUNT - RECENT; i++) {
        int r = check(f, i, 15000);
        assert_true(r == 0 || r == CACHE_NONE);
        alone += r == 0 && i % 2 == 0;
        two_keys += r == 0 && i % 4 == 3;
        shared += r == 0 && i % 4 == 1;
    }
    assert_int_equal(shared, 0);
    assert_true(two_keys > 15);
    assert_in_range(alone + two_keys, 50,
                    400); /* an eighth of a segment, 30, each time that one went */
    fixture_free(f);
}

static void test_a_picture_larger_than_a_segment_is_not_kept(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(32 * MiB, 8 * MiB);
    assert_int_equal(store(f, 1, 1000), 0);
    size_t len = 8 * MiB;
    void *bytes = malloc(len);
    assert_non_null(bytes);
    fixture_fill(2, bytes, len);
    assert_int_equal(fixture_store(f, "https://a.test/huge", bytes, len), -ENOSPC);
    free(bytes);
    struct cache_key key = fixture_key(f, "https://a.test/huge");
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    assert_int_equal(record.state, CACHE_STORED);
    assert_int_equal(record.size, 0);
    void *ret;
    size_t ret_len;
    assert_int_equal(cache_read(f->cache, &record, &ret, &ret_len), CACHE_NONE);
    assert_int_equal(check(f, 1, 1000), 0);
    fixture_free(f);
}

static void test_the_cache_shrinks_with_its_size(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(64 * MiB, 8 * MiB);
    for (unsigned i = 0; i < 4000; i++)
        store_soon(f, i, 15000);
    fixture_close(f);
    f->conf.size = 24 * MiB;
    fixture_open(f);
    assert_true(fixture_disk_bytes(f) <= 24 * MiB);
    for (unsigned i = 4000; i < 5999; i++)
        store_soon(f, i, 15000);
    assert_int_equal(store(f, 5999, 15000), 0);
    assert_int_equal(check(f, 5999, 15000), 0);
    assert_true(fixture_disk_bytes(f) <= 24 * MiB);
    fixture_free(f);
}

static void test_a_full_index_refuses_new_and_finishes_old(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(16 * MiB, 2 * MiB);
    char url[64];
    unsigned count = 0;
    int r = 0;
    while (r == 0 && count < 100000) {
        url_of(count++, url);
        r = fixture_claim(f, url, 0);
    }
    assert_int_equal(r, -ENOSPC);
    count--;
    url_of(count, url);
    assert_int_equal(fixture_enqueue(f, url, 1), -ENOSPC);
    struct cache_key key = fixture_key(f, url);
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), CACHE_NONE);
    for (unsigned i = 0; i < count; i++) { /* every outcome still finds room */
        url_of(i, url);
        struct cache_write fail = {
            .op = CACHE_FAIL, .key = fixture_key(f, url), .seen = CACHE_CLAIMED};
        assert_int_equal(fixture_write(f, &fail), 0);
    }
    for (unsigned i = 0; i < count / 2; i++) { /* and forgetting makes some */
        url_of(i, url);
        struct cache_write forget = {.op = CACHE_FORGET, .key = fixture_key(f, url)};
        assert_int_equal(fixture_write(f, &forget), 0);
    }
    assert_int_equal(fixture_claim(f, "https://a.test/new", 0), 0);
    fixture_close(f);
    fixture_open(f);
    url_of(count - 1, url);
    key = fixture_key(f, url);
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    assert_int_equal(record.state, CACHE_FAILED);
    assert_int_equal(record.reason, 0);
    fixture_free(f);
}

/* ---- a full disk ---- */

static void fill_disk(const char *path)
{
    static const char block[65536];
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    ssize_t n;
    for (size_t len = sizeof(block); len >= 4096; len /= 2)
        while ((n = write(fd, block, len)) > 0)
            ;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

/* In a mount namespace of its own: 0 passed, 77 not allowed here. */
static int on_a_small_disk(void)
{
    if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 77;
    struct fixture *f = fixture_new(48 * MiB, 8 * MiB);
    fixture_close(f);
    if (mount("shoji-test", f->dir, "tmpfs", 0, "size=24m,mode=0700") < 0)
        return 77;
    char other[128], url[64];
    snprintf(other, sizeof(other), "%s/other", f->dir);

    /* Room for the index and some segments, not for all that the size allows: it goes round. */
    fixture_open(f);
    for (unsigned i = 0; i < 3000; i++)
        assert_int_equal(store(f, i, 15000), 0);
    assert_int_equal(check(f, 2999, 15000), 0);

    /* The rest is taken by somebody else. What is reserved goes on. */
    fill_disk(other);
    for (unsigned i = 3000; i < 6000; i++) {
        int r = store(f, i, 15000);
        assert_true(r == 0 || r == -ENOSPC);
        assert_int_equal(check(f, i, 15000), r == 0 ? 0 : CACHE_NONE);
    }
    for (unsigned i = 10000; i < 12000; i++) {
        url_of(i, url);
        assert_int_equal(fixture_claim(f, url, 0), 0); /* the index has its room */
    }
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(fixture_claim(f, "https://a.test/new", 0), 0);
    fixture_close(f);

    /* No room for even one segment: pictures are not kept, all else goes on; later they are. */
    assert_int_equal(unlink(other), 0);
    char command[256];
    snprintf(command, sizeof(command), "rm -rf %s/seg-*", f->dir);
    assert_int_equal(system(command), 0);
    fill_disk(other);
    fixture_open(f);
    assert_int_equal(store(f, 20000, 15000), -ENOSPC);
    assert_int_equal(check(f, 20000, 15000), CACHE_NONE);
    assert_int_equal(fixture_claim(f, "https://a.test/another", 0), 0);
    assert_int_equal(unlink(other), 0);
    assert_int_equal(store(f, 20000, 15000), 0);
    assert_int_equal(check(f, 20000, 15000), 0);
    fixture_close(f);

    /* No room for an index. */
    snprintf(command, sizeof(command), "rm -rf %s/seg-* %s/index", f->dir, f->dir);
    assert_int_equal(system(command), 0);
    fill_disk(other);
    struct cache *cache = NULL;
    assert_int_equal(cache_open(&f->conf, &cache), -ENOSPC);
    assert_null(cache);
    umount(f->dir);
    fixture_free(f);
    return 0;
}

static void test_a_full_disk_costs_pictures_only(void **state)
{
    (void)state;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(on_a_small_disk());
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("skipped: needs a mount namespace\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ten_capacities_pass_through),
        cmocka_unit_test(test_files_are_used_again),
        cmocka_unit_test(test_how_long_pictures_stay_is_told),
        cmocka_unit_test(test_what_could_not_come_again_stays_longer),
        cmocka_unit_test(test_what_is_read_stays),
        cmocka_unit_test(test_what_was_read_once_goes_in_the_end),
        cmocka_unit_test(test_a_picture_larger_than_a_segment_is_not_kept),
        cmocka_unit_test(test_the_cache_shrinks_with_its_size),
        cmocka_unit_test(test_a_full_index_refuses_new_and_finishes_old),
        cmocka_unit_test(test_a_full_disk_costs_pictures_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
