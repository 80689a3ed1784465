/* The queue in groups: whose turn it is, what a busy group costs, and what is sealed. */
#include "cache_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int enqueue(struct fixture *f, const char *url, uint32_t group, int64_t due_s)
{
    struct cache_write write = {.op = CACHE_ENQUEUE,
                                .key = fixture_key(f, url),
                                .group = group,
                                .record = {.retry_s = due_s},
                                .bytes = url,
                                .len = strlen(url)};
    return fixture_write(f, &write);
}

static void expect_groups(struct fixture *f, const struct cache_group *want, size_t count)
{
    struct cache_group at, *after = NULL;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(cache_queue_next_group(f->cache, after, &at), 0);
        assert_int_equal(at.group, want[i].group);
        assert_int_equal(at.due_s, want[i].due_s);
        after = &at;
    }
    assert_int_equal(cache_queue_next_group(f->cache, after, &at), CACHE_NONE);
}

static void test_groups_stand_in_the_order_of_their_first(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    assert_int_equal(enqueue(f, "https://a.test/1", 0xffffffff, 30), 0);
    assert_int_equal(enqueue(f, "https://a.test/2", 0xffffffff, 10), 0);
    assert_int_equal(enqueue(f, "https://b.test/1", 1, 20), 0);
    assert_int_equal(enqueue(f, "https://c.test/1", 2, 20), 0);
    expect_groups(f, (struct cache_group[]){{0xffffffff, 10}, {1, 20}, {2, 20}}, 3);

    struct cache_queued queued, after;
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
    assert_string_equal(queued.url, "https://a.test/2");
    after = queued;
    assert_int_equal(cache_queue_next(f->cache, &after, &queued), 0);
    assert_string_equal(queued.url, "https://a.test/1"); /* its group's, though b's is due before */
    after = queued;
    assert_int_equal(cache_queue_next(f->cache, &after, &queued), CACHE_NONE);
    assert_int_equal(cache_queue_first(f->cache, 2, &queued), 0);
    assert_string_equal(queued.url, "https://c.test/1");
    assert_int_equal(cache_queue_first(f->cache, 3, &queued), CACHE_NONE);

    /* The head leaves: the group falls back to its next. */
    struct cache_write leave = {.op = CACHE_DEQUEUE, .key = fixture_key(f, "https://a.test/2")};
    assert_int_equal(fixture_write(f, &leave), 0);
    expect_groups(f, (struct cache_group[]){{1, 20}, {2, 20}, {0xffffffff, 30}}, 3);
    /* Moved, it keeps its group; queued again under another, it takes that. */
    struct cache_write move = {
        .op = CACHE_REQUEUE, .key = fixture_key(f, "https://b.test/1"), .record = {.retry_s = 40}};
    assert_int_equal(fixture_write(f, &move), 0);
    expect_groups(f, (struct cache_group[]){{2, 20}, {0xffffffff, 30}, {1, 40}}, 3);
    assert_int_equal(enqueue(f, "https://b.test/1", 2, 15), 0);
    expect_groups(f, (struct cache_group[]){{2, 15}, {0xffffffff, 30}}, 2);
    leave.key = fixture_key(f, "https://a.test/1");
    assert_int_equal(fixture_write(f, &leave), 0);
    expect_groups(f, (struct cache_group[]){{2, 15}}, 1);
    fixture_close(f);
    fixture_open(f);
    expect_groups(f, (struct cache_group[]){{2, 15}}, 1);
    fixture_free(f);
}

static void fill(struct fixture *f, unsigned count, uint32_t group)
{
    char url[64];
    for (unsigned i = 0; i < count; i++) {
        struct cache_write *write = calloc(1, sizeof(*write));
        assert_non_null(write);
        int len = snprintf(url, sizeof(url), "https://busy.test/%u", i);
        *write = (struct cache_write){.op = CACHE_ENQUEUE,
                                      .key = fixture_key(f, url),
                                      .group = group,
                                      .record = {.retry_s = i % 600},
                                      .bytes = strdup(url),
                                      .len = (size_t)len};
        cache_write_start(f->cache, write);
    }
}

