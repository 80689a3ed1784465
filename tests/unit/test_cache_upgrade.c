/* An index that an older version left: its queue and its records are found again. */
#include "cache_fixture.h"

#include "store/secret.h"

#include <endian.h>
#include <lmdb.h>
#include <sodium.h>
#include <stdio.h>

#define ENTRIES 1200

static void path_of(const struct fixture *f, const char *name, char ret[128])
{
    snprintf(ret, 128, "%s/%s", f->dir, name);
}

static void put(MDB_txn *txn, MDB_dbi dbi, MDB_val k, MDB_val v)
{
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
}

/* As format 1 had it: time, nonce, the sealed URL with the key as associated data, by key; and time
 * with key. */
static void put_old(MDB_txn *txn, const struct secret *secret, MDB_dbi dbis[2], unsigned i)
{
    char url[64];
    int len = snprintf(url, sizeof(url), "https://a.test/%u", i);
    struct cache_key key;
    crypto_generichash(key.bytes, 32, (const unsigned char *)url, (size_t)len, secret->url, 32);
    uint8_t value[8 + 24 + 64 + 16] = {0}, place[40];
    uint64_t due = htobe64((uint64_t)(1000 + (int64_t)i) ^ (1ULL << 63));
    memcpy(value, &due, 8);
    randombytes_buf(value + 8, 24);
    unsigned long long sealed;
    crypto_aead_xchacha20poly1305_ietf_encrypt(value + 32, &sealed, (const unsigned char *)url,
                                               (unsigned long long)len, key.bytes, 32, NULL,
                                               value + 8, secret->queue);
    if (i == 7)
        value[40] ^= 1; /* damaged: left out */
    put(txn, dbis[0], (MDB_val){32, key.bytes}, (MDB_val){32 + sealed, value});
    memcpy(place, &due, 8);
    memcpy(place + 8, key.bytes, 32);
    put(txn, dbis[1], (MDB_val){40, place}, (MDB_val){0, NULL});
}

static void make_old(const struct fixture *f)
{
    char path[128];
    struct secret secret;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbis[2];
    path_of(f, "secret", path);
    assert_int_equal(secret_load(path, false, &secret), 0);
    path_of(f, "index", path);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 12), 0);
    assert_int_equal(mdb_env_open(env, path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "queue", MDB_CREATE, &dbis[0]), 0);
    assert_int_equal(mdb_dbi_open(txn, "due", MDB_CREATE, &dbis[1]), 0);
    for (unsigned i = 0; i < ENTRIES; i++)
        put_old(txn, &secret, dbis, i);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    path_of(f, "format", path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("shoji cache 1\n", file);
    fclose(file);
}

static void test_the_old_queue_is_brought_over(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    assert_int_equal(fixture_store(f, "https://a.test/known", "abc", 3), 0);
    fixture_close(f);
    make_old(f);
    for (int again = 0; again < 2; again++) {
        fixture_open(f);
        struct cache_queued queued, after;
        char url[64];
        for (unsigned i = 0; i < ENTRIES; i++) {
            if (i == 7)
                continue;
            snprintf(url, sizeof(url), "https://a.test/%u", i);
            assert_int_equal(cache_queue_next(f->cache, i ? &after : NULL, &queued), 0);
            assert_string_equal(queued.url, url);
            assert_int_equal(queued.due_s, 1000 + i);
            after = queued;
        }
        assert_int_equal(cache_queue_next(f->cache, &after, &queued), CACHE_NONE);
        struct cache_usage usage;
        cache_usage(f->cache, &usage);
        assert_int_equal(usage.queued, ENTRIES - 1);
        assert_int_equal(fixture_check(f, "https://a.test/known", "abc", 3), 0);
        fixture_close(f);
    }
    char path[128], text[32] = "";
    path_of(f, "format", path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "shoji cache 4\n"); /* an older program is to refuse it now */
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_old_queue_is_brought_over),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
