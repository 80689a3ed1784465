/* Forgetting: what goes when, what never goes, and what goes first when the index is too small. */
#include "cache_fixture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAY   86400
#define START (INT64_C(20000) * DAY) /* the fake clock's first day */

static int find(struct fixture *f, const char *url)
{
    struct cache_key key = fixture_key(f, url);
    struct cache_record record;
    return cache_lookup(f->cache, &key, &record);
}

/* Turns until all records have been looked at. How many were forgotten. */
static uint32_t go_round(struct fixture *f, int64_t now_s)
{
    uint32_t forgotten = 0;
    for (int rounds = 0; rounds < 2;) { /* the first may have begun in the middle */
        struct cache_sweep sweep = {
            .now_s = now_s, .retention_s = 365 * DAY, .fetch_window_s = 14 * DAY};
        assert_int_equal(fixture_sweep(f, &sweep), 0);
        assert_true(sweep.visited <= LIMIT_SWEEP_TURN);
        forgotten += sweep.forgotten;
        rounds += sweep.round;
    }
    return forgotten;
}

static void answered(struct fixture *f, const char *url, enum cache_op op, int64_t at_s)
{
    struct cache_write write = {.op = op,
                                .key = fixture_key(f, url),
                                .record = {.pixel = op == CACHE_STORE, .answered_s = at_s}};
    assert_int_equal(fixture_write(f, &write), 0);
}

static void test_an_answer_is_remembered_for_its_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    answered(f, "https://a.test/failed", CACHE_FAIL, START);
    answered(f, "https://a.test/pixel", CACHE_STORE, START + DAY);
    assert_int_equal(go_round(f, START + 365 * DAY), 0);
    assert_int_equal(go_round(f, START + 365 * DAY + 1), 1);
    assert_int_equal(find(f, "https://a.test/failed"), CACHE_NONE);
    assert_int_equal(find(f, "https://a.test/pixel"), 0);

    /* Delivered once more: its time begins anew. */
    struct cache_write note = {.op = CACHE_NOTE,
                               .key = fixture_key(f, "https://a.test/pixel"),
                               .record = {.delivered_s = START + 100 * DAY + 5000}};
    assert_int_equal(fixture_write(f, &note), 0);
    assert_int_equal(note.record.delivered_s, START + 100 * DAY);
    assert_int_equal(go_round(f, START + 465 * DAY), 0);
    assert_int_equal(go_round(f, START + 465 * DAY + 1), 1);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.records, 0);
    assert_int_equal(usage.forgotten, 2);
    assert_int_equal(usage.forgotten_early, 0);
    fixture_close(f);
    fixture_open(f);
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.forgotten, 2);
    fixture_free(f);
}

static void test_a_record_outlives_its_picture(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(24 * MiB, 8 * MiB);
    static uint8_t bytes[200000];
    char url[64];
    struct cache_write write = {.op = CACHE_STORE,
                                .key = fixture_key(f, "https://a.test/old"),
                                .record = {.type = IMAGE_PNG, .answered_s = START},
                                .bytes = "abc",
                                .len = 3};
    assert_int_equal(fixture_write(f, &write), 0);
    assert_int_equal(go_round(f, START + 3000L * DAY), 0);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.oldest_picture_s, START);
    assert_int_equal(fixture_check(f, "https://a.test/old", "abc", 3), 0);
    for (uint64_t i = 0; i < 120; i++) { /* 24 MB through 16: its segment goes */
        snprintf(url, sizeof(url), "https://a.test/%d", (int)i);
        fixture_fill(i, bytes, sizeof(bytes));
        assert_int_equal(fixture_store(f, url, bytes, sizeof(bytes)), 0);
    }
    assert_int_equal(find(f, "https://a.test/old"),
                     0); /* the picture's going alone forgets nothing */
    assert_int_equal(fixture_check(f, "https://a.test/old", "abc", 3), CACHE_NONE);
    assert_true(go_round(f, START + 3000L * DAY) > 0);
    assert_int_equal(find(f, "https://a.test/old"), CACHE_NONE);
    fixture_free(f);
}

static void test_what_is_not_over_is_kept(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_write claim = {.op = CACHE_CLAIM,
                                .key = fixture_key(f, "https://a.test/claimed"),
                                .record = {.claimed_s = START}};
    assert_int_equal(fixture_write(f, &claim), 0);
    struct cache_write fail = {.op = CACHE_FAIL,
                               .key = fixture_key(f, "https://a.test/again"),
                               .record = {.answered_s = START, .retry_s = START + 1000L * DAY}};
    assert_int_equal(fixture_write(f, &fail), 0);
    assert_int_equal(go_round(f, START + 1000L * DAY), 0);
    assert_int_equal(go_round(f, START + 1002L * DAY), 1); /* a try so long overdue never comes */
    assert_int_equal(find(f, "https://a.test/claimed"), 0);
    fixture_free(f);
}