static int64_t look_ns(struct fixture *f)
{
    struct timespec from, to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < 1000; i++) {
        struct cache_group busy, other;
        assert_int_equal(cache_queue_next_group(f->cache, NULL, &busy), 0);
        assert_int_equal(cache_queue_next_group(f->cache, &busy, &other), 0);
        assert_int_equal(other.group, 2);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (to.tv_sec - from.tv_sec) * 1000000000 + (to.tv_nsec - from.tv_nsec);
}

/* A step more in the tree is allowed, not a thousand times as many entries looked at. */
static void test_a_busy_group_is_passed_by(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(64 * MiB, 32 * MiB);
    assert_int_equal(enqueue(f, "https://quiet.test/1", 2, 5000), 0);
    assert_int_equal(enqueue(f, "https://busy.test/first", 1, 0), 0);
    int64_t few = look_ns(f);
    fill(f, 20000, 1);
    assert_int_equal(enqueue(f, "https://quiet.test/2", 2, 5001), 0);
    assert_true(look_ns(f) < 20 * few + 1000000);
    struct cache_queued queued;
    assert_int_equal(cache_queue_first(f->cache, 2, &queued), 0);
    assert_string_equal(queued.url, "https://quiet.test/1");
    fixture_free(f);
}

static void test_the_queue_has_half_of_the_index(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(24 * MiB, 4 * MiB);
    static char url[2000];
    int r = 0;
    unsigned count = 0;
    memset(url, 'x', sizeof(url) - 1);
    for (; r == 0 && count < 5000; count++) {
        int head = snprintf(url, sizeof(url), "https://a.test/%u", count);
        url[head] = 'x';
        r = enqueue(f, url, count, 1);
    }
    assert_int_equal(r, -ENOSPC);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_true(usage.index_left > 1 * MiB); /* for records, which go on */
    assert_int_equal(fixture_claim(f, "https://b.test/", 0), 0);
    fixture_free(f);
}

/* An original that is known to redirect: the entry's key is its own, the URL another's. */
static void test_a_url_may_wait_under_another_key(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    const char *const urls[] = {"http://h.test/", "https://", "x", "https://b.test/to"};
    for (size_t i = 0; i < 4; i++) {
        struct cache_write write = {.op = CACHE_ENQUEUE,
                                    .key = fixture_key(f, "https://a.test/from"),
                                    .record = {.retry_s = 5},
                                    .bytes = urls[i],
                                    .len = strlen(urls[i])};
        struct cache_write leave = {.op = CACHE_DEQUEUE, .key = write.key};
        struct cache_queued queued;
        assert_int_equal(fixture_write(f, &write), 0);
        assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
        assert_string_equal(queued.url, urls[i]);
        assert_memory_equal(&queued.key, &write.key, sizeof(write.key));
        assert_int_equal(fixture_write(f, &leave), 0);
        assert_int_equal(enqueue(f, urls[i], 0, 5), 0);
        assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
        assert_string_equal(queued.url, urls[i]);
        leave.key = fixture_key(f, urls[i]);
        assert_memory_equal(&queued.key, &leave.key, sizeof(leave.key));
        assert_int_equal(fixture_write(f, &leave), 0);
    }
    static char longest[LIMIT_URL + 1];
    memset(longest, 'a', LIMIT_URL);
    struct cache_write write = {.op = CACHE_ENQUEUE,
                                .key = fixture_key(f, "https://a.test/from"),
                                .record = {.retry_s = 5},
                                .bytes = longest,
                                .len = LIMIT_URL};
    struct cache_queued queued;
    assert_int_equal(fixture_write(f, &write), 0);
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
    assert_string_equal(queued.url, longest);
    write = (struct cache_write){.op = CACHE_REQUEUE, .key = write.key, .record = {.retry_s = 9}};
    assert_int_equal(fixture_write(f, &write), 0);
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
    assert_string_equal(queued.url, longest);
    assert_int_equal(queued.due_s, 9);
    fixture_free(f);
}

/* ---- what was answered with a redirect ---- */

#define DAY ((int64_t)86400)

static const char top[] = "https://a.test/from", hop[] = "https://b.test/to";

static int write_about_top(struct fixture *f, struct cache_write write)
{
    write.key = fixture_key(f, top);
    write.len = strlen(write.bytes);
    return fixture_write(f, &write);
}

