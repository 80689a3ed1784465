/* Links that follow people: found, named, and cleaned; and the size of what is not to be seen. */
#include "rewrite_help.h"

#include "lib/html_size.h"
#include "lib/rules.h"
#include "lib/tracker.h"

static const char list[] = "shoji-rules 1\n"
                           "vendor Analytics\nparam utm_*\n"
                           "vendor Social\nparam fbclid\nunwrap l.social.example/l.php u\n"
                           "vendor Shop\nparam ref_ shop.example\n"
                           "vendor Mailer\nclick click.mailer.example\nunwrap */L0/ /\n"
                           "pixel t.mailer.example\n";

static struct shoji_rules *rules_new(void)
{
    char why[SHOJI_RULES_WHY_SIZE];
    struct shoji_rules *rules = NULL;
    if (rules_parse(span_of(list), NULL, why, &rules) != 0)
        fail_msg("%s", why);
    return rules;
}

static void test_clean(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *out; /* NULL: the same */
    } rows[] = {
        {"https://a.example/", NULL},
        {"https://a.example/?id=1", NULL},
        {"https://a.example/?utm_source=x", "https://a.example/"},
        {"https://a.example/?UTM_Source=x&id=1#top", "https://a.example/?id=1#top"},
        {"https://a.example/?id=1&fbclid=2&utm_a&b=3", "https://a.example/?id=1&b=3"},
        {"https://a.example/?%75tm_source=x", "https://a.example/"},
        {"https://a.example/?autm_source=x&my_fbclid=1", NULL},
        {"https://a.example/utm_source=x", NULL},
        {"https://a.example/#?utm_source=x", NULL},
        {"https://a.example/?ref_=1", NULL},
        {"https://www.shop.example/?ref_=1", "https://www.shop.example/"},
        {"https://l.social.example/l.php?u=https%3A%2F%2Fb.example%2Fx%3Fq%3D1%26fbclid%3D2&h=3",
         "https://b.example/x?q=1"},
        {"https://l.social.example/l.php?h=1", NULL},
        {"https://l.social.example/l.php?u=javascript%3Aalert(1)", NULL},
        {"https://l.social.example/l.php?u=%2F%2Fb.example", NULL},
        {"https://other.example/l.php?u=https%3A%2F%2Fb.example%2F", NULL},
        {"https://x.example/L0/https:%2F%2Fb.example%2Fp%3Fa=1/1/0102-abc/sig=",
         "https://b.example/p?a=1"},
        {"https://x.example/L0/https://b.example/p/q?r=1", "https://b.example/p/q?r=1"},
        {"https://click.mailer.example/abc", NULL},
        {"https://l.social.example/l.php?u=https%3A%2F%2Fu%3Ap%40b.example%2F%23part",
         "https://b.example/#part"},
    };
    struct shoji_rules *rules = rules_new();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(10000);
        struct link_facts facts;
        int r = link_clean(rules, span_of(rows[i].in), &out, &facts);
        if (rows[i].out ? r != 0 || !span_equal(buf_span(&out), span_of(rows[i].out))
                        : r != LINK_CLEAN_SAME || out.len != 0)
            fail_msg("%s: %d, %s", rows[i].in, r, out.ptr ? out.ptr : "");
        buf_free(&out);
    }
    shoji_rules_free(rules);
}

/* `depth` redirectors around one target. */
static void wrap(int depth, struct buf *ret)
{
    char text[4096] = "https://b.example/", more[4096];
    for (int i = 0; i < depth; i++) {
        size_t len = (size_t)snprintf(more, sizeof(more), "https://l.social.example/l.php?u=");
        for (const char *c = text; *c; c++)
            len += strchr("%:/?=", *c)
                       ? (size_t)snprintf(more + len, sizeof(more) - len, "%%%02X", (unsigned)*c)
                       : (size_t)snprintf(more + len, sizeof(more) - len, "%c", *c);
        memcpy(text, more, len + 1);
    }
    assert_int_equal(buf_add_text(ret, text), 0);
}

static void test_at_most_three_layers(void **state)
{
    (void)state;
    struct shoji_rules *rules = rules_new();
    for (int depth = 1; depth <= 5; depth++) {
        struct buf in = BUF_INIT(10000), out = BUF_INIT(10000);
        struct link_facts facts;
        wrap(depth, &in);
        int r = link_clean(rules, buf_span(&in), &out, &facts);
        assert_int_equal(r, depth <= 3 ? 0 : LINK_CLEAN_SAME);
        if (r == 0)
            assert_string_equal(out.ptr, "https://b.example/");
        assert_true(facts.tracked);
        buf_free(&in);
        buf_free(&out);
    }
    shoji_rules_free(rules);
}

static void rewrite(const struct shoji_rewrite *how, const char *in, const char *want,
                    struct help_result *ret)
{
    struct help_result again;
    char *expected = help_expect(how, want);
    assert_int_equal(help_rewrite(how, span_of(in), "", ret), 0);
    assert_string_equal(ret->out.ptr, expected);
    assert_int_equal(help_rewrite(how, buf_span(&ret->out), "", &again), 0);
    assert_string_equal(again.out.ptr, expected);
    help_free(&again);
    free(expected);
}