/* ---- an index that is too small ---- */

/* Writes `count` originals from number `first`, each answered a second after the one before, a
 * thousand a turn of the clock. */
static void pass(struct fixture *f, unsigned first, unsigned count, const struct cache_write *like)
{
    char url[64];
    for (unsigned i = first; i < first + count; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        struct cache_write *write = malloc(sizeof(*write));
        assert_non_null(write);
        *write = *like;
        write->key = fixture_key(f, url);
        write->record.answered_s = START + i;
        if (write->record.delivered_s)
            write->record.delivered_s = START + i;
        cache_write_start(f->cache, write);
        /* Twice: the writer takes turns of its own behind a batch, and after one that came alone it
         * takes none. */
        for (int turn = 0; i % 200 == 199 && turn < 2; turn++) {
            struct cache_sweep sweep = {
                .now_s = START + i, .retention_s = 365 * DAY, .fetch_window_s = 14 * DAY};
            assert_int_equal(fixture_sweep(f, &sweep), 0);
        }
    }
}

static unsigned count_found(struct fixture *f, unsigned first, unsigned count)
{
    char url[64];
    unsigned found = 0;
    for (unsigned i = first; i < first + count; i++) {
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        found += find(f, url) == 0;
    }
    return found;
}

#define SMALL (4 * MiB)

static const struct cache_write failure = {.op = CACHE_FAIL};
static const struct cache_write pixel = {.op = CACHE_STORE, .record = {.pixel = 1}};

static void test_three_times_the_index_passes_and_the_youngest_stay(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(24 * MiB, SMALL);
    const unsigned total = 66000;
    uint64_t most = 0;
    for (unsigned i = 0; i < total; i += 6000) {
        struct cache_usage usage;
        pass(f, i, 6000, &failure);
        cache_usage(f->cache, &usage);
        most = usage.records > most ? usage.records : most;
        /* None was refused: all that were written are here or were forgotten. */
        assert_int_equal(usage.records + usage.forgotten, i + 6000);
        assert_int_equal(usage.forgotten, usage.forgotten_early);
        assert_int_equal(usage.failed, usage.records);
    }
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    print_message("of at most %lu, %lu stay\n", (unsigned long)most, (unsigned long)usage.records);
    assert_true(most * 3 <= total);         /* else this is no test */
    assert_true(usage.records >= most / 2); /* it settles, and does not drain */
    /* The order is nearly that of time: of the youngest half none has gone, of what is four times
     * as old hardly any is left. */
    unsigned half = (unsigned)usage.records / 2;
    assert_int_equal(count_found(f, total - half, half), half);
    assert_true(count_found(f, 0, total - 2 * (unsigned)most) < most / 100);

    /* Left alone, it forgets nothing more. */
    uint64_t before = usage.records;
    for (int i = 0; i < 200; i++) {
        struct cache_sweep sweep = {
            .now_s = START + total, .retention_s = 365 * DAY, .fetch_window_s = 14 * DAY};
        assert_int_equal(fixture_sweep(f, &sweep), 0);
    }
    cache_usage(f->cache, &usage);
    assert_true(usage.records >= before - before / 16);
    fixture_free(f);
}

static void test_what_is_worth_less_goes_first(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(24 * MiB, SMALL);
    struct cache_write delivered = pixel;
    delivered.record.delivered_s = 1;
    pass(f, 0, 2000, &pixel);         /* the oldest of all, and worth the most */
    pass(f, 2000, 2000, &failure);    /* goes before that */
    pass(f, 4000, 2000, &delivered);  /* only delivered mail asked, and that was ... */
    unsigned later = 6000 + 15 * DAY; /* ... more than 14 days before this */
    struct cache_purge purge = {.what = CACHE_PURGE_URL,
                                .key = fixture_key(f, "https://a.test/purged")};
    assert_int_equal(fixture_purge(f, &purge), 0);

    struct cache_usage usage;
    unsigned at = later;
    do {
        pass(f, at, 200, &pixel);
        at += 200;
        cache_usage(f->cache, &usage);
    } while (usage.forgotten < 1000 && at < later + 60000);
    assert_true(usage.forgotten >= 1000);
    assert_int_equal(usage.forgotten_early, 0);
    assert_int_equal(count_found(f, 0, 4000), 4000);
    assert_int_equal(count_found(f, 4000, 2000) + usage.forgotten, 2000);

    while (usage.forgotten_early < 1000 && at < later + 120000) {
        pass(f, at, 200, &pixel);
        at += 200;
        cache_usage(f->cache, &usage);
    }
    assert_true(usage.forgotten_early >= 1000);
    assert_int_equal(count_found(f, 0, 2000), 2000);
    assert_true(count_found(f, 2000, 2000) <= 1000);
    assert_int_equal(find(f, "https://a.test/purged"), 0);
    fixture_free(f);
}

