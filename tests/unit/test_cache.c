#include "cache_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cache_record lookup(struct fixture *f, const char *url)
{
    struct cache_key key = fixture_key(f, url);
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), 0);
    return record;
}

static void test_a_claim_is_won_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_key key = fixture_key(f, "https://a.test/1");
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), CACHE_NONE);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), CACHE_CHANGED);
    record = lookup(f, "https://a.test/1");
    assert_int_equal(record.state, CACHE_CLAIMED);
    assert_int_equal(record.tries, 1);
    assert_true(record.claimed_s > 0);
    fixture_free(f);
}

static void test_a_loser_sees_what_stands(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    assert_int_equal(fixture_store(f, "https://a.test/1", "abc", 3), 0);
    struct cache_write write = {.op = CACHE_CLAIM, .key = fixture_key(f, "https://a.test/1")};
    assert_int_equal(fixture_write(f, &write), CACHE_CHANGED);
    assert_int_equal(write.record.state, CACHE_STORED);
    assert_int_equal(write.record.size, 3);
    fixture_free(f);
}

static void test_a_picture_comes_back_after_reopening(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    size_t sizes[] = {1, 15, 2000, 2040, 4096, 65537, 3000000};
    static uint8_t bytes[3000000];
    char url[64];
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(url, sizeof(url), "https://a.test/%zu", i);
        fixture_fill(i, bytes, sizes[i]);
        assert_int_equal(fixture_store(f, url, bytes, sizes[i]), 0);
        assert_int_equal(fixture_check(f, url, bytes, sizes[i]), 0);
    }
    fixture_close(f);
    fixture_open(f);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(url, sizeof(url), "https://a.test/%zu", i);
        fixture_fill(i, bytes, sizes[i]);
        assert_int_equal(fixture_check(f, url, bytes, sizes[i]), 0);
        assert_int_equal(lookup(f, url).type, IMAGE_PNG);
    }
    fixture_free(f);
}

static void test_a_pixel_and_a_failure_are_remembered_without_a_picture(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_write pixel = {
        .op = CACHE_STORE, .key = fixture_key(f, "https://a.test/p"), .record = {.pixel = 1}};
    assert_int_equal(fixture_write(f, &pixel), 0);
    struct cache_record record = lookup(f, "https://a.test/p");
    assert_int_equal(record.state, CACHE_STORED);
    assert_int_equal(record.pixel, 1);
    void *bytes;
    size_t len;
    assert_int_equal(cache_read(f->cache, &record, &bytes, &len), CACHE_NONE);

    struct cache_write fail = {.op = CACHE_FAIL,
                               .key = fixture_key(f, "https://a.test/f"),
                               .record = {.reason = 7, .retry_s = 5000000000, .answered_s = -3}};
    assert_int_equal(fixture_write(f, &fail), 0);
    record = lookup(f, "https://a.test/f");
    assert_int_equal(record.state, CACHE_FAILED);
    assert_int_equal(record.reason, 7);
    assert_int_equal(record.retry_s, 5000000000);
    assert_int_equal(record.answered_s, -3);
    fixture_free(f);
}

static void test_sharers_are_counted_once_each_and_create_nothing(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_key key = fixture_key(f, "https://a.test/1");
    struct cache_write write = {.op = CACHE_SHARER, .key = key, .record = {.sharers = {9}}};
    assert_int_equal(fixture_write(f, &write), 0);
    struct cache_record record;
    assert_int_equal(cache_lookup(f->cache, &key, &record), CACHE_NONE);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    for (uint16_t salt = 0; salt < 20; salt++) {
        write =
            (struct cache_write){.op = CACHE_SHARER, .key = key, .record = {.sharers = {salt / 2}}};
        assert_int_equal(fixture_write(f, &write), 0);
    }
    record = lookup(f, "https://a.test/1");
    assert_int_equal(record.sharers_count, CACHE_SHARERS);
    for (uint16_t i = 0; i < CACHE_SHARERS; i++)
        assert_int_equal(record.sharers[i], i);
    assert_int_equal(record.state, CACHE_CLAIMED);
    fixture_free(f);
}

static void test_the_same_bytes_are_kept_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    static uint8_t banner[1000000];
    fixture_fill(1, banner, sizeof(banner));
    char url[64];
    for (int i = 0; i < 1000; i++) { /* a gigabyte, were it kept each time */
        snprintf(url, sizeof(url), "https://a.test/for/%d", i);
        assert_int_equal(fixture_store(f, url, banner, sizeof(banner)), 0);
    }
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.records, 1000);
    assert_int_equal(usage.pictures, 1);
    assert_int_equal(fixture_check(f, "https://a.test/for/0", banner, sizeof(banner)), 0);
    assert_int_equal(fixture_check(f, "https://a.test/for/999", banner, sizeof(banner)), 0);
    fixture_free(f);
}

