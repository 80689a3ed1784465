/* An operator's wish: at once, for good, through crashes, and whatever is in flight. */
#include "cache_fixture.h"

#include "base/list.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct cache_record lookup(struct fixture *f, const char *url)
{
    struct cache_key key = fixture_key(f, url);
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    return record;
}

static int find(struct fixture *f, const char *url)
{
    struct cache_key key = fixture_key(f, url);
    struct cache_record record;
    return cache_lookup(f->cache, &key, &record);
}

static int is_queued(struct fixture *f, const char *url)
{
    struct cache_key key = fixture_key(f, url);
    int64_t due_s;
    return cache_queue_find(f->cache, &key, &due_s);
}

static uint64_t host(const struct fixture *f, const char *name)
{
    return cache_host_hash(f->cache, name, strlen(name));
}

static uint16_t tenant(const struct fixture *f, const char *name)
{
    return cache_tenant_hash(f->cache, name, strlen(name));
}

/* As a flight does it, with what it knows of whom it is for. */
static void claim(struct fixture *f, const char *url, const char *host_name,
                  const char *tenant_name)
{
    struct cache_write write = {
        .op = CACHE_CLAIM,
        .key = fixture_key(f, url),
        .record = {.host = host(f, host_name), .tenant = tenant(f, tenant_name)},
    };
    assert_int_equal(fixture_write(f, &write), 0);
}

static int answer(struct fixture *f, const char *url)
{
    struct cache_write write = {.op = CACHE_STORE,
                                .key = fixture_key(f, url),
                                .seen = CACHE_CLAIMED,
                                .record = {.type = IMAGE_PNG},
                                .bytes = "abc",
                                .len = 3};
    return fixture_write(f, &write);
}

static void test_a_url_nobody_knows_leaves_a_tombstone(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    const char *url = "https://a.test/unknown";
    struct cache_purge purge = {.what = CACHE_PURGE_URL, .key = fixture_key(f, url)};
    uint64_t before = cache_purges(f->cache);
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 1);
    assert_true(cache_purges(f->cache) > before);
    fixture_close(f);
    fixture_open(f);
    struct cache_record record = lookup(f, url);
    assert_int_equal(record.state, CACHE_STORED);
    assert_int_equal(record.purged, 1);
    assert_int_equal(record.size, 0);
    assert_true(record.answered_s >
                1700000000); /* when it was purged: retention counts from then */
    /* Nothing has it fetched any more: no claim, whatever it saw, and no place in the queue. */
    assert_int_equal(fixture_claim(f, url, 0), CACHE_CHANGED);
    assert_int_equal(fixture_claim(f, url, CACHE_STORED), CACHE_CHANGED);
    assert_int_equal(fixture_enqueue(f, url, 1), CACHE_CHANGED);
    assert_int_equal(is_queued(f, url), CACHE_NONE);
    assert_int_equal(fixture_store(f, url, "abc", 3), CACHE_CHANGED);

    purge.forget = 1;
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 1);
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 0); /* there was nothing any more */
    assert_int_equal(fixture_claim(f, url, 0), 0);
    fixture_free(f);
}

static void test_a_host_goes_and_others_stay(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char url[64];
    for (int i = 0; i < 2400; i++) { /* more than one turn */
        snprintf(url, sizeof(url), "https://%c.test/%d", i % 2 ? 'b' : 'a', i);
        claim(f, url, i % 2 ? "b.test" : "a.test", "t");
        assert_int_equal(answer(f, url), 0);
    }
    claim(f, "https://a.test/in-flight", "a.test", "t");
    claim(f, "https://b.test/in-flight", "b.test", "t");
    assert_int_equal(fixture_enqueue(f, "https://a.test/queued", 1), 0);
    assert_int_equal(fixture_enqueue(f, "https://b.test/queued", 1), 0);
    assert_int_equal(fixture_enqueue(f, "http://a.test:8080/queued?x", 1), 0);

    struct cache_purge purge = {.what = CACHE_PURGE_HOST, .host = host(f, "a.test")};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 1200 + 1 + 2);
    assert_int_equal(purge.dequeued, 2);
    for (int i = 0; i < 2400; i++) {
        snprintf(url, sizeof(url), "https://%c.test/%d", i % 2 ? 'b' : 'a', i);
        assert_int_equal(fixture_check(f, url, "abc", 3), i % 2 ? 0 : CACHE_NONE);
        assert_int_equal(lookup(f, url).purged, i % 2 ? 0 : 1);
    }
    assert_int_equal(answer(f, "https://a.test/in-flight"), CACHE_CHANGED);
    assert_int_equal(answer(f, "https://b.test/in-flight"), 0);
    assert_int_equal(is_queued(f, "https://a.test/queued"), CACHE_NONE);
    assert_int_equal(lookup(f, "https://a.test/queued").purged, 1);
    assert_int_equal(lookup(f, "http://a.test:8080/queued?x").host, host(f, "a.test"));
    assert_int_equal(fixture_claim(f, "https://a.test/queued", 0), CACHE_CHANGED);
    assert_int_equal(is_queued(f, "https://b.test/queued"), 0);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.purged, 1203);
    assert_int_equal(usage.stored, 1201);
    assert_int_equal(usage.claimed, 0);

    /* What comes later from that host is none of its business. */
    claim(f, "https://a.test/later", "a.test", "t");
    assert_int_equal(answer(f, "https://a.test/later"), 0);
    assert_int_equal(fixture_check(f, "https://a.test/later", "abc", 3), 0);
    fixture_free(f);
}

