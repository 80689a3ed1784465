/* Reading from many threads while the writer stores, evicts and closes segments. */
#include "cache_fixture.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#define READERS  4
#define PICTURES 3000 /* some 45 MB through a cache of 16 */
#define LEN      15000

static struct fixture *fixture;
static atomic_uint stored; /* pictures whose write is done */
static atomic_uint wrong;
static atomic_uint seen;
static atomic_uint gone;

static void *read_pictures(void *arg)
{
    unsigned random = *(unsigned *)arg;
    uint8_t *bytes = malloc(LEN);
    char url[64];
    unsigned upto;
    while ((upto = atomic_load(&stored)) < PICTURES) {
        if (upto == 0)
            continue;
        random = random * 1103515245 + 12345;
        unsigned i = (random >> 8) % upto;
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        fixture_fill(i, bytes, LEN);
        int r = fixture_check(fixture, url, bytes, LEN);
        atomic_fetch_add(r == 0 ? &seen : r == CACHE_NONE ? &gone : &wrong, 1);
        struct cache_usage usage;
        if (random % 64 == 0)
            cache_usage(fixture->cache, &usage);
        static _Thread_local struct cache_queued queued;
        if (cache_queue_next(fixture->cache, NULL, &queued) < 0)
            atomic_fetch_add(&wrong, 1);
    }
    free(bytes);
    return NULL;
}

static void test_readers_never_see_a_wrong_byte(void **state)
{
    (void)state;
    fixture = fixture_new(24 * MiB, 8 * MiB);
    pthread_t threads[READERS];
    unsigned seeds[READERS];
    for (unsigned i = 0; i < READERS; i++) {
        seeds[i] = i * 7919 + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, read_pictures, &seeds[i]), 0);
    }
    char url[64];
    static uint8_t bytes[LEN];
    for (unsigned i = 0; i < PICTURES; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        fixture_fill(i, bytes, LEN);
        assert_int_equal(fixture_store(fixture, url, bytes, LEN), 0);
        assert_int_equal(fixture_enqueue(fixture, url, i), 0);
        atomic_store(&stored, i + 1);
    }
    for (unsigned i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_true(atomic_load(&seen) > 0);
    assert_true(atomic_load(&gone) > 0);
    fixture_free(fixture);
}

static pthread_barrier_t start;

static void *claim_all(void *arg)
{
    unsigned *won = arg;
    pthread_barrier_wait(&start);
    char url[64];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(url, sizeof(url), "https://b.test/%u", i);
        *won += fixture_claim(fixture, url, 0) == 0;
    }
    return NULL;
}

static void test_of_many_claimers_one_wins(void **state)
{
    (void)state;
    fixture = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    pthread_barrier_init(&start, NULL, READERS);
    pthread_t threads[READERS];
    unsigned won[READERS] = {0}, sum = 0;
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, claim_all, &won[i]), 0);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        sum += won[i];
    }
    assert_int_equal(sum, 200);
    pthread_barrier_destroy(&start);
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readers_never_see_a_wrong_byte),
        cmocka_unit_test(test_of_many_claimers_one_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
