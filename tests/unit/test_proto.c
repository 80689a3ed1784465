/*
 * The sockets for programs, and clients that are stuck or mean it. The deadlines are short here, so
 * that who would have to be slow for minutes is slow for less than a second.
 */
#include "test.h"

#include "admin/proto.h"
#include "base/limits.h"
#include "sys/clock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* For what must come: far below LIMIT_PROGRAM_IDLE_S, which would come to the rescue. */
#define PATIENCE_MS 12000
#define LONG_MS     60000
#define PACE_MS     20

#define CLIENTS 6
#define OF_PEER 3

#define TOKEN  "correct-horse-battery"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"

/* ---- a socket ---- */

struct world {
    char dir[64];
    char token_file[96];
    char path[96];
    struct proto *proto;
    bool tcp;
    struct sockaddr_in address;
    int release[2]; /* closed by the test: /held goes on */
};

static enum MHD_Result run_ok(struct call *call)
{
    return call_send_json(call, MHD_HTTP_OK, json_pack("{s:s}", "status", "ok"));
}

static enum MHD_Result run_held(struct call *call)
{
    const struct world *w = call->env;
    struct pollfd held = {.fd = w->release[0], .events = POLLIN};
    poll(&held, 1, PATIENCE_MS);
    return run_ok(call);
}

#define LARGE (8 * MiB) /* more than the kernel keeps for a socket */

static enum MHD_Result run_large(struct call *call)
{
    return call_send(call, "text/plain", calloc(1, LARGE), LARGE);
}

static const struct proto_endpoint endpoints[] = {
    {"GET", "/ok", 0, run_ok},
    {"GET", "/held", 0, run_held},
    {"GET", "/large", 0, run_large},
    {"POST", "/body", 64 * KiB, run_ok},
};

static struct world *world_new(bool tcp, struct watch_conf watch)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->tcp = tcp;
    strcpy(w->dir, "/tmp/shoji-proto-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->token_file, sizeof(w->token_file), "%s/token", w->dir);
    snprintf(w->path, sizeof(w->path), "%s/socket", w->dir);
    int fd = open(w->token_file, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, TOKEN "\n", strlen(TOKEN) + 1), strlen(TOKEN) + 1);
    close(fd);
    assert_int_equal(pipe(w->release), 0);
    watch.tick_ms = 10;
    const struct proto_conf conf = {
        .address = tcp ? "127.0.0.1:0" : w->path,
        .mode = 0600,
        .token_file = tcp ? w->token_file : NULL,
        .max_clients = CLIENTS,
        .max_of_peer = OF_PEER,
        .watch = watch,
        .endpoints = endpoints,
        .endpoints_count = sizeof(endpoints) / sizeof(endpoints[0]),
        .env = w,
    };
    char why[256];
    assert_int_equal(proto_new(&conf, why, &w->proto), 0);
    unsigned short port = 0;
    if (tcp)
        assert_int_equal(sscanf(proto_address(w->proto), "127.0.0.1:%hu", &port), 1);
    w->address.sin_family = AF_INET;
    w->address.sin_port = htons(port);
    w->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return w;
}

static void world_free(struct world *w)
{
    proto_free(w->proto);
    close(w->release[0]);
    if (w->release[1] >= 0)
        close(w->release[1]);
    unlink(w->token_file);
    assert_int_equal(rmdir(w->dir), 0);
    free(w);
}

/* ---- clients ---- */

static int connect_unix(const struct world *w)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, w->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Over TCP from 127.0.0.`host`: all of 127.0.0.0/8 is ours. */
static int connect_from(const struct world *w, unsigned host)
{
    if (!w->tcp)
        return connect_unix(w);
    const struct sockaddr_in from = {.sin_family = AF_INET,
                                     .sin_addr.s_addr = htonl((127U << 24) + host)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&w->address, sizeof(w->address)), 0);
    return fd;
}

/* All of it, unless the server hung up just now. */
static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        assert_true(errno == EPIPE || errno == ECONNRESET);
}

/* Has the server hung up, or does it within the time? */
static bool is_cut(int fd, int ms)
{
    struct pollfd end = {.fd = fd, .events = POLLRDHUP};
    return poll(&end, 1, ms) == 1;
}

/* The status of the one answer that comes within the time, or -1. */
static int status_of(int fd, int ms)
{
    char head[1024];
    struct pollfd come = {.fd = fd, .events = POLLIN};
    if (poll(&come, 1, ms) != 1)
        return -1;
    ssize_t n = recv(fd, head, sizeof(head) - 1, 0);
    int status = -1;
    if (n > 0) {
        head[n] = '\0';
        assert_int_equal(sscanf(head, "HTTP/1.1 %d", &status), 1);
    }
    return status;
}

static int ask_from(const struct world *w, unsigned host)
{
    int fd = connect_from(w, host);
    say(fd, "GET /ok HTTP/1.1\r\nHost: x\r\n" BEARER "\r\n");
    int status = status_of(fd, PATIENCE_MS);
    close(fd);
    return status;
}

/* ---- headers ---- */