/* The picture came from there, whatever name it was asked by. */
static void test_what_redirects_to_a_host_goes_with_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    const char *stored = "https://a.test/stored", *flying = "https://a.test/in-flight";
    const char *direct = "https://a.test/redirects-no-more";
    uint64_t hop_host = host(f, "b.test");
    const char *urls[] = {stored, flying, direct};
    for (size_t i = 0; i < 3; i++) {
        claim(f, urls[i], "a.test", "t");
        struct cache_write redirected = {
            .op = CACHE_REQUEUE,
            .key = fixture_key(f, urls[i]),
            .seen = CACHE_CLAIMED,
            .record = {.retry_s = 5, .hop_host = hop_host},
            .bytes = "https://b.test/picture",
            .len = strlen("https://b.test/picture"),
        };
        assert_int_equal(fixture_write(f, &redirected), 0);
        assert_true(redirected.record.hop_host == hop_host);
    }
    struct cache_write write = {.op = CACHE_STORE,
                                .key = fixture_key(f, stored),
                                .seen = CACHE_CLAIMED,
                                .record = {.type = IMAGE_PNG, .hop_host = hop_host},
                                .bytes = "abc",
                                .len = 3};
    assert_int_equal(fixture_write(f, &write), 0);
    assert_int_equal(answer(f, direct), 0);

    struct cache_purge purge = {.what = CACHE_PURGE_HOST, .host = hop_host};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 2);
    assert_int_equal(fixture_check(f, stored, "abc", 3), CACHE_NONE);
    assert_int_equal(lookup(f, stored).purged, 1);
    assert_int_equal(lookup(f, flying).purged, 1);
    assert_int_equal(is_queued(f, flying), CACHE_NONE);
    assert_int_equal(answer(f, flying), CACHE_CHANGED);
    assert_int_equal(fixture_check(f, direct, "abc", 3), 0);
    fixture_free(f);
}

static void test_a_tenant_goes_where_no_other_asked(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    claim(f, "https://a.test/one", "a.test", "one");
    claim(f, "https://a.test/two", "a.test", "two");
    claim(f, "https://a.test/both", "a.test", "one");
    struct cache_write note = {.op = CACHE_NOTE,
                               .key = fixture_key(f, "https://a.test/both"),
                               .record = {.tenant = tenant(f, "two")}};
    assert_int_equal(fixture_write(f, &note), 0);
    assert_int_equal(note.record.tenant, CACHE_TENANTS);
    struct cache_write queue = {.op = CACHE_ENQUEUE,
                                .key = fixture_key(f, "https://a.test/q"),
                                .record = {.retry_s = 5, .tenant = tenant(f, "one")},
                                .bytes = "https://a.test/q",
                                .len = 16};
    assert_int_equal(fixture_write(f, &queue), 0);
    struct cache_purge purge = {
        .what = CACHE_PURGE_TENANT, .tenant = tenant(f, "one"), .forget = 1};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 2);
    assert_int_equal(find(f, "https://a.test/one"), CACHE_NONE);
    assert_int_equal(find(f, "https://a.test/two"), 0);
    assert_int_equal(find(f, "https://a.test/both"), 0);
    assert_int_equal(is_queued(f, "https://a.test/q"), CACHE_NONE);
    assert_int_equal(find(f, "https://a.test/q"), CACHE_NONE);
    fixture_free(f);
}

