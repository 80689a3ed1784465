/* Files that LMDB must not be given: a good one, changed at places that the file format names. */
#include "test.h"

#include "store/sound.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <unistd.h>

#define PAGE  4096
#define PAGES 4096

static char *file; /* what is on disk */
static size_t file_len;
static char dir[64];
static char path[96];

static void put(MDB_txn *txn, MDB_dbi dbi, unsigned number, size_t len)
{
    static char bytes[20000];
    char name[32];
    snprintf(name, sizeof(name), "key %08u", number);
    MDB_val k = {strlen(name), name}, v = {len, bytes};
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
}

/* Two named databases, one of small and one of large values, and some free pages. */
static int make_file(void **state)
{
    (void)state;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi small, large;
    snprintf(dir, sizeof(dir), "/tmp/shoji-test-sound-XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(mdb_env_create(&env), 0);
    mdb_env_set_mapsize(env, (size_t)PAGES * PAGE);
    mdb_env_set_maxdbs(env, 2);
    assert_int_equal(mdb_env_open(env, dir, MDB_NOSYNC, 0600), 0);
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
        assert_int_equal(mdb_dbi_open(txn, "small", MDB_CREATE, &small), 0);
        assert_int_equal(mdb_dbi_open(txn, "large", MDB_CREATE, &large), 0);
        for (unsigned i = 0; i < 400; i++)
            put(txn, small, i * 3 + turn, 100);
        for (unsigned i = 0; i < 20; i++)
            put(txn, large, i, 9000 + turn * 4000);
        assert_int_equal(mdb_txn_commit(txn), 0);
    }
    mdb_env_close(env);
    snprintf(path, sizeof(path), "%s/data.mdb", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    file_len = (size_t)lseek(fd, 0, SEEK_END);
    file = malloc(file_len);
    assert_int_equal(pread(fd, file, file_len, 0), (ssize_t)file_len);
    close(fd);
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    char lock[96];
    snprintf(lock, sizeof(lock), "%s/lock.mdb", dir);
    free(file);
    unlink(lock);
    unlink(path);
    return rmdir(dir);
}

static int check_with(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, len, 0), (ssize_t)len);
    close(fd);
    return sound_check(path);
}

/* The answer for the file with `len` bytes at `at` replaced. */
static int check_changed(size_t at, const void *with, size_t len)
{
    char *bad = malloc(file_len);
    memcpy(bad, file, file_len);
    memcpy(bad + at, with, len);
    int r = check_with(bad, file_len);
    free(bad);
    return r;
}

static uint64_t number_at(size_t at)
{
    uint64_t number;
    memcpy(&number, file + at, sizeof(number));
    return number;
}

/* The younger meta page: magic at 16, databases at 40 and 88 (root at their byte 40), last page at
 * 136, transaction at 144. */
static size_t meta(void)
{
    return number_at(144) > number_at(PAGE + 144) ? 0 : PAGE;
}

static size_t root_of_names(void)
{
    return number_at(meta() + 88 + 40) * PAGE;
}

static uint16_t short_at(size_t at)
{
    uint16_t number;
    memcpy(&number, file + at, sizeof(number));
    return number;
}

/* Where the root of the n-th named database lies in the file, in name order: large, small. */
static size_t database(unsigned n)
{
    size_t node = root_of_names() + short_at(root_of_names() + 16 + 2 * n);
    return node + 8 + 5; /* both names have five letters */
}

static void test_good_and_empty_pass(void **state)
{
    (void)state;
    assert_int_equal(check_with(file, file_len), 0);
    assert_int_equal(check_with("", 0), 0);
    assert_int_equal(sound_check("/nonexistent/data.mdb"), 0);
}

static void test_a_short_file_is_refused(void **state)
{
    (void)state;
    assert_int_equal(check_with(file, file_len - 1), -EBADMSG);
    assert_int_equal(check_with(file, PAGE), -EBADMSG);
    assert_int_equal(check_with(file, 100), -EBADMSG);
}

