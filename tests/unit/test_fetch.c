/* What an origin can answer, and what a fetch makes of it. */
#include "test.h"

#include "base/limits.h"
#include "fetch_world.h"
#include "sys/clock.h"

#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

#define TEXT_1K                                                                                    \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"                             \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char big_head[80000];
static char just_fits[LIMIT_ORIGIN_HEADERS + 16];
static char exact_body[100200];
static char one_more[100200];

static const struct scripted_reply replies[] = {
    {"/upgrade-me", OK "Strict-Transport-Security: max-age=31536000\r\n"
                       "Alt-Svc: http/1.1=\"127.0.0.1:1\", h2=\":1\", h3=\":1\"\r\n"
                       "Content-Length: 5\r\n\r\nhello"},
    {"/length", OK "Content-Length: 5\r\nSet-Cookie: a=b\r\nETag: \"x\"\r\n\r\nhello"},
    {"/binary", OK "Content-Length: 4\r\n\r\n\0\xff\r\n", 42},
    {"/chunked", CHUNKED "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n"},
    {"/trailer", CHUNKED "5\r\nhello\r\n0\r\nLocation: /x\r\nContent-Encoding: gzip\r\n\r\n"},
    {"/to-the-end", OK "\r\nhello"},
    {"/http10", "HTTP/1.0 200 OK\r\n\r\nhello"},
    {"/empty", OK "Content-Length: 0\r\n\r\n"},
    {"/longer-than-said", OK "Content-Length: 5\r\n\r\nhello and more"},
    {"/shorter-than-said", OK "Content-Length: 50\r\n\r\nhello"},
    {"/two-lengths", OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
    {"/chunk-cut", CHUNKED "5\r\nhel"},
    {"/last-chunk-missing", CHUNKED "5\r\nhello\r\n"},
    {"/chunk-nonsense", CHUNKED "zz\r\nhello\r\n0\r\n\r\n"},
    {"/chunk-huge", CHUNKED "ffffffffffffffffffff\r\nhello"},
    {"/reset-in-body", OK "Content-Length: 50\r\n\r\nhello", 0, SCRIPTED_RESET},
    {"/reset-to-the-end", OK "\r\nhello", 0, SCRIPTED_RESET},
    {"/reset-at-once", "H", 1, SCRIPTED_RESET},
    {"/nothing", "\0", 1},
    {"/half-a-head", "HTTP/1.1 200 OK\r\nContent-Le"},
    {"/http09", "GIF89a, says the origin, and no head"},
    {"/gzip", OK "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"},
    {"/identity", OK "Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello"},
    {"/gzip-transfer", OK "Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"/exact", exact_body},
    {"/one-more", one_more},
    {"/declared", OK "Content-Length: 100001\r\n\r\n", 0, SCRIPTED_HOLD},
    {"/endless", OK "\r\n", 0, SCRIPTED_REPEAT, TEXT_1K},
    {"/endless-chunks", CHUNKED, 0, SCRIPTED_REPEAT, "100\r\n" TEXT_1K "\r\n"},
    {"/endless-extensions", CHUNKED, 0, SCRIPTED_REPEAT, "1;x=" TEXT_1K "\r\na\r\n"},
    {"/endless-error", "HTTP/1.1 404 Not Found\r\n\r\n", 0, SCRIPTED_REPEAT, TEXT_1K},
    {"/endless-redirect", "HTTP/1.1 302 Found\r\nLocation: /length\r\n\r\n", 0, SCRIPTED_REPEAT,
     TEXT_1K},
    {"/endless-head", OK, 0, SCRIPTED_REPEAT, "X-A: " TEXT_1K "\r\n"},
    {"/endless-line", OK "X-A: ", 0, SCRIPTED_REPEAT, TEXT_1K},
    {"/endless-trailer", CHUNKED "5\r\nhello\r\n0\r\n", 0, SCRIPTED_REPEAT, "X-A: " TEXT_1K "\r\n"},
    {"/endless-trailer-line", CHUNKED "5\r\nhello\r\n0\r\nX-A: ", 0, SCRIPTED_REPEAT, TEXT_1K},
    {"/endless-interim", "HTTP/1.1 100 Continue\r\n\r\n", 0, SCRIPTED_REPEAT,
     "HTTP/1.1 102 Processing\r\n\r\n"},
    {"/interim", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nLocation: /x\r\n\r\n" OK
                 "Content-Length: 5\r\n\r\nhello"},
    {"/switch", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhello"},
    {"/big-head", big_head},
    {"/just-fits", just_fits},
    {"/drip-head", OK, 0, SCRIPTED_DRIP, "X-A: b\r\n"},
    {"/drip-body", OK "Content-Length: 5000\r\n\r\n", 0, SCRIPTED_DRIP, "hello"},
    {"/drip-chunks", CHUNKED, 0, SCRIPTED_DRIP, "1\r\na\r\n"},
    {"/silent", "H", 1, SCRIPTED_HOLD},
    {"/silent-after-head", OK "Content-Length: 5\r\n\r\n", 0, SCRIPTED_HOLD},
    {"/redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/ \"x\"\xff\r\n\r\n"},
    {"/redirect-nowhere", "HTTP/1.1 301 Moved\r\n\r\n"},
    {"/204", "HTTP/1.1 204 No Content\r\n\r\n"},
    {"/206", "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello"},
    {"/304", "HTTP/1.1 304 Not Modified\r\n\r\n"},
    {"/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"},
    {"/429", "HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n"},
    {"/503", "HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n"},
    {"/auth", "HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"},
    {NULL, NULL},
};

static const struct scripted_name names[] = {
    {"sender.example", "127.0.0.1", "", NULL, 0},
    {"other-sender.example", "127.0.0.1", "", NULL, 0},
    {"second.example", "127.0.0.2 127.0.0.1", "", NULL, 0},
    {"deaf.example", "127.0.0.2 127.0.0.3 127.0.0.4 127.0.0.1", "", NULL, 0},
    {NULL, NULL, NULL, NULL, 0},
};

static struct scripted_dns *dns;
static struct scripted_origin *origin;

static const char *url_of(const char *host, const char *path)
{
    static char url[8][600];
    static unsigned next;
    char *one = url[next++ % 8];
    snprintf(one, sizeof(url[0]), "http://%s:%u%s", host, scripted_origin_port(origin), path);
    return one;
}

static int setup(void **state)
{
    (void)state;
    int at = snprintf(big_head, sizeof(big_head), "%s", OK);
    while (at < 70000)
        at += snprintf(big_head + at, sizeof(big_head) - (size_t)at, "X-%d: %s\r\n", at, TEXT_1K);
    snprintf(big_head + at, sizeof(big_head) - (size_t)at, "\r\nhello");

    /* Exactly as many bytes of head as the ceiling, in lines. */
    at = snprintf(just_fits, sizeof(just_fits), "%sContent-Length: 5\r\n", OK);
    while ((size_t)at < LIMIT_ORIGIN_HEADERS - 2) {
        size_t left = LIMIT_ORIGIN_HEADERS - 2 - (size_t)at;
        size_t line = left > 400 ? 200 : left;
        memset(just_fits + at, 'y', line);
        just_fits[(size_t)at + 1] = ':';
        memcpy(just_fits + at + line - 2, "\r\n", 2);
        at += (int)line;
    }
    assert_int_equal(at, LIMIT_ORIGIN_HEADERS - 2);
    memcpy(just_fits + at, "\r\nhello", 8);

    at = snprintf(exact_body, sizeof(exact_body), "%s\r\n", OK);
    memset(exact_body + at, 'z', 100000);
    at = snprintf(one_more, sizeof(one_more), "%s\r\n", OK);
    memset(one_more + at, 'z', 100001);

    dns = scripted_dns_start(names);
    origin = scripted_origin_start(replies);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scripted_origin_stop(origin);
    scripted_dns_stop(dns);
    return 0;
}

/* A new origin for tests that count its connections or look at its heads. */
static void renew_origin(void)
{
    scripted_origin_stop(origin);
    origin = scripted_origin_start(replies);
}

static void assert_fetches(const char *path, const char *body, size_t len)
{
    struct fetch_conf conf = world_conf(dns);
    struct got got = world_fetch_one(&conf, url_of("sender.example", path));
    if (got.outcome != FETCH_OK)
        fail_msg("%s: outcome %d", path, (int)got.outcome);
    assert_int_equal(got.status, 200);
    assert_int_equal(got.body_len, len);
    assert_memory_equal(got.body, body, len);
    free(got.body);
}

static void assert_outcome(const char *path, enum fetch_outcome outcome)
{
    struct fetch_conf conf = world_conf(dns);
    struct got got = world_fetch_one(&conf, url_of("sender.example", path));
    if (got.outcome != outcome)
        fail_msg("%s: outcome %d, not %d", path, (int)got.outcome, (int)outcome);
    free(got.body);
}

static void test_complete_bodies(void **state)
{
    (void)state;
    assert_fetches("/length", "hello", 5);
    assert_fetches("/binary", "\0\xff\r\n", 4);
    assert_fetches("/chunked", "hello!", 6);
    assert_fetches("/trailer", "hello", 5);
    assert_fetches("/to-the-end", "hello", 5);
    assert_fetches("/http10", "hello", 5);
    assert_fetches("/empty", "", 0);
    assert_fetches("/identity", "hello", 5);
    assert_fetches("/interim", "hello", 5);
    assert_fetches("/just-fits", "hello", 5);
    /* RFC 9112, 6.3: what follows the declared length is not part of the answer. */
    assert_fetches("/longer-than-said", "hello", 5);
}

static void test_incomplete_or_contradictory_answers(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "/shorter-than-said", "/two-lengths", "/chunk-cut",     "/last-chunk-missing",
        "/chunk-nonsense",    "/chunk-huge",  "/reset-in-body", "/reset-to-the-end",
        "/reset-at-once",     "/half-a-head", "/http09",        "/gzip",
        "/gzip-transfer",     "/switch",      "/nothing",
    };
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_outcome(broken[i], FETCH_BROKEN);
}

static void test_a_request_is_not_sent_twice(void **state)
{
    (void)state;
    static const char *const paths[] = {"/reset-at-once", "/half-a-head", "/503",
                                        "/auth",          "/redirect",    "/404"};
    struct fetch_conf conf = world_conf(dns);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        renew_origin();
        (void)world_fetch_one(&conf, url_of("sender.example", paths[i]));
        assert_int_equal(scripted_origin_connections(origin), 1);
    }
}

static void test_too_much(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/one-more",     "/declared",        "/endless",  "/endless-chunks",     "/endless-head",
        "/endless-line", "/endless-trailer", "/big-head", "/endless-extensions",
    };
    struct fetch_conf conf = world_conf(dns);
    struct got got = world_fetch_one(&conf, url_of("sender.example", "/exact"));
    assert_int_equal(got.outcome, FETCH_OK);
    assert_int_equal(got.body_len, 100000);
    free(got.body);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_outcome(paths[i], FETCH_TOO_LARGE);
    assert_outcome("/endless-interim", FETCH_BROKEN);
    assert_outcome("/endless-trailer-line", FETCH_BROKEN);
}

