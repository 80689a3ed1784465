/* Who stands in one page with a key: its neighbours, all of them sorted next to it, and no more
 * than a page holds. */
#include "test.h"

#include "base/limits.h"
#include "base/list.h"
#include "store/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define KEYS  4000
#define VALUE 100
#define ENTRY (8 + 32 + VALUE) /* LMDB's head of a node, and both */

static uint8_t keys[KEYS][32]; /* sorted */
static char dir[64];
static struct env *env;
static MDB_dbi dbi;

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static void put(MDB_txn *txn, const uint8_t key[32], int byte)
{
    uint8_t bytes[VALUE];
    memset(bytes, byte, sizeof(bytes));
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)key};
    MDB_val v = {.mv_size = sizeof(bytes), .mv_data = bytes};
    assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
}

static int make(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/shoji-test-beside-XXXXXX");
    assert_non_null(mkdtemp(dir));
    struct env_conf conf = {.dir = dir, .size = 4 * MiB, .flags = MDB_NOSYNC};
    assert_int_equal(env_open(&conf, &env), 0);
    uint64_t seed = 7;
    for (unsigned i = 0; i < KEYS; i++)
        for (unsigned j = 0; j < 32; j++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            keys[i][j] = (uint8_t)(seed >> 56);
        }
    MDB_txn *txn;
    assert_int_equal(env_write_begin(env, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    for (unsigned i = 0; i < KEYS; i++)
        put(txn, keys[i], 1);
    assert_int_equal(env_commit(env, txn), 0);
    qsort(keys, KEYS, 32, by_bytes);
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    env_close(env);
    return env_remove(dir);
}

struct seen {
    struct beside_visitor visitor;
    unsigned limit; /* ends there, with 3 */
    unsigned count;
    unsigned at[BESIDE_MOST * 2]; /* places in `keys` */
};

static int note(struct beside_visitor *self, const MDB_val *key, const MDB_val *value)
{
    struct seen *seen = container_of(self, struct seen, visitor);
    assert_int_equal(key->mv_size, 32);
    assert_int_equal(value->mv_size, VALUE);
    const uint8_t(*found)[32] = bsearch(key->mv_data, keys, KEYS, 32, by_bytes);
    assert_non_null(found);
    assert_true(seen->count < BESIDE_MOST * 2);
    seen->at[seen->count++] = (unsigned)(found - (const uint8_t(*)[32])keys);
    return seen->count == seen->limit ? 3 : 0;
}

static void test_neighbours_are_seen_and_nobody_else(void **state)
{
    (void)state;
    uint64_t total = 0;
    for (unsigned i = 0; i < KEYS; i += 37) {
        MDB_txn *txn;
        struct seen seen = {.visitor = {note}};
        bool met[KEYS] = {false};
        assert_int_equal(env_write_begin(env, &txn), 0);
        put(txn, keys[i], 2);
        assert_int_equal(beside_each(txn, dbi, keys[i], &seen.visitor), 0);
        mdb_txn_abort(txn);
        for (unsigned j = 0; j < seen.count; j++) {
            assert_false(met[seen.at[j]]);
            met[seen.at[j]] = true;
        }
        assert_false(met[i]);
        unsigned first = i, last = i; /* those met are next to it, without a gap */
        while (first > 0 && met[first - 1])
            first--;
        while (last + 1 < KEYS && met[last + 1])
            last++;
        assert_int_equal(last - first, seen.count);
        assert_in_range(seen.count + 1, 1, 4096 / ENTRY); /* only one page was copied */
        total += seen.count + 1;
    }
    /* On average, what a tree that grew at random has: 69 % of a page. */
    assert_in_range(total / ((KEYS + 36) / 37), 4096 / ENTRY / 2, 4096 / ENTRY * 9 / 10);
}

static void test_who_has_enough_says_so(void **state)
{
    (void)state;
    MDB_txn *txn;
    struct seen seen = {.visitor = {note}, .limit = 2};
    assert_int_equal(env_write_begin(env, &txn), 0);
    put(txn, keys[100], 2);
    assert_int_equal(beside_each(txn, dbi, keys[100], &seen.visitor), 3);
    assert_int_equal(seen.count, 2);
    mdb_txn_abort(txn);
}

static void test_of_what_is_not_there_nothing_is_seen(void **state)
{
    (void)state;
    MDB_txn *txn;
    struct seen seen = {.visitor = {note}};
    uint8_t key[32];
    memcpy(key, keys[100], sizeof(key));
    key[31] ^= 1;
    assert_int_equal(env_write_begin(env, &txn), 0);
    assert_int_equal(beside_each(txn, dbi, key, &seen.visitor), 0);
    assert_int_equal(seen.count, 0);
    mdb_txn_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_are_seen_and_nobody_else),
        cmocka_unit_test(test_who_has_enough_says_so),
        cmocka_unit_test(test_of_what_is_not_there_nothing_is_seen),
    };
    return cmocka_run_group_tests(tests, make, unmake);
}
