#include "test.h"

#include "base/limits.h"
#include "lib/mime_scan.h"

#include <stdio.h>

#define TOP MIME_NO_PARENT

struct want {
    enum mime_kind kind;
    size_t parent;
    const char *body; /* NULL: a container, whose body is that of its parts */
};

static void check_parts(const char *text, const struct want *want, size_t count)
{
    struct mime_scan scan = {0};
    struct span message = span_of(text);
    assert_int_equal(mime_scan(message, &scan), 0);
    assert_int_equal(scan.count, count);
    for (size_t i = 0; i < count; i++) {
        const struct mime_part *part = &scan.parts[i];
        assert_int_equal(part->kind, want[i].kind);
        assert_true(part->parent == want[i].parent);
        assert_true(part->delim <= part->header && part->header <= part->header_end &&
                    part->header_end <= part->body && part->body <= part->end &&
                    part->end <= part->after && part->after <= message.len);
        if (!want[i].body)
            continue;
        char *body = strndup(text + part->body, part->end - part->body);
        assert_string_equal(body, want[i].body);
        free(body);
    }
    mime_scan_free(&scan);
}

#define CHECK(text, ...)                                                                           \
    check_parts(text, (const struct want[]){__VA_ARGS__},                                          \
                sizeof((const struct want[]){__VA_ARGS__}) / sizeof(struct want))

/* RFC 2046 section 5.1.1, the simple example: preamble, implicitly and explicitly typed, epilogue.
 */
static void test_the_example_of_the_rfc(void **state)
{
    (void)state;
    CHECK("From: Nathaniel Borenstein <nsb@bellcore.com>\r\n"
          "MIME-Version: 1.0\r\n"
          "Content-type: multipart/mixed; boundary=\"simple boundary\"\r\n"
          "\r\n"
          "This is the preamble.\r\n"
          "\r\n"
          "--simple boundary\r\n"
          "\r\n"
          "This is implicitly typed plain US-ASCII text.\r\n"
          "It does NOT end with a linebreak.\r\n"
          "--simple boundary\r\n"
          "Content-type: text/plain; charset=us-ascii\r\n"
          "\r\n"
          "It DOES end with a linebreak.\r\n"
          "\r\n"
          "--simple boundary--\r\n"
          "\r\n"
          "This is the epilogue.\r\n",
          {MIME_MULTIPART, TOP, NULL},
          {MIME_OTHER, 0,
           "This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak."},
          {MIME_OTHER, 0, "It DOES end with a linebreak.\r\n"});
}

static void test_lf_and_mixed_line_ends(void **state)
{
    (void)state;
    CHECK("Content-Type: multipart/mixed; boundary=b\n\n--b\r\n\none\n--b \t\r\n\r\ntwo\r\n--b--\n",
          {MIME_MULTIPART, TOP, NULL}, {MIME_OTHER, 0, "one"}, {MIME_OTHER, 0, "two"});
}

/* A boundary that begins another; the outer one ends an inner one that was not closed. */
static void test_prefix_and_missing_close(void **state)
{
    (void)state;
    CHECK("Content-Type: multipart/mixed; boundary=ab\n\n"
          "--ab\nContent-Type: multipart/alternative; boundary=abc\n\n"
          "--abc\nContent-Type: text/html\n\nhtml\n"
          "--ab\n\nlast",
          {MIME_MULTIPART, TOP, NULL}, {MIME_MULTIPART, 0, NULL}, {MIME_HTML, 1, "html"},
          {MIME_OTHER, 0, "last"});
}

static void test_delimiter_inside_a_header(void **state)
{
    (void)state;
    CHECK("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: "
          "text/html\n--b\n\nx\n--b--",
          {MIME_MULTIPART, TOP, NULL}, {MIME_HTML, 0, ""}, {MIME_OTHER, 0, "x"});
}

static void test_part_after_the_close(void **state)
{
    (void)state;
    CHECK("Content-Type: multipart/mixed; boundary=b\n\n--b--\n--b\nContent-Type: text/html\n\nx\n",
          {MIME_MULTIPART, TOP, NULL}, {MIME_HTML, 0, "x\n"});
}