static void test_the_queue_is_in_order_of_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    assert_int_equal(fixture_enqueue(f, "https://a.test/late", 300), 0);
    assert_int_equal(fixture_enqueue(f, "https://a.test/early", -5), 0);
    assert_int_equal(fixture_enqueue(f, "https://a.test/middle", 200), 0);
    assert_int_equal(fixture_enqueue(f, "https://a.test/late", 400), 0);   /* stays at 300 */
    assert_int_equal(fixture_enqueue(f, "https://a.test/middle", 100), 0); /* moves */
    fixture_close(f);
    fixture_open(f);

    const struct {
        const char *url;
        int64_t due_s;
    } want[] = {
        {"https://a.test/early", -5}, {"https://a.test/middle", 100}, {"https://a.test/late", 300}};
    struct cache_queued a, b, *at = &a, *before = NULL;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(cache_queue_next(f->cache, before, at), 0);
        assert_string_equal(at->url, want[i].url);
        assert_int_equal(at->url_len, strlen(want[i].url));
        assert_int_equal(at->due_s, want[i].due_s);
        before = at;
        at = at == &a ? &b : &a;
    }
    assert_int_equal(cache_queue_next(f->cache, before, at), CACHE_NONE);

    struct cache_write remove = {.op = CACHE_DEQUEUE,
                                 .key = fixture_key(f, "https://a.test/middle")};
    int64_t due_s;
    assert_int_equal(cache_queue_find(f->cache, &remove.key, &due_s), 0);
    assert_int_equal(due_s, 100);
    assert_int_equal(fixture_write(f, &remove), 0);
    assert_int_equal(fixture_write(f, &remove), 0);
    assert_int_equal(cache_queue_find(f->cache, &remove.key, &due_s), CACHE_NONE);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.queued, 2);
    fixture_free(f);
}

static void test_a_queued_url_has_a_length(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    static char url[LIMIT_URL + 2];
    memset(url, 'a', sizeof(url) - 1);
    assert_int_equal(fixture_enqueue(f, url, 1), -EINVAL);
    assert_int_equal(fixture_enqueue(f, "", 1), -EINVAL);
    url[LIMIT_URL] = '\0';
    assert_int_equal(fixture_enqueue(f, url, 1), 0);
    struct cache_queued queued;
    assert_int_equal(cache_queue_next(f->cache, NULL, &queued), 0);
    assert_string_equal(queued.url, url);
    fixture_free(f);
}

static void test_purged_stays_purged_and_forgotten_is_as_new(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_key key = fixture_key(f, "https://a.test/1");
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    struct cache_write purge = {.op = CACHE_PURGE, .key = key};
    assert_int_equal(fixture_write(f, &purge), 0);
    struct cache_write store = {
        .op = CACHE_STORE, .key = key, .seen = CACHE_CLAIMED, .bytes = "abc", .len = 3};
    assert_int_equal(fixture_write(f, &store), CACHE_CHANGED);
    assert_int_equal(fixture_check(f, "https://a.test/1", "abc", 3), CACHE_NONE);
    assert_int_equal(lookup(f, "https://a.test/1").state, CACHE_STORED);
    assert_int_equal(lookup(f, "https://a.test/1").tries, 1);

    assert_int_equal(fixture_enqueue(f, "https://a.test/1", 1), 0);
    struct cache_write forget = {.op = CACHE_FORGET, .key = key};
    assert_int_equal(fixture_write(f, &forget), 0);
    struct cache_record record;
    int64_t due_s;
    assert_int_equal(cache_lookup(f->cache, &key, &record), CACHE_NONE);
    assert_int_equal(cache_queue_find(f->cache, &key, &due_s), CACHE_NONE);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    fixture_free(f);
}

static void test_claims_without_outcome_become_failures(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    assert_int_equal(fixture_claim(f, "https://a.test/queued", 0), 0);
    assert_int_equal(fixture_enqueue(f, "https://a.test/queued", 12345), 0);
    assert_int_equal(fixture_claim(f, "https://a.test/alone", 0), 0);
    assert_int_equal(fixture_claim(f, "https://a.test/answered", 0), 0);
    assert_int_equal(fixture_store(f, "https://a.test/answered", "abc", 3), 0);
    fixture_close(f);
    fixture_open(f);
    struct cache_record record = lookup(f, "https://a.test/queued");
    assert_int_equal(record.state, CACHE_FAILED);
    assert_int_equal(record.reason, CACHE_REASON_CRASHED);
    assert_int_equal(record.retry_s, 12345);
    assert_int_equal(record.tries, 1);
    record = lookup(f, "https://a.test/alone");
    assert_int_equal(record.state, CACHE_FAILED);
    assert_int_equal(record.retry_s, 0);
    assert_int_equal(lookup(f, "https://a.test/answered").state, CACHE_STORED);
    fixture_free(f);
}

