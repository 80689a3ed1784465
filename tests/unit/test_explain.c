/*
 * Explain, against a store in which each state was made by writes of its own. What a verdict must
 * be follows from what was written; that nothing is moved by asking, from the store afterwards.
 */
#include "cache_fixture.h"

#include "net/fetch.h"
#include "serve/explain.h"
#include "serve/reason.h"
#include "sys/clock.h"

#include <fcntl.h>
#include <shoji/url.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define BASE "https://img.example.org"

static struct fixture *f;
static struct keyring *keyring;
static const struct plan_conf plan = {.packed = PLAN_PACKED(365LL * 86400, 14LL * 86400, 5)};
static struct request_env env;
static struct explanation told;

static void explain(const char *url)
{
    const struct explain_ask ask = {.url = url, .base_url = BASE};
    request_explain(&env, &ask, &told);
}

static const struct explain_step *step_of(const char *name)
{
    for (size_t i = 0; i < told.count; i++)
        if (strcmp(told.steps[i].step, name) == 0)
            return &told.steps[i];
    fail_msg("no step %s", name);
    return told.steps; /* not reached, but that is not told to a compiler */
}

static void expect(const char *step, const char *verdict)
{
    const struct explain_step *found = step_of(step);
    if (strcmp(found->verdict, verdict) != 0)
        fail_msg("%s says %s, not %s: %s", step, found->verdict, verdict, found->sentence);
    size_t len = strlen(found->sentence);
    assert_true(len > 0 && len < EXPLAIN_SENTENCE - 1); /* whole */
    assert_int_equal(found->sentence[len - 1], '.');
}

static void sign(const char *url, int32_t delivered, char ret[SHOJI_SIGNED_MAX + 1])
{
    struct keyset *set = keyring_get(keyring);
    const struct shoji_signer signer = {.key = shoji_keys_signer(keyset_keys(set), NULL),
                                        .form = SHOJI_SEALED,
                                        .base_url = BASE,
                                        .suffix = ""};
    struct shoji_url_options options = SHOJI_URL_OPTIONS_NONE;
    options.delivered = delivered;
    size_t len;
    assert_int_equal(shoji_url_sign(&signer, url, strlen(url), &options, ret, &len), 0);
    keyring_put(set);
}

static int32_t today(void)
{
    return (int32_t)(clock_wall_s() / 86400);
}

static void test_signatures(void **state)
{
    (void)state;
    char url[SHOJI_SIGNED_MAX + 1];
    sign("http://a.example/1.png", SHOJI_NOT_DELIVERED, url);
    explain(url);
    expect("verify", "ok");
    explain(url + strlen(BASE));
    expect("verify", "ok");
    url[strlen(url) - 1] ^= 1;
    explain(url);
    expect("verify", "refused");
    assert_int_equal(told.count, 1);
    assert_false(told.shown);
    explain("http://other.example/i/looks/like-ours.png");
    expect("verify", "original");
    explain("HTTP://A.example/%7e/../1.png#top");
    expect("verify", "original");
    explain("mailto:anna@example.org");
    expect("verify", "invalid");
    explain("");
    expect("verify", "invalid");
}

static void test_nothing_is_known(void **state)
{
    (void)state;
    char url[SHOJI_SIGNED_MAX + 1];
    explain("http://a.example/unknown.png");
    expect("policy", "pass");
    expect("queue", "none");
    expect("record", "none");
    expect("plan", "fetch");
    sign("http://a.example/unknown.png", today(), url);
    explain(url);
    expect("plan", "wait");
    assert_non_null(strstr(step_of("plan")->sentence, "does not stand in the queue"));
    sign("http://a.example/unknown.png", today() - 100, url);
    explain(url);
    expect("plan", "gone");
    assert_false(told.shown);
}

static void test_queued(void **state)
{
    (void)state;
    char url[SHOJI_SIGNED_MAX + 1];
    assert_int_equal(fixture_enqueue(f, "http://a.example/q.png", 4102444800), 0);
    sign("http://a.example/q.png", today(), url);
    explain(url);
    expect("queue", "waiting");
    /* 4102444800 is the first second of 2100, as date -u -d @4102444800 says. */
    assert_non_null(strstr(step_of("queue")->sentence, "2100-01-01 00:00:00 UTC"));
    expect("plan", "wait");
    int64_t due_s = 0;
    const struct cache_key key = fixture_key(f, "http://a.example/q.png");
    assert_int_equal(cache_queue_find(f->cache, &key, &due_s), 0);
    assert_int_equal(due_s, 4102444800);
    assert_int_equal(fixture_enqueue(f, "http://a.example/q2.png", 1), 0);
    explain("http://a.example/q2.png");
    expect("queue", "due");
}