static void test_boundary_spellings(void **state)
{
    (void)state;
    static const char *const types[] = {
        "multipart/mixed; boundary=\"x:y\"",
        "Multipart/Mixed;\r\n\tBOUNDARY=\"x:y\"",
        "multipart/mixed (a (nested) comment); charset=x; boundary=\"x:y\" (end)",
        "multipart/mixed; boundary*0=\"x\"; boundary*1=\":y\"", /* RFC 2231 section 3 */
        "multipart/mixed; boundary*=us-ascii'en'x%3Ay",         /* section 4 */
        "multipart/mixed; boundary*1*=%3Ay; boundary*0*=''x",   /* both, and any order */
        "multipart/mixed boundary=x:y",
        "multipart/mixed; boundary = \"x\\:y\"",
        "multipart/mixed; boundary=\"x:y  \"",
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char text[300];
        snprintf(text, sizeof(text), "Content-Type: %s\r\n\r\n--x:y\r\n\r\nbody\r\n--x:y--\r\n",
                 types[i]);
        CHECK(text, {MIME_MULTIPART, TOP, NULL}, {MIME_OTHER, 0, "body"});
    }
}

static void test_messages_within(void **state)
{
    (void)state;
    CHECK("Content-Type: message/rfc822\n\nSubject: in\nContent-Type: text/html\n\nhtml\n",
          {MIME_MESSAGE, TOP, NULL}, {MIME_HTML, 0, "html\n"});
    CHECK("Content-Type: multipart/digest; boundary=b\n\n--b\n\nContent-Type: "
          "text/html\n\nx\n--b--\n",
          {MIME_MULTIPART, TOP, NULL}, {MIME_MESSAGE, 0, NULL}, {MIME_HTML, 1, "x"});
    CHECK("Content-Type: message/global\nContent-Transfer-Encoding: base64\n\nAAAA\n",
          {MIME_ENCODED_MESSAGE, TOP, "AAAA\n"});
}

static void check_kind(const char *header, enum mime_kind kind)
{
    char text[400];
    snprintf(text, sizeof(text), "%s\n\nbody\n", header);
    CHECK(text, {kind, TOP, NULL});
}

static void test_kinds(void **state)
{
    (void)state;
    check_kind("Subject: none", MIME_OTHER);
    check_kind("Content-Type: TEXT/HTML", MIME_HTML);
    check_kind("Content-Type:\n text/html", MIME_HTML);
    check_kind("Content-Type : text/html", MIME_HTML);
    check_kind("Content-Type: html", MIME_HTML);
    check_kind("Content-Type: \"text/html\"", MIME_HTML);
    check_kind("Content-Type: (x) text/html (y)", MIME_HTML);
    check_kind("Content-Type: text/x-html", MIME_HTML);
    check_kind("Content-Type: application/xhtml+xml", MIME_HTML);
    check_kind("Content-Type: text/plain\nContent-Type: text/html", MIME_HTML);
    check_kind("Content-Type: text/html\nContent-Type: text/plain", MIME_HTML);
    check_kind("Content-Type: text/plain\nnot a field\nContent-Type: text/html", MIME_HTML);
    check_kind("Subject: x\rContent-Type: text/html", MIME_OTHER);
    check_kind("\xef\xbb\xbf"
               "Content-Type: text/html",
               MIME_HTML);
    check_kind("Content-Type: application/octet-stream; name=a.HTM", MIME_HTML);
    check_kind("Content-Type: application/x; name*=utf-8''a%2Ehtml", MIME_HTML);
    check_kind("Content-Disposition: inline; filename=\"a.html\"", MIME_HTML);
    check_kind("Content-Type: application/octet-stream\n"
               "Content-Disposition: attachment; filename=a.html",
               MIME_OTHER);
    check_kind("Content-Type: text/plain; name=a.html", MIME_OTHER);
    check_kind("Content-Type: text/x-amp-html", MIME_AMP);
    check_kind("Content-Type: image/svg+xml", MIME_SVG);
    check_kind("Content-Type: image/svg+xml\nContent-Disposition: attachment", MIME_OTHER);
    check_kind("Content-Type: image/svg+xml\nContent-Disposition: attachment\n"
               "Content-Disposition: inline",
               MIME_SVG);
    check_kind("Content-Type: text/css", MIME_STYLE);
    check_kind("Content-Type: message/partial; id=x", MIME_PARTIAL);
    check_kind("Content-Type: message/external-body; access-type=URL", MIME_EXTERNAL);
    check_kind("Content-Type: text/markdown", MIME_MARKUP);
    check_kind("Content-Type: multipart/mixed", MIME_BROKEN);
    check_kind("Content-Type: multipart/mixed; boundary=\"\"", MIME_BROKEN);
    check_kind("Content-Type: application/pkcs7-mime", MIME_OTHER);
}

