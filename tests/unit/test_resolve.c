#include "test.h"

#include "net/resolve.h"
#include "scripted_dns.h"
#include "sys/clock.h"

#include <errno.h>
#include <sys/socket.h>

#define MANY_24                                                                                    \
    "1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 "                             \
    "1.1.2.1 1.1.2.2 1.1.2.3 1.1.2.4 1.1.2.5 1.1.2.6 1.1.2.7 1.1.2.8 "                             \
    "1.1.3.1 1.1.3.2 1.1.3.3 1.1.3.4 1.1.3.5 1.1.3.6 1.1.3.7 1.1.3.8"

static const struct scripted_name rows[] = {
    {"both.example", "93.184.216.34 93.184.216.35", "2606:2800:220:1::1", NULL, 0},
    {"v4.example", "93.184.216.34", "", NULL, 0},
    {"v6.example", "", "2606:2800:220:1::1", NULL, 0},
    {"mixed.example", "93.184.216.34 10.0.0.1", "", NULL, 0},
    {"loop.example", "127.0.0.1", "", NULL, 0},
    {"alias.example", "93.184.216.34", "", "real.example.net", 0},
    {"empty.example", "", "", NULL, 0},
    {"gone.example", "", "", NULL, SCRIPTED_NXDOMAIN},
    {"broken.example", "", "", NULL, SCRIPTED_SERVFAIL},
    {"refused.example", "", "", NULL, 5},
    {"half.example", "93.184.216.34", NULL, NULL, 0},
    {"half-empty.example", "", NULL, NULL, 0},
    {"silent.example", NULL, NULL, NULL, 0},
    {"many.example", MANY_24, "", NULL, 0},
    {"toomany.example", MANY_24 " 1.1.5.1", "", NULL, 0},
    {.name = "cut.example", .a = MANY_24, .aaaa = "", .cut = true},
    {.name = "localhost", .a = "93.184.216.34", .aaaa = ""},
    {NULL, NULL, NULL, NULL, 0},
};

static int new_resolver(struct loop *loop, const char *servers, char *why, struct resolver **ret)
{
    static struct egress egress; /* outlives the resolver */
    egress = (struct egress){.resolvers = (char *)(uintptr_t)servers};
    const struct resolver_conf conf = {
        .loop = loop, .egress = &egress, .connect_timeout_ms = 2000, .lookups = 8};
    return resolver_new(&conf, why, ret);
}

struct env {
    struct loop *loop;
    struct scripted_dns *dns;
    struct resolver *resolver;
};

struct outcome {
    struct loop *loop;
    int calls;
    bool inside_start;
    enum resolve_answer answer;
    size_t count;
    char texts[64][ADDRESS_TEXT];
};

static int setup(void **state)
{
    static struct env env;
    char why[256];
    assert_int_equal(loop_new(&env.loop), 0);
    env.dns = scripted_dns_start(rows);
    assert_int_equal(new_resolver(env.loop, scripted_dns_address(env.dns), why, &env.resolver), 0);
    *state = &env;
    return 0;
}

static int teardown(void **state)
{
    struct env *env = *state;
    resolver_free(env->resolver);
    scripted_dns_stop(env->dns);
    loop_free(env->loop);
    return 0;
}

static void done(void *ctx, const struct resolve_result *result)
{
    struct outcome *outcome = ctx;
    assert_false(outcome->inside_start);
    outcome->calls++;
    outcome->answer = result->answer;
    outcome->count = result->count;
    for (size_t i = 0; i < result->count && i < 64; i++)
        address_format(&result->addresses[i], outcome->texts[i]);
    loop_stop(outcome->loop);
}

static struct outcome lookup(struct env *env, const char *name)
{
    struct outcome outcome = {.inside_start = true};
    struct resolve *resolve;
    /* A loop that was stopped stays so: each lookup has one of its own. */
    struct loop *loop;
    struct resolver *resolver;
    char why[256];
    assert_int_equal(loop_new(&loop), 0);
    assert_int_equal(new_resolver(loop, scripted_dns_address(env->dns), why, &resolver), 0);
    outcome.loop = loop;
    assert_int_equal(resolve_start(resolver, span_of(name), done, &outcome, &resolve), 0);
    outcome.inside_start = false;
    assert_int_equal(loop_run(loop), 0);
    assert_int_equal(outcome.calls, 1);
    resolver_free(resolver);
    loop_free(loop);
    return outcome;
}

