/* Where a fetch does not go, what it does not use, and whose turn it is. */
#include "test.h"

#include "fetch_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct scripted_reply replies[] = {
    {"/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
    {"/later", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, SCRIPTED_LINGER},
    {"/keep", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 0, SCRIPTED_HOLD},
    {"/hold", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 0, SCRIPTED_HOLD},
    {NULL, NULL},
};

static const struct scripted_name names[] = {
    {"loop.example", "127.0.0.1", "", NULL, 0},
    {"loop6.example", "", "::1", NULL, 0},
    {"mapped.example", "", "::ffff:127.0.0.1", NULL, 0},
    {"mixed.example", "127.0.0.1 10.0.0.1", "", NULL, 0},
    {"mixed6.example", "127.0.0.1", "fd00::1", NULL, 0},
    {"public-and-loop.example", "93.184.216.34 127.0.0.1", "", NULL, 0},
    {"alias.example", "127.0.0.1", "", "localhost", 0},
    {"a.example", "127.0.0.1", "", NULL, 0},
    {"b.example", "127.0.0.1", "", NULL, 0},
    {"gone.example", "", "", NULL, SCRIPTED_NXDOMAIN},
    {"broken.example", "", "", NULL, SCRIPTED_SERVFAIL},
    {"silent.example", NULL, NULL, NULL, 0},
    {NULL, NULL, NULL, NULL, 0},
};

static struct scripted_dns *dns;
static struct scripted_origin *origin;

static int setup(void **state)
{
    (void)state;
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

static const char *url_of(const char *scheme, const char *host, const char *path)
{
    static char url[16][300];
    static unsigned next;
    char *one = url[next++ % 16];
    snprintf(one, sizeof(url[0]), "%s://%s:%u%s", scheme, host, scripted_origin_port(origin), path);
    return one;
}

/* ---- where it does not go ---- */

static void test_private_answers_get_no_connection(void **state)
{
    (void)state;
    static const char *const hosts[] = {
        "loop.example",
        "loop6.example",
        "mapped.example",
        "mixed.example",
        "public-and-loop.example",
        "alias.example",
        "127.0.0.1",
        "127.0.0.2",
        "0.0.0.0",
        "[::1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "localhost",
        "localhost.",
        "a.localhost",
        "10.0.0.1",
        "169.254.169.254",
        "[fd00::1]",
    };
    size_t before = scripted_origin_connections(origin);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct fetch_conf conf = world_conf(dns);
        conf.allow_private = NULL;
        struct got got = world_fetch_one(&conf, url_of("http", hosts[i], "/"));
        if (got.outcome != FETCH_REFUSED)
            fail_msg("%s: outcome %d", hosts[i], (int)got.outcome);
        assert_int_equal(got.status, 0);
    }
    assert_int_equal(scripted_origin_connections(origin), before);
    assert_int_equal(scripted_dns_asked(dns, "localhost"), 0);
    assert_int_equal(scripted_dns_asked(dns, "localhost."), 0);
}

/* The good address stands first; it is not used either. */
static void test_one_bad_address_spoils_the_answer(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    size_t before = scripted_origin_connections(origin);
    assert_int_equal(world_fetch_one(&conf, url_of("http", "mixed.example", "/")).outcome,
                     FETCH_REFUSED);
    assert_int_equal(world_fetch_one(&conf, url_of("http", "mixed6.example", "/")).outcome,
                     FETCH_REFUSED);
    assert_int_equal(scripted_origin_connections(origin), before);
}

static void test_ports_schemes_and_denied_hosts(void **state)
{
    (void)state;
    size_t before = scripted_origin_connections(origin);
    struct fetch_conf conf = world_conf(dns);
    conf.ports = "80,443";
    assert_int_equal(world_fetch_one(&conf, url_of("http", "loop.example", "/")).outcome,
                     FETCH_REFUSED);
    conf = world_conf(dns);
    conf.https_only = true;
    assert_int_equal(world_fetch_one(&conf, url_of("http", "loop.example", "/")).outcome,
                     FETCH_REFUSED);
    conf = world_conf(dns);
    conf.deny_hosts = "example";
    size_t asked = scripted_dns_asked(dns, "loop.example");
    assert_int_equal(world_fetch_one(&conf, url_of("http", "loop.example", "/")).outcome,
                     FETCH_REFUSED);
    assert_int_equal(scripted_dns_asked(dns, "loop.example"), asked);
    assert_int_equal(scripted_origin_connections(origin), before);
}