static void test_stored(void **state)
{
    (void)state;
    assert_int_equal(fixture_store(f, "http://a.example/s.png", "picture", 7), 0);
    explain("http://a.example/s.png");
    expect("record", "stored");
    expect("picture", "here");
    expect("plan", "serve");
    assert_true(told.shown);
}

static void fail_with(const char *url, unsigned reason, int64_t retry_s)
{
    assert_int_equal(fixture_claim(f, url, 0), 0);
    struct cache_write write = {.op = CACHE_FAIL, .key = fixture_key(f, url)};
    write.record.reason = (uint8_t)reason;
    write.record.retry_s = retry_s;
    write.record.answered_s = 4102444800 - 1;
    write.bytes = url;
    write.len = strlen(url);
    assert_int_equal(fixture_write(f, &write), 0);
}

static void test_failed(void **state)
{
    (void)state;
    fail_with("http://a.example/503", FETCH_ORIGIN_ERROR, 4102444800);
    explain("http://a.example/503");
    expect("record", "down");
    assert_non_null(strstr(step_of("record")->sentence, "2099-12-31 23:59:59 UTC (1 try)"));
    assert_non_null(strstr(step_of("record")->sentence, "due at 2100-01-01 00:00:00 UTC"));
    expect("plan", "later");
    fail_with("http://a.example/404", FETCH_GONE, 0);
    explain("http://a.example/404");
    expect("record", "gone");
    expect("plan", "missing");
    assert_false(told.shown);
}

static void test_purged(void **state)
{
    (void)state;
    assert_int_equal(fixture_store(f, "http://a.example/p.png", "picture", 7), 0);
    struct cache_write write = {.op = CACHE_PURGE, .key = fixture_key(f, "http://a.example/p.png")};
    write.record.purged = 1;
    assert_int_equal(fixture_write(f, &write), 0);
    explain("http://a.example/p.png");
    expect("record", "purged");
    expect("plan", "gone");
    assert_false(told.shown);
}

/* Each cause has a sentence of its own. */
static void test_every_outcome_has_words(void **state)
{
    (void)state;
    unsigned reasons[64];
    size_t count = 0;
    for (unsigned i = FETCH_OK; i <= FETCH_EGRESS; i++)
        reasons[count++] = i;
    for (unsigned i = DECODE_NOT_IMAGE; i <= DECODE_NO_MEMORY; i++)
        reasons[count++] = REASON_DECODE + i;
    reasons[count++] = REASON_REDIRECTS;
    reasons[count++] = REASON_PACED;
    reasons[count++] = REASON_EGRESS;
    reasons[count++] = CACHE_REASON_CRASHED;
    const char *unknown = reason_text(200);
    for (size_t i = 0; i < count; i++) {
        assert_string_not_equal(reason_text(reasons[i]), unknown);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(reason_text(reasons[i]), reason_text(reasons[j]));
        /* With two times and the next try, it still fits into a sentence. */
        assert_true(strlen(reason_text(reasons[i])) < EXPLAIN_SENTENCE - 110);
    }
    for (int i = 0; i < REASON_CLASSES; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(reason_class_name((enum reason_class)i),
                                    reason_class_name((enum reason_class)j));
}

static void make_keys(void)
{
    char line[256], path[128], why[SHOJI_WHY_SIZE];
    assert_int_equal(shoji_key_generate(NULL, line, sizeof(line)), 0);
    snprintf(path, sizeof(path), "%s/keys", f->dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    close(fd);
    assert_int_equal(keyring_new(path, why, &keyring), 0);
}

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    make_keys();
    env = (struct request_env){
        .cache = f->cache, .keyring = keyring, .url_suffix = "", .plan = &plan};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    keyring_free(keyring);
    fixture_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_nothing_is_known),
        cmocka_unit_test(test_queued),
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_purged),
        cmocka_unit_test(test_every_outcome_has_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
