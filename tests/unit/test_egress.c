/* Which egress a host has, what a dead one changes, and what its sockets are bound to. */
#include "test.h"

#include "base/limits.h"
#include "net/egress.h"
#include "net/server.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOSTS 6000
#define DAY   20000

static const struct egress_conf three[] = {
    {.name = "a", .type = EGRESS_SOCKS5, .address = "127.0.0.1:1080", .weight = 1},
    {.name = "b", .type = EGRESS_HTTP, .address = "[::1]:3128", .weight = 2},
    {.name = "c", .type = EGRESS_DIRECT, .address = "127.0.0.2,::1", .weight = 3},
};

static int changes;

static void count_change(void *ctx, const struct egress *egress)
{
    (void)ctx;
    (void)egress;
    changes++;
}

static struct egress_pool *pool_of(const struct egress_conf *egresses, size_t count, char key)
{
    struct egress_pool_conf conf = {
        .egresses = egresses, .count = count, .resolvers = "192.0.2.53", .changed = count_change};
    struct egress_pool *pool = NULL;
    char why[EGRESS_WHY] = "";
    memset(conf.key, key, sizeof(conf.key));
    if (egress_pool_new(&conf, why, &pool) < 0)
        fail_msg("%s", why);
    return pool;
}

static struct egress *choose(struct egress_pool *pool, int host, int64_t day, int64_t now_ms)
{
    char name[40];
    snprintf(name, sizeof(name), "mail%d.example", host);
    const struct egress_ask ask = {.host = span_of(name), .day = day, .now_ms = now_ms};
    return egress_choose(pool, &ask);
}

/* Shares are binomial: 6000 draws at 1/6, 2/6, 3/6 stay within four standard deviations. */
static void test_shares_follow_the_weights(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(three, 3, 'k');
    int counts[3] = {0};
    for (int i = 0; i < HOSTS; i++)
        counts[choose(pool, i, DAY, 0)->number]++;
    assert_in_range(counts[0], 1000 - 116, 1000 + 116);
    assert_in_range(counts[1], 2000 - 147, 2000 + 147);
    assert_in_range(counts[2], 3000 - 155, 3000 + 155);
    egress_pool_free(pool);
}

static void test_a_host_stays_for_a_day_and_key_and_day_move_it(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(three, 3, 'k');
    struct egress_pool *same = pool_of(three, 3, 'k');
    struct egress_pool *other = pool_of(three, 3, 'x');
    int by_day = 0;
    int by_key = 0;
    for (int i = 0; i < 1000; i++) {
        unsigned number = choose(pool, i, DAY, 0)->number;
        assert_int_equal(choose(pool, i, DAY, 5)->number, number);
        assert_int_equal(choose(same, i, DAY, 0)->number, number);
        by_day += choose(pool, i, DAY + 1, 0)->number != number;
        by_key += choose(other, i, DAY, 0)->number != number;
    }
    /* Two independent draws differ with probability 1 - (1 + 4 + 9) / 36 = 0.61. */
    assert_in_range(by_day, 540, 680);
    assert_in_range(by_key, 540, 680);
    egress_pool_free(pool);
    egress_pool_free(same);
    egress_pool_free(other);
}

static void test_the_order_in_the_file_does_not_matter(void **state)
{
    (void)state;
    const struct egress_conf turned[] = {three[2], three[0], three[1]};
    struct egress_pool *pool = pool_of(three, 3, 'k');
    struct egress_pool *other = pool_of(turned, 3, 'k');
    for (int i = 0; i < 500; i++)
        assert_string_equal(choose(pool, i, DAY, 0)->name, choose(other, i, DAY, 0)->name);
    egress_pool_free(pool);
    egress_pool_free(other);
}

static void test_a_dead_one_moves_its_own_hosts_only(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(three, 3, 'k');
    unsigned before[500];
    int moved[3] = {0};
    for (int i = 0; i < 500; i++)
        before[i] = choose(pool, i, DAY, 0)->number;
    egress_failed(egress_pool_at(pool, 1), 0);
    for (int i = 0; i < 500; i++) {
        unsigned now = choose(pool, i, DAY, 1)->number;
        assert_int_not_equal(now, 1);
        if (before[i] != 1)
            assert_int_equal(now, before[i]);
        else
            moved[now]++;
    }
    assert_true(moved[0] > 0 && moved[2] > 0);
    egress_worked(egress_pool_at(pool, 1));
    for (int i = 0; i < 500; i++)
        assert_int_equal(choose(pool, i, DAY, 2)->number, before[i]);
    egress_pool_free(pool);
}

