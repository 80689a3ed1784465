#include "test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "net/head.h"

#include <errno.h>

/* Feeds a head the way libcurl does, a line at a time; what the last line answered. */
static int feed(struct head *head, const char *text)
{
    int r = HEAD_MORE;
    while (*text && r == HEAD_MORE) {
        const char *end = strchr(text, '\n');
        size_t len = end ? (size_t)(end - text) + 1 : strlen(text);
        r = head_line(head, (struct span){text, len});
        text += len;
    }
    return r;
}

static enum fetch_outcome outcome_of(const char *text)
{
    struct head head = {0};
    int r = feed(&head, text);
    enum fetch_outcome outcome = r == HEAD_COMPLETE    ? head_outcome(&head)
                                 : r == HEAD_TOO_LARGE ? FETCH_TOO_LARGE
                                                       : FETCH_BROKEN;
    head_free(&head);
    return outcome;
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum fetch_outcome plain;
        enum fetch_outcome with_location;
    } cases[] = {
        {200, FETCH_OK, FETCH_OK},
        {201, FETCH_BROKEN, FETCH_BROKEN},
        {204, FETCH_GONE, FETCH_GONE},
        {206, FETCH_BROKEN, FETCH_BROKEN},
        {300, FETCH_BROKEN, FETCH_BROKEN},
        {301, FETCH_BROKEN, FETCH_REDIRECT},
        {302, FETCH_BROKEN, FETCH_REDIRECT},
        {303, FETCH_BROKEN, FETCH_REDIRECT},
        {304, FETCH_BROKEN, FETCH_BROKEN},
        {305, FETCH_BROKEN, FETCH_BROKEN},
        {307, FETCH_BROKEN, FETCH_REDIRECT},
        {308, FETCH_BROKEN, FETCH_REDIRECT},
        {400, FETCH_GONE, FETCH_GONE},
        {403, FETCH_GONE, FETCH_GONE},
        {404, FETCH_GONE, FETCH_GONE},
        {408, FETCH_ORIGIN_ERROR, FETCH_ORIGIN_ERROR},
        {410, FETCH_GONE, FETCH_GONE},
        {425, FETCH_ORIGIN_ERROR, FETCH_ORIGIN_ERROR},
        {429, FETCH_ORIGIN_ERROR, FETCH_ORIGIN_ERROR},
        {500, FETCH_ORIGIN_ERROR, FETCH_ORIGIN_ERROR},
        {503, FETCH_ORIGIN_ERROR, FETCH_ORIGIN_ERROR},
        {599, FETCH_ORIGIN_ERROR, FETCH_ORIGIN_ERROR},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "HTTP/1.1 %d Reason\r\n\r\n", cases[i].status);
        assert_int_equal(outcome_of(text), cases[i].plain);
        snprintf(text, sizeof(text), "HTTP/1.0 %d\r\nlocation:/x\r\n\r\n", cases[i].status);
        assert_int_equal(outcome_of(text), cases[i].with_location);
    }
}