static void test_who_else_asked_is_known(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    const char *const url = "https://a.test/1";
    struct cache_write queue = {.op = CACHE_ENQUEUE,
                                .key = fixture_key(f, url),
                                .group = 7,
                                .record = {.retry_s = 5, .delivered_s = START, .tenant = 3},
                                .bytes = url,
                                .len = strlen(url)};
    assert_int_equal(fixture_write(f, &queue), 0);
    struct cache_write claim = {
        .op = CACHE_CLAIM,
        .key = queue.key,
        .record = {.retry_s = 50},
        .bytes = url,
        .len = strlen(url),
    };
    assert_int_equal(fixture_write(f, &claim), 0);
    assert_int_equal(claim.record.asked, 0);
    assert_int_equal(claim.record.delivered_s, START);
    assert_int_equal(claim.record.tenant, 3);
    assert_int_equal(claim.record.requests, 1);
    assert_int_equal(claim.record.again, 0);
    struct cache_queued queued;
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
    assert_int_equal(queued.group, 7); /* the claim's own entry is in its place */
    assert_int_equal(queued.due_s, 50);
    assert_int_equal(queued.delivered_s, START);

    struct cache_write store = {
        .op = CACHE_STORE, .key = queue.key, .seen = CACHE_CLAIMED, .record = {.pixel = 1}};
    assert_int_equal(fixture_write(f, &store), 0);
    /* Fetched again, by a reader and not from the queue. */
    claim.seen = CACHE_STORED;
    claim.bytes = NULL;
    claim.len = 0;
    assert_int_equal(fixture_write(f, &claim), 0);
    assert_int_equal(claim.record.asked, 1);
    assert_int_equal(claim.record.requests, 2);
    assert_int_equal(claim.record.again, 1);
    struct cache_write fail = {.op = CACHE_FAIL, .key = queue.key, .seen = CACHE_CLAIMED};
    assert_int_equal(fixture_write(f, &fail), 0);
    claim.seen = CACHE_FAILED;
    claim.silent = 1; /* it is known where it redirects to, so it is not asked itself */
    assert_int_equal(fixture_write(f, &claim), 0);
    assert_int_equal(claim.record.requests, 2);
    assert_int_equal(claim.record.again, 1);
    assert_int_equal(claim.record.tries, 2);
    fixture_free(f);
}

/* ---- killed on the way ---- */

static int tell_fd;
static struct cache *killed;

/* Turns, one after the other, each told of. */
static void tell(struct cache_sweep *self)
{
    uint8_t forgotten = self->forgotten > 0;
    if (write(tell_fd, &forgotten, 1) != 1)
        _exit(9);
    cache_sweep_start(killed, self);
}

static void sweep_until_killed(struct fixture *f)
{
    static struct cache_sweep sweep;
    assert_int_equal(loop_new(&f->loop), 0);
    f->conf.loop = f->loop;
    if (cache_open(&f->conf, &f->cache) != 0)
        _exit(8);
    killed = f->cache;
    sweep = (struct cache_sweep){.now_s = START + 4000L * DAY,
                                 .retention_s = 365 * DAY,
                                 .fetch_window_s = 14 * DAY,
                                 .done = tell};
    cache_sweep_start(f->cache, &sweep);
    (void)!loop_run(f->loop);
    _exit(7);
}

static void test_a_kill_leaves_the_figures_right(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(64 * MiB, 16 * MiB);
    pass(f, 0, 12000, &failure);
    fixture_close(f);
    uint64_t left = 12000;
    for (unsigned round = 0; round < 4; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            tell_fd = ends[1];
            sweep_until_killed(f);
        }
        close(ends[1]);
        uint8_t told = 0;
        for (unsigned turns = 0; turns <= round % 2; turns++)
            while (read(ends[0], &told, 1) == 1 && !told && left > 2 * LIMIT_SWEEP_TURN)
                ;
        kill(pid, SIGKILL);
        close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        fixture_open(f);
        struct cache_usage usage;
        cache_usage(f->cache, &usage);
        assert_true(usage.records < left);
        assert_int_equal(usage.records, usage.failed);
        assert_int_equal(usage.records + usage.forgotten, 12000);
        assert_int_equal(count_found(f, 0, 12000), usage.records);
        left = usage.records;
        fixture_close(f);
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_answer_is_remembered_for_its_time),
        cmocka_unit_test(test_a_record_outlives_its_picture),
        cmocka_unit_test(test_what_is_not_over_is_kept),
        cmocka_unit_test(test_three_times_the_index_passes_and_the_youngest_stay),
        cmocka_unit_test(test_what_is_worth_less_goes_first),
        cmocka_unit_test(test_who_else_asked_is_known),
        cmocka_unit_test(test_a_kill_leaves_the_figures_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
