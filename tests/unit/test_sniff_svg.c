#include "test.h"

#include "base/limits.h"
#include "decode/sniff.h"

#include <stdbool.h>
#include <string.h>

#define ROOT "<svg xmlns='http://www.w3.org/2000/svg'/>"

static bool is_svg(const char *text)
{
    return sniff_type(text, strlen(text)) == IMAGE_SVG;
}

/* XML 1.0, sections 2.8 and 2.5: what a prolog may hold. */
static void test_documents(void **state)
{
    (void)state;
    static const char *const documents[] = {
        ROOT,
        "<svg>",
        "<svg\n>",
        "<svg/>",
        " \r\n\t" ROOT,
        "\xef\xbb\xbf" ROOT,
        "<?xml version='1.0' encoding='UTF-8'?>\n" ROOT,
        "\xef\xbb\xbf<?xml version='1.0'?><?xml-stylesheet href='a.css'?>" ROOT,
        "<!-- <html> & -- > ' -->\n<!-- another -->" ROOT,
        "<!DOCTYPE svg>" ROOT,
        "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' \"http://www.w3.org/a>b.dtd\">" ROOT,
        "<!DOCTYPE svg [<!ENTITY a \"]>\"><!-- it's ]> --><?p ]> ?> %x; ] >\n<!-- x -->" ROOT,
        "<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>",
        "<!DOCTYPE s:svg><s:svg >",
    };
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        if (!is_svg(documents[i]))
            fail_msg("not seen: %s", documents[i]);
}

static void test_anything_else(void **state)
{
    (void)state;
    static const char *const others[] = {
        "",
        "<",
        "svg",
        "<svg",
        "<SVG>",
        "<svgx>",
        "<svg:x>",
        "<svg:svgs>",
        "< svg>",
        "<html><body>" ROOT,
        "<!DOCTYPE html>" ROOT,
        "<!DOCTYPE svgs>" ROOT,
        "<!doctype svg>" ROOT,
        "text " ROOT,
        "<!-- " ROOT,
        "<?xml version='1.0' " ROOT,
        "<!DOCTYPE svg [ " ROOT,
        "<!DOCTYPE svg '> " ROOT,
        "<!DOCTYPE",
        "<!DOCTYPE svg",
        "<!-",
        "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'>" ROOT,
        "\x1f\x8b\x08",
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (is_svg(others[i]))
            fail_msg("taken for one: %s", others[i]);
}

static void test_utf16(void **state)
{
    (void)state;
    static const char little[] = "\xff\xfe<\0?\0x\0m\0l\0 \0\x16\x20?\0>\0<\0s\0v\0g\0 \0";
    static const char big[] = "\xfe\xff\0<\0s\0v\0g\0/\0>";
    assert_int_equal(sniff_type(little, sizeof(little) - 1), IMAGE_SVG);
    assert_int_equal(sniff_type(big, sizeof(big) - 1), IMAGE_SVG);
    /* without its mark, or with letters that only look like it in their lower half */
    assert_int_equal(sniff_type(little + 2, sizeof(little) - 3), IMAGE_NONE);
    assert_int_equal(sniff_type("\xff\xfe<\1s\1v\1g\1 \1", 12), IMAGE_NONE);
    assert_int_equal(sniff_type("\xff\xfe", 2), IMAGE_NONE);
}

/* What stands before the element may be long, not endless. */
static void test_prefix_is_bounded(void **state)
{
    (void)state;
    static char text[LIMIT_SNIFF_SVG + sizeof(ROOT)];
    size_t room = LIMIT_SNIFF_SVG - strlen("<svg ");
    memset(text, ' ', sizeof(text));
    memcpy(text + room, ROOT, strlen(ROOT));
    assert_int_equal(sniff_type(text, sizeof(text)), IMAGE_SVG);
    memset(text, ' ', sizeof(text));
    memcpy(text + room + 1, ROOT, strlen(ROOT));
    assert_int_equal(sniff_type(text, sizeof(text)), IMAGE_NONE);
}

/* Every beginning of a document, from memory that ends there: nothing is read beyond. */
static void test_every_cut(void **state)
{
    (void)state;
    static const char whole[] =
        "\xef\xbb\xbf<?xml?><!-- - --><!DOCTYPE svg [<!ENTITY a '>'>]><svg ";
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char *cut = malloc(len + 1);
        assert_non_null(cut);
        char *exact = len ? realloc(cut, len) : cut;
        memcpy(exact, whole, len);
        assert_int_equal(sniff_type(exact, len), IMAGE_NONE);
        free(exact);
    }
    assert_true(is_svg(whole));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_anything_else),
        cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_prefix_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