/* One fetch at a time finds out whether it works again, and each time that is longer ahead. */
static void test_pauses_grow_and_one_tries(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(three, 1, 'k');
    struct egress *egress = egress_pool_at(pool, 0);
    int64_t now = 1000;
    changes = 0;
    assert_ptr_equal(choose(pool, 1, DAY, now), egress);
    egress_failed(egress, now);
    egress_failed(egress, now + 1); /* what was under way fails, too: no longer pause for that */
    assert_int_equal(changes, 1);
    for (int64_t pause = LIMIT_EGRESS_PAUSE_MS; pause < LIMIT_EGRESS_PAUSE_MOST_MS; pause *= 2) {
        assert_null(choose(pool, 1, DAY, now + pause - 1));
        now += pause;
        assert_ptr_equal(choose(pool, 1, DAY, now), egress);
        assert_null(choose(pool, 2, DAY, now));
        egress_failed(egress, now);
    }
    for (int i = 0; i < 20; i++) {
        now += LIMIT_EGRESS_PAUSE_MOST_MS;
        assert_ptr_equal(choose(pool, 1, DAY, now), egress);
        assert_null(choose(pool, 1, DAY, now + LIMIT_EGRESS_PAUSE_MOST_MS - 1));
    }
    egress_worked(egress);
    egress_worked(egress);
    assert_int_equal(changes, 2);
    assert_ptr_equal(choose(pool, 1, DAY, now), egress);
    assert_ptr_equal(choose(pool, 2, DAY, now), egress);
    egress_failed(egress, now); /* and the pauses are short again */
    assert_ptr_equal(choose(pool, 1, DAY, now + LIMIT_EGRESS_PAUSE_MS), egress);
    egress_pool_free(pool);
}

static void test_what_was_tried_is_not_chosen_again(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(three, 3, 'k');
    struct egress_ask ask = {.host = SPAN("mail.example"), .day = DAY};
    for (int i = 0; i < 3; i++) {
        struct egress *egress = egress_choose(pool, &ask);
        assert_non_null(egress);
        assert_int_equal(ask.tried >> egress->number & 1, 0);
        ask.tried |= 1U << egress->number;
    }
    assert_null(egress_choose(pool, &ask));
    egress_pool_free(pool);
}

static void test_without_any_there_is_one_direct(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(NULL, 0, 0);
    struct egress *egress = choose(pool, 1, DAY, 0);
    assert_int_equal(egress_pool_count(pool), 1);
    assert_int_equal(egress->type, EGRESS_DIRECT);
    assert_string_equal(egress->resolvers, "192.0.2.53");
    int fd = egress_socket(egress, AF_INET, SOCK_STREAM);
    assert_true(fd >= 0);
    close(fd);
    egress_pool_free(pool);
}

/* ---- sockets ---- */

static void test_sockets_have_the_source(void **state)
{
    (void)state;
    struct egress_pool *pool = pool_of(three, 3, 'k');
    const struct egress *direct = egress_pool_at(pool, 2);
    struct server to = {.port = 9};
    struct sockaddr_storage at;
    struct sockaddr_in mine;
    socklen_t mine_len = sizeof(mine);
    assert_int_equal(address_parse(SPAN("127.0.0.1"), &to.address), 0);
    socklen_t len = server_to_sockaddr(&to, &at);
    int fd = egress_socket(direct, AF_INET, SOCK_DGRAM);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&mine, &mine_len), 0);
    assert_int_equal(ntohl(mine.sin_addr.s_addr), 0x7f000002);
    close(fd);
    egress_pool_free(pool);
}