static void test_strangers_of_one_address_do_not_fill_it(void **state)
{
    (void)state;
    struct world *w = world_new(true, (struct watch_conf){.header_ms = LONG_MS,
                                                          .answer_ms = LONG_MS,
                                                          .answer_rate = LIMIT_PROGRAM_RATE});
    int strangers[2 * CLIENTS];
    unsigned cut = 0;
    for (unsigned i = 0; i < 2 * CLIENTS; i++) {
        strangers[i] = connect_from(w, 2);
        say(strangers[i], "GET /ok HTTP/1.1\r\n");
    }
    for (unsigned i = OF_PEER; i < 2 * CLIENTS; i++)
        cut += is_cut(strangers[i], PATIENCE_MS);
    assert_int_equal(cut, 2 * CLIENTS - OF_PEER);
    assert_int_equal(ask_from(w, 1), 200);
    for (unsigned i = 0; i < 2 * CLIENTS; i++)
        close(strangers[i]);
    world_free(w);
}

/* As many as there may be, each with a byte now and then: the next is answered all the same. */
static void check_dribblers_go(bool tcp)
{
    struct world *w = world_new(tcp, (struct watch_conf){.header_ms = 300,
                                                         .answer_ms = LONG_MS,
                                                         .answer_rate = LIMIT_PROGRAM_RATE});
    int64_t began_ms = clock_ms();
    int slow[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++) {
        slow[i] = connect_from(w, 1 + i / OF_PEER);
        say(slow[i], "GET /ok HTTP/1.1\r\nX-Long: ");
    }
    for (unsigned left = CLIENTS; left > 0;) {
        left = 0;
        for (unsigned i = 0; i < CLIENTS; i++) {
            if (!is_cut(slow[i], PACE_MS / CLIENTS)) {
                left++;
                say(slow[i], "x");
            }
        }
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
    }
    assert_true(clock_ms() - began_ms >= 300);
    int status = -1; /* libmicrohttpd is told of an end a moment after the client */
    while (status < 0 && clock_ms() - began_ms < 2 * PATIENCE_MS)
        status = ask_from(w, 1);
    assert_int_equal(status, 200);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(slow[i]);
    world_free(w);
}

static void test_dribbled_headers_are_cut_over_tcp(void **state)
{
    (void)state;
    check_dribblers_go(true);
}

static void test_dribbled_headers_are_cut_on_a_unix_socket(void **state)
{
    (void)state;
    check_dribblers_go(false);
}

static void test_who_has_no_token_is_hung_up_on(void **state)
{
    (void)state;
    struct world *w = world_new(true, (struct watch_conf){.header_ms = LONG_MS,
                                                          .answer_ms = LONG_MS,
                                                          .answer_rate = LIMIT_PROGRAM_RATE});
    int fd = connect_from(w, 1);
    say(fd, "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(status_of(fd, PATIENCE_MS), 401);
    assert_true(is_cut(fd, PATIENCE_MS));
    close(fd);
    world_free(w);
}

/* ---- bodies ---- */

/* How long a body of so many bytes is dribbled before the server has had enough. */
static int64_t dribble_body(const struct world *w, const char *header, size_t bytes)
{
    char head[256];
    snprintf(head, sizeof(head), "POST /body HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n",
             header, bytes);
    int64_t began_ms = clock_ms();
    int fd = connect_from(w, 1);
    say(fd, head);
    while (!is_cut(fd, PACE_MS)) {
        say(fd, "x");
        assert_true(clock_ms() - began_ms < PATIENCE_MS);
    }
    close(fd);
    return clock_ms() - began_ms;
}

static void test_a_dribbled_body_is_cut(void **state)
{
    (void)state;
    /* 300 ms, and 32 KiB at 64 KiB a second: 500 more. */
    struct world *w = world_new(
        true, (struct watch_conf){.header_ms = LONG_MS, .answer_ms = 300, .answer_rate = 64 * KiB});
    int64_t took_ms = dribble_body(w, BEARER, 32 * KiB);
    assert_true(took_ms >= 800);
    /* A stranger's is not kept, and no time is spent on it: else it were four minutes. */
    took_ms = dribble_body(w, "", 16 * MiB);
    assert_true(took_ms >= 300);
    world_free(w);
}

/* ---- answers ---- */

static void test_an_answer_that_nobody_takes_is_cut(void **state)
{
    (void)state;
    struct world *w = world_new(
        false,
        (struct watch_conf){.header_ms = LONG_MS, .answer_ms = 300, .answer_rate = 64 * MiB});
    int fd = connect_from(w, 1);
    say(fd, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_true(is_cut(fd, PATIENCE_MS));
    close(fd);
    world_free(w);
}

static void test_what_is_carried_out_has_no_deadline(void **state)
{
    (void)state;
    struct world *w = world_new(
        false,
        (struct watch_conf){.header_ms = 200, .answer_ms = 200, .answer_rate = LIMIT_PROGRAM_RATE});
    int fd = connect_from(w, 1);
    say(fd, "GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_false(is_cut(fd, 3 * 200));
    close(w->release[1]);
    w->release[1] = -1;
    assert_int_equal(status_of(fd, PATIENCE_MS), 200);
    assert_true(is_cut(fd, PATIENCE_MS)); /* the next header does not come */
    close(fd);
    world_free(w);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strangers_of_one_address_do_not_fill_it),
        cmocka_unit_test(test_dribbled_headers_are_cut_over_tcp),
        cmocka_unit_test(test_dribbled_headers_are_cut_on_a_unix_socket),
        cmocka_unit_test(test_who_has_no_token_is_hung_up_on),
        cmocka_unit_test(test_a_dribbled_body_is_cut),
        cmocka_unit_test(test_an_answer_that_nobody_takes_is_cut),
        cmocka_unit_test(test_what_is_carried_out_has_no_deadline),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
