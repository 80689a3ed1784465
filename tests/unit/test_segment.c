/* A segment on its own: what it refuses. */
#include "test.h"

#include "base/limits.h"
#include "store/segment.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct secret secret = {.sum = {1, 2, 3}, .picture = {4, 5, 6}};

/* Not encrypted. */
static int append(struct segment *segment, const uint8_t name[32], const void *bytes, size_t len)
{
    uint32_t slot = 0;
    int r = segment_append(segment, name, (struct span){bytes, len}, &slot);
    if (r == 0)
        assert_int_equal(slot, SLOTS_NONE);
    return r;
}

static bool holds(struct segment *segment, const uint8_t name[32], const void *bytes, size_t len)
{
    return segment_holds(segment, name, SLOTS_NONE, (struct span){bytes, len});
}

static struct segment *open_new(char dir[64])
{
    snprintf(dir, 64, "/tmp/shoji-test-segment-XXXXXX");
    assert_non_null(mkdtemp(dir));
    struct segment_conf conf = {
        .dir = dir, .generation = 5, .size = 4 * MiB, .secret = &secret, .may_make = true};
    struct segment *segment;
    assert_int_equal(segment_open(&conf, &segment), 0);
    return segment;
}

static void name_of(unsigned i, uint8_t ret[32])
{
    memset(ret, 0, 32);
    memcpy(ret, &i, sizeof(i));
}

static int read_back(struct segment *segment, const uint8_t name[32], void **ret, size_t *ret_len)
{
    struct segment_want want = {.content = name, .slot = SLOTS_NONE};
    return segment_read(segment, &want, ret, ret_len);
}

static int read_resident(struct segment *segment, const uint8_t name[32], void **ret,
                         size_t *ret_len)
{
    struct segment_want want = {.content = name, .slot = SLOTS_NONE, .resident = true};
    return segment_read(segment, &want, ret, ret_len);
}

static void reopen(const char *dir, struct segment **segment)
{
    struct segment_conf conf = {.dir = dir, .generation = 5, .secret = &secret};
    assert_int_equal(segment_open(&conf, segment), 0);
}

static void test_takes_until_full_and_says_so_before(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    static uint8_t bytes[20000];
    uint8_t name[32];
    unsigned count = 0;
    while (segment_fits(segment, sizeof(bytes))) {
        name_of(count++, name);
        assert_int_equal(append(segment, name, bytes, sizeof(bytes)), 0);
        if (count % 10 == 0)
            assert_int_equal(segment_commit(segment), 0);
    }
    assert_int_equal(segment_commit(segment), 0);
    /* Five pages a picture of a thousand; at most an eighth is lost to housekeeping. */
    assert_in_range(count, 1000 / 5 * 7 / 8 - 10, 1000 / 5 + 5);
    for (unsigned i = 0; i < count; i++) {
        void *copy;
        size_t len;
        name_of(i, name);
        assert_int_equal(read_back(segment, name, &copy, &len), 0);
        assert_int_equal(len, sizeof(bytes));
        free(copy);
    }
    segment_remove(segment);
    assert_int_equal(rmdir(dir), 0); /* nothing is left in it */
}

/* As many as a large batch has, in one transaction: of a thousand pages hardly any is kept back,
 * for what does not fit begins a new segment, and a commit of its own. */
static void test_one_transaction_takes_nearly_all(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    static const uint8_t bytes[4000]; /* with its head, one page */
    uint8_t name[32];
    unsigned count = 0;
    for (; segment_fits(segment, sizeof(bytes)); count++) {
        uint32_t hash = count * 2654435761u; /* names are hashes: they come in no order */
        name_of(hash, name);
        assert_int_equal(append(segment, name, bytes, sizeof(bytes)), 0);
    }
    assert_int_equal(segment_commit(segment), 0);
    /* Their names take 56 bytes each, in pages that may be half full. */
    assert_in_range(count, 1024 * 94 / 100, 1024);
    assert_int_equal(segment_count(segment), count);
    segment_remove(segment);
    rmdir(dir);
}

static void test_the_promised_room_is_there(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    size_t len = segment_room(4 * MiB);
    assert_true(len > 3 * MiB);
    assert_true(segment_fits(segment, len));
    uint8_t *bytes = calloc(1, len), name[32];
    name_of(1, name);
    assert_int_equal(append(segment, name, bytes, len), 0);
    assert_int_equal(segment_commit(segment), 0);
    assert_true(holds(segment, name, bytes, len));
    free(bytes);
    segment_remove(segment);
    rmdir(dir);
}