/* What an answer says about later ones (RFC 6797, RFC 7838) is not remembered. */
static void test_no_answer_changes_the_next_request(void **state)
{
    (void)state;
    const char *urls[2];
    struct got gots[2];
    struct fetch_conf conf = world_conf(dns);
    conf.total = 1;
    renew_origin();
    for (int i = 0; i < 2; i++)
        urls[i] = url_of("sender.example", "/upgrade-me");
    world_fetch(&conf, urls, 2, gots);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gots[i].outcome, FETCH_OK);
        free(gots[i].body);
    }
    assert_int_equal(scripted_origin_connections(origin), 2);
    assert_string_equal(scripted_origin_head(origin, 0), scripted_origin_head(origin, 1));
}

static void test_error_pages_are_not_read(void **state)
{
    (void)state;
    assert_outcome("/endless-error", FETCH_GONE);
    assert_outcome("/endless-redirect", FETCH_REDIRECT);
}

static void test_slow_origins(void **state)
{
    (void)state;
    static const char *const paths[] = {"/drip-head", "/drip-body", "/drip-chunks", "/silent",
                                        "/silent-after-head"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct fetch_conf conf = world_conf(dns);
        conf.timeout_ms = 300;
        int64_t began = clock_ms();
        const char *host = i % 2 ? "sender.example" : "127.0.0.1";
        struct got got = world_fetch_one(&conf, url_of(host, paths[i]));
        assert_int_equal(got.outcome, FETCH_TIMEOUT);
        assert_true(got.asked);
        assert_true(clock_ms() - began >= 299);
        assert_true(clock_ms() - began < 4000);
    }
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum fetch_outcome outcome;
        long status;
    } cases[] = {
        {"/204", FETCH_GONE, 204},         {"/206", FETCH_BROKEN, 206},
        {"/304", FETCH_BROKEN, 304},       {"/404", FETCH_GONE, 404},
        {"/429", FETCH_ORIGIN_ERROR, 429}, {"/503", FETCH_ORIGIN_ERROR, 503},
        {"/auth", FETCH_GONE, 401},        {"/redirect-nowhere", FETCH_BROKEN, 301},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fetch_conf conf = world_conf(dns);
        struct got got = world_fetch_one(&conf, url_of("sender.example", cases[i].path));
        assert_int_equal(got.outcome, cases[i].outcome);
        assert_int_equal(got.status, cases[i].status);
    }
}

