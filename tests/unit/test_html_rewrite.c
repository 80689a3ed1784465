/* The HTML rewriter beside the vectors: spelling, modes, limits, what is counted. */
#include "rewrite_help.h"

#define GIF "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

struct vector {
    const char *id, *in, *want;
};

/* Rewrites, compares, and rewrites again: the second pass must change nothing. */
static void check(enum shoji_mode mode, const struct vector *v, const char *base)
{
    struct shoji_rewrite how = help_how(mode);
    struct help_result first, second;
    char *want = help_expect(&how, v->want);
    assert_int_equal(help_rewrite(&how, span_of(v->in), base, &first), 0);
    const char *got = first.out.ptr ? first.out.ptr : "";
    if (strcmp(got, want) != 0)
        print_error("%s: %s\n", v->id, v->in);
    assert_string_equal(got, want);
    assert_int_equal(help_rewrite(&how, buf_span(&first.out), "", &second), 0);
    assert_string_equal(second.out.ptr ? second.out.ptr : "", want);
    assert_int_equal(first.report.images_proxied, second.report.images_proxied);
    assert_int_equal(first.report.trackers_count, second.report.trackers_count);
    help_free(&first);
    help_free(&second);
    free(want);
}

static void check_all(enum shoji_mode mode, const struct vector *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check(mode, &vectors[i], "");
}

#define CHECK_ALL(mode, vectors) check_all(mode, vectors, sizeof(vectors) / sizeof((vectors)[0]))

static void test_forged_images_are_foreign(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"forged", "<img src=" BASE "/i/k1/AAAA><img src=" BASE "/x.png>",
         "<img src=\"{" BASE "/i/k1/AAAA}\"><img src=\"{" BASE "/x.png}\">"},
    };
    CHECK_ALL(SHOJI_PROXY, vectors);
}

static void test_syntax(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"references of two", "<p>a &nvlt; b &nvgt; c",
         "<p>a &lt;\xE2\x83\x92 b &gt;\xE2\x83\x92 c"},
        {"references", "&lt;img src=http://t/&gt; &copy &notit; &#0; &amp;lt;",
         "&lt;img src=http://t/&gt; \xC2\xA9 \xC2\xACit; \xEF\xBF\xBD &amp;lt;"},
        {"carriage return", "a&#13;b\r\nc\rd<p title='&#13;'>", "a&#13;b\nc\nd<p title=\"&#13;\">"},
        {"byte order mark", "\xEF\xBB\xBF<script></script>\xEF\xBB\xBFx", "&#65279;x"},
        {"malformed UTF-8", "a\xC3<b>\xFFz</b>", "a\xEF\xBF\xBD<b>\xEF\xBF\xBDz</b>"},
        {"end tags", "</br></p></img></area>x</div>", "<br></p>x</div>"},
        {"form text", "<select><option>a<option>b</select>", "ab"},
        {"sizes that reckon", "<img src=cid:x sizes='(max-width:9px) calc(100vw - 9px)'>",
         "<img src=\"cid:x\" sizes=\"(max-width:9px) calc(100vw - 9px)\">"},
        {"a function that loads", "<img src=cid:x sizes='(max-width:9px) Expression(1)'>",
         "<img src=\"cid:x\">"},
        {"presentational", "<td bgcolor='red;background:url(//e)' width='50%' align=left>x",
         "<td width=\"50%\" align=\"left\">x"},
        {"presentational", "<td width='//t/' face=\"a'b\">x", "<td face=\"a'b\">x"},
        {"style attribute", "<p style='color : RED ; background:url( \"http://t/\" )'>x",
         "<p style=\"color:RED;background:url({http://t/})\">x"},
        {"style element", "<style type=text/css media=screen><!-- p>a{color:red} --></style>x",
         "<style type=\"text/css\" media=\"screen\">p>a{color:red}</style>x"},
        {"style that is none", "<style type=text/less>p{color:red}</style>x", "x"},
    };
    CHECK_ALL(SHOJI_PROXY, vectors);
}