static void test_in_html(void **state)
{
    (void)state;
    static const char in[] = "<a href=\"https://a.example/?utm_source=1\">1</a>"
                             "<a href=\"https://a.example/?utm_source=2\">2</a>"
                             "<a href=\"https://click.mailer.example/x\">3</a>"
                             "<a href=\"https://plain.example/\">4</a>";
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct shoji_rules *rules = rules_new();
    struct help_result got;
    how.rules = rules;
    assert_int_equal(help_rewrite(&how, span_of(in), "", &got), 0);
    assert_non_null(strstr(got.out.ptr, "utm_source=1"));
    assert_int_equal(got.report.links_tracked, 3);
    assert_int_equal(got.report.links_cleaned, 0);
    assert_int_equal(got.report.trackers_count, 2);
    assert_string_equal(got.report.trackers[0].vendor, "Analytics");
    assert_string_equal(got.report.trackers[0].host, "a.example");
    assert_string_equal(got.report.trackers[0].kind, "link");
    assert_string_equal(got.report.trackers[0].evidence, "path");
    assert_string_equal(got.report.trackers[0].action, "reported");
    assert_string_equal(got.report.trackers[1].vendor, "Mailer");
    assert_string_equal(got.report.trackers[1].evidence, "vendor");
    help_free(&got);
    how.links = SHOJI_LINKS_CLEAN;
    rewrite(&how, "<a href=\"https://a.example/?utm_source=1&amp;b=2\">1</a>",
            "<meta http-equiv=\"x-dns-prefetch-control\" content=\"off\">"
            "<a href=\"https://a.example/?b=2\" rel=\"noreferrer noopener\">1</a>",
            &got);
    assert_int_equal(got.report.links_cleaned, 1);
    help_free(&got);
    shoji_rules_free(rules);
}

struct heard {
    size_t count;
};

static void hear(void *ctx, const char *url, size_t len)
{
    (void)url;
    (void)len;
    ((struct heard *)ctx)->count++;
}

#define BLANK "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

static void test_blocked_images(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct shoji_rules *rules = rules_new();
    struct heard heard = {0};
    struct help_result got;
    how.rules = rules;
    how.trackers = SHOJI_TRACKERS_BLOCK;
    how.emitted = hear;
    how.emitted_ctx = &heard;
    static const enum shoji_mode modes[] = {SHOJI_PROXY, SHOJI_HOLD, SHOJI_STRIP};
    for (size_t i = 0; i < 3; i++) {
        how.mode = modes[i];
        rewrite(&how, "<img src=\"https://t.mailer.example/1\" alt=\"\">",
                "<img src=\"" BLANK "\" data-shoji-tracker=\"Mailer\" alt=\"\">", &got);
        assert_string_equal(got.report.trackers[0].vendor, "Mailer");
        assert_string_equal(got.report.trackers[0].action, "blocked");
        assert_int_equal(got.report.images_proxied, 0);
        help_free(&got);
        rewrite(&how, "<img src=\"https://u.example/1\" width=1 height=\"1px\">",
                "<img src=\"" BLANK
                "\" data-shoji-tracker=\"u.example\" width=\"1\" height=\"1px\">",
                &got);
        assert_null(got.report.trackers[0].vendor);
        assert_string_equal(got.report.trackers[0].host, "u.example");
        assert_string_equal(got.report.trackers[0].evidence, "geometry");
        help_free(&got);
    }
    assert_int_equal(heard.count, 0);
    how.mode = SHOJI_PROXY;
    static const char again[] = "<img src=\"" BLANK "\" data-shoji-tracker=\"Mailer\">"
                                "<img src=\"" BLANK "\" data-shoji-tracker=\"Mailer\">";
    rewrite(&how, again, again, &got);
    assert_int_equal(got.report.trackers_count, 2); /* each of them, however alike */
    help_free(&got);
    rewrite(&how,
            "<td background=\"https://t.mailer.example/1\" "
            "style=\"background:url(https://t.mailer.example/2)\">",
            "<td background=\"" BLANK "\" style=\"background:url(" BLANK ")\">", &got);
    assert_int_equal(got.report.trackers_count, 2);
    assert_string_equal(got.report.trackers[0].kind, "css");
    help_free(&got);
    rewrite(&how, "<img srcset=\"https://t.mailer.example/1 1x, https://o.example/2 2x\">",
            "<img srcset=\"{https://o.example/2} 2x\">", &got);
    assert_string_equal(got.report.trackers[0].action, "removed");
    help_free(&got);
    assert_true(heard.count > 0);
    how.ignore_geometry = true;
    rewrite(&how, "<img src=\"https://u.example/1\" width=1 height=1>",
            "<img src=\"{https://u.example/1}\" width=\"1\" height=\"1\">", &got);
    assert_int_equal(got.report.trackers_count, 0);
    help_free(&got);
    shoji_rules_free(rules);
}

