/*
 * The listener and readers that take their time. Its figures are short here, so that a reader that
 * would have to be slow for minutes is slow for less than a second.
 */
#include "cache_fixture.h"

#include "serve/http.h"
#include "serve/listener.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <shoji/url.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* For what must come: a healthy machine takes a fraction, and libmicrohttpd's own timeout, for
 * readers that take nothing at all, would come to the rescue after LIMIT_IDLE_S. */
#define PATIENCE_MS 12000
#define LONG_MS     60000
#define PACE_MS     20 /* between two bytes of a slow reader: far below what libmicrohttpd minds */

#define PICTURE_URL  "http://sender.example/a.png"
#define PICTURE_SIZE (3 * MiB) /* more than the kernel keeps for a reader with a small window */

/* ---- a listener ---- */

struct world {
    struct fixture *store;
    struct keyring *keyring;
    struct request_env env;
    struct http *http;
    struct sockaddr_in address;
    char path[SHOJI_SIGNED_MAX + 1]; /* of the picture */
};

static void make_keys(struct world *w)
{
    char line[256], path[128], why[SHOJI_WHY_SIZE];
    assert_int_equal(shoji_key_generate(NULL, line, sizeof(line)), 0);
    snprintf(path, sizeof(path), "%s/keys", w->store->dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    close(fd);
    assert_int_equal(keyring_new(path, why, &w->keyring), 0);
}

static void make_picture(struct world *w)
{
    char *bytes = malloc(PICTURE_SIZE);
    assert_non_null(bytes);
    fixture_fill(1, bytes, PICTURE_SIZE);
    assert_int_equal(fixture_store(w->store, PICTURE_URL, bytes, PICTURE_SIZE), 0);
    free(bytes);
    struct keyset *set = keyring_get(w->keyring);
    const struct shoji_signer signer = {
        .key = shoji_keys_signer(keyset_keys(set), NULL),
        .form = SHOJI_SIGNED,
        .base_url = "http://x",
        .suffix = "",
    };
    char url[SHOJI_SIGNED_MAX + 1];
    size_t len;
    assert_int_equal(shoji_url_sign(&signer, PICTURE_URL, strlen(PICTURE_URL),
                                    &SHOJI_URL_OPTIONS_NONE, url, &len),
                     0);
    keyring_put(set);
    snprintf(w->path, sizeof(w->path), "%s", url + strlen("http://x"));
}

static struct world *world_with(struct http_conf conf)
{
    static const struct plan_conf plan;
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->store = fixture_new(64 * MiB, FIXTURE_INDEX);
    make_keys(w);
    make_picture(w);
    w->env = (struct request_env){
        .back = w->store->loop,
        .cache = w->store->cache,
        .keyring = w->keyring,
        .url_suffix = "",
        .plan = &plan,
    };
    conf.listen = "127.0.0.1:0";
    conf.fronts = 1;
    conf.max_connections = 20;
    conf.watch.tick_ms = 10;
    char why[256];
    assert_int_equal(http_new(&conf, &w->env, why, &w->http), 0);
    unsigned short port;
    assert_int_equal(sscanf(http_addresses(w->http), "listen=127.0.0.1:%hu", &port), 1);
    w->address.sin_family = AF_INET;
    w->address.sin_port = htons(port);
    w->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return w;
}

static struct world *world_new(struct watch_conf watch)
{
    return world_with((struct http_conf){.hot_memory = 64 * MiB, .watch = watch});
}

static void world_free(struct world *w)
{
    http_drain(w->http);
    http_free(w->http);
    keyring_free(w->keyring);
    fixture_free(w->store);
    free(w);
}

/* ---- readers ---- */

static int connect_to(const struct world *w)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int window = 4096;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&w->address, sizeof(w->address)), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* One byte more, unless the server hung up just now. */
static void dribble(int fd)
{
    if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
        assert_true(errno == EPIPE || errno == ECONNRESET);
}

static void ask(int fd, const char *path)
{
    char text[SHOJI_PATH_MAX + 64];
    snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    say(fd, text);
}

/* Has the server hung up, or does it within the time? */
static bool is_cut(int fd, int ms)
{
    struct pollfd end = {.fd = fd, .events = POLLRDHUP};
    return poll(&end, 1, ms) == 1;
}

static bool is_answered(int fd)
{
    struct pollfd come = {.fd = fd, .events = POLLIN};
    return poll(&come, 1, 0) == 1;
}