static struct fetch_target target_of(const char *url, const char *host, unsigned port)
{
    struct fetch_target target = {.url = url, .host = host, .host_len = strlen(host), .port = port};
    return target;
}

static void not_called(void *ctx, struct fetch_result *result)
{
    (void)ctx;
    (void)result;
    fail_msg("called back");
}

struct ending {
    struct loop *loop;
    struct fetcher *fetcher;
    enum fetch_outcome outcome;
};

/* The fetcher may be freed by the last callback. */
static void ends_all(void *ctx, struct fetch_result *result)
{
    struct ending *ending = ctx;
    ending->outcome = result->outcome;
    fetcher_free(ending->fetcher);
    loop_stop(ending->loop);
}

static struct ending run_target(const struct fetch_target *target)
{
    struct ending ending = {0};
    struct fetch_conf conf = world_conf(dns);
    struct fetch *fetch;
    char why[256];
    assert_int_equal(loop_new(&ending.loop), 0);
    assert_int_equal(fetcher_new(ending.loop, &conf, why, &ending.fetcher), 0);
    assert_int_equal(fetch_start(ending.fetcher, target, ends_all, &ending, &fetch), 0);
    assert_int_equal(loop_run(ending.loop), 0);
    loop_free(ending.loop);
    return ending;
}

/* What the URL says and what the parts say must be one thing, or somebody was misled. */
static void test_parts_that_disagree_are_refused(void **state)
{
    (void)state;
    unsigned port = scripted_origin_port(origin);
    size_t before = scripted_origin_connections(origin);
    const struct fetch_target bad[] = {
        target_of("http://127.0.0.2/", "127.0.0.1", port),
        target_of("https://127.0.0.1/", "127.0.0.1", port),
        target_of("http://127.0.0.1@evil.example/", "127.0.0.1", port),
        target_of("http://127.0.0.1", "127.0.0.1", port),
        target_of("http://127.0.0.1/a b", "127.0.0.1", port),
        target_of("http://127.0.0.1/a\r\nX: y", "127.0.0.1", port),
        target_of("http://127.0.0.1/\xc3\xbc", "127.0.0.1", port),
        target_of("http:///", "", port),
        target_of("gopher://127.0.0.1/", "127.0.0.1", port),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(run_target(&bad[i]).outcome, FETCH_REFUSED);
    assert_int_equal(scripted_origin_connections(origin), before);
    const struct fetch_target good = target_of("http://127.0.0.1/", "127.0.0.1", port);
    assert_int_equal(run_target(&good).outcome, FETCH_OK);
}

/* ---- what names and ports come to ---- */

static void test_names_that_do_not_resolve(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    assert_int_equal(world_fetch_one(&conf, url_of("http", "gone.example", "/")).outcome,
                     FETCH_NO_NAME);
    assert_int_equal(world_fetch_one(&conf, url_of("http", "broken.example", "/")).outcome,
                     FETCH_DNS);
    conf.timeout_ms = 300;
    assert_int_equal(world_fetch_one(&conf, url_of("http", "silent.example", "/")).outcome,
                     FETCH_TIMEOUT);
}

static void test_a_name_is_asked_once_a_fetch(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    size_t asked = scripted_dns_asked(dns, NULL);
    struct got got = world_fetch_one(&conf, url_of("http", "a.example", "/"));
    assert_int_equal(got.outcome, FETCH_OK);
    free(got.body);
    assert_int_equal(scripted_dns_asked(dns, NULL), asked + 2); /* A and AAAA */
    got = world_fetch_one(&conf, url_of("http", "127.0.0.1", "/"));
    assert_int_equal(got.outcome, FETCH_OK);
    free(got.body);
    assert_int_equal(scripted_dns_asked(dns, NULL), asked + 2);
}

static void test_nobody_listens(void **state)
{
    (void)state;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    char url[100];
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", ntohs(at.sin_port));
    struct fetch_conf conf = world_conf(dns);
    assert_int_equal(world_fetch_one(&conf, url).outcome, FETCH_UNREACHABLE);
    close(fd);
}

/* ---- what it does not use ---- */

static void test_environment_counts_for_nothing(void **state)
{
    (void)state;
    static const char *const variables[] = {"http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy",
                                            "ALL_PROXY"};
    struct scripted_origin *proxy = scripted_origin_start(replies);
    char home[] = "/tmp/shoji-fetch-XXXXXX";
    char text[200];
    assert_non_null(mkdtemp(home));
    snprintf(text, sizeof(text), "%s/.netrc", home);
    FILE *netrc = fopen(text, "w");
    fprintf(netrc, "machine a.example login me password secret\n");
    fclose(netrc);
    snprintf(text, sizeof(text), "http://127.0.0.1:%u", scripted_origin_port(proxy));
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        setenv(variables[i], text, 1);
    char *old_home = strdup(getenv("HOME") ? getenv("HOME") : "/");
    setenv("HOME", home, 1);

    size_t before = scripted_origin_connections(origin);
    struct fetch_conf conf = world_conf(dns);
    struct got got = world_fetch_one(&conf, url_of("http", "a.example", "/"));
    assert_int_equal(got.outcome, FETCH_OK);
    free(got.body);
    assert_int_equal(scripted_origin_connections(origin), before + 1);
    assert_int_equal(scripted_origin_connections(proxy), 0);
    assert_null(strstr(scripted_origin_head(origin, before), "Authorization"));

    setenv("HOME", old_home, 1);
    free(old_home);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        unsetenv(variables[i]);
    snprintf(text, sizeof(text), "%s/.netrc", home);
    unlink(text);
    rmdir(home);
    scripted_origin_stop(proxy);
}

static void test_connections_are_not_kept(void **state)
{
    (void)state;
    const char *const urls[] = {url_of("http", "a.example", "/keep"),
                                url_of("http", "a.example", "/keep"),
                                url_of("http", "a.example", "/keep")};
    struct got gots[3];
    struct fetch_conf conf = world_conf(dns);
    conf.total = 1; /* one after the other: the best occasion to use one again */
    size_t before = scripted_origin_connections(origin);
    world_fetch(&conf, urls, 3, gots);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gots[i].outcome, FETCH_OK);
        free(gots[i].body);
    }
    assert_int_equal(scripted_origin_connections(origin), before + 3);
}

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *dir = opendir("/proc/self/fd");
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static void test_no_descriptor_is_left(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    conf.timeout_ms = 200;
    static const char *const hosts[] = {"a.example", "gone.example", "silent.example",
                                        "mixed.example"};
    scripted_origin_stop(origin); /* waits for its ends of the connections */
    size_t before = open_descriptors();
    origin = scripted_origin_start(replies);
    for (size_t i = 0; i < 4; i++)
        free(world_fetch_one(&conf, url_of("http", hosts[i], "/")).body);
    free(world_fetch_one(&conf, url_of("http", "a.example", "/hold")).body);
    scripted_origin_stop(origin);
    assert_int_equal(open_descriptors(), before);
    origin = scripted_origin_start(replies);
}