static void test_hold(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"img", "<img alt=a src=http://t/ width=5>",
         "<img alt=\"a\" data-shoji-src=\"{http://t/}\" src=\"" GIF "\" width=\"5\">"},
        {"srcset", "<img srcset='cid:x 1x, http://t/a 2x' alt=a>",
         "<img srcset=\"cid:x 1x\" alt=\"a\" data-shoji-src=\"{http://t/a}\" src=\"" GIF "\">"},
        {"in the mail", "<img src=cid:a>", "<img src=\"cid:a\">"},
        {"source", "<picture><source srcset=http://t/a><img src=http://t/b></picture>",
         "<picture><img data-shoji-src=\"{http://t/b}\" src=\"" GIF "\"></picture>"},
        {"source alone",
         "<picture><source srcset='http://t/a 1x, http://t/b 2x'><img></picture><img>",
         "<picture><img data-shoji-src=\"{http://t/a}\" src=\"" GIF "\"></picture><img>"},
        {"sources alone",
         "<img alt=a><picture><source type=image/webp srcset=http://t/a><source srcset=http://t/b>"
         "<img alt=a></picture><img alt=a>",
         "<img alt=\"a\"><picture><img alt=\"a\" data-shoji-src=\"{http://t/a}\" src=\"" GIF
         "\"></picture><img alt=\"a\">"},
        {"a source without an image", "<picture><source srcset=http://t/a></picture><img alt=a>",
         "<picture></picture><img alt=\"a\">"},
        {"a source in the mail", "<picture><source srcset=cid:a><img alt=a></picture>",
         "<picture><source srcset=\"cid:a\"><img alt=\"a\"></picture>"},
        {"style", "<p style='color:red;background:url(http://t/)'>x",
         "<p style=\"color:red;background:none\" "
         "data-shoji-style=\"color:red;background:url({http://t/})\">x"},
        {"style element", "<style>p{background:url(http://t/)}q{color:red}</style>x",
         "<style data-shoji-style=\"p{background:url({http://t/})}q{color:red}\">"
         "p{background:none}q{color:red}</style>x"},
        {"background", "<td background=http://t/ style=color:red>x",
         "<td style=\"color:red\" "
         "data-shoji-style=\"background-image:url({http://t/});color:red\">x"},
        {"background alone", "<td background=http://t/>x",
         "<td data-shoji-style=\"background-image:url({http://t/})\">x"},
        {"forged",
         "<img data-shoji-src=http://t/><p data-shoji-style='background:url(http://t/)'>x",
         "<img><p>x"},
    };
    CHECK_ALL(SHOJI_HOLD, vectors);
}

static void test_held_stays_held_in_other_modes(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    char *in = help_expect(&how, "<img data-shoji-src=\"{http://t/}\" src=\"" GIF "\">"
                                 "<p data-shoji-style=\"background:url({http://t/b})\">");
    struct vector proxy = {"proxy", in, in}, strip = {"strip", in, "<img src=\"" GIF "\"><p>"};
    check(SHOJI_PROXY, &proxy, "");
    check(SHOJI_STRIP, &strip, "");
    free(in);
}

static void test_strip(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"all",
         "<img src=http://t/ alt=a><img src=cid:b srcset=http://t/><td background=http://t/ "
         "style='background:url(http://t/) red'>x",
         "<img alt=\"a\"><img src=\"cid:b\"><td style=\"background:none red\">x"},
    };
    CHECK_ALL(SHOJI_STRIP, vectors);
}

static void count_emitted(void *ctx, const char *url, size_t len)
{
    assert_int_equal(strlen(url), len);
    (*(size_t *)ctx)++;
}

/* Of http://t/1 to http://t/9: one bit each. */
static void note_emitted(void *ctx, const char *url, size_t len)
{
    assert_int_equal(strlen(url), len);
    *(unsigned *)ctx |= 1U << (url[len - 1] - '0');
}