static void test_aborted_is_absent_and_the_same_again_is_fine(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    uint8_t name[32];
    void *copy;
    size_t len;
    name_of(1, name);
    assert_int_equal(append(segment, name, "abc", 3), 0);
    assert_true(holds(segment, name, "abc", 3));
    segment_abort(segment);
    assert_false(holds(segment, name, "abc", 3));
    assert_int_equal(read_back(segment, name, &copy, &len), -ENOENT);
    assert_int_equal(append(segment, name, "abc", 3), 0);
    assert_int_equal(segment_commit(segment), 0);
    assert_int_equal(append(segment, name, "abc", 3), 0);
    assert_int_equal(segment_commit(segment), 0);
    assert_int_equal(append(segment, name, "abd", 3), -EEXIST);
    segment_abort(segment);
    assert_int_equal(read_back(segment, name, &copy, &len), 0);
    assert_memory_equal(copy, "abc", 3);
    free(copy);
    segment_remove(segment);
    rmdir(dir);
}

/* Puts a value under `name`, behind the store's back. */
static void put_raw(const char *dir, const uint8_t name[32], void *value, size_t len)
{
    char path[96];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    snprintf(path, sizeof(path), "%s/seg-5", dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, 4 * MiB), 0);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)name};
    MDB_val v = {.mv_size = len, .mv_data = value};
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* The form that was written before: "shj1", length, SipHash-2-4 of the bytes XOR the name. */
static void test_reads_what_an_older_version_wrote(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    segment_close(segment);
    uint8_t name[32], value[16 + 3000], sum[8];
    name_of(77, name);
    memcpy(value, "shj1", 4);
    uint32_t len = htole32(3000);
    memcpy(value + 4, &len, 4);
    memset(value + 16, 'x', 3000);
    crypto_shorthash(sum, value + 16, 3000, secret.sum);
    for (int i = 0; i < 8; i++)
        value[8 + i] = sum[i] ^ name[i];
    put_raw(dir, name, value, sizeof(value));
    reopen(dir, &segment);
    void *copy;
    size_t copy_len;
    assert_int_equal(read_back(segment, name, &copy, &copy_len), 0);
    assert_int_equal(copy_len, 3000);
    assert_memory_equal(copy, value + 16, 3000);
    free(copy);
    segment_close(segment);
    value[16 + 1234] ^= 0x10;
    put_raw(dir, name, value, sizeof(value));
    reopen(dir, &segment);
    assert_int_equal(read_back(segment, name, &copy, &copy_len), -ENOENT);
    segment_remove(segment);
    rmdir(dir);
}

/* Every bit of one picture, in turn: on the disk, behind the store's back. */
static void test_a_flipped_bit_is_an_absence(void **state)
{
    (void)state;
    enum { LEN = 100 };
    char dir[64], path[96];
    struct segment *segment = open_new(dir);
    uint8_t name[32], bytes[LEN];
    name_of(1, name);
    randombytes_buf(bytes, sizeof(bytes));
    assert_int_equal(append(segment, name, bytes, LEN), 0);
    assert_int_equal(segment_commit(segment), 0);
    snprintf(path, sizeof(path), "%s/seg-5/data.mdb", dir);
    int fd = open(path, O_RDWR);
    static uint8_t file[64 * 1024];
    ssize_t have = pread(fd, file, sizeof(file), 0);
    uint8_t *at = have > 0 ? memmem(file, (size_t)have, bytes, LEN) : NULL;
    assert_non_null(at);
    void *copy;
    size_t len;
    for (int bit = 0; bit < LEN * 8; bit++) {
        uint8_t flipped = bytes[bit / 8] ^ (uint8_t)(1 << bit % 8);
        off_t place = at - file + bit / 8;
        assert_int_equal(pwrite(fd, &flipped, 1, place), 1);
        assert_int_equal(read_back(segment, name, &copy, &len), -ENOENT);
        assert_int_equal(pwrite(fd, &bytes[bit / 8], 1, place), 1);
    }
    assert_int_equal(read_back(segment, name, &copy, &len), 0);
    free(copy);
    close(fd);
    segment_remove(segment);
    rmdir(dir);
}