/* README: where nobody was asked, that was no try. */
static void test_a_turn_that_was_put_off_is_no_try(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    const char *url = "https://a.test/later";
    for (unsigned turn = 0; turn < 3; turn++) {
        assert_int_equal(fixture_claim(f, url, turn ? CACHE_FAILED : 0), 0);
        struct cache_write fail = {
            .op = CACHE_FAIL, .key = fixture_key(f, url), .record.retry_s = 5, .untried = turn < 2};
        assert_int_equal(fixture_write(f, &fail), 0);
        struct cache_record record = lookup(f, url);
        assert_int_equal(record.tries, turn < 2 ? 0 : 1);
        assert_int_equal(record.requests, turn < 2 ? 0 : 1);
    }
    fixture_free(f);
}

static void test_whether_a_picture_is_here(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    struct cache_record record = lookup(f, "https://a.test/1");
    assert_int_equal(cache_has_picture(f->cache, &record), CACHE_NONE);
    assert_int_equal(fixture_store(f, "https://a.test/1", "abc", 3), 0);
    record = lookup(f, "https://a.test/1");
    assert_int_equal(cache_has_picture(f->cache, &record), 0);
    record.content[0] ^= 1;
    assert_int_equal(cache_has_picture(f->cache, &record), CACHE_NONE);
    fixture_free(f);
}

static void test_one_server_at_a_time(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache *second = NULL;
    assert_int_equal(cache_open(&f->conf, &second), CACHE_LOCKED);
    assert_null(second);
    assert_int_equal(fixture_claim(f, "https://a.test/1", 0), 0);
    fixture_free(f);
}

static void write_file(const struct fixture *f, const char *name, const char *text, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fchmod(fileno(file), mode);
    fclose(file);
}

static void test_what_it_refuses_to_open(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char secret[128];
    snprintf(secret, sizeof(secret), "%s/secret", f->dir);
    struct stat st;
    assert_int_equal(stat(secret, &st), 0);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(st.st_mode & 07777, 0600);
    fixture_close(f);

    struct cache *cache = NULL;
    assert_int_equal(chmod(secret, 0640), 0);
    assert_int_equal(cache_open(&f->conf, &cache), -EPERM);
    assert_int_equal(unlink(secret), 0);
    assert_int_equal(cache_open(&f->conf, &cache), -ENOKEY);
    write_file(f, "secret", "too short", 0600);
    assert_int_equal(cache_open(&f->conf, &cache), -EBADMSG);
    write_file(f, "format", "shoji cache 5\n", 0600);
    assert_int_equal(cache_open(&f->conf, &cache), CACHE_NEWER);
    write_file(f, "format", "something else", 0600);
    assert_int_equal(cache_open(&f->conf, &cache), -EBADMSG);
    f->conf.size = f->conf.index_size;
    write_file(f, "format", "shoji cache 1\n", 0600);
    write_file(f, "secret", "0123456789abcdef0123456789abcdef", 0600);
    assert_int_equal(cache_open(&f->conf, &cache), -EINVAL);
    assert_null(cache);
    fixture_free(f);
}

static void find_host(const char *path, void *ctx)
{
    const char *const needles[] = {"unmistakable-host", "dW5taXN0YWthYmxl", "/secret-path/"};
    size_t *found = ctx;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    char *all = malloc((size_t)st.st_size + 1);
    assert_non_null(all);
    assert_int_equal(read(fd, all, (size_t)st.st_size), st.st_size);
    for (size_t i = 0; i < 3; i++)
        if (memmem(all, (size_t)st.st_size, needles[i], strlen(needles[i])))
            ++*found;
    free(all);
    close(fd);
}

static void test_no_url_can_be_read_on_disk(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char url[128];
    for (int i = 0; i < 300; i++) {
        snprintf(url, sizeof(url), "https://unmistakable-host.test/secret-path/%d", i);
        assert_int_equal(fixture_enqueue(f, url, 1000 + i), 0);
        assert_int_equal(fixture_claim(f, url, 0), 0);
        assert_int_equal(fixture_store(f, url, &i, sizeof(i)), 0);
    }
    size_t found = 0;
    fixture_files(f, find_host, &found);
    assert_int_equal(found, 0);
    fixture_close(f);
    fixture_files(f, find_host, &found);
    assert_int_equal(found, 0);

    write_file(f, "control", "xx unmistakable-host xx", 0600); /* that the search finds anything */
    fixture_files(f, find_host, &found);
    assert_int_equal(found, 1);
    fixture_free(f);
}

