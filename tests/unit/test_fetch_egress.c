/* Fetching through proxies: what they are asked, and that nothing goes past them. */
#include "test.h"

#include "base/limits.h"
#include "fetch_world.h"
#include "scripted_proxy.h"
#include "sys/clock.h"

#include <stdio.h>

static const struct scripted_reply replies[] = {
    {"/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
    {NULL, NULL},
};

/* Addresses at which nobody answers a test: only through the scripted proxy is there an origin. */
#define PUBLIC   "93.184.216.34"
#define PUBLIC6  "2606:2800:220:1:248:1893:25c8:1946"
#define RESOLVER "198.51.100.53" /* RFC 5737: documentation */

static const struct scripted_name names[] = {
    {.name = "sender.example", .a = PUBLIC, .aaaa = ""},
    {.name = "two.example", .a = PUBLIC " 93.184.216.35", .aaaa = ""},
    {.name = "six.example", .a = "", .aaaa = PUBLIC6},
    {.name = "inside.example", .a = "127.0.0.1", .aaaa = ""},
    {.name = "private.example", .a = "10.1.2.3", .aaaa = ""},
    {.name = "silent.example"},
    {.name = "gone.example", .rcode = SCRIPTED_NXDOMAIN},
    {.name = NULL},
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

/* A scripted proxy as an egress, asked about names through itself. */
struct way {
    struct scripted_proxy *proxy;
    char resolvers[60];
    struct egress_conf conf;
};

static void way_open(struct way *way, const struct scripted_proxy_conf *proxy)
{
    way->proxy = scripted_proxy_start(proxy);
    snprintf(way->resolvers, sizeof(way->resolvers), RESOLVER ":%u", scripted_dns_port(dns));
    way->conf = (struct egress_conf){
        .name = "proxy",
        .type = proxy->http ? EGRESS_HTTP : EGRESS_SOCKS5,
        .address = scripted_proxy_address(way->proxy),
        .resolvers = way->resolvers,
        .weight = 1,
    };
}

static struct fetch_conf conf_of(const struct egress_conf *egresses, size_t count)
{
    static const unsigned char key[EGRESS_KEY_LEN] = "a key of the tests";
    struct fetch_conf conf = world_conf(dns);
    conf.allow_private = NULL; /* the proxy is at a private address all the same */
    conf.egresses = egresses;
    conf.egresses_count = count;
    conf.egress_key = key;
    conf.timeout_ms = 3000;
    conf.connect_timeout_ms = 300;
    return conf;
}

static const char *url_of(const char *host, const char *path)
{
    static char url[8][300];
    static unsigned next;
    char *one = url[next++ % 8];
    snprintf(one, sizeof(url[0]), "http://%s:%u%s", host, scripted_origin_port(origin), path);
    return one;
}

static const char *with_port(const char *address, unsigned port)
{
    static char text[4][80];
    static unsigned next;
    char *one = text[next++ % 4];
    snprintf(one, sizeof(text[0]), "%s:%u", address, port);
    return one;
}

static struct got fetch_through(const struct way *way, const char *url)
{
    struct fetch_conf conf = conf_of(&way->conf, 1);
    return world_fetch_one(&conf, url);
}

/* ---- what is asked of them ---- */

/* The proxy is given binary addresses only, of the resolver too; and each exactly once. */
static void check_a_name(bool http, enum scripted_manner manner)
{
    struct way way;
    size_t heads = scripted_origin_connections(origin);
    size_t asked = scripted_dns_asked(dns, "sender.example");
    size_t by_tcp = scripted_dns_asked_by_tcp(dns);
    way_open(&way, &(struct scripted_proxy_conf){.http = http, .manner = manner});
    struct got got = fetch_through(&way, url_of("sender.example", "/"));
    assert_int_equal(got.outcome, FETCH_OK);
    assert_true(got.asked);
    assert_memory_equal(got.body, "hi", 2);
    free(got.body);
    assert_int_equal(scripted_proxy_asked(way.proxy, NULL), 2);
    assert_int_equal(scripted_proxy_asked(way.proxy, with_port(RESOLVER, scripted_dns_port(dns))),
                     1);
    assert_int_equal(
        scripted_proxy_asked(way.proxy, with_port(PUBLIC, scripted_origin_port(origin))), 1);
    assert_int_equal(scripted_dns_asked(dns, "sender.example"), asked + 2);
    assert_int_equal(scripted_dns_asked_by_tcp(dns), by_tcp + 2);
    assert_int_equal(scripted_origin_connections(origin), heads + 1);
    scripted_proxy_stop(way.proxy);
}

static void test_socks5(void **state)
{
    (void)state;
    check_a_name(false, PROXY_WORKS);
    check_a_name(false, PROXY_BYTEWISE);
}

static void test_http(void **state)
{
    (void)state;
    check_a_name(true, PROXY_WORKS);
    check_a_name(true, PROXY_BYTEWISE);
}

static void test_addresses_of_both_families(void **state)
{
    (void)state;
    struct way way;
    for (int http = 0; http < 2; http++) {
        way_open(&way, &(struct scripted_proxy_conf){.http = http});
        const char *const hosts[] = {PUBLIC, "[" PUBLIC6 "]", "six.example"};
        for (int i = 0; i < 3; i++) {
            struct got got = fetch_through(&way, url_of(hosts[i], "/"));
            assert_int_equal(got.outcome, FETCH_OK);
            free(got.body);
        }
        unsigned port = scripted_origin_port(origin);
        assert_int_equal(scripted_proxy_asked(way.proxy, with_port(PUBLIC, port)), 1);
        assert_int_equal(scripted_proxy_asked(way.proxy, with_port("[" PUBLIC6 "]", port)), 2);
        scripted_proxy_stop(way.proxy);
    }
}

/* RFC 9110, 9.3.6 and 7.2; nothing in it tells one installation from another. */
static void test_the_head_of_connect(void **state)
{
    (void)state;
    struct way way;
    char expected[200];
    way_open(&way, &(struct scripted_proxy_conf){.http = true});
    free(fetch_through(&way, url_of(PUBLIC, "/")).body);
    unsigned port = scripted_origin_port(origin);
    snprintf(expected, sizeof(expected),
             "CONNECT " PUBLIC ":%u HTTP/1.1\r\nHost: " PUBLIC ":%u\r\n\r\n", port, port);
    assert_string_equal(scripted_proxy_head(way.proxy), expected);
    scripted_proxy_stop(way.proxy);
}

/* The origin cannot tell: through a proxy it is sent the same bytes. */
static void test_the_request_is_the_same(void **state)
{
    (void)state;
    struct way way;
    char direct[4096];
    struct fetch_conf conf = world_conf(dns);
    char as_name[100];
    scripted_origin_stop(origin); /* one whose heads are counted from here */
    origin = scripted_origin_start(replies);
    snprintf(as_name, sizeof(as_name), "http://inside.example:%u/", scripted_origin_port(origin));
    free(world_fetch_one(&conf, as_name).body);
    assert_non_null(scripted_origin_head(origin, 0));
    snprintf(direct, sizeof(direct), "%s", scripted_origin_head(origin, 0));
    for (size_t http = 0; http < 2; http++) {
        way_open(&way, &(struct scripted_proxy_conf){.http = http});
        conf = conf_of(&way.conf, 1);
        conf.allow_private = "127.0.0.0/8";
        struct got got = world_fetch_one(&conf, as_name);
        assert_int_equal(got.outcome, FETCH_OK);
        free(got.body);
        assert_string_equal(scripted_origin_head(origin, 1 + http), direct);
        scripted_proxy_stop(way.proxy);
    }
}

/* That the proxy may be at a private address does not permit one behind it. */
static void test_targets_are_still_checked(void **state)
{
    (void)state;
    struct way way;
    way_open(&way, &(struct scripted_proxy_conf){.http = false});
    static const char *const hosts[] = {"127.0.0.1",      "[::1]",           "10.1.2.3",
                                        "inside.example", "private.example", "localhost"};
    size_t before = scripted_origin_connections(origin);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        assert_int_equal(fetch_through(&way, url_of(hosts[i], "/")).outcome, FETCH_REFUSED);
    size_t resolver = scripted_proxy_asked(way.proxy, with_port(RESOLVER, scripted_dns_port(dns)));
    assert_int_equal(scripted_proxy_asked(way.proxy, NULL), resolver);
    assert_int_equal(scripted_origin_connections(origin), before);
    scripted_proxy_stop(way.proxy);
}

static void test_names_that_do_not_resolve(void **state)
{
    (void)state;
    struct way way;
    way_open(&way, &(struct scripted_proxy_conf){.http = false});
    struct got got = fetch_through(&way, url_of("gone.example", "/"));
    assert_int_equal(got.outcome, FETCH_NO_NAME);
    assert_true(got.asked);
    struct fetch_conf conf = conf_of(&way.conf, 1);
    conf.timeout_ms = 400;
    assert_int_equal(world_fetch_one(&conf, url_of("silent.example", "/")).outcome, FETCH_TIMEOUT);
    scripted_proxy_stop(way.proxy);
}

static void test_the_second_resolver_is_asked_when_the_first_is_not_there(void **state)
{
    (void)state;
    struct way way;
    char both[160];
    char first[80];
    unsigned port = scripted_dns_port(dns);
    snprintf(both, sizeof(both), "203.0.113.53:%u," RESOLVER ":%u", port, port);
    snprintf(first, sizeof(first), "203.0.113.53:%u", port);
    way_open(&way, &(struct scripted_proxy_conf){.http = false, .code = 4, .fails = first});
    way.conf.resolvers = both;
    struct got got = fetch_through(&way, url_of("sender.example", "/"));
    assert_int_equal(got.outcome, FETCH_OK);
    free(got.body);
    assert_int_equal(scripted_proxy_asked(way.proxy, first), 1);
    scripted_proxy_stop(way.proxy);
}

/* ---- when they fail ---- */

/* Nobody is asked anything else; least of all directly. */
static void check_dead(const struct egress_conf *conf)
{
    size_t before = scripted_origin_connections(origin);
    size_t asked = scripted_dns_asked(dns, NULL);
    struct fetch_conf fetch = conf_of(conf, 1);
    fetch.allow_private = "127.0.0.0/8"; /* a direct connection would do */
    const char *const hosts[] = {"inside.example", "127.0.0.1"};
    for (int i = 0; i < 2; i++) {
        struct got got = world_fetch_one(&fetch, url_of(hosts[i], "/"));
        if (got.outcome != FETCH_EGRESS)
            fail_msg("%s: outcome %d", hosts[i], (int)got.outcome);
        assert_false(got.asked);
    }
    assert_int_equal(scripted_origin_connections(origin), before);
    assert_int_equal(scripted_dns_asked(dns, NULL), asked);
}

static void test_a_dead_proxy_is_not_passed_by(void **state)
{
    (void)state;
    static const struct scripted_proxy_conf proxies[] = {
        {.http = false, .manner = PROXY_CLOSES},     {.http = false, .manner = PROXY_SILENT},
        {.http = false, .manner = PROXY_WANTS_AUTH}, {.http = false, .manner = PROXY_NONSENSE},
        {.http = true, .manner = PROXY_WANTS_AUTH},
    };
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        struct way way;
        way_open(&way, &proxies[i]);
        if (proxies[i].http) {
            /* It was told of the target before it said no; the origin was not, and we say so. */
            struct got got = fetch_through(&way, url_of(PUBLIC, "/"));
            assert_int_equal(got.outcome, FETCH_EGRESS);
        } else {
            check_dead(&way.conf);
        }
        scripted_proxy_stop(way.proxy);
    }
}

static void test_no_proxy_there(void **state)
{
    (void)state;
    struct way way;
    for (int http = 0; http < 2; http++) {
        way_open(&way, &(struct scripted_proxy_conf){.http = http});
        char address[40];
        snprintf(address, sizeof(address), "%s", scripted_proxy_address(way.proxy));
        scripted_proxy_stop(way.proxy); /* nobody listens on that port any more */
        way.conf.address = address;
        check_dead(&way.conf);
    }
}

static void test_a_source_that_is_not_ours(void **state)
{
    (void)state;
    const struct egress_conf gone = {.name = "gone", .address = "198.51.100.77", .weight = 1};
    const struct egress_conf no_device = {
        .name = "gone", .interface = "nosuchdev0", .resolvers = RESOLVER, .weight = 1};
    check_dead(&gone);
    check_dead(&no_device);
}

/* Nobody outside has a say in whether a resolver is reached. */
static void test_a_proxy_that_reaches_no_resolver(void **state)
{
    (void)state;
    static const struct scripted_proxy_conf proxies[] = {
        {.http = true, .manner = PROXY_MUTE},
        {.http = true, .manner = PROXY_REFUSES, .code = 502},
        {.http = false, .manner = PROXY_REFUSES, .code = 4},
    };
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        struct way way;
        way_open(&way, &proxies[i]);
        const char *const urls[] = {url_of("sender.example", "/"), url_of("sender.example", "/")};
        struct got gots[2];
        struct fetch_conf conf = conf_of(&way.conf, 1);
        conf.per_host = 1;
        world_fetch(&conf, urls, 2, gots);
        for (int k = 0; k < 2; k++) {
            assert_int_equal(gots[k].outcome, FETCH_EGRESS);
            assert_false(gots[k].asked);
        }
        assert_int_equal(scripted_proxy_connections(way.proxy), 1);
        scripted_proxy_stop(way.proxy);
    }
}