static void test_families_take_turns_and_ipv4_begins(void **state)
{
    struct outcome got = lookup(*state, "both.example");
    assert_int_equal(got.answer, RESOLVE_OK);
    assert_int_equal(got.count, 3);
    assert_string_equal(got.texts[0], "93.184.216.34");
    assert_string_equal(got.texts[1], "2606:2800:220:1::1");
    assert_string_equal(got.texts[2], "93.184.216.35");
}

static void test_one_family_is_enough(void **state)
{
    struct outcome got = lookup(*state, "v4.example");
    assert_int_equal(got.answer, RESOLVE_OK);
    assert_int_equal(got.count, 1);
    got = lookup(*state, "v6.example");
    assert_int_equal(got.answer, RESOLVE_OK);
    assert_string_equal(got.texts[0], "2606:2800:220:1::1");
}

static void test_every_address_is_handed_on_private_ones_too(void **state)
{
    struct outcome got = lookup(*state, "mixed.example");
    assert_int_equal(got.count, 2);
    got = lookup(*state, "loop.example");
    assert_string_equal(got.texts[0], "127.0.0.1");
    got = lookup(*state, "many.example");
    assert_int_equal(got.count, 24);
    got = lookup(*state, "toomany.example");
    assert_int_equal(got.answer, RESOLVE_TOO_MANY);
}

static void test_alias_is_followed(void **state)
{
    struct outcome got = lookup(*state, "alias.example");
    assert_int_equal(got.answer, RESOLVE_OK);
    assert_string_equal(got.texts[0], "93.184.216.34");
}

static void test_no_such_name_is_final(void **state)
{
    assert_int_equal(lookup(*state, "gone.example").answer, RESOLVE_NO_NAME);
    assert_int_equal(lookup(*state, "empty.example").answer, RESOLVE_NO_NAME);
    assert_int_equal(lookup(*state, "nobody-has-this.example").answer, RESOLVE_NO_NAME);
}

static void test_a_failing_server_is_not_final(void **state)
{
    assert_int_equal(lookup(*state, "broken.example").answer, RESOLVE_FAILED);
    assert_int_equal(lookup(*state, "refused.example").answer, RESOLVE_FAILED);
}

static void test_hosts_file_is_not_read(void **state)
{
    struct env *env = *state;
    struct outcome got = lookup(env, "localhost");
    assert_string_equal(got.texts[0], "93.184.216.34");
    assert_int_equal(scripted_dns_asked(env->dns, "localhost"), 2);
}

static void test_name_is_asked_as_it_is_and_once_each_type(void **state)
{
    struct env *env = *state;
    setenv("LOCALDOMAIN", "search.example", 1);
    setenv("RES_OPTIONS", "ndots:9 rotate", 1);
    lookup(env, "asked.once.example");
    unsetenv("LOCALDOMAIN");
    unsetenv("RES_OPTIONS");
    assert_int_equal(scripted_dns_asked(env->dns, "asked.once.example"), 2);
    assert_int_equal(scripted_dns_asked(env->dns, "asked.once.example.search.example"), 0);
}

/* With one server: what it does not answer is asked twice, what it refuses once. */
static void test_how_often_is_asked(void **state)
{
    struct env *env = *state;
    static const struct {
        const char *name;
        size_t most;
    } cases[] = {{"both.example", 2},
                 {"broken.example", 2},
                 {"refused.example", 2},
                 {"gone.example", 2},
                 {"empty.example", 2}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t before = scripted_dns_asked(env->dns, cases[i].name);
        lookup(env, cases[i].name);
        assert_int_equal(scripted_dns_asked(env->dns, cases[i].name), before + cases[i].most);
    }
    /* Nothing but the question: no EDNS (RFC 6891), so no client subnet (RFC 7871). */
    assert_int_equal(scripted_dns_extras(env->dns), 0);
}