static void test_redirect_is_handed_back_as_it_came(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    struct got got = world_fetch_one(&conf, url_of("sender.example", "/redirect"));
    assert_int_equal(got.outcome, FETCH_REDIRECT);
    assert_int_equal(got.status, 302);
    assert_string_equal(got.location, "http://127.0.0.1:1/ \"x\"\xff");
}

/* The whole head, literally; and between fetches nothing but target and Host may differ. */
static void test_request_head(void **state)
{
    (void)state;
    static const char *const paths[] = {"/length", "/length", "/503", "/redirect"};
    static const char *const hosts[] = {"sender.example", "other-sender.example", "127.0.0.1",
                                        "sender.example."};
    renew_origin();
    for (size_t i = 0; i < 4; i++) {
        struct fetch_conf conf = world_conf(dns);
        struct got got = world_fetch_one(&conf, url_of(hosts[i], paths[i]));
        free(got.body);
        char want[600];
        snprintf(want, sizeof(want),
                 "GET %s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: Screen/1\r\n"
                 "Accept: image/webp,image/png,image/jpeg,image/gif,image/*;q=0.8,*/*;q=0.5\r\n"
                 "Accept-Encoding: identity\r\n\r\n",
                 paths[i], hosts[i], scripted_origin_port(origin));
        assert_string_equal(scripted_origin_head(origin, i), want);
    }
}