/* The time of the whole fetch may be up first: that is the egress's fault all the same. */
static void test_a_proxy_that_takes_all_the_time(void **state)
{
    (void)state;
    struct way way;
    way_open(&way, &(struct scripted_proxy_conf){.http = false, .manner = PROXY_SILENT});
    const char *const hosts[] = {"sender.example", PUBLIC};
    for (int i = 0; i < 2; i++) {
        struct fetch_conf conf = conf_of(&way.conf, 1);
        conf.timeout_ms = 200;
        conf.connect_timeout_ms = 2000;
        struct got got = world_fetch_one(&conf, url_of(hosts[i], "/"));
        assert_int_equal(got.outcome, FETCH_EGRESS);
        assert_false(got.asked);
    }
    scripted_proxy_stop(way.proxy);
}

static void test_what_a_target_causes_does_not_kill_the_egress(void **state)
{
    (void)state;
    static const struct scripted_proxy_conf proxies[] = {
        {.http = false, .manner = PROXY_REFUSES, .code = 1},
        {.http = false, .manner = PROXY_REFUSES, .code = 2},
        {.http = false, .manner = PROXY_REFUSES, .code = 5},
        {.http = false, .manner = PROXY_REFUSES, .code = 200},
        {.http = true, .manner = PROXY_REFUSES, .code = 403},
        {.http = true, .manner = PROXY_REFUSES, .code = 502},
        {.http = true, .manner = PROXY_REFUSES, .code = 301},
        {.http = true, .manner = PROXY_NONSENSE},
        {.http = true, .manner = PROXY_CLOSES},
        {.http = true, .manner = PROXY_ENDLESS},
        {.http = false, .manner = PROXY_MUTE},
        {.http = true, .manner = PROXY_MUTE},
    };
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        struct way way;
        way_open(&way, &proxies[i]);
        const char *const urls[] = {url_of(PUBLIC, "/"), url_of(PUBLIC, "/")};
        struct got gots[2];
        struct fetch_conf conf = conf_of(&way.conf, 1);
        conf.per_host = 1; /* one after the other */
        world_fetch(&conf, urls, 2, gots);
        for (int k = 0; k < 2; k++) {
            enum fetch_outcome expected =
                proxies[i].manner == PROXY_MUTE ? FETCH_TIMEOUT : FETCH_UNREACHABLE;
            if (gots[k].outcome != expected)
                fail_msg("proxy %zu: outcome %d", i, (int)gots[k].outcome);
            assert_true(gots[k].asked);
        }
        assert_int_equal(scripted_proxy_connections(way.proxy), 2);
        scripted_proxy_stop(way.proxy);
    }
}

