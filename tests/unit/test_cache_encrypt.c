/*
 * Pictures under keys of their own: what lies on the disk, and what is left of it after a purge.
 * The test reads the files as somebody would who has taken the disk: a key is 32 bytes of a file
 * `keys`, and is gone when those bytes are found in no file any more.
 */
#include "cache_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PICTURE 9000

static struct fixture *fixture_encrypted(void)
{
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    fixture_close(f);
    f->conf.encrypt = true;
    fixture_open(f);
    return f;
}

static const uint8_t *picture(uint64_t seed)
{
    static uint8_t bytes[PICTURE];
    fixture_fill(seed, bytes, sizeof(bytes));
    return bytes;
}

static void store(struct fixture *f, const char *url, uint64_t seed)
{
    assert_int_equal(fixture_store(f, url, picture(seed), PICTURE), 0);
}

static int check(struct fixture *f, const char *url, uint64_t seed)
{
    return fixture_check(f, url, picture(seed), PICTURE);
}

static void purge_url(struct fixture *f, const char *url, uint8_t forget)
{
    struct cache_purge purge = {
        .what = CACHE_PURGE_URL, .key = fixture_key(f, url), .forget = forget};
    assert_int_equal(fixture_purge(f, &purge), 0);
}

static struct cache_usage usage_of(const struct fixture *f)
{
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    return usage;
}

/* ---- the disk ---- */

struct search {
    const void *bytes;
    size_t len;
    unsigned found;
};

static void search(struct span all, void *ctx)
{
    struct search *s = ctx;
    for (const char *at = all.ptr; at;) {
        size_t left = (size_t)(all.ptr + all.len - at);
        at = memmem(at, left, s->bytes, s->len);
        s->found += at != NULL;
        at = at ? at + 1 : NULL;
    }
}

/* How often the bytes stand in any file of the store. */
static unsigned on_disk(const struct fixture *f, const void *bytes, size_t len)
{
    struct search s = {bytes, len, 0};
    fixture_contents(f, search, &s);
    return s.found;
}

#define KEY 32

struct keys {
    size_t count;
    uint8_t keys[65536][KEY];
};

static void read_keys(const struct fixture *f, unsigned generation, struct keys *ret)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/seg-%u/keys", f->dir, generation);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    ret->count = fread(ret->keys, KEY, 65536, file);
    fclose(file);
    assert_true(ret->count > 0);
}

/* Which one of the keys that there were is another one now; exactly one is. */
static size_t changed_key(const struct keys *before, const struct keys *after)
{
    size_t at = SIZE_MAX;
    assert_int_equal(before->count, after->count);
    for (size_t i = 0; i < before->count; i++) {
        if (memcmp(before->keys[i], after->keys[i], KEY) == 0)
            continue;
        assert_int_equal(at, SIZE_MAX);
        at = i;
    }
    assert_int_not_equal(at, SIZE_MAX);
    return at;
}

static bool same_keys(const struct keys *before, const struct keys *after)
{
    return before->count == after->count &&
           memcmp(before->keys, after->keys, before->count * KEY) == 0;
}

static struct keys before, after;

/* ---- what lies there ---- */

static void test_no_picture_lies_there_in_clear(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    store(f, "https://a.test/plain", 1);
    fixture_close(f);
    f->conf.encrypt = true;
    fixture_open(f);
    store(f, "https://a.test/encrypted", 2);
    assert_int_equal(check(f, "https://a.test/plain", 1), 0);
    assert_int_equal(check(f, "https://a.test/encrypted", 2), 0);
    fixture_close(f);
    /* In the middle, where an overflow page begins with nothing else. */
    assert_int_equal(on_disk(f, picture(1) + 100, 64), 1);
    assert_int_equal(on_disk(f, picture(2) + 100, 64), 0);
    assert_int_equal(on_disk(f, picture(2) + PICTURE - 100, 64), 0);
    f->conf.encrypt = false; /* both are still read */
    fixture_open(f);
    store(f, "https://a.test/plain again", 3);
    assert_int_equal(check(f, "https://a.test/plain", 1), 0);
    assert_int_equal(check(f, "https://a.test/encrypted", 2), 0);
    assert_int_equal(on_disk(f, picture(3) + 100, 64), 1);
    purge_url(f, "https://a.test/encrypted", 0);
    assert_int_equal(usage_of(f).pictures, 2);
    fixture_free(f);
}

static void test_a_purge_leaves_no_key(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    char url[64];
    for (unsigned i = 0; i < 40; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        store(f, url, i);
    }
    read_keys(f, 2, &before); /* the first was begun before there was a word of encryption */
    assert_int_equal(on_disk(f, before.keys[17], KEY), 1);
    purge_url(f, "https://a.test/17", 0);
    read_keys(f, 2, &after);
    size_t at = changed_key(&before, &after);
    assert_in_range(at, 0, 39);
    assert_int_equal(on_disk(f, before.keys[at], KEY), 0);
    assert_int_equal(check(f, "https://a.test/17", 17), CACHE_NONE);
    assert_int_equal(usage_of(f).pictures, 39);
    fixture_close(f);
    assert_int_equal(on_disk(f, before.keys[at], KEY), 0);
    fixture_open(f);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        assert_int_equal(check(f, url, i), i == 17 ? CACHE_NONE : 0);
    }
    fixture_free(f);
}