/* Reads one answer to its end; its status, and the length of its body. */
static int receive(int fd, size_t *ret_body)
{
    char head[4096];
    size_t len = 0, body = 0;
    char *end = NULL;
    while (!end) {
        ssize_t n = recv(fd, head + len, sizeof(head) - 1 - len, 0);
        if (n <= 0)
            return -1;
        len += (size_t)n;
        head[len] = '\0';
        end = strstr(head, "\r\n\r\n");
    }
    int status;
    assert_int_equal(sscanf(head, "HTTP/1.1 %d", &status), 1);
    const char *length = strstr(head, "Content-Length: ");
    assert_non_null(length);
    size_t due = strtoul(length + strlen("Content-Length: "), NULL, 10);
    body = len - (size_t)(end + 4 - head);
    while (body < due) {
        static char more[64 * 1024];
        ssize_t n = recv(fd, more, sizeof(more), 0);
        if (n <= 0)
            return -1;
        body += (size_t)n;
    }
    *ret_body = body;
    return status;
}

/* ---- headers ---- */

static void test_a_dribbled_header_is_cut(void **state)
{
    (void)state;
    struct world *w = world_new((struct watch_conf){
        .header_ms = 300, .answer_ms = LONG_MS, .answer_rate = LIMIT_ANSWER_RATE});
    int64_t began_ms = clock_ms();
    int fd = connect_to(w);
    say(fd, "GET /x HTTP/1.1\r\nHost: x\r\nX-Long: ");
    while (!is_cut(fd, PACE_MS)) {
        dribble(fd);
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
    }
    assert_true(clock_ms() - began_ms >= 300);
    close(fd);
    world_free(w);
}

static void test_slow_readers_lock_nobody_out(void **state)
{
    (void)state;
    struct world *w = world_new((struct watch_conf){
        .header_ms = 300, .answer_ms = LONG_MS, .answer_rate = LIMIT_ANSWER_RATE});
    int64_t began_ms = clock_ms();
    int slow[21]; /* of 20 connections: a listener rounds up */
    for (int i = 0; i < 21; i++) {
        slow[i] = connect_to(w);
        say(slow[i], "GET /");
    }
    int honest = connect_to(w);
    ask(honest, "/x");
    size_t cut = 0;
    while (!is_answered(honest)) {
        for (int i = 0; i < 21; i++) {
            if (slow[i] < 0)
                continue;
            if (is_cut(slow[i], 1)) {
                close(slow[i]);
                slow[i] = -1;
                cut++;
            } else {
                dribble(slow[i]);
            }
        }
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
    }
    assert_true(clock_ms() - began_ms >= 300);
    size_t body;
    assert_int_equal(receive(honest, &body), 404);
    close(honest);
    for (int i = 0; i < 21; i++) {
        if (slow[i] >= 0) {
            cut += is_cut(slow[i], PATIENCE_MS);
            close(slow[i]);
        }
    }
    assert_int_equal(cut, 21);
    world_free(w);
}

static void test_each_header_has_a_time_of_its_own(void **state)
{
    (void)state;
    struct world *w = world_new((struct watch_conf){
        .header_ms = 800, .answer_ms = LONG_MS, .answer_rate = LIMIT_ANSWER_RATE});
    int fd = connect_to(w);
    /* Each header in pieces, all together longer than one may take. */
    for (int i = 0; i < 10; i++) {
        static const char *const pieces[] = {"GET /x ", "HTTP/1.1\r\n", "Host: ", "x\r\n\r\n"};
        for (int piece = 0; piece < 4; piece++) {
            assert_false(is_cut(fd, 2 * PACE_MS));
            say(fd, pieces[piece]);
        }
        size_t body;
        assert_int_equal(receive(fd, &body), 404);
    }
    int64_t began_ms = clock_ms();
    while (!is_cut(fd, PACE_MS)) {
        dribble(fd);
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
    }
    close(fd);
    world_free(w);
}

/* ---- answers ---- */

static void test_an_answer_drained_byte_by_byte_is_cut(void **state)
{
    (void)state;
    /* 300 ms, and 3 MiB at 16 MiB a second: 187 more. */
    struct world *w = world_new(
        (struct watch_conf){.header_ms = LONG_MS, .answer_ms = 300, .answer_rate = 16 * MiB});
    int fd = connect_to(w);
    int64_t began_ms = clock_ms();
    ask(fd, w->path);
    size_t got = 0;
    char byte;
    do {
        assert_int_equal(recv(fd, &byte, 1, 0), 1);
        got++;
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
    } while (!is_cut(fd, PACE_MS));
    assert_true(clock_ms() - began_ms >= 300 + 187);
    /* By a reset: an orderly end would come after all that the kernel keeps, at this pace. */
    ssize_t n;
    while ((n = recv(fd, &byte, 1, 0)) == 1)
        got++;
    assert_int_equal(n, -1);
    assert_int_equal(errno, ECONNRESET);
    assert_true(got < PICTURE_SIZE);
    close(fd);
    world_free(w);
}