static void test_the_next_address_is_tried(void **state)
{
    (void)state;
    struct way way;
    char first[80];
    snprintf(first, sizeof(first), PUBLIC ":%u", scripted_origin_port(origin));
    way_open(&way, &(struct scripted_proxy_conf){.http = true, .code = 504, .fails = first});
    struct got got = fetch_through(&way, url_of("two.example", "/"));
    assert_int_equal(got.outcome, FETCH_OK);
    free(got.body);
    assert_int_equal(
        scripted_proxy_asked(way.proxy, with_port("93.184.216.35", scripted_origin_port(origin))),
        1);
    scripted_proxy_stop(way.proxy);
}

/* ---- several ---- */

static void test_the_living_one_takes_over(void **state)
{
    (void)state;
    struct way ways[2];
    way_open(&ways[0], &(struct scripted_proxy_conf){.http = false, .manner = PROXY_CLOSES});
    way_open(&ways[1], &(struct scripted_proxy_conf){.http = true});
    ways[1].conf.name = "other";
    const struct egress_conf both[2] = {ways[0].conf, ways[1].conf};
    const char *urls[20];
    struct got gots[20];
    char texts[20][100];
    size_t asked = scripted_dns_asked(dns, NULL);
    for (int i = 0; i < 20; i++) {
        /* Neighbours of the origin's address: hosts of their own, about half of each egress. */
        snprintf(texts[i], sizeof(texts[i]), "http://93.184.217.%d:%u/", i + 1,
                 scripted_origin_port(origin));
        urls[i] = texts[i];
    }
    struct fetch_conf conf = conf_of(both, 2);
    conf.total = 1;
    world_fetch(&conf, urls, 20, gots);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(gots[i].outcome, FETCH_OK);
        free(gots[i].body);
    }
    /* The first host that was to leave by it found out; the others did not try. */
    assert_int_equal(scripted_proxy_connections(ways[0].proxy), 1);
    assert_int_equal(scripted_proxy_asked(ways[1].proxy, NULL), 20);
    assert_int_equal(scripted_dns_asked(dns, NULL), asked);
    for (int i = 0; i < 2; i++)
        scripted_proxy_stop(ways[i].proxy);
}