/* ---- cancelling ---- */

struct stopper {
    struct loop_timer timer;
    struct loop *loop;
    struct fetch *victim;
    size_t until_connections; /* waits for the origin to have seen so many */
    size_t until_asked;
};

static void stop_loop(struct loop_timer *timer)
{
    struct stopper *stopper = (struct stopper *)(void *)timer;
    if (scripted_origin_connections(origin) < stopper->until_connections ||
        scripted_dns_asked(dns, "silent.example") < stopper->until_asked) {
        assert_int_equal(loop_timer_set(stopper->loop, timer, 1), 0);
        return;
    }
    if (!stopper->victim) {
        loop_stop(stopper->loop);
        return;
    }
    fetch_cancel(stopper->victim);
    stopper->victim = NULL;
    /* Whatever was still to come would come in these turns. */
    assert_int_equal(loop_timer_set(stopper->loop, timer, 50), 0);
}

static void cancel_after(const char *url, size_t connections, size_t asked)
{
    struct fetch_conf conf = world_conf(dns);
    struct stopper stopper = {
        .timer.fire = stop_loop, .until_connections = connections, .until_asked = asked};
    struct fetcher *fetcher;
    char why[256];
    struct fetch_target target = world_target(url);
    assert_int_equal(loop_new(&stopper.loop), 0);
    assert_int_equal(fetcher_new(stopper.loop, &conf, why, &fetcher), 0);
    assert_int_equal(fetch_start(fetcher, &target, not_called, NULL, &stopper.victim), 0);
    assert_int_equal(loop_timer_set(stopper.loop, &stopper.timer, 0), 0);
    assert_int_equal(loop_run(stopper.loop), 0);
    fetcher_free(fetcher);
    loop_free(stopper.loop);
}