/* Whoever has an old copy of the file of keys, and puts it back, has the picture back: so it was
 * the key that kept it from being read, and nothing else. */
static void test_it_is_the_key_that_hides_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    store(f, "https://a.test/held", 1);
    read_keys(f, 2, &before);
    struct cache_record record;
    struct cache_key key = fixture_key(f, "https://a.test/held");
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    char path[128];
    snprintf(path, sizeof(path), "%s/seg-2/keys", f->dir);
    for (unsigned round = 0; round < 2; round++) {
        FILE *file = fopen(path, "r+e");
        assert_non_null(file);
        uint8_t zeros[KEY] = {0};
        assert_int_equal(fwrite(round == 0 ? zeros : before.keys[0], KEY, 1, file), 1);
        fclose(file);
        void *bytes;
        size_t len;
        assert_int_equal(cache_read(f->cache, &record, &bytes, &len), round == 0 ? CACHE_NONE : 0);
        if (round == 1) {
            assert_memory_equal(bytes, picture(1), PICTURE);
            free(bytes);
        }
    }
    fixture_free(f);
}

/* ---- who holds it ---- */

static void test_the_last_holder_takes_it_along(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    store(f, "https://a.test/one", 5);
    store(f, "https://a.test/two", 5);
    store(f, "https://b.test/three", 5);
    assert_int_equal(usage_of(f).pictures, 1);
    read_keys(f, 2, &before);
    purge_url(f, "https://a.test/one", 0);
    purge_url(f, "https://a.test/one", 0); /* it holds nothing any more */
    purge_url(f, "https://a.test/unknown", 0);
    purge_url(f, "https://a.test/two", 1);
    read_keys(f, 2, &after);
    assert_true(same_keys(&before, &after));
    assert_int_equal(check(f, "https://b.test/three", 5), 0);
    purge_url(f, "https://b.test/three", 0);
    read_keys(f, 2, &after);
    assert_int_equal(on_disk(f, before.keys[changed_key(&before, &after)], KEY), 0);
    assert_int_equal(usage_of(f).pictures, 0);
    /* What was forgotten may come again, under another key. */
    store(f, "https://a.test/two", 5);
    assert_int_equal(check(f, "https://a.test/two", 5), 0);
    assert_int_equal(usage_of(f).pictures, 1);
    fixture_free(f);
}

static void test_another_answer_lets_go(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    store(f, "https://a.test/one", 1);
    store(f, "https://a.test/two", 2);
    read_keys(f, 2, &before);
    store(f, "https://a.test/one", 3); /* another picture */
    read_keys(f, 2, &after);
    size_t first = changed_key(&before, &after);
    struct cache_write write = {.op = CACHE_FAIL, .key = fixture_key(f, "https://a.test/two")};
    assert_int_equal(fixture_write(f, &write), 0);
    read_keys(f, 2, &before);
    assert_int_not_equal(changed_key(&before, &after), first);
    assert_int_equal(usage_of(f).pictures, 1);
    assert_int_equal(check(f, "https://a.test/one", 3), 0);
    /* The same answer once more, and notes, change nothing. */
    store(f, "https://a.test/one", 3);
    struct cache_write sharer = {.op = CACHE_SHARER,
                                 .key = fixture_key(f, "https://a.test/one"),
                                 .record = {.sharers = {7}}};
    assert_int_equal(fixture_write(f, &sharer), 0);
    assert_int_equal(fixture_claim(f, "https://a.test/one", CACHE_STORED), 0);
    read_keys(f, 2, &after);
    assert_true(same_keys(&before, &after));
    fixture_free(f);
}

static void test_a_purge_of_everything(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    char url[64];
    for (unsigned i = 0; i < 300; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        store(f, url, i % 200);
    }
    assert_int_equal(usage_of(f).pictures, 200);
    read_keys(f, 2, &before);
    struct cache_purge purge = {.what = CACHE_PURGE_ALL};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 300);
    assert_int_equal(usage_of(f).pictures, 0);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(on_disk(f, before.keys[i], KEY), 0);
    assert_int_equal(on_disk(f, before.keys[200], KEY), 1); /* was not in use */
    fixture_free(f);
}

/* Fills the ring until this picture, which nobody reads meanwhile, is gone. */
static void turn_over(struct fixture *f, const char *url)
{
    static uint8_t filler[256 * KiB];
    char other[64];
    struct cache_record record;
    struct cache_key key = fixture_key(f, url);
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    for (unsigned i = 0; cache_has_picture(f->cache, &record) == 0; i++) {
        assert_true(i < 400);
        snprintf(other, sizeof(other), "https://fill.test/%u", i);
        fixture_fill(1000 + i, filler, sizeof(filler));
        assert_int_equal(fixture_store(f, other, filler, sizeof(filler)), 0);
    }
}