static void test_all_and_forgotten_is_as_new(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char url[64];
    for (int i = 0; i < 3000; i++) {
        snprintf(url, sizeof(url), "https://a.test/%d", i);
        assert_int_equal(i % 3 ? fixture_store(f, url, "abc", 3) : fixture_enqueue(f, url, i), 0);
    }
    assert_int_equal(fixture_claim(f, "https://a.test/in-flight", 0), 0);
    struct cache_purge purge = {.what = CACHE_PURGE_ALL, .forget = 1};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_equal(purge.purged, 3001);
    assert_int_equal(purge.dequeued, 1000);
    /* The flight that was begun before does not bring its original back. */
    assert_int_equal(answer(f, "https://a.test/in-flight"), CACHE_CHANGED);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.records, 0);
    assert_int_equal(usage.stored + usage.failed + usage.claimed + usage.purged, 0);
    assert_int_equal(usage.queued, 0);
    struct cache_queued queued;
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), CACHE_NONE);
    struct cache_group group;
    assert_int_equal(cache_queue_next_group(f->cache, NULL, &group), CACHE_NONE);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    fixture_free(f);
}

/* ---- at once ---- */

static struct fixture *fixture;
static unsigned seen_after; /* records that could be seen after one was told to be accepted */
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t order_changed = PTHREAD_COND_INITIALIZER;
static unsigned steps;

static void step_done(void)
{
    pthread_mutex_lock(&order_lock);
    steps++;
    pthread_cond_signal(&order_changed);
    pthread_mutex_unlock(&order_lock);
}

/* The write was started right after the purge, so it is done once the purge holds, and that has
 * only begun to go through the records. */
static void look_around(struct cache_write *self)
{
    (void)self;
    char url[64];
    for (int i = 0; i < 20000; i += 7) {
        snprintf(url, sizeof(url), "https://a.test/%d", i);
        struct cache_key key = fixture_key(fixture, url);
        struct cache_record record;
        if (cache_lookup(fixture->cache, &key, &record) != CACHE_NONE)
            seen_after++;
    }
    static struct cache_queued queued;
    if (cache_queue_next(fixture->cache, NULL, &queued) != CACHE_NONE)
        seen_after++;
    step_done();
}

static void note_purged(struct cache_purge *self)
{
    (void)self;
    step_done();
}

static void fill_soon(struct fixture *f, int count)
{
    char url[64];
    for (int i = 0; i < count; i++) {
        struct cache_write *write = calloc(1, sizeof(*write));
        assert_non_null(write);
        int len = snprintf(url, sizeof(url), "https://a.test/%d", i);
        *write = (struct cache_write){.op = i % 10 ? CACHE_FAIL : CACHE_ENQUEUE,
                                      .key = fixture_key(f, url),
                                      .record = {.retry_s = i % 10 ? 0 : i + 1},
                                      .bytes = i % 10 ? NULL : strdup(url),
                                      .len = i % 10 ? 0 : (size_t)len};
        cache_write_start(f->cache, write);
    }
}

static void test_nobody_finds_it_from_the_moment_it_holds(void **state)
{
    (void)state;
    struct fixture *f = fixture = fixture_new(FIXTURE_SIZE, 16 * MiB);
    fill_soon(f, 20000);
    struct cache_purge purge = {.what = CACHE_PURGE_ALL, .forget = 1, .done = note_purged};
    struct cache_write probe = {
        .op = CACHE_DEQUEUE, .key = fixture_key(f, "https://a.test/x"), .done = look_around};
    steps = 0;
    seen_after = 0;
    cache_purge_start(f->cache, &purge);
    cache_write_start(f->cache, &probe);
    pthread_mutex_lock(&order_lock);
    while (steps < 2)
        pthread_cond_wait(&order_changed, &order_lock);
    pthread_mutex_unlock(&order_lock);
    assert_int_equal(seen_after, 0);
    assert_int_equal(purge.purged, 20000); /* all that was started before it */
    fixture_free(f);
}

static void test_a_later_purge_is_not_held_up_by_what_an_earlier_left(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    claim(f, "https://a.test/1", "a.test", "t");
    struct cache_purge one = {.what = CACHE_PURGE_HOST, .host = host(f, "a.test")};
    struct cache_purge two = {.what = CACHE_PURGE_ALL, .forget = 1};
    assert_int_equal(fixture_purge(f, &one), 0);
    assert_int_equal(fixture_purge(f, &two), 0);
    assert_int_equal(two.purged, 1);
    assert_int_equal(find(f, "https://a.test/1"), CACHE_NONE);
    fixture_free(f);
}