static void test_cancelled_is_not_called(void **state)
{
    (void)state;
    struct fetch_conf conf = world_conf(dns);
    struct loop *loop;
    struct fetcher *fetcher;
    struct fetch *fetch;
    char why[256];
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(fetcher_new(loop, &conf, why, &fetcher), 0);
    struct fetch_target good = world_target(url_of("http", "a.example", "/"));
    struct fetch_target refused = world_target(url_of("http", "localhost", "/"));
    assert_int_equal(fetch_start(fetcher, &good, not_called, NULL, &fetch), 0);
    fetch_cancel(fetch);
    assert_int_equal(fetch_start(fetcher, &refused, not_called, NULL, &fetch), 0);
    fetch_cancel(fetch);
    fetch_cancel(NULL);
    fetcher_free(fetcher);
    loop_free(loop);

    cancel_after(url_of("http", "silent.example", "/"), 0,
                 scripted_dns_asked(dns, "silent.example") + 1);
    cancel_after(url_of("http", "a.example", "/hold"), scripted_origin_connections(origin) + 1, 0);
}

/* ---- turns ---- */

static void test_per_host_limit(void **state)
{
    (void)state;
    const char *urls[10];
    struct got gots[10];
    struct scripted_origin *shared = origin;
    origin = scripted_origin_start(replies);
    for (int i = 0; i < 10; i++)
        urls[i] = url_of("http", "a.example", "/later");
    struct fetch_conf conf = world_conf(dns);
    conf.per_host = 3;
    world_fetch(&conf, urls, 10, gots);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(gots[i].outcome, FETCH_OK);
        free(gots[i].body);
    }
    assert_int_equal(scripted_origin_connections(origin), 10);
    assert_true(scripted_origin_most(origin) <= 3);
    assert_true(scripted_origin_most(origin) >= 2);
    scripted_origin_stop(origin);
    origin = shared;
}

static void test_hosts_take_turns(void **state)
{
    (void)state;
    const char *const urls[] = {
        url_of("http", "a.example", "/"), url_of("http", "a.example", "/"),
        url_of("http", "a.example", "/"), url_of("http", "a.example", "/"),
        url_of("http", "b.example", "/"), url_of("http", "b.example", "/"),
    };
    static const int order[] = {1, 3, 5, 6, 2, 4};
    struct got gots[6];
    struct fetch_conf conf = world_conf(dns);
    conf.total = 1;
    world_fetch(&conf, urls, 6, gots);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(gots[i].outcome, FETCH_OK);
        assert_int_equal(gots[i].order, order[i]);
        free(gots[i].body);
    }
}

/* Waiting for a turn is not held against a fetch. */
static void test_time_runs_from_the_turn_on(void **state)
{
    (void)state;
    const char *const urls[] = {url_of("http", "a.example", "/hold"),
                                url_of("http", "a.example", "/hold"),
                                url_of("http", "a.example", "/")};
    struct got gots[3];
    struct fetch_conf conf = world_conf(dns);
    conf.per_host = 1;
    conf.timeout_ms = 200;
    world_fetch(&conf, urls, 3, gots);
    assert_int_equal(gots[0].outcome, FETCH_TIMEOUT);
    assert_int_equal(gots[1].outcome, FETCH_TIMEOUT);
    assert_int_equal(gots[2].outcome, FETCH_OK);
    free(gots[2].body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_private_answers_get_no_connection),
        cmocka_unit_test(test_one_bad_address_spoils_the_answer),
        cmocka_unit_test(test_ports_schemes_and_denied_hosts),
        cmocka_unit_test(test_parts_that_disagree_are_refused),
        cmocka_unit_test(test_names_that_do_not_resolve),
        cmocka_unit_test(test_a_name_is_asked_once_a_fetch),
        cmocka_unit_test(test_nobody_listens),
        cmocka_unit_test(test_environment_counts_for_nothing),
        cmocka_unit_test(test_connections_are_not_kept),
        cmocka_unit_test(test_no_descriptor_is_left),
        cmocka_unit_test(test_cancelled_is_not_called),
        cmocka_unit_test(test_per_host_limit),
        cmocka_unit_test(test_hosts_take_turns),
        cmocka_unit_test(test_time_runs_from_the_turn_on),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