struct revival {
    struct loop *loop;
    struct fetcher *fetcher;
    struct scripted_proxy *proxy;
    struct loop_timer again;
    int down;
    int up;
};

static void revival_step(struct loop_timer *timer);

static void revival_done(void *ctx, struct fetch_result *result)
{
    struct revival *revival = ctx;
    if (result->outcome != FETCH_EGRESS) {
        assert_int_equal(result->outcome, FETCH_OK);
        loop_stop(revival->loop);
        return;
    }
    scripted_proxy_become(revival->proxy, PROXY_WORKS);
    assert_int_equal(loop_timer_set(revival->loop, &revival->again, 50), 0);
}

static void revival_step(struct loop_timer *timer)
{
    struct revival *revival =
        (struct revival *)(void *)((char *)timer - offsetof(struct revival, again));
    struct fetch_target target = world_target(url_of(PUBLIC, "/"));
    struct fetch *fetch;
    assert_int_equal(fetch_start(revival->fetcher, &target, revival_done, revival, &fetch), 0);
}

static void revival_changed(void *ctx, const struct egress *egress)
{
    struct revival *revival = ctx;
    if (egress->down)
        revival->down++;
    else
        revival->up++;
}

/* It is left alone for its pause, although it would work at once, and then found to work. */
static void test_a_dead_one_comes_back(void **state)
{
    (void)state;
    struct way way;
    struct revival revival = {.again.fire = revival_step};
    char why[256] = "";
    way_open(&way, &(struct scripted_proxy_conf){.http = false, .manner = PROXY_CLOSES});
    struct fetch_conf conf = conf_of(&way.conf, 1);
    conf.egress_changed = revival_changed;
    conf.egress_changed_ctx = &revival;
    revival.proxy = way.proxy;
    assert_int_equal(loop_new(&revival.loop), 0);
    assert_int_equal(fetcher_new(revival.loop, &conf, why, &revival.fetcher), 0);
    int64_t began = clock_ms();
    assert_int_equal(loop_timer_set(revival.loop, &revival.again, 0), 0);
    assert_int_equal(loop_run(revival.loop), 0);
    assert_true(clock_ms() - began >= LIMIT_EGRESS_PAUSE_MS);
    assert_int_equal(revival.down, 1);
    assert_int_equal(revival.up, 1);
    assert_int_equal(scripted_proxy_connections(way.proxy), 2);
    struct fetch_egress egress;
    assert_int_equal(fetcher_egresses(revival.fetcher, &egress, 1), 1);
    assert_string_equal(egress.name, "proxy");
    assert_false(egress.down);
    fetcher_free(revival.fetcher);
    loop_free(revival.loop);
    scripted_proxy_stop(way.proxy);
}