static void test_says_what_is_on_the_disk_only(void **state)
{
    (void)state;
    enum { LEN = 700 * 1000 };
    char dir[64], path[96];
    struct segment *segment = open_new(dir);
    uint8_t name[32];
    static uint8_t bytes[LEN];
    memset(bytes, 7, LEN);
    name_of(1, name);
    assert_int_equal(append(segment, name, bytes, LEN), 0);
    assert_int_equal(segment_commit(segment), 0);
    void *copy;
    size_t len;
    assert_int_equal(read_resident(segment, name, &copy, &len), 0);
    assert_int_equal(len, LEN);
    free(copy);
    segment_close(segment); /* what is mapped stays in memory */
    snprintf(path, sizeof(path), "%s/seg-5/data.mdb", dir);
    int fd = open(path, O_RDWR);
    assert_int_equal(fsync(fd), 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
    reopen(dir, &segment);
    int r = read_resident(segment, name, &copy, &len);
    if (r == 0) {
        free(copy);
        segment_remove(segment);
        rmdir(dir);
        skip(); /* a file system that lives in memory */
    }
    assert_int_equal(r, SEGMENT_AWAY);
    assert_int_equal(read_back(segment, name, &copy, &len), 0);
    assert_memory_equal(copy, bytes, LEN);
    free(copy);
    assert_int_equal(read_resident(segment, name, &copy, &len), 0);
    free(copy);
    segment_remove(segment);
    rmdir(dir);
}

static void test_another_secret_reads_nothing(void **state)
{
    (void)state;
    char dir[64];
    struct segment *segment = open_new(dir);
    uint8_t name[32];
    name_of(1, name);
    assert_int_equal(append(segment, name, "abc", 3), 0);
    assert_int_equal(segment_commit(segment), 0);
    segment_close(segment);
    struct secret other = {.sum = {3, 2, 1}};
    struct segment_conf conf = {.dir = dir, .generation = 5, .secret = &other};
    assert_int_equal(segment_open(&conf, &segment), 0);
    void *copy;
    size_t len;
    assert_int_equal(read_back(segment, name, &copy, &len), -ENOENT);
    segment_remove(segment);
    rmdir(dir);
}

/* Fills it with pictures of 20,000 bytes. How many. */
static unsigned fill(struct segment *segment, uint8_t byte)
{
    static uint8_t bytes[20000];
    uint8_t name[32];
    unsigned count = 0;
    memset(bytes, byte, sizeof(bytes));
    while (segment_fits(segment, sizeof(bytes))) {
        name_of(count++, name);
        assert_int_equal(append(segment, name, bytes, sizeof(bytes)), 0);
        if (count % 10 == 0)
            assert_int_equal(segment_commit(segment), 0);
    }
    assert_int_equal(segment_commit(segment), 0);
    return count;
}

static struct stat stat_of(const char *dir, unsigned generation)
{
    char path[96];
    struct stat st;
    snprintf(path, sizeof(path), "%s/seg-%u/data.mdb", dir, generation);
    assert_int_equal(stat(path, &st), 0);
    return st;
}

static void test_renewed_it_is_as_if_new_in_the_same_files(void **state)
{
    (void)state;
    char dir[64], path[96];
    struct segment *segment = open_new(dir);
    unsigned count = fill(segment, 1);
    const struct stat before = stat_of(dir, 5);
    struct segment_conf conf = {
        .dir = dir, .generation = 9, .size = 4 * MiB, .secret = &secret, .may_make = true};
    assert_int_equal(segment_renew(segment, &conf), 0);
    assert_int_equal(segment->generation, 9);
    snprintf(path, sizeof(path), "%s/seg-5", dir);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(stat_of(dir, 9).st_ino, before.st_ino);
    assert_int_equal(stat_of(dir, 9).st_blocks, before.st_blocks);
    assert_int_equal(segment_count(segment), 0);
    uint8_t name[32];
    name_of(1, name);
    assert_int_equal(segment_has(segment, name), -ENOENT);
    assert_int_equal(fill(segment, 2), count);
    segment_close(segment);
    conf = (struct segment_conf){.dir = dir, .generation = 9, .secret = &secret};
    assert_int_equal(segment_open(&conf, &segment), 0); /* is checked: nobody says it was closed */
    assert_int_equal(segment_count(segment), count);
    for (unsigned i = 0; i < count; i++) {
        uint8_t *copy;
        size_t len;
        name_of(i, name);
        assert_int_equal(read_back(segment, name, (void **)&copy, &len), 0);
        assert_int_equal(len, 20000);
        assert_int_equal(copy[len - 1], 2);
        free(copy);
    }
    segment_remove(segment);
    assert_int_equal(rmdir(dir), 0);
}

static void test_what_cannot_be_renewed_is_removed(void **state)
{
    (void)state;
    char dir[64], path[96];
    struct segment *segment = open_new(dir);
    snprintf(path, sizeof(path), "%s/seg-5/data.mdb", dir);
    assert_int_equal(unlink(path), 0);
    struct segment_conf conf = {
        .dir = dir, .generation = 6, .size = 4 * MiB, .secret = &secret, .may_make = true};
    assert_int_equal(segment_renew(segment, &conf), -ENOENT);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_until_full_and_says_so_before),
        cmocka_unit_test(test_one_transaction_takes_nearly_all),
        cmocka_unit_test(test_the_promised_room_is_there),
        cmocka_unit_test(test_aborted_is_absent_and_the_same_again_is_fine),
        cmocka_unit_test(test_another_secret_reads_nothing),
        cmocka_unit_test(test_renewed_it_is_as_if_new_in_the_same_files),
        cmocka_unit_test(test_what_cannot_be_renewed_is_removed),
        cmocka_unit_test(test_reads_what_an_older_version_wrote),
        cmocka_unit_test(test_a_flipped_bit_is_an_absence),
        cmocka_unit_test(test_says_what_is_on_the_disk_only),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
