/* The text between DATA and its end: RFC 5321, 4.5.2, and what is no line end (2.3.8). */
#include "lmtp/dots.h"

#include "test.h"

struct reading {
    struct span wire;
    struct span text;
    struct span rest; /* behind the end */
};

#define READING(a, b, c)                                                                           \
    {                                                                                              \
        {a, sizeof(a) - 1}, {b, sizeof(b) - 1},                                                    \
        {                                                                                          \
            c, sizeof(c) - 1                                                                       \
        }                                                                                          \
    }

static const struct reading readings[] = {
    READING(".\r\n", "", ""),
    READING("a\r\n.\r\nRSET\r\n", "a\r\n", "RSET\r\n"),
    READING("\r\n.\r\n", "\r\n", ""),
    READING("..\r\n...\r\n.a\r\n.\r\n", ".\r\n..\r\na\r\n", ""),
    READING("a.\r\n .\r\n.\r\n", "a.\r\n .\r\n", ""),
    READING("\xff\0\x80\r\n.\r\n", "\xff\0\x80\r\n", ""),
    READING("a\n.\nb\r\n.\r\n", "a . b\r\n", ""),
    READING("a\n.\r\nb\r\n.\r\n", "a .\r\nb\r\n", ""),
    READING("a\r.\rb\r\n.\r\n", "a . b\r\n", ""),
    READING("a\r\n.\nb\r\n.\r\n", "a\r\n b\r\n", ""),
    READING("a\r\n.\rb\r\n.\r\n", "a\r\n b\r\n", ""),
    READING("a\r\n.\r\r\nb\r\n.\r\n", "a\r\n \r\nb\r\n", ""),
    READING("a\r\r\n.\r\nb", "a \r\n", "b"),
};

static void read_in_pieces(const struct reading *reading, size_t piece)
{
    struct buf text = BUF_INIT(1024);
    struct dots dots = {0};
    size_t at = 0;
    while (dots.at != DOTS_END) {
        struct span in = span_part(reading->wire, at, piece);
        assert_true(in.len > 0);
        at += dots_read(&dots, in, &text);
    }
    assert_int_equal(text.len, reading->text.len);
    assert_memory_equal(buf_span(&text).ptr, reading->text.ptr, text.len);
    assert_int_equal(reading->wire.len - at, reading->rest.len);
    buf_free(&text);
}

static void test_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++)
        for (size_t piece = 1; piece <= readings[i].wire.len; piece++)
            read_in_pieces(&readings[i], piece);
}

static void check_written(struct span text, size_t piece, struct span wanted)
{
    struct buf wire = BUF_INIT(1024);
    struct dots dots = {0};
    for (size_t at = 0; at < text.len; at += piece)
        dots_write(&dots, span_part(text, at, piece), &wire);
    dots_finish(&dots, &wire);
    assert_int_equal(wire.len, wanted.len);
    assert_memory_equal(wire.ptr, wanted.ptr, wire.len);
    buf_free(&wire);
}

static void test_writes(void **state)
{
    (void)state;
    static const struct span cases[][2] = {
        {{"", 0}, {".\r\n", 3}},
        {{".", 1}, {"..\r\n.\r\n", 7}},
        {{"a\r\n.\r\n", 6}, {"a\r\n..\r\n.\r\n", 10}},
        {{"a\n.\nb", 5}, {"a\r\n..\r\nb\r\n.\r\n", 13}},
        {{"a\r.\r\n", 5}, {"a .\r\n.\r\n", 8}},
        {{"a\r", 2}, {"a\r\n.\r\n", 6}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t piece = 1; piece <= cases[i][0].len + 1; piece++)
            check_written(cases[i][0], piece, cases[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads), cmocka_unit_test(test_writes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