/* ---- an address of a family that an egress lacks ---- */

static void no_change(void *ctx, const struct egress *egress)
{
    (void)ctx;
    fail_msg("egress %s changed", egress->name);
}

/* Addresses are the sender's choice: one that an egress has no way to is tried by another, and
 * puts none down. Without another, the origin cannot be reached, and nothing was sent. */
static void test_another_has_the_family(void **state)
{
    (void)state;
    const struct egress_conf ways[2] = {
        /* By its weight the first choice, but for one host in a million. */
        {.name = "six", .address = "::1", .resolvers = "[::1]:9", .weight = 1000000},
        {.name = "four", .address = "127.0.0.1", .resolvers = "127.0.0.1:9", .weight = 1},
    };
    for (size_t count = 1; count <= 2; count++) {
        struct fetch_conf conf = conf_of(ways, count);
        conf.allow_private = "127.0.0.0/8";
        conf.egress_changed = no_change;
        struct got got = world_fetch_one(&conf, url_of("127.0.0.1", "/"));
        assert_int_equal(got.outcome, count == 1 ? FETCH_UNREACHABLE : FETCH_OK);
        assert_int_equal(got.asked, count == 2);
        free(got.body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_socks5),
        cmocka_unit_test(test_http),
        cmocka_unit_test(test_addresses_of_both_families),
        cmocka_unit_test(test_the_head_of_connect),
        cmocka_unit_test(test_the_request_is_the_same),
        cmocka_unit_test(test_targets_are_still_checked),
        cmocka_unit_test(test_names_that_do_not_resolve),
        cmocka_unit_test(test_the_second_resolver_is_asked_when_the_first_is_not_there),
        cmocka_unit_test(test_a_dead_proxy_is_not_passed_by),
        cmocka_unit_test(test_no_proxy_there),
        cmocka_unit_test(test_a_source_that_is_not_ours),
        cmocka_unit_test(test_a_proxy_that_reaches_no_resolver),
        cmocka_unit_test(test_a_proxy_that_takes_all_the_time),
        cmocka_unit_test(test_what_a_target_causes_does_not_kill_the_egress),
        cmocka_unit_test(test_the_next_address_is_tried),
        cmocka_unit_test(test_the_living_one_takes_over),
        cmocka_unit_test(test_a_dead_one_comes_back),
        cmocka_unit_test(test_another_has_the_family),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