static void test_silent_loads_are_named(void **state)
{
    (void)state;
    static const char in[] =
        "<audio src=//t.mailer.example/a></audio><video poster=http://v.example/>"
        "</video><iframe src=http://f.example/></iframe><p>x"
        "<link rel=dns-prefetch href=//d.example><link rel=stylesheet href=x.css>"
        "<object data=cid:1></object>";
    static const char *const kinds[] = {"audio", "video", "frame", "dns"};
    static const char *const hosts[] = {"t.mailer.example", "v.example", "f.example", "d.example"};
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct shoji_rules *rules = rules_new();
    struct help_result got;
    how.rules = rules;
    assert_int_equal(help_rewrite(&how, span_of(in), "", &got), 0);
    assert_int_equal(got.report.trackers_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(got.report.trackers[i].kind, kinds[i]);
        assert_string_equal(got.report.trackers[i].host, hosts[i]);
        assert_string_equal(got.report.trackers[i].action, "removed");
    }
    assert_string_equal(got.report.trackers[0].vendor, "Mailer");
    assert_string_equal(got.report.trackers[1].evidence, "kind");
    help_free(&got);
    shoji_rules_free(rules);
}

/* What a sheet would have loaded beside its images, and what <link> would. */
static void test_sheets_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *in, *kind, *host; /* NULL: nothing is named */
    } rows[] = {
        {"<style>@import 'http://t.mailer.example/a.css';p{color:red}</style>", "css",
         "t.mailer.example"},
        {"<style>@import url(\"//i.example/a\") screen;</style>", "css", "i.example"},
        {"<style>@font-face{font-family:x;src:local(y),url(http://f.example/a.woff2)}</style>",
         "font", "f.example"},
        {"<style>@media screen{@font-face{src:url(http://f.example/a)}}</style>", "font",
         "f.example"},
        {"<style>@font-face{src:url(data:font/woff2;base64,AA)}</style>", NULL, NULL},
        {"<style>@page{margin:0}</style>", NULL, NULL},
        {"<link rel=\"alternate stylesheet\" href=http://s.example/>", "css", "s.example"},
        {"<link rel=preload as=font href=http://f.example/>", "font", "f.example"},
        {"<link rel=preload as=style href=http://s.example/>", "css", "s.example"},
        {"<link rel=preload as=fetch href=http://s.example/>", NULL, NULL},
        {"<link rel=icon href=http://s.example/>", NULL, NULL},
    };
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct help_result got;
        assert_int_equal(help_rewrite(&how, span_of(rows[i].in), "", &got), 0);
        assert_int_equal(got.report.trackers_count, rows[i].kind != NULL);
        if (rows[i].kind) {
            assert_string_equal(got.report.trackers[0].kind, rows[i].kind);
            assert_string_equal(got.report.trackers[0].host, rows[i].host);
            assert_string_equal(got.report.trackers[0].action, "removed");
        }
        help_free(&got);
    }
}

static void test_size(void **state)
{
    (void)state;
    static const struct {
        const char *width, *height, *style;
        enum html_size size;
    } rows[] = {
        {"1", "1", "", HTML_SIZE_TINY},
        {"0", "0px", "", HTML_SIZE_TINY},
        {"3", "1", "", HTML_SIZE_TINY},
        {NULL, NULL, "width:1px;height:1px", HTML_SIZE_TINY},
        {"600", "1", "width:1px", HTML_SIZE_TINY},
        {NULL, NULL, "max-height:0;max-width:0", HTML_SIZE_TINY},
        {"1", NULL, "display:none", HTML_SIZE_TINY},
        {"1", NULL, "", HTML_SIZE_UNKNOWN},
        {NULL, NULL, "display:none", HTML_SIZE_UNKNOWN},
        {"2", "2", "", HTML_SIZE_UNKNOWN},
        {"600", "1", "", HTML_SIZE_LARGE},
        {"1", "20", "", HTML_SIZE_LARGE},
        {"100%", "1", "", HTML_SIZE_LARGE},
        {"1", "1", "width:600px", HTML_SIZE_LARGE},
        {"300", "200", "display:none", HTML_SIZE_LARGE},
        {"1em", "1", "", HTML_SIZE_LARGE},
        {"", "x", "", HTML_SIZE_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span width = rows[i].width ? span_of(rows[i].width) : (struct span){0};
        struct span height = rows[i].height ? span_of(rows[i].height) : (struct span){0};
        struct html_size_of of = {.width = rows[i].width ? &width : NULL,
                                  .height = rows[i].height ? &height : NULL,
                                  .style = span_of(rows[i].style)};
        if (html_size(&of) != rows[i].size)
            fail_msg("row %zu: %d", i, (int)html_size(&of));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_at_most_three_layers),
        cmocka_unit_test(test_in_html),
        cmocka_unit_test(test_blocked_images),
        cmocka_unit_test(test_silent_loads_are_named),
        cmocka_unit_test(test_sheets_are_named),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
