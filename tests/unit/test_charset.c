#include "test.h"

#include "lib/charset.h"

/* Detects, decodes and compares with UTF-8 text. */
static void check(struct span in, const char *label, int want_answer, const char *want)
{
    const struct charset *charset = NULL;
    size_t bom = 99;
    struct buf out = BUF_INIT(10000);
    assert_int_equal(charset_detect(in, span_of(label), &charset, &bom), want_answer);
    assert_non_null(charset);
    if (want) {
        assert_int_equal(charset_decode(charset, span_part(in, bom, in.len), &out), 0);
        assert_string_equal(buf_span(&out).ptr, want);
    }
    buf_free(&out);
}

/* WHATWG Encoding 4.2: the labels of Latin-1 and ASCII mean windows-1252. */
static void test_labels(void **state)
{
    (void)state;
    assert_ptr_equal(charset_find(SPAN("latin1")), charset_find(SPAN(" Windows-1252 ")));
    assert_ptr_equal(charset_find(SPAN("US-ASCII")), charset_find(SPAN("iso-8859-1")));
    assert_ptr_equal(charset_find(SPAN("gb2312")), charset_find(SPAN("GBK")));
    assert_non_null(charset_find(SPAN("utf-7")));
    assert_null(charset_find(SPAN("")));
    assert_null(charset_find(SPAN("utf-8 latin1")));
    assert_null(charset_find(SPAN("utf-8\r\n <div")));
    assert_null(charset_find(SPAN("klingon")));
    assert_null(charset_find(SPAN("1252")));
}

static void test_order_of_the_sources(void **state)
{
    (void)state;
    /* mark over header */
    check(SPAN("\xef\xbb\xbf\xc3\xa9"), "iso-8859-1", 0, "\xc3\xa9");
    /* header over meta */
    check(SPAN("<meta charset=iso-8859-5>\xe9"), "latin1", 0, "<meta charset=iso-8859-5>\xc3\xa9");
    /* meta, both forms: 0xE9 is U+0449 in ISO 8859-5 */
    check(SPAN("<META charset='iso-8859-5'>\xe9"), "", 0, "<META charset='iso-8859-5'>\xd1\x89");
    check(SPAN("<meta http-equiv=x content=\"text/html; charset = iso-8859-5\">\xe9"), "", 0,
          "<meta http-equiv=x content=\"text/html; charset = iso-8859-5\">\xd1\x89");
    /* a label that nobody knows counts for nothing; then UTF-8 if it is, else windows-1252 */
    check(SPAN("\xc3\xa9"), "garbage", 0, "\xc3\xa9");
    check(SPAN("\xe9\x80"), "garbage", 0, "\xc3\xa9\xe2\x82\xac");
}

static void test_known_texts(void **state)
{
    (void)state;
    /* Made with Python's codecs. */
    check(SPAN("\x93\xfa\x96\x7b"), "shift_jis", 0, "\xe6\x97\xa5\xe6\x9c\xac");
    check(SPAN("\x1b$BF|K\\\x1b(B<b>"), "iso-2022-jp", 0, "\xe6\x97\xa5\xe6\x9c\xac<b>");
    check(SPAN("\xd6\xd0\xb9\xfa"), "gb2312", 0, "\xe4\xb8\xad\xe5\x9b\xbd");
    check(SPAN("\xf0\xd2\xc9"), "koi8-r", 0, "\xd0\x9f\xd1\x80\xd0\xb8");
    check(SPAN("\xff\xfe<\0\xe9\0"), "", 0, "<\xc3\xa9");
    check(SPAN("\xfe\xff\0<\0\xe9"), "utf-16", 0, "<\xc3\xa9");
}

/* Encoding standard: an invalid byte is replaced alone, and ASCII behind it stays. */
static void test_malformed_bytes_swallow_no_tag(void **state)
{
    (void)state;
    static const char *const labels[] = {"shift_jis", "big5", "gbk", "gb18030", "euc-kr"};
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        check(SPAN("\x81<b>"), labels[i], 0, "\xef\xbf\xbd<b>");
    check(SPAN("\xa4<b>"), "euc-jp", 0, "\xef\xbf\xbd<b>");
    check(SPAN("<b>\x81"), "shift_jis", 0, "<b>\xef\xbf\xbd");
    check(SPAN("\x81\x30<b>"), "gb18030", 0,
          "\xef\xbf\xbd"
          "0<b>");
    check(SPAN("\xff\xfe<\0\x00\xd8>\0x"), "utf-16le", 0, "<\xef\xbf\xbd>\xef\xbf\xbd");
}

static void test_dangerous_disagreement(void **state)
{
    (void)state;
    check(SPAN("+ADw-img+AD4-"), "utf-7", CHARSET_CONFLICT, "+ADw-img+AD4-");
    check(SPAN("<meta charset=utf-7>"), "", CHARSET_CONFLICT, NULL);
    check(SPAN("<meta charset=utf-7>"), "utf-8", CHARSET_CONFLICT, NULL);
    check(SPAN("<meta charset=iso-2022-jp>"), "utf-8", CHARSET_CONFLICT, NULL);
    check(SPAN("<meta charset=utf-8>"), "utf-16", CHARSET_CONFLICT, NULL);
    check(SPAN("\xff\xfe<\0"), "utf-8", CHARSET_CONFLICT, NULL);
    check(SPAN("~{<img>~}"), "hz-gb-2312", CHARSET_CONFLICT, NULL);
    /* Readable as ASCII, so not UTF-16: HTML standard 13.2.3.2. */
    check(SPAN("<meta charset=utf-16>x"), "utf-8", 0, "<meta charset=utf-16>x");
    check(SPAN("<meta charset=koi8-r>x"), "utf-8", 0, "<meta charset=koi8-r>x");
}

static void test_every_row_has_a_converter(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "iso-8859-2",   "iso-8859-3",   "iso-8859-4",   "iso-8859-5",     "iso-8859-6",
        "iso-8859-7",   "iso-8859-8",   "iso-8859-10",  "iso-8859-13",    "iso-8859-14",
        "iso-8859-15",  "iso-8859-16",  "koi8-r",       "koi8-u",         "ibm866",
        "macintosh",    "mac",          "windows-874",  "x-mac-cyrillic", "windows-1250",
        "windows-1251", "windows-1253", "windows-1254", "windows-1255",   "windows-1256",
        "windows-1257", "windows-1258", "gb18030",      "big5",           "euc-jp",
        "shift_jis",    "euc-kr",       "iso-2022-jp",  "iso-2022-cn",
    };
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        check(SPAN("<i>a</i>"), labels[i], 0, "<i>a</i>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_order_of_the_sources),
        cmocka_unit_test(test_known_texts),
        cmocka_unit_test(test_malformed_bytes_swallow_no_tag),
        cmocka_unit_test(test_dangerous_disagreement),
        cmocka_unit_test(test_every_row_has_a_converter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
