#include "test.h"

#include "sys/conf_change.h"
#include "sys/fd.h"

#include <errno.h>

static int load(const char *text, char *why, struct conf *conf)
{
    char path[] = "/tmp/shoji-conf-XXXXXX";
    CLEANUP_FD int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
    int r = conf_load(path, why, conf);
    unlink(path);
    return r;
}

static void test_defaults_and_units(void **state)
{
    (void)state;
    char why[CONF_WHY_SIZE] = "";
    struct conf conf;
    assert_int_equal(load("[cache]\nsize = 3G\nretention=2w\n[fetch]\nwait = 250ms\n"
                          "https_only = on ; a comment\n",
                          why, &conf),
                     0);
    assert_int_equal(conf.cache.size, 3ULL << 30);
    assert_int_equal(conf.cache.retention, 14ULL * 86400 * 1000);
    assert_int_equal(conf.fetch.wait, 250);
    assert_int_equal(conf.fetch.https_only, 1);
    assert_int_equal(conf.fetch.fetch_window, 14ULL * 86400 * 1000);
    assert_int_equal(conf.cache.refetch, CONF_REFETCH_SHARED);
    assert_null(conf.server.base_url);
    conf_free(&conf);
}

static void test_a_bad_file_names_file_line_and_what_is_allowed(void **state)
{
    (void)state;
    const struct {
        const char *text, *line, *says;
    } cases[] = {
        {"[server]\nlisten = 1\ncolour = red\n", ":3: ", "unknown key colour in [server]"},
        {"[servers]\nlisten = 1\n", ":2: ", "unknown section [servers]"},
        {"[cache]\nsize = lots\n", ":2: ", "allowed is a size (K, M, G, T) 32M to 64T"},
        {"[cache]\nsize = 1K\n", ":2: ", "allowed is a size"},
        {"[cache]\nsize = 99999999999999999999G\n", ":2: ", "allowed is a size"},
        {"[cache]\nsize = 18446744073709551615G\n", ":2: ", "allowed is a size"},
        {"[fetch]\n\ntimeout = -1s\n", ":3: ", "allowed is a time"},
        {"[fetch]\ntimeout = 10\n", ":2: ", "allowed is a time"},
        {"[cache]\nrefetch = sometimes\n", ":2: ", "allowed is shared|never|always"},
        {"[cache]\nrefetch = share\n", ":2: ", "allowed is shared|never|always"},
        {"[cache]\nsize = 1G\nsize = 2G\n", ":3: ", "size stands twice"},
        {"[egress a]\ntype = tor\n", ":2: ", "allowed is direct|socks5|http"},
        {"[egress a]\nweight = 0\n", ":2: ", "allowed is a number 1 to 1000"},
        {"[egress a]\ncolour = red\n",
         ":2: ", "allowed are type, address, interface, resolvers, weight"},
        {"[egress A]\ntype = http\n", ":2: ", "a name is 1 to 32 of a-z, 0-9, - and _"},
        {"[egress]\ntype = http\n", ":2: ", "a name is 1 to 32 of a-z, 0-9, - and _"},
        {"[egressa]\ntype = http\n", ":2: ", "unknown section [egressa]"},
        {"[fetch a]\nwait = 1s\n", ":2: ", "unknown section [fetch a]"},
        {"[egress a]\ntype = http\n[egress b]\ntype = http\n[egress a]\ntype = direct\n",
         ":6: ", "type stands twice"},
        {"rubbish\n", ":1: ", "neither a [section] nor name = value"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char why[CONF_WHY_SIZE] = "";
        struct conf conf;
        assert_int_equal(load(cases[i].text, why, &conf), -EINVAL);
        if (!strstr(why, cases[i].line) || !strstr(why, cases[i].says))
            fail_msg("case %zu says: %s", i, why);
    }
}

static void test_a_line_too_long_is_refused_by_its_own_number(void **state)
{
    (void)state;
    char text[2000] = "[fetch]\ndeny_hosts = ";
    for (int i = 0; i < 100; i++)
        strcat(text, "a.example,");
    char why[CONF_WHY_SIZE] = "";
    struct conf conf;
    assert_int_equal(load(text, why, &conf), -EINVAL);
    assert_non_null(strstr(why, ":2: longer than"));

    assert_int_equal(load("[fetch]\ndeny_hosts = a.example,\n   b.example\n", why, &conf), 0);
    assert_string_equal(conf.fetch.deny_hosts, "a.example,b.example");
    conf_free(&conf);
}

static void test_missing_file(void **state)
{
    (void)state;
    char why[CONF_WHY_SIZE] = "";
    struct conf conf;
    assert_int_equal(conf_load("/nonexistent/shoji.conf", why, &conf), -ENOENT);
    assert_non_null(strstr(why, "/nonexistent/shoji.conf"));
}

static void test_named_sections(void **state)
{
    (void)state;
    char why[CONF_WHY_SIZE] = "";
    char text[4000] = "";
    struct conf conf;
    assert_int_equal(load("[egress one]\naddress = 192.0.2.1\n; a comment\n[fetch]\nwait = 1s\n"
                          "\n[egress  two-2 ] \ntype = socks5\naddress=127.0.0.1:1080\n"
                          "resolvers = 9.9.9.9,\n  149.112.112.112\nweight = 7\n"
                          "[egress one]\ninterface = eth0\n",
                          why, &conf),
                     0);
    assert_int_equal(conf.egresses_count, 2);
    const struct conf_egress *one = &conf.egresses[0];
    const struct conf_egress *two = &conf.egresses[1];
    assert_string_equal(one->name, "one");
    assert_int_equal(one->type, CONF_EGRESS_DIRECT);
    assert_string_equal(one->address, "192.0.2.1");
    assert_string_equal(one->interface, "eth0");
    assert_null(one->resolvers);
    assert_int_equal(one->weight, 1);
    assert_string_equal(strrchr(one->where, ':'), ":1");
    assert_string_equal(two->name, "two-2");
    assert_int_equal(two->type, CONF_EGRESS_SOCKS5);
    assert_string_equal(two->resolvers, "9.9.9.9,149.112.112.112");
    assert_int_equal(two->weight, 7);
    assert_string_equal(strrchr(two->where, ':'), ":7");
    conf_free(&conf);

    for (int i = 0; i < 17; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "[egress e%d]\ntype = http\n",
                 i);
    assert_int_equal(load(text, why, &conf), -EINVAL);
    assert_non_null(strstr(why, ":34: more than 16 sections"));
}

struct seen {
    char text[512];
};

static void see(void *ctx, const struct conf_change *change)
{
    struct seen *seen = ctx;
    size_t len = strlen(seen->text);
    snprintf(seen->text + len, sizeof(seen->text) - len, "%s.%s%s ", change->section, change->name,
             change->live ? "!" : "");
}

static void changes(const char *from, const char *to, struct seen *ret, struct conf *ret_after)
{
    char why[CONF_WHY_SIZE];
    struct conf a, b;
    assert_int_equal(load(from, why, &a), 0);
    assert_int_equal(load(to, why, &b), 0);
    *ret = (struct seen){0};
    conf_each_change(&a, &b, see, ret);
    conf_take_over(&a, &b);
    conf_free(&b);
    *ret_after = a;
}

static void test_what_changed_and_what_can_be_taken_over(void **state)
{
    (void)state;
    struct seen seen;
    struct conf after;
    changes("[cache]\nsize = 3G\n", "[cache]\nsize = 3072M\n", &seen, &after);
    assert_string_equal(seen.text, "");
    conf_free(&after);
    changes("[cache]\nhot_memory = 1M\nsize = 3G\n[server]\nlisten = 127.0.0.1:1\n",
            "[cache]\nsize = 4G\n[fetch]\nwait = 7s\n[trackers]\nallow = a.example\n", &seen,
            &after);
    assert_string_equal(seen.text,
                        "server.listen cache.size cache.hot_memory! fetch.wait! trackers.allow ");
    assert_int_equal(after.cache.hot_memory, 128 << 20);
    assert_int_equal(after.fetch.wait, 7000);
    assert_int_equal(after.cache.size, 3ULL << 30);
    assert_string_equal(after.server.listen, "127.0.0.1:1");
    assert_null(after.trackers.allow);
    conf_free(&after);
}

static void test_egresses_change_together(void **state)
{
    (void)state;
    struct seen seen;
    struct conf after;
    static const char one[] = "[egress a]\ntype = socks5\naddress = 127.0.0.1:9050\n";
    changes(one, one, &seen, &after);
    assert_string_equal(seen.text, "");
    conf_free(&after);
    changes(one, "[egress a]\ntype = socks5\naddress = 127.0.0.1:9051\n", &seen, &after);
    assert_string_equal(seen.text, "egress.NAME ");
    conf_free(&after);
    changes("", one, &seen, &after);
    assert_string_equal(seen.text, "egress.NAME ");
    conf_free(&after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_and_units),
        cmocka_unit_test(test_a_bad_file_names_file_line_and_what_is_allowed),
        cmocka_unit_test(test_a_line_too_long_is_refused_by_its_own_number),
        cmocka_unit_test(test_named_sections),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_what_changed_and_what_can_be_taken_over),
        cmocka_unit_test(test_egresses_change_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