static size_t order_next;
static struct cache_write *order_first;
static pthread_mutex_t order_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t order_all = PTHREAD_COND_INITIALIZER;

static void note_order(struct cache_write *self)
{
    pthread_mutex_lock(&order_lock);
    assert_ptr_equal(self, &order_first[order_next]);
    if (++order_next == 500)
        pthread_cond_signal(&order_all);
    pthread_mutex_unlock(&order_lock);
}

static void test_done_comes_in_the_order_of_starting(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_write *all = calloc(500, sizeof(*all));
    order_first = all;
    order_next = 0;
    for (size_t i = 0; i < 500; i++) {
        all[i] = (struct cache_write){
            .op = i % 2 ? CACHE_FAIL : CACHE_CLAIM,
            .key = fixture_key(f, "https://a.test/same"),
            .seen = i % 2 ? CACHE_CLAIMED : (i ? CACHE_FAILED : 0),
            .record = {.reason = 1},
            .done = note_order,
        };
        cache_write_start(f->cache, &all[i]);
    }
    pthread_mutex_lock(&order_lock);
    while (order_next < 500)
        pthread_cond_wait(&order_all, &order_lock);
    pthread_mutex_unlock(&order_lock);
    for (size_t i = 0; i < 500; i++) /* none lost its claim, so they were applied in order too */
        assert_int_equal(all[i].result, 0);
    assert_int_equal(lookup(f, "https://a.test/same").tries, 250);
    free(all);
    fixture_free(f);
}

static void test_closing_commits_what_was_handed_over(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char url[64];
    for (int i = 0; i < 200; i++) {
        snprintf(url, sizeof(url), "https://a.test/%d", i);
        struct cache_write *write = calloc(1, sizeof(*write));
        write->op = CACHE_STORE;
        write->key = fixture_key(f, url);
        write->len = 4;
        void *bytes = malloc(4);
        memcpy(bytes, &i, 4);
        write->bytes = bytes;
        cache_write_start(f->cache, write); /* fire and forget */
    }
    fixture_close(f);
    fixture_open(f);
    for (int i = 0; i < 200; i++) {
        snprintf(url, sizeof(url), "https://a.test/%d", i);
        assert_int_equal(fixture_check(f, url, &i, 4), 0);
    }
    fixture_free(f);
}

static void test_keys_depend_on_the_secret_and_the_label(void **state)
{
    (void)state;
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct fixture *g = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    struct cache_key a = fixture_key(f, "https://a.test/"), b = fixture_key(g, "https://a.test/");
    assert_memory_not_equal(a.bytes, b.bytes, 32);
    cache_keyed_hash(f->cache, "jitter", "abc", 3, &a);
    cache_keyed_hash(f->cache, "jitte", "rabc", 4, &b);
    assert_memory_not_equal(a.bytes, b.bytes, 32);
    cache_keyed_hash(f->cache, "jitter", "abc", 3, &b);
    assert_memory_equal(a.bytes, b.bytes, 32);
    fixture_free(f);
    fixture_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_claim_is_won_once),
        cmocka_unit_test(test_a_loser_sees_what_stands),
        cmocka_unit_test(test_a_picture_comes_back_after_reopening),
        cmocka_unit_test(test_a_pixel_and_a_failure_are_remembered_without_a_picture),
        cmocka_unit_test(test_sharers_are_counted_once_each_and_create_nothing),
        cmocka_unit_test(test_the_same_bytes_are_kept_once),
        cmocka_unit_test(test_the_queue_is_in_order_of_time),
        cmocka_unit_test(test_a_queued_url_has_a_length),
        cmocka_unit_test(test_purged_stays_purged_and_forgotten_is_as_new),
        cmocka_unit_test(test_claims_without_outcome_become_failures),
        cmocka_unit_test(test_a_turn_that_was_put_off_is_no_try),
        cmocka_unit_test(test_whether_a_picture_is_here),
        cmocka_unit_test(test_one_server_at_a_time),
        cmocka_unit_test(test_what_it_refuses_to_open),
        cmocka_unit_test(test_no_url_can_be_read_on_disk),
        cmocka_unit_test(test_done_comes_in_the_order_of_starting),
        cmocka_unit_test(test_closing_commits_what_was_handed_over),
        cmocka_unit_test(test_keys_depend_on_the_secret_and_the_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
