/* What forgetting may never take, in a full index: what its own transaction wrote, and what a purge
 * under way is to leave a record of. Without the writer, so that it is certain what goes together.
 */
#include "test.h"

#include "store/order.h"
#include "store/sweep.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY    86400
#define START  (INT64_C(20000) * DAY)
#define BATCH  200 /* at most; less when the index has no room for so many changes at once */
#define ENOUGH 3000
#define HOST   77

static const struct secret secret = {.sum = {7, 7, 7}};

struct world {
    char dir[64];
    struct index index;
    struct sweep *sweep;
    unsigned written;
    struct cache_key keys[BATCH]; /* of the last batch */
    unsigned count;
    unsigned turns;
};

static int make(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    assert_true(sodium_init() >= 0);
    snprintf(w->dir, sizeof(w->dir), "/tmp/shoji-test-sweep-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    struct env_conf conf = {.dir = w->dir, .size = 8 * MiB, .flags = MDB_NOSYNC};
    assert_int_equal(index_open(&conf, &secret, &w->index), 0);
    assert_int_equal(sweep_new(&w->index, NULL, &w->sweep), 0); /* no pictures, so no ring */
    struct cache_sweep terms = {
        .now_s = START + DAY, .retention_s = 365 * DAY, .fetch_window_s = 14 * DAY};
    sweep_set_terms(w->sweep, &terms);
    *state = w;
    return 0;
}

static int unmake(void **state)
{
    struct world *w = *state;
    sweep_free(w->sweep);
    index_close(&w->index);
    int r = env_remove(w->dir);
    free(w);
    return r;
}

static struct cache_key key_of(unsigned number)
{
    struct cache_key key;
    crypto_generichash(key.bytes, sizeof(key.bytes), (const void *)&number, sizeof(number), NULL,
                       0);
    return key;
}

/* One in ten is a failure, answered before all others, as when the clock was set back: no record is
 * worth less. */
static struct cache_record record_of(unsigned number, const struct cache_record *like)
{
    struct cache_record record = *like;
    record.state = number % 10 == 0 ? CACHE_FAILED : CACHE_STORED;
    record.pixel = number % 10 != 0;
    record.answered_s = START + (number % 10 == 0 ? -(int64_t)number : (int64_t)number);
    return record;
}

static bool stands(struct world *w, MDB_txn *txn, const struct cache_key *key)
{
    struct cache_record record;
    int r = index_record(&w->index, txn, key, &record);
    assert_in_range(r, 0, CACHE_NONE);
    return r == 0;
}

static void tidy(struct world *w, MDB_txn *txn)
{
    const struct cache_key *keys[BATCH];
    for (unsigned i = 0; i < w->count; i++)
        keys[i] = &w->keys[i];
    assert_int_equal(sweep_spare(w->sweep, txn, keys, w->count), 0);
    for (unsigned i = 0; i < w->count; i++)
        assert_int_equal(sweep_beside(w->sweep, txn, keys[i]), 0);
}

/* Writes some records and forgets some, as the writer does. How many of the new ones are missing
 * before the commit. */
static unsigned pass(struct world *w, const struct cache_record *like)
{
    MDB_txn *txn;
    assert_int_equal(index_begin(&w->index, &txn), 0);
    w->count = w->index.room.changes < BATCH ? w->index.room.changes : BATCH;
    for (unsigned i = 0; i < w->count; i++) {
        struct cache_record record = record_of(w->written, like);
        w->keys[i] = key_of(w->written++);
        assert_int_equal(index_record_put(&w->index, txn, &w->keys[i], &record), 0);
    }
    tidy(w, txn);
    unsigned missing = 0;
    for (unsigned i = 0; i < w->count; i++)
        missing += !stands(w, txn, &w->keys[i]);
    assert_int_equal(index_commit(&w->index, txn), 0);
    for (unsigned i = 0; i < 8 && sweep_behind(w->sweep); i++) {
        struct cache_sweep turn = {0};
        assert_int_equal(sweep_turn(w->sweep, &turn), 0);
        w->turns += turn.forgotten > 0;
    }
    return missing;
}

static void fill(struct world *w, const struct cache_record *like)
{
    while (!sweep_pressed(w->sweep)) {
        assert_in_range(w->written, 0, 1000000);
        assert_int_equal(pass(w, like), 0);
    }
}

static void test_what_was_written_with_it_stays(void **state)
{
    struct world *w = *state;
    const struct cache_record like = {0};
    unsigned missing = 0;
    fill(w, &like);
    while (w->index.figures.forgotten < ENOUGH) {
        assert_in_range(w->written, 0, 1000000);
        missing += pass(w, &like);
    }
    assert_int_equal(missing, 0);
}

static void give(struct world *w, bool forget)
{
    MDB_txn *txn;
    struct order order = {.number = 1,
                          .what = CACHE_PURGE_HOST,
                          .forget = forget,
                          .host = HOST,
                          .given_s = START + DAY};
    assert_int_equal(index_begin(&w->index, &txn), 0);
    assert_int_equal(order_put(&w->index, txn, &order), 0);
    assert_int_equal(index_commit(&w->index, txn), 0);
}

/* Every second record that fills the index is of the host; then a purge of that is given, and
 * others pass. How many of the host's are there no more. */
static unsigned missing_after_order(struct world *w, bool forget)
{
    const struct cache_record of_host = {.host = HOST}, of_other = {.host = 1, .stamp = 1};
    while (!sweep_pressed(w->sweep)) {
        assert_int_equal(pass(w, &of_host), 0);
        assert_int_equal(pass(w, &of_other), 0);
    }
    /* Which they were: those that stand and are of the host. */
    bool *host = calloc(w->written, sizeof(*host));
    assert_non_null(host);
    MDB_txn *txn;
    unsigned filled = w->written, count = 0, missing = 0;
    assert_int_equal(index_begin(&w->index, &txn), 0);
    for (unsigned i = 0; i < filled; i++) {
        struct cache_record record;
        struct cache_key key = key_of(i);
        host[i] = index_record(&w->index, txn, &key, &record) == 0 && record.host == HOST;
        count += host[i];
    }
    index_abort(&w->index, txn);
    assert_true(count > filled / 4);
    give(w, forget);
    uint64_t before = w->index.figures.forgotten;
    w->turns = 0;
    while (w->index.figures.forgotten < before + ENOUGH || w->turns < 2) {
        assert_in_range(w->written, 0, 1000000);
        assert_int_equal(pass(w, &of_other), 0);
        if (w->written % 7 == 0 && sweep_pressed(w->sweep)) { /* turns too, not only beside */
            struct cache_sweep turn = {0};
            assert_int_equal(sweep_turn(w->sweep, &turn), 0);
            w->turns += turn.forgotten > 0;
        }
    }
    assert_int_equal(index_begin(&w->index, &txn), 0);
    for (unsigned i = 0; i < filled; i++) {
        struct cache_key key = key_of(i);
        missing += host[i] && !stands(w, txn, &key);
    }
    index_abort(&w->index, txn);
    free(host);
    return missing;
}

static void test_what_a_purge_has_yet_to_get_to_stays(void **state)
{
    assert_int_equal(missing_after_order(*state, false), 0);
}

static void test_what_a_purge_will_forget_may_go(void **state)
{
    assert_true(missing_after_order(*state, true) > ENOUGH / 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_was_written_with_it_stays, make, unmake),
        cmocka_unit_test_setup_teardown(test_what_a_purge_has_yet_to_get_to_stays, make, unmake),
        cmocka_unit_test_setup_teardown(test_what_a_purge_will_forget_may_go, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