/* Lines that only a careless reader takes for delimiters. */
static void test_odd_lines(void **state)
{
    (void)state;
    struct mime_scan scan = {0};
    struct span message = SPAN("Content-Type: multipart/mixed; boundary=b\n\n"
                               "--bogus\n--b\n\ntext\r--b\n--b-\n--b--\n-- b\n");
    assert_int_equal(mime_scan(message, &scan), 0);
    assert_int_equal(scan.count, 2);
    assert_int_equal(scan.odds_count, 3);
    assert_int_equal(scan.odds[0].place, MIME_AROUND);
    assert_int_equal(scan.odds[1].place, MIME_IN_BODY);
    assert_memory_equal(message.ptr + scan.odds[0].at, "--bogus", 7);
    assert_memory_equal(message.ptr + scan.odds[1].at - 1, "\r--b\n", 5);
    assert_memory_equal(message.ptr + scan.odds[2].at, "--b-\n", 5);
    mime_scan_free(&scan);
}

static void test_two_meanings_are_refused(void **state)
{
    (void)state;
    struct mime_scan scan = {0};
    struct span message = SPAN("Content-Type: multipart/mixed; boundary=\"a--\"\n\n--a--\n"
                               "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nx\n--a--\n");
    assert_int_equal(mime_scan(message, &scan), MIME_SCAN_AMBIGUOUS);
    mime_scan_free(&scan);
}

/* `piece` times over; every '#' in it becomes the number of the turn. */
static int scan_repeated(const char *head, const char *piece, size_t times)
{
    struct buf text = BUF_INIT(64 * MiB);
    struct mime_scan scan = {0};
    buf_add_text(&text, head);
    for (size_t i = 0; i < times; i++)
        for (const char *at = piece; *at; at++)
            *at == '#' ? buf_add_format(&text, "%zu", i) : buf_add_char(&text, *at);
    int answer = mime_scan(buf_span(&text), &scan);
    mime_scan_free(&scan);
    buf_free(&text);
    return answer;
}

static void test_limits(void **state)
{
    (void)state;
    const char *parts = "Content-Type: multipart/mixed; boundary=b\n\n";
    assert_int_equal(scan_repeated(parts, "--b\n\nx\n", LIMIT_MIME_PARTS - 1), 0);
    assert_int_equal(scan_repeated(parts, "--b\n\nx\n", LIMIT_MIME_PARTS), MIME_SCAN_LIMIT);
    const char *nest = "Content-Type: multipart/mixed; boundary=b#.\n\n--b#.\n";
    assert_int_equal(scan_repeated("", nest, LIMIT_MIME_DEPTH), 0);
    assert_int_equal(scan_repeated("", nest, LIMIT_MIME_DEPTH + 1), MIME_SCAN_LIMIT);
    const char *within = "Content-Type: message/rfc822\n\n";
    assert_int_equal(scan_repeated("", within, LIMIT_MIME_DEPTH), 0);
    assert_int_equal(scan_repeated("", within, 10000), MIME_SCAN_LIMIT);
    assert_int_equal(scan_repeated("", "X: 12345\n", LIMIT_HEADER_BLOCK / 9), 0);
    assert_int_equal(scan_repeated("", "X: 12345\n", LIMIT_HEADER_BLOCK / 9 + 1), MIME_SCAN_LIMIT);
}

static void test_nothing_to_see(void **state)
{
    (void)state;
    CHECK("", {MIME_OTHER, TOP, ""});
    CHECK("\n", {MIME_OTHER, TOP, ""});
    CHECK("\r\n\r\nx", {MIME_OTHER, TOP, "\r\nx"});
    CHECK("From a@b Mon Jan 1 00:00:00 2024\nContent-Type: text/html\n\nx", {MIME_HTML, TOP, "x"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_the_rfc),
        cmocka_unit_test(test_lf_and_mixed_line_ends),
        cmocka_unit_test(test_prefix_and_missing_close),
        cmocka_unit_test(test_delimiter_inside_a_header),
        cmocka_unit_test(test_part_after_the_close),
        cmocka_unit_test(test_boundary_spellings),
        cmocka_unit_test(test_messages_within),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_odd_lines),
        cmocka_unit_test(test_two_meanings_are_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_nothing_to_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
