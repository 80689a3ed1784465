/*
 * Where the HTML rewriter looks at sixteen bytes at once, against what it does byte by byte or what
 * is written down here: every length around a block or four, every place in it.
 */
#include "rewrite_help.h"

#include "base/scan.h"
#include "lib/html_allow.h"

#define LONGEST 70

static void few_bytes(void **state)
{
    (void)state;
    for (size_t len = 1; len < sizeof(scan_block); len++) {
        char text[sizeof(scan_block)];
        for (size_t i = 0; i < len; i++)
            text[i] = (char)(i + 1);
        scan_block block = scan_load_few(text, len);
        bool there[256] = {false};
        for (size_t i = 0; i < sizeof(block); i++)
            there[block[i]] = true;
        for (size_t c = 0; c < 256; c++)
            assert_int_equal(there[c], c >= 1 && c <= len);
    }
}

/* html_allow.h: nothing that could be syntax in CSS; nor "//", where a host begins. */
static bool plain_by_bytes(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (memchr("\0:;(){}\\@<>\"`", value.ptr[i], 13) ||
            (i > 0 && value.ptr[i] == '/' && value.ptr[i - 1] == '/'))
            return false;
    return true;
}

/* In memory of its own length, so that a sanitizer sees what is read behind it. */
static void judge_plain(size_t len, size_t place, size_t count, char c)
{
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'a', len);
    memset(text + place, c, count);
    struct span value = {text, len};
    if (html_value_allowed(HTML_ATTR_PLAIN, value) != plain_by_bytes(value))
        fail_msg("%zu bytes, %02x at %zu", len, (unsigned)(unsigned char)c, place);
    free(text);
}

static void plain_values(void **state)
{
    (void)state;
    assert_true(html_value_allowed(HTML_ATTR_PLAIN, (struct span){"", 0}));
    for (size_t len = 1; len <= 50; len++) {
        for (size_t place = 0; place < len; place++) {
            for (int c = 0; c < 256; c++) {
                judge_plain(len, place, 1, (char)c);
                if (place + 1 < len)
                    judge_plain(len, place, 2, (char)c);
            }
        }
    }
}

static struct buf rewritten(struct span in)
{
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct help_result result;
    assert_int_equal(help_rewrite(&how, in, "", &result), 0);
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    buf_add_span(&out, buf_span(&result.out));
    help_free(&result);
    return out;
}

static void assert_same_text(const struct buf *a, const struct buf *b)
{
    assert_string_equal(a->ptr ? a->ptr : "", b->ptr ? b->ptr : "");
}

/* 13.2.5.36 to 38: what ends no value reads the same in quotes and without. */
static void unquoted_values(void **state)
{
    (void)state;
    static const char *const marks[] = {"&", "&amp;", "<", "\xEF\xBB\xBF", "\"", "`",
                                        "=", "Z",     "/", "\x01"};
    for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
        for (size_t len = 0; len <= 40; len++) {
            for (size_t place = 0; place <= len; place++) {
                char in[2][128];
                for (int quoted = 0; quoted < 2; quoted++)
                    snprintf(in[quoted], sizeof(in[quoted]), "<p title=%sv%.*s%s%.*s%s>behind it",
                             quoted ? "'" : "", (int)place,
                             "abcdefghijabcdefghijabcdefghijabcdefghij", marks[m],
                             (int)(len - place), "abcdefghijabcdefghijabcdefghijabcdefghij",
                             quoted ? "'" : "");
                CLEANUP(buf_free) struct buf plain = rewritten(span_of(in[0]));
                CLEANUP(buf_free) struct buf quoted = rewritten(span_of(in[1]));
                assert_same_text(&plain, &quoted);
            }
        }
    }
}

/* Tags that are alike but for one byte: what the one became is nothing that the other may become.
 */
static void alike_tags(void **state)
{
    (void)state;
    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t place = 0; place < len; place++) {
            CLEANUP(buf_free) struct buf in = BUF_INIT(SIZE_MAX / 2);
            CLEANUP(buf_free) struct buf want = BUF_INIT(SIZE_MAX / 2);
            for (const char *c = "12132"; *c; c++) {
                char value[LONGEST + 1] = "";
                memset(value, 'x', len);
                value[place] = *c;
                buf_add_format(&in, "<P class='%s'>", value);
                buf_add_format(&want, "<p class=\"%s\">", value);
            }
            CLEANUP(buf_free) struct buf got = rewritten(buf_span(&in));
            assert_same_text(&got, &want);
        }
    }
}

/* The same names again in one tag: the first counts, however far behind it the other stands. */
static void names_twice(void **state)
{
    (void)state;
    static const char *const names[] = {"align",  "alt",   "bgcolor", "border", "class",  "clear",
                                        "color",  "cols",  "face",    "height", "hspace", "id",
                                        "valign", "value", "vspace",  "width"};
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    for (size_t again = 0; again < COUNT; again++) {
        CLEANUP(buf_free) struct buf in = BUF_INIT(SIZE_MAX / 2);
        CLEANUP(buf_free) struct buf want = BUF_INIT(SIZE_MAX / 2);
        buf_add_text(&in, "<td");
        buf_add_text(&want, "<td");
        for (size_t i = 0; i < COUNT; i++) {
            buf_add_format(&in, " %s=%zu", names[i], i);
            buf_add_format(&want, " %s=\"%zu\"", names[i], i);
            if (i >= again)
                buf_add_format(&in, " %s=no", names[again]);
        }
        buf_add_char(&in, '>');
        buf_add_char(&want, '>');
        CLEANUP(buf_free) struct buf got = rewritten(buf_span(&in));
        assert_same_text(&got, &want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_bytes),       cmocka_unit_test(plain_values),
        cmocka_unit_test(unquoted_values), cmocka_unit_test(alike_tags),
        cmocka_unit_test(names_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
