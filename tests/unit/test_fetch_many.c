/* What many fetches at once take of memory: ceilings, some two times what was measured; and that
 * none begins while originals that wait for the decoder hold too much. */
#include "test.h"

#include "base/limits.h"
#include "fetch_world.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS_COUNT 64

#define LOOKUPS 256 /* under way at once: as many as fetches by default */

struct crowd {
    struct loop *loop;
    struct fetcher *fetcher;
    struct fetch *fetches[LIMIT_FLIGHTS];
    size_t count;
    struct loop_timer look;
    int listen_fd; /* whose connections are waited for, or -1 */
    int asked_fd;  /* where questions are waited for, or -1 */
    int asked;     /* questions that came */
    int accepted[TLS_COUNT];
    int accepted_count;
    size_t before;
    size_t after;
};

static size_t heap_used(void)
{
    return mallinfo2().uordblks;
}

/* A sanitizer's allocator tells nothing. */
static bool heap_is_told(void)
{
    size_t before = heap_used();
    void *volatile block = malloc(100000);
    bool told = heap_used() >= before + 100000;
    free(block);
    return told;
}

static void not_called(void *ctx, struct fetch_result *result)
{
    (void)ctx;
    fail_msg("a fetch ended: outcome %d", (int)result->outcome);
}

/* All have come, and each has said its first word. */
static bool all_there(struct crowd *crowd)
{
    char byte;
    int fd;
    while (crowd->accepted_count < TLS_COUNT &&
           (fd = accept4(crowd->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        crowd->accepted[crowd->accepted_count++] = fd;
    for (int i = 0; i < crowd->accepted_count; i++)
        if (recv(crowd->accepted[i], &byte, 1, MSG_PEEK) != 1)
            return false;
    return crowd->accepted_count == TLS_COUNT;
}

/* One question of each lookup at least. */
static bool all_asked(struct crowd *crowd)
{
    char byte;
    while (recv(crowd->asked_fd, &byte, 1, 0) == 1)
        crowd->asked++;
    return crowd->asked >= LOOKUPS;
}

static void look(struct loop_timer *timer)
{
    struct crowd *crowd = (struct crowd *)(void *)((char *)timer - offsetof(struct crowd, look));
    if ((crowd->listen_fd >= 0 && !all_there(crowd)) ||
        (crowd->asked_fd >= 0 && !all_asked(crowd))) {
        assert_int_equal(loop_timer_set(crowd->loop, timer, 5), 0);
        return;
    }
    crowd->after = heap_used();
    for (size_t i = 0; i < crowd->count; i++)
        fetch_cancel(crowd->fetches[i]);
    loop_stop(crowd->loop);
}

static void crowd_new(struct crowd *crowd, const struct fetch_conf *conf)
{
    char why[256];
    *crowd = (struct crowd){.look.fire = look, .listen_fd = -1, .asked_fd = -1};
    assert_int_equal(loop_new(&crowd->loop), 0);
    assert_int_equal(fetcher_new(crowd->loop, conf, why, &crowd->fetcher), 0);
    crowd->before = heap_used();
}

static void crowd_add(struct crowd *crowd, const char *url)
{
    struct fetch_target target = world_target(url);
    assert_int_equal(
        fetch_start(crowd->fetcher, &target, not_called, NULL, &crowd->fetches[crowd->count++]), 0);
}

/* Bytes of heap while they are all pending. */
static size_t crowd_end(struct crowd *crowd)
{
    assert_int_equal(loop_timer_set(crowd->loop, &crowd->look, 10), 0);
    assert_int_equal(loop_run(crowd->loop), 0);
    for (int i = 0; i < crowd->accepted_count; i++)
        close(crowd->accepted[i]);
    fetcher_free(crowd->fetcher);
    loop_free(crowd->loop);
    return crowd->after - crowd->before;
}

/* A socket at 127.0.0.1 that says nothing; its port in `address`, "127.0.0.1:port". */
static int silent_socket(int type, char address[32])
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    if (type == SOCK_STREAM)
        assert_int_equal(listen(fd, 2 * TLS_COUNT), 0);
    snprintf(address, 32, "127.0.0.1:%u", ntohs(at.sin_port));
    return fd;
}

static struct fetch_conf crowd_conf(const char *resolvers)
{
    return (struct fetch_conf){
        .user_agent = "Screen/1",
        .resolvers = resolvers,
        .allow_private = "127.0.0.0/8",
        .ports = "any",
        .timeout_ms = 60000,
        .connect_timeout_ms = 60000,
        .max_bytes = 10 * MiB,
        .per_host = LOOKUPS,
        .total = LOOKUPS, /* the default */
    };
}

/* As many as the server takes, as many of them under way as by default. */
static void test_all_flights_pending(void **state)
{
    (void)state;
    static struct crowd crowd;
    if (!heap_is_told())
        skip();
    char resolver[32];
    int fd = silent_socket(SOCK_DGRAM, resolver);
    const struct fetch_conf conf = crowd_conf(resolver);
    crowd_new(&crowd, &conf);
    for (int i = 0; i < LIMIT_FLIGHTS; i++) {
        char url[300];
        snprintf(url, sizeof(url), "http://a-host-of-usual-length-%d.example/%0200d", i, i);
        crowd_add(&crowd, url);
    }
    size_t waiting = heap_used() - crowd.before;
    crowd.asked_fd = fd;
    size_t all = crowd_end(&crowd);
    print_message("%d waiting: %zu KiB; with 256 names looked up: %zu KiB\n", LIMIT_FLIGHTS,
                  waiting / 1024, all / 1024);
    assert_true(waiting < 10 * MiB);
    assert_true(all > waiting + 1 * MiB);
    assert_true(all < 50 * MiB);
    close(fd);
}

/* A server that takes connections and never says a word of TLS. With a store of certificates for
 * each it was 700 KiB a connection. */
static void test_handshakes_share_their_certificates(void **state)
{
    (void)state;
    static struct crowd crowd;
    if (!heap_is_told() || access("/etc/ssl/certs/ca-certificates.crt", R_OK) < 0)
        skip();
    char address[32];
    char url[64];
    int fd = silent_socket(SOCK_STREAM, address);
    const struct fetch_conf conf = crowd_conf("127.0.0.1:9");
    crowd_new(&crowd, &conf);
    crowd.listen_fd = fd;
    snprintf(url, sizeof(url), "https://%s/", address);
    for (int i = 0; i < TLS_COUNT; i++)
        crowd_add(&crowd, url);
    size_t all = crowd_end(&crowd);
    print_message("%d handshakes: %zu KiB\n", TLS_COUNT, all / 1024);
    assert_true(all > 1 * MiB);
    assert_true(all < 15 * MiB);
    close(fd);
}

/* ---- bodies that wait for the decoder ---- */

struct held {
    struct loop_timer look;
    struct loop *loop;
    struct fetcher *fetcher;
    int listen_fd;
    int accepted;
    size_t held;
    int looks; /* before the release: time enough for a connection on the same loop */
};

static void look_while_held(struct loop_timer *timer)
{
    struct held *held = (struct held *)(void *)((char *)timer - offsetof(struct held, look));
    int fd = accept4(held->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (held->held > 0)
        assert_true(fd < 0);
    if (fd >= 0) {
        held->accepted = fd;
        loop_stop(held->loop);
        return;
    }
    if (++held->looks == 20) {
        fetcher_release(held->fetcher, held->held);
        held->held = 0;
    }
    assert_int_equal(loop_timer_set(held->loop, timer, 2), 0);
}

static void test_no_fetch_begins_while_much_is_held(void **state)
{
    (void)state;
    char address[32];
    char url[64];
    char why[256];
    struct fetch *fetch;
    struct held held = {.look.fire = look_while_held, .held = LIMIT_BODIES_BEGIN};
    const struct fetch_conf conf = crowd_conf("127.0.0.1:9");
    held.listen_fd = silent_socket(SOCK_STREAM, address);
    assert_int_equal(loop_new(&held.loop), 0);
    assert_int_equal(fetcher_new(held.loop, &conf, why, &held.fetcher), 0);
    fetcher_hold(held.fetcher, held.held);
    snprintf(url, sizeof(url), "http://%s/", address);
    struct fetch_target target = world_target(url);
    assert_int_equal(fetch_start(held.fetcher, &target, not_called, NULL, &fetch), 0);
    assert_int_equal(loop_timer_set(held.loop, &held.look, 2), 0);
    assert_int_equal(loop_run(held.loop), 0);
    assert_true(held.looks >= 20);
    fetch_cancel(fetch);
    fetcher_free(held.fetcher);
    loop_free(held.loop);
    close(held.accepted);
    close(held.listen_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_flights_pending),
        cmocka_unit_test(test_handshakes_share_their_certificates),
        cmocka_unit_test(test_no_fetch_begins_while_much_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
