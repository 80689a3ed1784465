#include "test.h"

#include "lib/mime_code.h"

#include <stdio.h>

static void check_decode(enum mime_code code, struct span in, struct span want)
{
    struct buf out = BUF_INIT(1000);
    assert_int_equal(mime_code_decode(code, in, &out), 0);
    assert_int_equal(out.len, want.len);
    assert_memory_equal(buf_span(&out).ptr, want.ptr, want.len);
    buf_free(&out);
}

static void check_qp(struct span in, const char *want)
{
    struct buf out = BUF_INIT(1000);
    assert_int_equal(mime_code_qp(in, SPAN("\n"), SPAN("\r\n"), &out), 0);
    assert_string_equal(buf_span(&out).ptr, want);
    buf_free(&out);
}

/* The example of RFC 2045 section 6.7, rule 5, and its rules one by one. */
static void test_qp_decodes_as_the_rfc_says(void **state)
{
    (void)state;
    check_decode(MIME_CODE_QP,
                 SPAN("Now's the time =\r\nfor all folk to come=\r\n to the aid of their country."),
                 SPAN("Now's the time for all folk to come to the aid of their country."));
    check_decode(MIME_CODE_QP, SPAN("a=0Cb=3Dc"),
                 SPAN("a\x0c"
                      "b=c"));
    check_decode(MIME_CODE_QP, SPAN("blanks \t \r\nend  "), SPAN("blanks\r\nend"));
    check_decode(MIME_CODE_QP, SPAN("kept=20\n"), SPAN("kept \n"));
    check_decode(MIME_CODE_QP, SPAN("soft= \t\nbreak"), SPAN("softbreak"));
}

static void test_qp_decodes_what_is_malformed(void **state)
{
    (void)state;
    check_decode(MIME_CODE_QP, SPAN("=c3=a9"), SPAN("\xc3\xa9")); /* lower case: RFC 2045 6.7 (1) */
    check_decode(MIME_CODE_QP, SPAN("a=b=zz=4"), SPAN("a=b=zz=4"));
    check_decode(MIME_CODE_QP, SPAN("end="), SPAN("end"));
    check_decode(MIME_CODE_QP, SPAN("\xe9\0x"), SPAN("\xe9\0x"));
    check_decode(MIME_CODE_QP, SPAN(""), SPAN(""));
}

static void test_qp_encodes(void **state)
{
    (void)state;
    check_qp(SPAN("caf\xc3\xa9 = \n"), "caf=C3=A9 =3D=20\r\n");
    check_qp(SPAN("tab\t\nend "), "tab=09\r\nend=20");
    check_qp(SPAN("a\rb"), "a=0Db");
    check_qp(SPAN("--boundary\nx --\n"), "=2D-boundary\r\nx --\r\n");
    check_qp(SPAN("From me\n.\n-a"), "=46rom me\r\n=2E\r\n-a");
}

static void test_qp_lines_are_short_and_come_back(void **state)
{
    (void)state;
    char text[700];
    for (size_t i = 0; i < sizeof(text); i++) /* every byte value, in no order */
        text[i] = (char)(i * 37 % 256 == '\r' ? 'r' : i * 37 % 256);
    struct span in = {text, sizeof(text)};
    struct buf coded = BUF_INIT(10000), back = BUF_INIT(10000);
    assert_int_equal(mime_code_qp(in, SPAN("\n"), SPAN("\n"), &coded), 0);
    size_t column = 0;
    for (size_t i = 0; i < coded.len; i++) {
        column = coded.ptr[i] == '\n' ? 0 : column + 1;
        assert_true(column <= 76);
        assert_true((unsigned char)coded.ptr[i] < 0x7f);
    }
    assert_int_equal(mime_code_decode(MIME_CODE_QP, buf_span(&coded), &back), 0);
    assert_int_equal(back.len, in.len);
    assert_memory_equal(back.ptr, in.ptr, in.len);
    buf_free(&coded);
    buf_free(&back);
}

/* RFC 4648 section 10. */
static void test_base64_decodes_the_rfc_vectors(void **state)
{
    (void)state;
    check_decode(MIME_CODE_BASE64, SPAN("Zg=="), SPAN("f"));
    check_decode(MIME_CODE_BASE64, SPAN("Zm8="), SPAN("fo"));
    check_decode(MIME_CODE_BASE64, SPAN("Zm9v"), SPAN("foo"));
    check_decode(MIME_CODE_BASE64, SPAN("Zm9v\r\nYmFy\r\n"), SPAN("foobar"));
}

static void test_base64_decodes_what_is_malformed(void **state)
{
    (void)state;
    check_decode(MIME_CODE_BASE64, SPAN("Zg"), SPAN("f"));
    check_decode(MIME_CODE_BASE64, SPAN("Z m\t9!v"), SPAN("foo"));
    check_decode(MIME_CODE_BASE64, SPAN("Zg==Zm9v"), SPAN("ffoo")); /* two pieces put together */
    check_decode(MIME_CODE_BASE64, SPAN("===="), SPAN(""));
}

static void test_base64_encodes_in_lines(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(1000);
    char zeros[60] = {0};
    assert_int_equal(mime_code_base64((struct span){zeros, 60}, SPAN("\n"), &out), 0);
    char want[100];
    memset(want, 'A', 76);
    snprintf(want + 76, sizeof(want) - 76, "\nAAAA\n");
    assert_string_equal(out.ptr, want);
    buf_free(&out);
}

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(mime_code_find(SPAN(" Quoted-Printable ")), MIME_CODE_QP);
    assert_int_equal(mime_code_find(SPAN("BASE64")), MIME_CODE_BASE64);
    assert_int_equal(mime_code_find(SPAN("8bit")), MIME_CODE_IDENTITY);
    assert_int_equal(mime_code_find(SPAN("")), MIME_CODE_IDENTITY);
    assert_int_equal(mime_code_find(SPAN("8bit+")), MIME_CODE_UNKNOWN);
    assert_int_equal(mime_code_find(SPAN("x-uuencode")), MIME_CODE_UNKNOWN);
}

static void test_a_full_buffer_is_told(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(3);
    assert_true(mime_code_decode(MIME_CODE_BASE64, SPAN("Zm9vYmFy"), &out) < 0);
    buf_clear(&out);
    assert_true(mime_code_qp(SPAN("=="), SPAN("\n"), SPAN("\n"), &out) < 0);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_qp_decodes_as_the_rfc_says),
        cmocka_unit_test(test_qp_decodes_what_is_malformed),
        cmocka_unit_test(test_qp_encodes),
        cmocka_unit_test(test_qp_lines_are_short_and_come_back),
        cmocka_unit_test(test_base64_decodes_the_rfc_vectors),
        cmocka_unit_test(test_base64_decodes_what_is_malformed),
        cmocka_unit_test(test_base64_encodes_in_lines),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