static void test_image_limit_counts_distinct_originals(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    unsigned emitted = 0;
    how.max_images = 3;
    how.emitted = note_emitted;
    how.emitted_ctx = &emitted;
    struct help_result got;
    const char *in = "<img src=http://t/1><img src=http://t/2><img src=http://t/1>"
                     "<p style='background:url(http://t/3)'><img srcset='http://t/4 1x'>"
                     "<img src=http://t/2><td background=http://t/5>";
    assert_int_equal(help_rewrite(&how, span_of(in), "", &got), 0);
    char *want = help_expect(&how, "<img src=\"{http://t/1}\"><img src=\"{http://t/2}\"><img "
                                   "src=\"{http://t/1}\"><p style=\"background:url({http://t/3})\">"
                                   "<img><img src=\"{http://t/2}\"><td>");
    assert_string_equal(got.out.ptr, want);
    assert_int_equal(got.report.images_proxied, 5);
    assert_int_equal(got.report.images_dropped, 2);
    assert_int_equal(emitted, 1U << 1 | 1U << 2 | 1U << 3);
    free(want);
    help_free(&got);
}

/* Thousands of conditional images are a known way to read a page out: they count like all others.
 */
static void test_v089_image_limit_counts_conditional_css(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    size_t emitted = 0;
    how.emitted = count_emitted;
    how.emitted_ctx = &emitted;
    struct buf in = BUF_INIT(1 << 20);
    buf_add_text(&in, "<style>");
    for (int i = 0; i < 150; i++)
        buf_add_format(&in,
                       "a[x^='%d']:hover{background:url(http://t/h%d)}"
                       "@media (min-width:%dpx){p{content:url(http://t/m%d)}}",
                       i, i, i, i);
    buf_add_text(&in, "</style><style>@supports (top:0){p{list-style:url(http://t/s)}}</style>"
                      "<img src=http://t/i><img srcset='http://t/c 1x'><td background=http://t/b>");
    struct help_result got;
    assert_int_equal(help_rewrite(&how, buf_span(&in), "", &got), 0);
    size_t urls = 0;
    for (const char *at = got.out.ptr; (at = strstr(at, BASE "/i/")); at++)
        urls++;
    assert_int_equal(urls, LIMIT_IMAGES);
    assert_int_equal(emitted, LIMIT_IMAGES);
    assert_int_equal(got.report.images_proxied, LIMIT_IMAGES);
    assert_int_equal(got.report.images_dropped, 2 * 150 + 4 - LIMIT_IMAGES);
    help_free(&got);
    buf_free(&in);
}

/* What was too many once is so at the next place where it stands, too. */
static void test_image_limit_holds_for_what_stands_twice(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    how.max_images = 2;
    size_t emitted = 0;
    how.emitted = count_emitted;
    how.emitted_ctx = &emitted;
    const char *in =
        "<img src=http://t/1><img src=http://t/3><img src=http://t/2><img src=http://t/4>"
        "<img src=http://t/4><p style='background:url(http://t/4)'>"
        "<img src=http://t/1><img src=http://t/2><img src=http://t/3>";
    char *want =
        help_expect(&how, "<img src=\"{http://t/1}\"><img src=\"{http://t/3}\"><img><img>"
                          "<img><p style=\"background:none\"><img src=\"{http://t/1}\"><img>"
                          "<img src=\"{http://t/3}\">");
    struct help_result got;
    assert_int_equal(help_rewrite(&how, span_of(in), "", &got), 0);
    assert_string_equal(got.out.ptr, want);
    assert_int_equal(got.report.images_proxied, 4);
    assert_int_equal(got.report.images_dropped, 5);
    free(want);
    help_free(&got);
}