static void test_an_answer_has_more_time_than_a_header(void **state)
{
    (void)state;
    struct world *w = world_new((struct watch_conf){
        .header_ms = 200, .answer_ms = LONG_MS, .answer_rate = LIMIT_ANSWER_RATE});
    int fd = connect_to(w);
    ask(fd, w->path);
    assert_false(is_cut(fd, 3 * 200));
    size_t body;
    assert_int_equal(receive(fd, &body), 200);
    assert_int_equal(body, PICTURE_SIZE);
    assert_true(is_cut(fd, PATIENCE_MS)); /* the next header does not come */
    close(fd);
    world_free(w);
}

static void await_answer(int fd)
{
    struct pollfd come = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&come, 1, PATIENCE_MS), 1);
}

/* Three copies of 3 MiB are on their way, and 8 may be. */
static void test_slow_readers_hold_no_more_than_they_may(void **state)
{
    (void)state;
    struct world *w = world_with((struct http_conf){
        .answers_held = 8 * MiB,
        .watch = {.header_ms = LONG_MS, .answer_ms = LONG_MS, .answer_rate = LIMIT_ANSWER_RATE}});
    int slow[3];
    for (int i = 0; i < 3; i++) {
        slow[i] = connect_to(w);
        ask(slow[i], w->path);
        await_answer(slow[i]);
    }
    assert_int_equal(reply_held_bytes(), 3 * PICTURE_SIZE);
    int honest = connect_to(w);
    size_t body;
    ask(honest, w->path);
    assert_int_equal(receive(honest, &body), 503);
    for (int i = 0; i < 3; i++)
        close(slow[i]);
    int status = 503;
    for (int64_t began_ms = clock_ms(); status == 503; poll(NULL, 0, PACE_MS)) {
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
        ask(honest, w->path);
        status = receive(honest, &body);
    }
    assert_int_equal(status, 200);
    assert_int_equal(body, PICTURE_SIZE);
    close(honest);
    world_free(w);
    assert_int_equal(reply_held_bytes(), 0);
}

/* What is hot is one copy, however many read it. */
static void test_slow_readers_share_what_is_hot(void **state)
{
    (void)state;
    struct world *w = world_with((struct http_conf){
        .hot_memory = 64 * MiB,
        .answers_held = 1,
        .watch = {.header_ms = LONG_MS, .answer_ms = LONG_MS, .answer_rate = LIMIT_ANSWER_RATE}});
    int slow[10];
    for (int i = 0; i < 10; i++) {
        slow[i] = connect_to(w);
        ask(slow[i], w->path);
        await_answer(slow[i]);
    }
    assert_int_equal(reply_held_bytes(), PICTURE_SIZE);
    for (int i = 0; i < 10; i++)
        close(slow[i]);
    world_free(w);
}

static void test_who_acknowledges_nothing_is_given_up(void **state)
{
    (void)state;
    int listening, client, accepted;
    char text[LISTENER_TEXT];
    assert_int_equal(listener_open("127.0.0.1:0", 1, &listening, text), 0);
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &len), 0);
    client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof(address)), 0);
    accepted = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(accepted >= 0);
    unsigned ms = 0;
    len = sizeof(ms);
    assert_int_equal(getsockopt(accepted, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, &len), 0);
    assert_int_equal(ms, 30000);
    close(accepted);
    close(client);
    close(listening);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : reply_setup();
}

static int tear_down(void **state)
{
    (void)state;
    reply_teardown();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_dribbled_header_is_cut),
        cmocka_unit_test(test_slow_readers_lock_nobody_out),
        cmocka_unit_test(test_each_header_has_a_time_of_its_own),
        cmocka_unit_test(test_an_answer_drained_byte_by_byte_is_cut),
        cmocka_unit_test(test_an_answer_has_more_time_than_a_header),
        cmocka_unit_test(test_slow_readers_hold_no_more_than_they_may),
        cmocka_unit_test(test_slow_readers_share_what_is_hot),
        cmocka_unit_test(test_who_acknowledges_nothing_is_given_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