/* Asked, redirected to `hop`, which failed: due again at 5000, in the hop's group. */
static void fail_behind_redirect(struct fixture *f, int64_t delivered_s, uint16_t tenant)
{
    struct cache_write queued = {
        .op = CACHE_ENQUEUE,
        .group = 1,
        .bytes = top,
        .record = {.retry_s = 10, .delivered_s = delivered_s, .tenant = tenant}};
    struct cache_write claim = {
        .op = CACHE_CLAIM, .group = 1, .bytes = top, .record = {.retry_s = 4000}};
    struct cache_write redirected = {.op = CACHE_REQUEUE,
                                     .group = 2,
                                     .seen = CACHE_CLAIMED,
                                     .bytes = hop,
                                     .record = {.retry_s = 4000}};
    struct cache_write failed = {.op = CACHE_FAIL,
                                 .group = 2,
                                 .seen = CACHE_CLAIMED,
                                 .bytes = hop,
                                 .record = {.reason = 7, .retry_s = 5000}};
    assert_int_equal(write_about_top(f, queued), 0);
    assert_int_equal(write_about_top(f, claim), 0);
    assert_int_equal(write_about_top(f, redirected), 0);
    assert_int_equal(write_about_top(f, failed), 0);
}

static void expect_hop(struct fixture *f, int64_t delivered_s, uint16_t tenant)
{
    struct cache_queued queued;
    struct cache_key key = fixture_key(f, top);
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
    assert_string_equal(queued.url, hop);
    assert_memory_equal(&queued.key, &key, sizeof(key));
    assert_int_equal(queued.delivered_s, delivered_s);
    assert_int_equal(queued.tenant, tenant);
    expect_groups(f, (struct cache_group[]){{2, 5000}}, 1);
}

/* Who answered with a redirect has answered: another mail with it does not have it asked again. */
static void test_a_new_mail_keeps_what_a_redirect_led_to(void **state)
{
    (void)state;
    const struct {
        int64_t day, new_day, both_days;
        uint16_t tenant, new_tenant, both_tenants;
    } cases[] = {
        {100, 101, 101, 0, 0, 0}, /* another day */
        {100, 0, 0, 0, 0, 0},     /* no day */
        {0, 100, 0, 0, 0, 0},     {100, 100, 100, 3, 4, CACHE_TENANTS}, {100, 100, 100, 0, 3, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
        fail_behind_redirect(f, cases[i].day * DAY, cases[i].tenant);
        struct cache_write again = {.op = CACHE_ENQUEUE,
                                    .group = 1,
                                    .bytes = top,
                                    .record = {.retry_s = 20,
                                               .delivered_s = cases[i].new_day * DAY,
                                               .tenant = cases[i].new_tenant}};
        struct cache_key key = fixture_key(f, top);
        struct cache_record record;
        assert_int_equal(write_about_top(f, again), 0);
        expect_hop(f, cases[i].both_days * DAY, cases[i].both_tenants);
        assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
        assert_int_equal(record.state, CACHE_FAILED);
        assert_int_equal(record.retry_s, 5000);
        fixture_free(f);
    }
}

/* The same while the hop is still being asked, and what a crash then leaves. */
static void test_a_new_mail_keeps_it_while_it_is_asked(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    fail_behind_redirect(f, 100 * DAY, 3);
    struct cache_write claim = {.op = CACHE_CLAIM,
                                .group = 2,
                                .seen = CACHE_FAILED,
                                .silent = 1,
                                .bytes = hop,
                                .record = {.retry_s = 5000}};
    struct cache_write again = {.op = CACHE_ENQUEUE,
                                .group = 1,
                                .bytes = top,
                                .record = {.retry_s = 20, .delivered_s = 102 * DAY, .tenant = 4}};
    assert_int_equal(write_about_top(f, claim), 0);
    assert_int_equal(write_about_top(f, again), 0);
    expect_hop(f, 102 * DAY, CACHE_TENANTS);
    fixture_close(f);
    fixture_open(f);
    expect_hop(f, 102 * DAY, CACHE_TENANTS);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_stand_in_the_order_of_their_first),
        cmocka_unit_test(test_a_busy_group_is_passed_by),
        cmocka_unit_test(test_the_queue_has_half_of_the_index),
        cmocka_unit_test(test_a_url_may_wait_under_another_key),
        cmocka_unit_test(test_a_new_mail_keeps_what_a_redirect_led_to),
        cmocka_unit_test(test_a_new_mail_keeps_it_while_it_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
