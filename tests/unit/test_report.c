/* The report: its JSON and its header, in the forms that README gives. */
#include "test.h"

#include "lib/report.h"

#include <jansson.h>

static void test_json_has_every_field(void **state)
{
    (void)state;
    struct shoji_report report = {.images_proxied = 3, .images_inline = 1, .images_dropped = 2};
    report_tracker(&report, SPAN("Mail \"X\""), SPAN("t.example"), "pixel", "vendor", "blocked");
    report_tracker(&report, (struct span){0}, SPAN("u.example"), "pixel", "geometry", "proxied");
    report_neutralised(&report, SPAN("script"));
    report_neutralised(&report, SPAN("on*"));
    report_neutralised(&report, SPAN("script"));
    report_fallback(&report, "limit");
    report_fallback(&report, "memory");
    char *text = shoji_report_json(&report);
    assert_non_null(text);
    assert_null(strchr(text, '\n'));
    json_t *got = json_loads(text, 0, NULL);
    json_t *want = json_loads(
        "{\"v\":1,\"images\":{\"proxied\":3,\"inline\":1,\"dropped\":2},\"trackers\":["
        "{\"vendor\":\"Mail \\\"X\\\"\",\"host\":\"t.example\",\"kind\":\"pixel\",\"evidence\":"
        "\"vendor\",\"action\":\"blocked\"},{\"vendor\":null,\"host\":\"u.example\",\"kind\":"
        "\"pixel\",\"evidence\":\"geometry\",\"action\":\"proxied\"}],\"links\":{\"tracked\":0,"
        "\"cleaned\":0},\"neutralised\":{\"script\":2,\"on*\":1},\"fallback\":\"limit\"}",
        0, NULL);
    assert_non_null(want);
    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
    free(text);
    shoji_report_free(&report);
}

static void test_header_names_each_vendor_once_and_stays_short(void **state)
{
    (void)state;
    struct shoji_report report = {.images_proxied = 2};
    struct buf out = BUF_INIT(10000);
    report_tracker(&report, SPAN("Acme, Inc;\r\nX: y"), SPAN("a"), "pixel", "vendor", "blocked");
    report_tracker(&report, SPAN("Other"), SPAN("b"), "pixel", "vendor", "blocked");
    report_tracker(&report, SPAN("Other"), SPAN("c"), "pixel", "vendor", "blocked");
    report_tracker(&report, (struct span){0}, SPAN("d"), "pixel", "geometry", "proxied");
    assert_int_equal(report_header(&report, &out), 0);
    assert_string_equal(out.ptr, "v=1; images=2; trackers=4; by=Acme IncX: y,Other; fallback=no");
    for (int i = 0; i < 1000; i++) {
        char name[32];
        int len = snprintf(name, sizeof(name), "vendor-%d", i);
        report_tracker(&report, (struct span){name, (size_t)len}, SPAN("e"), "pixel", "vendor",
                       "blocked");
    }
    report_fallback(&report, "limit");
    buf_clear(&out);
    assert_int_equal(report_header(&report, &out), 0);
    assert_true(out.len <= 900 && out.len > 800);
    assert_non_null(strstr(out.ptr, "trackers=1004;"));
    assert_true(span_ends(buf_span(&out), SPAN("; fallback=yes")));
    buf_free(&out);
    shoji_report_free(&report);
}

static void test_names_are_limited_and_counts_are_not(void **state)
{
    (void)state;
    struct shoji_report report = {0};
    for (int i = 0; i < 1000; i++) {
        char name[32];
        int len = snprintf(name, sizeof(name), "x-%d", i);
        report_neutralised(&report, (struct span){name, (size_t)len});
    }
    report_neutralised(&report, SPAN("bad\r\nname"));
    size_t sum = 0;
    for (size_t i = 0; i < report.constructs_count; i++)
        sum += report.constructs[i].count;
    assert_int_equal(report.constructs_count, SHOJI_REPORT_KINDS);
    assert_int_equal(sum, 1001);
    shoji_report_free(&report);
    report_neutralised(&report, SPAN("bad\r\nname"));
    assert_string_equal(report.constructs[0].name, "bad??name");
    shoji_report_free(&report);
    report_neutralised(NULL, SPAN("x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_has_every_field),
        cmocka_unit_test(test_header_names_each_vendor_once_and_stays_short),
        cmocka_unit_test(test_names_are_limited_and_counts_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