static void test_a_cut_answer_is_asked_for_by_tcp(void **state)
{
    struct env *env = *state;
    size_t by_tcp = scripted_dns_asked_by_tcp(env->dns);
    struct outcome got = lookup(env, "cut.example");
    assert_int_equal(got.answer, RESOLVE_OK);
    assert_int_equal(got.count, 24);
    assert_int_equal(scripted_dns_asked(env->dns, "cut.example"), 4);
    assert_int_equal(scripted_dns_asked_by_tcp(env->dns), by_tcp + 2);
}

/* Slow on purpose: these wait for the questions to time out, 2 s and 4 s. */
static void test_silence(void **state)
{
    struct env *env = *state;
    struct outcome outcomes[3] = {{.inside_start = false}};
    static const char *const names[] = {"half.example", "half-empty.example", "silent.example"};
    struct resolve *resolve;
    int64_t began = clock_ms();
    for (int i = 0; i < 3; i++) {
        /* Only the last to end stops the loop; all take as long, so each stops its own run. */
        outcomes[i].loop = env->loop;
        assert_int_equal(
            resolve_start(env->resolver, span_of(names[i]), done, &outcomes[i], &resolve), 0);
    }
    /* loop_stop sticks; the remaining lookups end in the turns that follow. */
    while (outcomes[0].calls + outcomes[1].calls + outcomes[2].calls < 3)
        assert_int_equal(loop_run(env->loop), 0);
    assert_true(clock_ms() - began >= 5500);
    assert_true(clock_ms() - began < 20000);
    assert_int_equal(outcomes[0].answer, RESOLVE_OK);
    assert_string_equal(outcomes[0].texts[0], "93.184.216.34");
    assert_int_equal(outcomes[1].answer, RESOLVE_FAILED);
    assert_int_equal(outcomes[2].answer, RESOLVE_FAILED);
    assert_int_equal(scripted_dns_asked(env->dns, "silent.example"), 4);
    assert_int_equal(scripted_dns_asked(env->dns, "half.example"), 3);
}

static void test_cancelled_is_not_called(void **state)
{
    struct env *env = *state;
    struct outcome cancelled = {.loop = env->loop};
    struct resolve *resolve;
    assert_int_equal(
        resolve_start(env->resolver, SPAN("silent.example"), done, &cancelled, &resolve), 0);
    resolve_cancel(resolve);
    assert_int_equal(resolve_start(env->resolver, SPAN("v4.example"), done, &cancelled, &resolve),
                     0);
    resolve_cancel(resolve);
    resolve_cancel(NULL);
    lookup(env, "v4.example");
    assert_int_equal(cancelled.calls, 0);
}

static void test_server_list(void **state)
{
    struct env *env = *state;
    static const char *const good[] = {"127.0.0.1",    "127.0.0.1:5353",
                                       "[::1]:53",     "::1",
                                       "2001:db8::53", "9.9.9.9, [2620:fe::fe]:53,1.1.1.1:5353",
                                       "[::1]"};
    static const char *const bad[] = {"",
                                      "dns.example",
                                      "127.0.0.1:0",
                                      "127.0.0.1:65536",
                                      "[::1]:",
                                      "[::1",
                                      "127.0.0.1:",
                                      "127.0.0.1:53x",
                                      "[::1]x53",
                                      "1,2",
                                      "fe80::1%lo",
                                      "127.1",
                                      "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4"};
    struct resolver *resolver;
    char why[256];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(new_resolver(env->loop, good[i], why, &resolver), 0);
        resolver_free(resolver);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why[0] = '\0';
        assert_int_equal(new_resolver(env->loop, bad[i], why, &resolver), -EINVAL);
        assert_true(strlen(why) > 10);
    }
    resolver_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_families_take_turns_and_ipv4_begins),
        cmocka_unit_test(test_one_family_is_enough),
        cmocka_unit_test(test_every_address_is_handed_on_private_ones_too),
        cmocka_unit_test(test_alias_is_followed),
        cmocka_unit_test(test_no_such_name_is_final),
        cmocka_unit_test(test_a_failing_server_is_not_final),
        cmocka_unit_test(test_hosts_file_is_not_read),
        cmocka_unit_test(test_name_is_asked_as_it_is_and_once_each_type),
        cmocka_unit_test(test_how_often_is_asked),
        cmocka_unit_test(test_a_cut_answer_is_asked_for_by_tcp),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_cancelled_is_not_called),
        cmocka_unit_test(test_server_list),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