static void test_fields(void **state)
{
    (void)state;
#define OK "HTTP/1.1 200 OK\r\n"
    assert_int_equal(outcome_of(OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), FETCH_OK);
    assert_int_equal(outcome_of(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Length: 5, 5\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Length: -5\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Length: 0x5\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Length:\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Length: 99999999999999999999\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Encoding: gzip\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "CONTENT-ENCODING:br\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Content-Encoding: Identity \r\n\r\n"), FETCH_OK);
    assert_int_equal(outcome_of(OK "Content-Encoding:\r\n\r\n"), FETCH_OK);
    assert_int_equal(outcome_of(OK "Content-Encoding: identity\r\nContent-Encoding: gzip\r\n\r\n"),
                     FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Transfer-Encoding: Chunked\r\n\r\n"), FETCH_OK);
    assert_int_equal(outcome_of(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "Transfer-Encoding: gzip\r\n\r\n"), FETCH_BROKEN);
    /* RFC 9112, 6.3: Transfer-Encoding overrides. */
    assert_int_equal(outcome_of(OK "Transfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n"),
                     FETCH_OK);
    /* RFC 9112, 5.2: folded lines; harmless in fields that nobody reads here. */
    assert_int_equal(outcome_of(OK "X-A: b\r\n c\r\n\r\n"), FETCH_OK);
    assert_int_equal(outcome_of(OK "Content-Length: 5\r\n 6\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of(OK "no colon\r\n\r\n"), FETCH_OK);
    assert_int_equal(outcome_of("HTTP/2 200\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of("ICY 200 OK\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of("HTTP/1.1 20\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of("HTTP/1.1\r\n\r\n"), FETCH_BROKEN);
    assert_int_equal(outcome_of("HTTP/1.1 101 Switching\r\n\r\n"), FETCH_BROKEN);
}

static void test_interim_answers_lend_nothing(void **state)
{
    (void)state;
    struct head head = {0};
    assert_int_equal(feed(&head, "HTTP/1.1 103 Early Hints\r\nLocation: /early\r\n"
                                 "Content-Encoding: gzip\r\nContent-Length: 7\r\n\r\n"
                                 "HTTP/1.1 302 Found\r\n\r\n"),
                     HEAD_COMPLETE);
    assert_int_equal(head.status, 302);
    assert_null(head.location);
    assert_false(head.coded);
    assert_false(head.has_length);
    head_free(&head);

    struct buf flood = BUF_INIT(1 * MiB);
    for (unsigned i = 0; i < LIMIT_INTERIM; i++)
        buf_add_text(&flood, "HTTP/1.1 102 Processing\r\n\r\n");
    size_t just = flood.len;
    buf_add_text(&flood, OK "\r\n");
    assert_int_equal(outcome_of(flood.ptr), FETCH_OK);
    flood.len = just;
    buf_add_text(&flood, "HTTP/1.1 102 Processing\r\n\r\n" OK "\r\n");
    assert_int_equal(outcome_of(flood.ptr), FETCH_BROKEN);
    buf_free(&flood);
}

static void test_trailers_change_nothing_but_are_counted(void **state)
{
    (void)state;
    struct head head = {0};
    assert_int_equal(feed(&head, OK "Transfer-Encoding: chunked\r\n\r\n"), HEAD_COMPLETE);
    assert_int_equal(feed(&head, "Location: /trailer\r\nContent-Encoding: gzip\r\n"
                                 "HTTP/1.1 404 Not Found\r\n\r\n"),
                     HEAD_MORE);
    assert_null(head.location);
    assert_int_equal(head_outcome(&head), FETCH_OK);
    char line[1000];
    memset(line, 'x', sizeof(line));
    int r = HEAD_MORE;
    for (int i = 0; i < 64 && r == HEAD_MORE; i++)
        r = head_line(&head, (struct span){line, sizeof(line)});
    assert_int_equal(r, HEAD_MORE);
    for (int i = 0; i < 2 && r == HEAD_MORE; i++)
        r = head_line(&head, (struct span){line, sizeof(line)});
    assert_int_equal(r, HEAD_TOO_LARGE);
    head_free(&head);
}

static void test_location(void **state)
{
    (void)state;
    struct head head = {0};
    assert_int_equal(feed(&head, "HTTP/1.1 302 Found\r\nLocation: \t//b\xff.example/\"x y\t\r\n"
                                 "Location: /second\r\n\r\n"),
                     HEAD_COMPLETE);
    assert_string_equal(head.location, "//b\xff.example/\"x y");
    head_free(&head);

    struct buf text = BUF_INIT(1 * MiB);
    buf_add_text(&text, "HTTP/1.1 302 Found\r\nLocation: ");
    for (unsigned i = 0; i < LIMIT_LOCATION; i++)
        buf_add_char(&text, 'a');
    size_t longest = text.len;
    buf_add_text(&text, "\r\n\r\n");
    assert_int_equal(outcome_of(text.ptr), FETCH_REDIRECT);
    text.len = longest;
    buf_add_text(&text, "a\r\n\r\n");
    assert_int_equal(outcome_of(text.ptr), FETCH_TOO_LARGE);
    buf_free(&text);

    static const char nul[] = "Location: /a\0b\r\n";
    assert_int_equal(feed(&head, "HTTP/1.1 302 Found\r\n"), HEAD_MORE);
    assert_int_equal(head_line(&head, (struct span){nul, sizeof(nul) - 1}), HEAD_BROKEN);
    head_free(&head);
}

static void test_lengths(void **state)
{
    (void)state;
    struct head head = {0};
    assert_false(head_agrees(&head, 0));
    assert_int_equal(feed(&head, OK "Content-Length: 10\r\n\r\n"), HEAD_COMPLETE);
    assert_true(head_agrees(&head, 10));
    assert_false(head_agrees(&head, 9));
    assert_false(head_agrees(&head, 11));
    head_free(&head);
    assert_int_equal(feed(&head, OK "\r\n"), HEAD_COMPLETE);
    assert_true(head_agrees(&head, 123));
    head_free(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_interim_answers_lend_nothing),
        cmocka_unit_test(test_trailers_change_nothing_but_are_counted),
        cmocka_unit_test(test_location),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