static struct cache_purge many[LIMIT_PURGES + 40];
static unsigned ended;

static void note_many(struct cache_purge *self)
{
    (void)self;
    pthread_mutex_lock(&order_lock);
    ended++;
    pthread_cond_signal(&order_changed);
    pthread_mutex_unlock(&order_lock);
}

static void test_too_many_at_once_are_refused_and_each_is_told(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, 16 * MiB);
    fill_soon(f, 3000);
    const size_t count = sizeof(many) / sizeof(many[0]);
    ended = 0;
    for (size_t i = 0; i < count; i++) {
        many[i] = (struct cache_purge){.what = CACHE_PURGE_HOST, .host = i + 1, .done = note_many};
        cache_purge_start(f->cache, &many[i]);
    }
    pthread_mutex_lock(&order_lock);
    while (ended < count)
        pthread_cond_wait(&order_changed, &order_lock);
    pthread_mutex_unlock(&order_lock);
    unsigned refused = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(many[i].result == 0 || many[i].result == -EAGAIN);
        refused += many[i].result != 0;
    }
    assert_true(refused > 0 && refused <= 40);
    fixture_free(f);
}

/* ---- killed on the way ---- */

#define RECORDS 30000

static int tell_fd;

static void tell_accepted(struct cache_write *self)
{
    (void)self;
    if (write(tell_fd, "a", 1) != 1)
        _exit(9);
}

static void purge_until_killed(struct fixture *f)
{
    assert_int_equal(loop_new(&f->loop), 0);
    f->conf.loop = f->loop;
    if (cache_open(&f->conf, &f->cache) != 0)
        _exit(8);
    static struct cache_purge purge;
    purge = (struct cache_purge){.what = CACHE_PURGE_ALL, .done = note_purged};
    static struct cache_write probe;
    probe = (struct cache_write){
        .op = CACHE_DEQUEUE, .key = fixture_key(f, "https://a.test/x"), .done = tell_accepted};
    cache_purge_start(f->cache, &purge);
    cache_write_start(f->cache, &probe);
    (void)!loop_run(f->loop);
    _exit(7);
}

static void test_a_kill_only_delays_it(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(64 * MiB, 32 * MiB);
    fill_soon(f, RECORDS);
    fixture_close(f);
    unsigned unfinished = 0;
    for (int round = 0; round < 4; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            tell_fd = ends[1];
            purge_until_killed(f);
        }
        close(ends[1]);
        char told;
        assert_int_equal(read(ends[0], &told, 1),
                         1); /* it holds; most is still to be gone through */
        kill(pid, SIGKILL);
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));

        fixture_open(f);
        struct cache_usage usage;
        cache_usage(f->cache, &usage);
        unfinished += usage.purged < RECORDS;
        char url[64];
        for (int i = 0; i < RECORDS; i += 11) {
            snprintf(url, sizeof(url), "https://a.test/%d", i);
            assert_int_equal(lookup(f, url).purged, 1);
            assert_int_equal(is_queued(f, url), CACHE_NONE);
        }
        if (round == 3) { /* it goes on by itself: another purge ends after it */
            struct cache_purge last = {.what = CACHE_PURGE_HOST, .host = 1};
            assert_int_equal(fixture_purge(f, &last), 0);
            cache_usage(f->cache, &usage);
            assert_int_equal(usage.purged, RECORDS);
            assert_int_equal(usage.records, RECORDS);
            assert_int_equal(usage.queued, 0);
        }
        fixture_close(f);
    }
    assert_true(unfinished > 0); /* that it was on the way at all */
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_url_nobody_knows_leaves_a_tombstone),
        cmocka_unit_test(test_a_host_goes_and_others_stay),
        cmocka_unit_test(test_what_redirects_to_a_host_goes_with_it),
        cmocka_unit_test(test_a_tenant_goes_where_no_other_asked),
        cmocka_unit_test(test_all_and_forgotten_is_as_new),
        cmocka_unit_test(test_nobody_finds_it_from_the_moment_it_holds),
        cmocka_unit_test(test_a_later_purge_is_not_held_up_by_what_an_earlier_left),
        cmocka_unit_test(test_too_many_at_once_are_refused_and_each_is_told),
        cmocka_unit_test(test_a_kill_only_delays_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