static void test_wrong_meta_pages_are_refused(void **state)
{
    (void)state;
    const uint64_t huge = 1ULL << 40, one = 1;
    const uint32_t two = 2;
    for (size_t page = 0; page <= PAGE; page += PAGE) {
        assert_int_equal(check_changed(page + 16, &huge, 4), -EBADMSG); /* magic */
        assert_int_equal(check_changed(page + 20, &two, 4), -EBADMSG);  /* version */
        assert_int_equal(check_changed(page + 40, &two, 4), -EBADMSG);  /* page size */
    }
    assert_int_equal(check_changed(meta() + 136, &huge, 8), -EBADMSG);
    assert_int_equal(check_changed(meta() + 136, &one, 8), -EBADMSG); /* pages beyond the last */
    for (size_t db = 40; db <= 88; db += 48) {
        assert_int_equal(check_changed(meta() + db + 40, &huge, 8), -EBADMSG); /* root */
        assert_int_equal(check_changed(meta() + db + 40, &one, 8), -EBADMSG);
        assert_int_equal(check_changed(meta() + db + 6, &two, 2), -EBADMSG); /* depth */
    }
    assert_int_equal(check_changed(meta() + 88 + 4, "\4", 1), -EBADMSG); /* sorted duplicates */
}

static void test_wrong_pages_are_refused(void **state)
{
    (void)state;
    const uint64_t huge = 1ULL << 40;
    size_t small_root = number_at(database(1) + 40) * PAGE;
    assert_int_equal(short_at(small_root + 10), 1); /* a branch, as this test wants it */
    size_t child = (size_t)(number_at(small_root + short_at(small_root + 16)) & 0xffffffff) * PAGE;
    const size_t pages[] = {root_of_names(), small_root, child};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(check_changed(pages[i], &huge, 8), -EBADMSG);           /* number */
        assert_int_equal(check_changed(pages[i] + 10, "\x40", 1), -EBADMSG);     /* kind */
        assert_int_equal(check_changed(pages[i] + 12, "\xff\xff", 2), -EBADMSG); /* lower */
        assert_int_equal(check_changed(pages[i] + 12, "\x10\x00", 2), -EBADMSG); /* no nodes */
        assert_int_equal(check_changed(pages[i] + 14, "\xff\xff", 2), -EBADMSG); /* upper */
        assert_int_equal(check_changed(pages[i] + 16, "\xfc\x0f", 2), -EBADMSG); /* node 0 */
        assert_int_equal(check_changed(pages[i] + 16, "\x00\xf0", 2), -EBADMSG);
        size_t node = pages[i] + short_at(pages[i] + 16);
        assert_int_equal(check_changed(node + 6, "\xff\xff", 2), -EBADMSG); /* length of key */
    }
    /* A child that is its own parent, and one that two parents share. */
    size_t node = small_root + short_at(small_root + 16);
    uint64_t self = small_root / PAGE;
    assert_int_equal(check_changed(node, &self, 4), -EBADMSG);
    size_t second = small_root + short_at(small_root + 18);
    assert_int_equal(check_changed(node, file + second, 4), -EBADMSG);
}

static void test_wrong_values_are_refused(void **state)
{
    (void)state;
    size_t page = number_at(database(0) + 40) * PAGE;
    assert_int_equal(short_at(page + 10), 2); /* a leaf */
    size_t node = page + short_at(page + 16);
    assert_int_equal(short_at(node + 4), 1); /* whose value is on pages of its own */
    size_t number = node + 8 + short_at(node + 6);
    uint64_t last = number_at(meta() + 136);
    assert_int_equal(check_changed(number, &last, 8), -EBADMSG);        /* runs over the end */
    assert_int_equal(check_changed(node + 2, "\xff\xff", 2), -EBADMSG); /* 4 GB long */
    assert_int_equal(check_changed(node + 4, "\0", 1), -EBADMSG);       /* not in this page */
    assert_int_equal(check_changed(node + 4, "\4", 1), -EBADMSG);       /* duplicates */
}

static void test_a_wrong_list_of_free_pages_is_refused(void **state)
{
    (void)state;
    size_t page = number_at(meta() + 40 + 40) * PAGE;
    assert_int_equal(short_at(page + 10), 2);
    size_t node = page + short_at(page + 16);
    size_t list = node + 8 + 8;
    assert_int_equal(short_at(node + 4), 0); /* within the page */
    assert_true(number_at(list) > 0);
    const uint64_t huge = 1ULL << 40;
    uint64_t in_use = root_of_names() / PAGE;
    assert_int_equal(check_changed(list, &huge, 8), -EBADMSG);     /* how many */
    assert_int_equal(check_changed(list + 8, &huge, 8), -EBADMSG); /* the first */
    assert_int_equal(check_changed(list + 8, &in_use, 8), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_and_empty_pass),
        cmocka_unit_test(test_a_short_file_is_refused),
        cmocka_unit_test(test_wrong_meta_pages_are_refused),
        cmocka_unit_test(test_wrong_pages_are_refused),
        cmocka_unit_test(test_wrong_values_are_refused),
        cmocka_unit_test(test_a_wrong_list_of_free_pages_is_refused),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