static void test_holders_are_counted_past_eviction(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    store(f, "https://a.test/old", 5);
    turn_over(f, "https://a.test/old");
    store(f, "https://b.test/new", 5); /* the same picture once more: both hold it now */
    struct cache_key key = fixture_key(f, "https://b.test/new");
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    assert_int_equal(check(f, "https://a.test/old", 5), 0);
    purge_url(f, "https://a.test/old", 0);
    assert_int_equal(check(f, "https://b.test/new", 5), 0);
    purge_url(f, "https://b.test/new", 0);
    assert_int_equal(cache_has_picture(f->cache, &record), CACHE_NONE);
    fixture_free(f);
}

static void test_the_keys_go_with_their_segment(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    store(f, "https://a.test/old", 5);
    read_keys(f, 2, &before);
    assert_int_equal(on_disk(f, before.keys[0], KEY), 1);
    char path[128];
    snprintf(path, sizeof(path), "%s/seg-2/keys", f->dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC); /* whoever still has the file ... */
    assert_true(fd >= 0);
    turn_over(f, "https://a.test/old");
    uint8_t key[KEY];
    assert_int_equal(pread(fd, key, KEY, 0), KEY);
    assert_memory_not_equal(key, before.keys[0], KEY); /* ... does not find it */
    close(fd);
    for (size_t i = 0; i < before.count; i++)
        assert_int_equal(on_disk(f, before.keys[i], KEY), 0);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(fixture_disk_bytes(f) <= FIXTURE_SIZE);
    fixture_free(f);
}

/* ---- crashes ---- */

/* Notes a key that is to be written over, as a commit does whose process then dies. */
static void note_shred(const struct fixture *f, uint8_t generation, uint8_t slot)
{
    char path[128];
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    uint8_t place[12] = {[7] = generation, [11] = slot};
    MDB_val k = {sizeof(place), place}, v = {0};
    snprintf(path, sizeof(path), "%s/index", f->dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 16), 0);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "shreds", 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

static void test_a_crash_only_delays_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    char url[64];
    for (unsigned i = 0; i < 5; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        store(f, url, i); /* one at a time: slot `i` */
    }
    fixture_close(f);
    read_keys(f, 2, &before);
    note_shred(f, 2, 3);
    note_shred(f, 2, 250); /* was never in use */
    note_shred(f, 99, 0);  /* nor is there such a segment */
    fixture_open(f);
    assert_int_equal(on_disk(f, before.keys[3], KEY), 0);
    for (unsigned i = 0; i < 5; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        assert_int_equal(check(f, url, i), i == 3 ? CACHE_NONE : 0);
    }
    read_keys(f, 2, &after);
    for (size_t i = 5; i < before.count; i++) /* what a lost commit may have used */
        assert_memory_not_equal(before.keys[i], after.keys[i], KEY);
    store(f, "https://a.test/more", 9);
    assert_int_equal(check(f, "https://a.test/more", 9), 0);
    assert_int_equal(check(f, "https://a.test/4", 4), 0);
    fixture_free(f);
}

static void test_lost_keys_cost_pictures_only(void **state)
{
    (void)state;
    struct fixture *f = fixture_encrypted();
    store(f, "https://a.test/1", 1);
    store(f, "https://a.test/2", 2);
    fixture_close(f);
    char path[128];
    snprintf(path, sizeof(path), "%s/seg-2/keys", f->dir);
    assert_int_equal(truncate(path, KEY), 0);
    fixture_open(f);
    assert_int_equal(check(f, "https://a.test/1", 1), 0);
    assert_int_equal(check(f, "https://a.test/2", 2), CACHE_NONE);
    store(f, "https://a.test/2", 2);
    assert_int_equal(check(f, "https://a.test/2", 2), 0);
    fixture_close(f);
    assert_int_equal(unlink(path), 0);
    fixture_open(f);
    assert_int_equal(check(f, "https://a.test/1", 1), CACHE_NONE);
    store(f, "https://a.test/1", 1);
    assert_int_equal(check(f, "https://a.test/1", 1), 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_picture_lies_there_in_clear),
        cmocka_unit_test(test_a_purge_leaves_no_key),
        cmocka_unit_test(test_it_is_the_key_that_hides_it),
        cmocka_unit_test(test_the_last_holder_takes_it_along),
        cmocka_unit_test(test_another_answer_lets_go),
        cmocka_unit_test(test_a_purge_of_everything),
        cmocka_unit_test(test_holders_are_counted_past_eviction),
        cmocka_unit_test(test_the_keys_go_with_their_segment),
        cmocka_unit_test(test_a_crash_only_delays_it),
        cmocka_unit_test(test_lost_keys_cost_pictures_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