static void test_no_socket_without_the_source(void **state)
{
    (void)state;
    static const struct egress_conf some[] = {
        {.name = "v4", .address = "127.0.0.2", .weight = 1},
        {.name = "elsewhere", .address = "198.51.100.77", .weight = 1},
        {.name = "no-device", .interface = "nosuchdev0", .weight = 1},
        {.name = "v6", .address = "::1", .weight = 1},
    };
    struct egress_pool *pool = pool_of(some, 4, 'k');
    assert_int_equal(egress_socket(egress_pool_at(pool, 0), AF_INET6, SOCK_STREAM), -EAFNOSUPPORT);
    assert_int_equal(egress_socket(egress_pool_at(pool, 3), AF_INET, SOCK_STREAM), -EAFNOSUPPORT);
    assert_int_equal(egress_socket(egress_pool_at(pool, 1), AF_INET, SOCK_DGRAM), -EADDRNOTAVAIL);
    assert_int_equal(egress_socket(egress_pool_at(pool, 2), AF_INET, SOCK_STREAM), -EADDRNOTAVAIL);
    assert_int_equal(egress_socket(egress_pool_at(pool, 2), AF_INET6, SOCK_DGRAM), -EADDRNOTAVAIL);
    egress_pool_free(pool);
}

static void test_mistakes_are_told(void **state)
{
    (void)state;
    static const struct {
        struct egress_conf conf;
        const char *resolvers;
        const char *says;
    } cases[] = {
        {{.name = "x", .weight = 1}, NULL, "needs an address or an interface"},
        {{.name = "x", .address = "img.example", .weight = 1}, NULL, "addresses of this machine"},
        {{.name = "x", .address = "127.0.0.1,127.0.0.2", .weight = 1}, NULL, "one IPv4 and one"},
        {{.name = "x", .interface = "a-name-of-20-letters", .weight = 1}, NULL, "interface: "},
        {{.name = "x", .interface = "", .weight = 1}, NULL, "interface: "},
        {{.name = "x", .address = "127.0.0.1", .weight = 0}, NULL, "weight: "},
        {{.name = "x", .type = EGRESS_SOCKS5, .weight = 1}, "9.9.9.9", "address: "},
        {{.name = "x", .type = EGRESS_SOCKS5, .address = "proxy.example:1", .weight = 1},
         "9.9.9.9",
         "address: "},
        {{.name = "x", .type = EGRESS_HTTP, .address = "127.0.0.1", .weight = 1},
         "9.9.9.9",
         "address: "},
        {{.name = "x", .type = EGRESS_HTTP, .address = "127.0.0.1:1", .weight = 1},
         NULL,
         "resolvers: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct egress_pool_conf conf = {
            .egresses = &cases[i].conf, .count = 1, .resolvers = cases[i].resolvers};
        struct egress_pool *pool;
        char why[EGRESS_WHY] = "";
        assert_int_equal(egress_pool_new(&conf, why, &pool), -EINVAL);
        if (strncmp(why, "[egress x] ", 11) != 0 || !strstr(why, cases[i].says))
            fail_msg("case %zu says: %s", i, why);
    }
}

static void test_servers_are_read(void **state)
{
    (void)state;
    struct server server;
    assert_int_equal(server_parse(SPAN("[2001:db8::1]:3128"), 0, &server), 0);
    assert_int_equal(server.port, 3128);
    assert_true(server.address.v6);
    assert_int_equal(server_parse(SPAN("192.0.2.1"), 53, &server), 0);
    assert_int_equal(server.port, 53);
    assert_int_equal(server_parse(SPAN("192.0.2.1"), 0, &server), -EINVAL);
    assert_int_equal(server_parse(SPAN("[2001:db8::1]"), 0, &server), -EINVAL);
    assert_int_equal(server_parse(SPAN("192.0.2.1:"), 53, &server), -EINVAL);
    assert_int_equal(server_parse(SPAN("proxy.example:1"), 53, &server), -EINVAL);
    assert_int_equal(server_parse(SPAN(""), 53, &server), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares_follow_the_weights),
        cmocka_unit_test(test_a_host_stays_for_a_day_and_key_and_day_move_it),
        cmocka_unit_test(test_the_order_in_the_file_does_not_matter),
        cmocka_unit_test(test_a_dead_one_moves_its_own_hosts_only),
        cmocka_unit_test(test_pauses_grow_and_one_tries),
        cmocka_unit_test(test_what_was_tried_is_not_chosen_again),
        cmocka_unit_test(test_without_any_there_is_one_direct),
        cmocka_unit_test(test_sockets_have_the_source),
        cmocka_unit_test(test_no_socket_without_the_source),
        cmocka_unit_test(test_mistakes_are_told),
        cmocka_unit_test(test_servers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
