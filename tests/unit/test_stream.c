/* Lines and blocks of a connection, with what is no line, and with what does not come. */
#include "lmtp/stream.h"

#include "sys/fd.h"
#include "test.h"

#include <sys/socket.h>

struct pair {
    struct stream stream;
    int peer;
};

static int set_up(void **state)
{
    int fds[2];
    struct pair *pair = calloc(1, sizeof(*pair));
    assert_non_null(pair);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    assert_int_equal(stream_open(&pair->stream, fds[0], fds[0]), 0);
    pair->peer = fds[1];
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    close(pair->stream.in);
    fd_close(&pair->peer);
    free(pair);
    return 0;
}

static void say(const struct pair *pair, const char *bytes, size_t len)
{
    assert_int_equal(fd_write_all(pair->peer, bytes, len), 0);
}

static void check_line(struct pair *pair, const char *wanted)
{
    struct span line;
    assert_int_equal(stream_line(&pair->stream, 1000, &line), 0);
    assert_true(span_equal(line, span_of(wanted)));
}

static void test_lines(void **state)
{
    struct pair *pair = *state;
    struct span line;
    say(pair, "one\r\n\r\nt\two\r\nbare\nr\ret\r\nnul\0\r\nhal", 33);
    check_line(pair, "one");
    check_line(pair, "");
    check_line(pair, "t\two");
    for (int i = 0; i < 3; i++)
        assert_int_equal(stream_line(&pair->stream, 1000, &line), STREAM_NOT_CRLF);
    assert_int_equal(stream_line(&pair->stream, 1, &line), -ETIMEDOUT);
    say(pair, "f\r\nrest", 7);
    check_line(pair, "half");
    assert_true(span_equal(stream_rest(&pair->stream), SPAN("rest")));
    stream_took(&pair->stream, 4);
    assert_int_equal(stream_fill(&pair->stream, 1), -ETIMEDOUT);
    fd_close(&pair->peer);
    assert_int_equal(stream_fill(&pair->stream, 1000), -ECONNRESET);
    assert_int_equal(stream_line(&pair->stream, 1000, &line), -ECONNRESET);
}

static void test_long_lines(void **state)
{
    static const size_t sizes[] = {LIMIT_LMTP_LINE, 3 * LIMIT_LMTP_BLOCK};
    static char text[3 * LIMIT_LMTP_BLOCK];
    struct pair *pair = *state;
    struct span line;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        say(pair, text, sizes[i]);
        say(pair, "\r\nnext\r\n", 8);
        assert_int_equal(stream_line(&pair->stream, 1000, &line), STREAM_TOO_LONG);
        check_line(pair, "next");
    }
    say(pair, text, LIMIT_LMTP_LINE - 1);
    say(pair, "\r\n", 2);
    assert_int_equal(stream_line(&pair->stream, 1000, &line), 0);
    assert_int_equal(line.len, LIMIT_LMTP_LINE - 1);
}

static void test_stop(void **state)
{
    struct pair *pair = *state;
    struct span line;
    int stop[2];
    assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
    pair->stream.stop = stop[0];
    close(stop[1]); /* readable from now on */
    say(pair, "said\r\n", 6);
    check_line(pair, "said");
    assert_int_equal(stream_line(&pair->stream, 1000, &line), -ECANCELED);
    close(stop[0]);
}

static void test_a_peer_that_takes_nothing(void **state)
{
    struct pair *pair = *state;
    static char text[8 * MiB];
    assert_int_equal(stream_write(&pair->stream, (struct span){text, sizeof(text)}, 1), -ETIMEDOUT);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_PAIR(test_lines),
        WITH_PAIR(test_long_lines),
        WITH_PAIR(test_stop),
        WITH_PAIR(test_a_peer_that_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