static void test_target_goes_out_byte_for_byte(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/a/./b/../c", "//x", "/a?b=c&d='|`{}^\\\"", "/%2e%2e/%00?%", "/?a=http://b.example/#no",
        "/;x=[1]"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct scripted_reply reply[] = {{paths[i], OK "Content-Length: 2\r\n\r\nhi"},
                                               {NULL, NULL}};
        struct scripted_origin *other = scripted_origin_start(reply);
        struct fetch_conf conf = world_conf(dns);
        char url[200];
        snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", scripted_origin_port(other), paths[i]);
        struct got got = world_fetch_one(&conf, url);
        assert_int_equal(got.outcome, FETCH_OK);
        free(got.body);
        scripted_origin_stop(other);
    }
}

static void test_next_address_when_nobody_listens(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    struct got got = world_fetch_one(&conf, url_of("second.example", "/length"));
    assert_int_equal(got.outcome, FETCH_OK);
    free(got.body);
    /* Three tries, not four. */
    renew_origin();
    got = world_fetch_one(&conf, url_of("deaf.example", "/length"));
    assert_int_equal(got.outcome, FETCH_UNREACHABLE);
    assert_int_equal(scripted_origin_connections(origin), 0);
}

static void test_user_agent_cannot_smuggle(void **state)
{
    (void)state;
    struct loop *loop;
    struct fetcher *fetcher;
    char why[256] = "";
    struct fetch_conf conf = world_conf(dns);
    conf.user_agent = "a\r\nCookie: b";
    assert_int_equal(loop_new(&loop), 0);
    assert_true(fetcher_new(loop, &conf, why, &fetcher) < 0);
    assert_true(strlen(why) > 10);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete_bodies),
        cmocka_unit_test(test_incomplete_or_contradictory_answers),
        cmocka_unit_test(test_a_request_is_not_sent_twice),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_no_answer_changes_the_next_request),
        cmocka_unit_test(test_error_pages_are_not_read),
        cmocka_unit_test(test_slow_origins),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_redirect_is_handed_back_as_it_came),
        cmocka_unit_test(test_request_head),
        cmocka_unit_test(test_target_goes_out_byte_for_byte),
        cmocka_unit_test(test_next_address_when_nobody_listens),
        cmocka_unit_test(test_user_agent_cannot_smuggle),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
