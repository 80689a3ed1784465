/* What would have loaded without being seen: named in the report by kind, host and company. */
#include "test.h"

#include "lib/report.h"
#include "lib/tracker.h"

static const char text[] = "shoji-rules 1\n"
                           "vendor Types\nload fonts.example\n"
                           "vendor Counts\npixel count.example/open\n";

static struct shoji_rules *rules;

static int load_rules(void **state)
{
    (void)state;
    char why[SHOJI_RULES_WHY_SIZE];
    return rules_parse(span_of(text), NULL, why, &rules);
}

static int free_rules(void **state)
{
    (void)state;
    shoji_rules_free(rules);
    return 0;
}

/* "vendor host kind evidence action" of each tracker that was named, a line each. */
static const char *named(void (*name)(struct rewrite_pass *, const char *, struct span,
                                      const char *),
                         const char *base, const char *const *urls, size_t count)
{
    static char lines[4096];
    struct shoji_report report = {0};
    const struct shoji_rewrite how = {.rules = rules};
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    assert_non_null(pass);
    pass->how = &how;
    pass->report = &report;
    for (size_t i = 0; i < count; i++)
        name(pass, base, span_of(urls[i]), i % 2 ? "css" : "font");
    lines[0] = '\0';
    for (size_t i = 0; i < report.trackers_count; i++) {
        const struct shoji_report_tracker *t = &report.trackers[i];
        size_t len = strlen(lines);
        snprintf(lines + len, sizeof(lines) - len, "%s %s %s %s %s\n", t->vendor ? t->vendor : "-",
                 t->host, t->kind, t->evidence, t->action);
    }
    shoji_report_free(&report);
    free(pass);
    return lines;
}

#define NAMED(name, base, ...)                                                                     \
    named(name, base, (const char *const[]){__VA_ARGS__},                                          \
          sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void test_company(void **state)
{
    (void)state;
    assert_string_equal(NAMED(tracker_sheet, NULL, "https://a.fonts.example/f.woff2",
                              "//Fonts.Example/x.css", "http://count.example/open?1",
                              "http://count.example/else", "http://nobody.example/"),
                        "Types a.fonts.example font vendor removed\n"
                        "Types fonts.example css vendor removed\n"
                        "Counts count.example font vendor removed\n"
                        "- count.example css kind removed\n"
                        "- nobody.example font kind removed\n");
}

static void test_what_leads_nowhere(void **state)
{
    (void)state;
    assert_string_equal(NAMED(tracker_sheet, NULL, "", "x.woff2", "data:font/woff2;base64,AA",
                              "cid:x", "local", "file:///etc/x"),
                        "");
    assert_string_equal(NAMED(tracker_sheet, "http://base.example/", "x.woff2"),
                        "- base.example font kind removed\n");
}

static void test_once_a_host_and_kind(void **state)
{
    (void)state;
    assert_string_equal(NAMED(tracker_sheet, NULL, "http://fonts.example/1",
                              "http://fonts.example/1", "http://fonts.example/2",
                              "http://fonts.example/3"),
                        "Types fonts.example font vendor removed\n"
                        "Types fonts.example css vendor removed\n");
    /* Elements are named one by one: each is something of its own. */
    assert_string_equal(NAMED(tracker_silent, NULL, "http://n.example/1", "http://n.example/1",
                              "http://n.example/2"),
                        "- n.example font kind removed\n- n.example css kind removed\n"
                        "- n.example font kind removed\n");
}

/* What names the company of a font makes no tracker of an image. */
static void test_load_rules_are_for_loads(void **state)
{
    (void)state;
    const struct shoji_rewrite how = {.rules = rules};
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    struct tracker_verdict verdict;
    assert_non_null(pass);
    pass->how = &how;
    assert_false(tracker_find(pass, SPAN("https://fonts.example/emoji.png"), false, &verdict));
    assert_true(tracker_find(pass, SPAN("https://count.example/open"), false, &verdict));
    assert_false(shoji_rules_blocks(rules, "https://fonts.example/x", 23));
    free(pass);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_company),
        cmocka_unit_test(test_what_leads_nowhere),
        cmocka_unit_test(test_once_a_host_and_kind),
        cmocka_unit_test(test_load_rules_are_for_loads),
    };
    return cmocka_run_group_tests(tests, load_rules, free_rules);
}