static void test_pixels_are_reported(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct help_result got;
    const char *in = "<img src=http://spy.example/o width=1 height=1px><img src=http://t/ width=1>"
                     "<img src=cid:x width=1 height=1>";
    assert_int_equal(help_rewrite(&how, span_of(in), "", &got), 0);
    assert_int_equal(got.report.trackers_count, 1);
    assert_string_equal(got.report.trackers[0].host, "spy.example");
    assert_string_equal(got.report.trackers[0].kind, "pixel");
    assert_string_equal(got.report.trackers[0].evidence, "geometry");
    assert_string_equal(got.report.trackers[0].action, "proxied");
    help_free(&got);
}

/* Whatever is copied from the first time: each of them counts, and is named. */
static void test_repeated_trackers_count_each_time(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct help_result got;
    const char *in = "<p><img src=http://spy.example/o width=1 height=1>a"
                     "<img src=http://spy.example/o width=1 height=1>b"
                     "<img src=http://t/ width=9>c<img src=http://t/ width=9>d"
                     "<img src=http://spy.example/o width=1 height=1>";
    for (int blocked = 0; blocked < 2; blocked++) {
        how.trackers = blocked ? SHOJI_TRACKERS_BLOCK : SHOJI_TRACKERS_PROXY;
        assert_int_equal(help_rewrite(&how, span_of(in), "", &got), 0);
        assert_int_equal(got.report.images_proxied, blocked ? 2 : 5);
        assert_int_equal(got.report.trackers_count, 3);
        for (size_t i = 0; i < 3; i++) {
            assert_string_equal(got.report.trackers[i].host, "spy.example");
            assert_string_equal(got.report.trackers[i].kind, "pixel");
            assert_string_equal(got.report.trackers[i].action, blocked ? "blocked" : "proxied");
        }
        help_free(&got);
    }
}

/* Text, and tags that came before, are copied in one piece: not where they begin a body, and not
 * where they would be written otherwise. */
static void test_runs_that_stay(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"<b>x</b> y <b>z</b> \n<b>&amp;</b><b>a > b</b>",
         "<b>x</b> y <b>z</b> \n<b>&amp;</b><b>a &gt; b</b>"},
        {"<B>x</B> y <B>z</B> w <B>v</B>", "<b>x</b> y <b>z</b> w <b>v</b>"},
        {"<p a=1>x<p>y<p a=1>z<p>\xEF\xBB\xBFw<p>v", "<p>x<p>y<p>z<p>&#65279;w<p>v"},
        {"<i>a</i><i>b</i><!-- c --><i>d</i></><i>e</i><i>f",
         "<i>a</i><i>b</i><i>d</i><i>e</i><i>f"},
        {"<td a='>'>x<td a='>'>y<td a='>'>z", "<td>x<td>y<td>z"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct help_result got;
        assert_int_equal(help_rewrite(&how, span_of(cases[i].in), "", &got), 0);
        assert_string_equal(got.out.ptr, cases[i].want);
        help_free(&got);
    }
}

static void test_fallback_holds_text_and_no_markup(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(10000);
    const char *in =
        "a<img src=x>b<style>c</style><SCRIPT>d</script >e<!-- > f -->g &lt;h&gt; 1<2 >"
        "<p>i\xFF<script>";
    assert_int_equal(html_to_text(span_of(in), &out), 0);
    assert_string_equal(out.ptr, "<pre style=\"white-space:pre-wrap\">abeg &lt;h&gt; 1&lt;2 &gt;\ni"
                                 "\xEF\xBF\xBD</pre>");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_images_are_foreign),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_held_stays_held_in_other_modes),
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_image_limit_counts_distinct_originals),
        cmocka_unit_test(test_v089_image_limit_counts_conditional_css),
        cmocka_unit_test(test_image_limit_holds_for_what_stands_twice),
        cmocka_unit_test(test_pixels_are_reported),
        cmocka_unit_test(test_repeated_trackers_count_each_time),
        cmocka_unit_test(test_runs_that_stay),
        cmocka_unit_test(test_fallback_holds_text_and_no_markup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shoji_keys_free(help_keys);
    return failed;
}
