/*
 * The HTML rewriter against the list of vectors: v001 to v102 by the list's own numbers. What is
 * expected was written down from the rule for each vector, not from what came out.
 */
#include "rewrite_help.h"

#define GIF   "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
#define METAS "<meta charset=\"utf-8\"><meta http-equiv=\"x-dns-prefetch-control\" content=\"off\">"

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

static void test_images(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"v001", "<img src=http://t/>", "<img src=\"{http://t/}\">"},
        {"v002", "<img srcset=\",,,,,http://t/a 1x, http://t/b,c 2x\">",
         "<img srcset=\"{http://t/a} 1x, {http://t/b,c} 2x\">"},
        {"v002", "<img srcset='http://t/a, http://t/b 100w 50h'>",
         "<img srcset=\"{http://t/a}, {http://t/b} 100w\">"},
        {"v002 bad descriptors", "<img srcset='http://t/a 1q, http://t/b 1x (,) , http://t/c'>",
         "<img srcset=\"{http://t/c}\">"},
        {"v003",
         "<picture><source srcset='http://t/a' media='(min-width: 1px)' type=image/webp "
         "sizes=100vw>"
         "<img src=http://t/b></picture>",
         "<picture><source srcset=\"{http://t/a}\" media=\"(min-width: 1px)\" type=\"image/webp\" "
         "sizes=\"100vw\"><img src=\"{http://t/b}\"></picture>"},
        {"v004", "<image src=http://t/a><IMAGE href=http://t/b>",
         "<img src=\"{http://t/a}\"><img>"},
        {"v005", "a<input type=image src=http://t/>b", "ab"},
        {"v006", "<img lowsrc=http://t/ dynsrc=http://t/>", "<img>"},
        {"v007", "<img longdesc=http://t/ usemap=http://t/#x><img usemap=#m>",
         "<img><img usemap=\"#m\">"},
        {"v008",
         "<body background=http://t/1><table background=http://t/2><tr background=http://t/3>"
         "<td background=http://t/4><th background=http://t/5><div background=http://t/6>",
         "<body background=\"{http://t/1}\"><table background=\"{http://t/2}\"><tr "
         "background=\"{http://t/3}\"><td background=\"{http://t/4}\"><th "
         "background=\"{http://t/5}\"><div>"},
        {"v009", "<body background='data:image/png,x);background:url(//evil'>x", "<body>x"},
        {"v010", "<img attributionsrc=http://t/ src=http://t/i><a attributionsrc=http://t/>x</a>",
         "<img src=\"{http://t/i}\"><a>x</a>"},
        {"v011", "<img src=cid:foo@bar.example>", "<img src=\"cid:foo@bar.example\">"},
        {"v011 what could be syntax", "<img src='cid:a\"b(c);d'>",
         "<img src=\"cid:a%22b%28c%29%3Bd\">"},
        {"v012", "<img src='DATA:image/PNG;base64, iVBO\n Rw0K '>",
         "<img src=\"data:image/png;base64,iVBORw0K\">"},
        {"v012 padding", "<img src='data:image/gif;base64,R0lGOA'>",
         "<img src=\"data:image/gif;base64,R0lGOA==\">"},
        {"v012 not base64", "<img src='data:image/gif;base64,R0l*GOA'>", "<img>"},
        {"v012 not base64", "<img src='data:image/gif,GIF89a'>", "<img>"},
        {"v013", "<img src='data:image/svg+xml;base64,PHN2Zz4='>", "<img>"},
        {"v013", "<img src='data:image/s vg+xml;base64,PHN2Zz4='>", "<img>"},
        {"v013", "<img src='data:image/s&#10;vg+xml;base64,PHN2Zz4='>", "<img>"},
        {"v014", "<img src='data:text/html,<img src=http://t/>'>", "<img>"},
        {"v015", "<img data-src=http://t/ data-srcset=http://t/ data-bg=http://t/ originalsrc=x>",
         "<img>"},
        {"v016", "<figure src=http://t/>x</figure><any src=http://t/>y</any>",
         "<figure>x</figure>y"},
        {"v017", "<img src=http://t/ crossorigin loading=lazy decoding=async>",
         "<img src=\"{http://t/}\" loading=\"lazy\" decoding=\"async\">"},
        {"v018", "<p onclick=x() ONMOUSEOVER='y()'>x", "<p>x"},
        {"v091", "<img src=//t/a><img src='\\\\t/b'>",
         "<img src=\"{https://t/a}\"><img src=\"{https://t/b}\">"},
        {"v093", "<img src=' \x01 ht\nt\tp://t/a '><img src='http&colon;//t/&Tab;b&NewLine;'>",
         "<img src=\"{http://t/a}\"><img src=\"{http://t/b}\">"},
        {"v094", "<img src='http:\\\\t\\x'><img src=http:/t/y><img src=https:t>",
         "<img src=\"{http://t/x}\"><img src=\"{http://t/y}\"><img src=\"{https://t/}\">"},
        {"v094 relative", "<img src='/\tt/x'><img src=x.png><img src=''>", "<img><img><img>"},
        {"v095", "<img src=HtTp://T/A><img src='&#104;ttp://t/b'><img src='&#x68ttp://t/c'>",
         "<img src=\"{http://t/A}\"><img src=\"{http://t/b}\"><img "
         "src=\"{http://t/c}\">"},
        {"v096", "<img src=http://u:p@t:81/a%20b#f><img src='http://[::1]/'>",
         "<img src=\"{http://t:81/a%20b}\"><img src=\"{http://[::1]/}\">"},
        {"v097",
         "<img src=ftp://t/><img src=blob:x><img src=about:blank><img src=mhtml:http://t/>"
         "<img src=resource://x/><img src=imap://x/><img src=view-source:http://t/>",
         "<img><img><img><img><img><img><img>"},
        {"v098", "<img src=cid:a src=http://t/><img/src=`http://t/`/alt=x>",
         "<img src=\"cid:a\"><img>"},
        {"v102", "<img alt='<img src=http://t/>' title=\"a&quot;b\">",
         "<img alt=\"&lt;img src=http://t/&gt;\" title=\"a&quot;b\">"},
        {"forged", "<img src=" BASE "/i/k1/AAAA><img src=" BASE "/x.png>", "<img><img>"},
    };
    CHECK_ALL(SHOJI_PROXY, vectors);
}

static void test_links(void **state)
{
    (void)state;
#define REL " rel=\"noreferrer noopener\""
    static const struct vector vectors[] = {
        {"v019", "<a href=http://t/?a=1&b=2 target=x rel=opener>x</a>",
         "<a href=\"http://t/?a=1&amp;b=2\" target=\"_blank\"" REL ">x</a>"},
        {"v019", "<map name=m><area href=https://t/ shape=rect coords=0,0,1,1></map>",
         "<map name=\"m\"><area href=\"https://t/\" shape=\"rect\" coords=\"0,0,1,1\"" REL
         "></map>"},
        {"v021", "<a href=http://t/ ping=http://p/>x</a>", "<a href=\"http://t/\"" REL ">x</a>"},
        {"v022",
         "<a href=javascript:x>1</a><a href=vbscript:x>2</a><a href='data:text/html,x'>3</a>"
         "<a href=file:///x>4</a><a href='&#x6a avascript:x'>5</a><a href='java\nscript:x'>6</a>",
         "<a>1</a><a>2</a><a>3</a><a>4</a><a>5</a><a>6</a>"},
        {"v023", "<a href=file://h/s>1</a><a href='\\\\host\\share'>2</a>",
         "<a>1</a><a href=\"https://host/share\"" REL ">2</a>"},
        {"v024", "<a href='MAILTO:a@b?subject=x&attach=/etc/passwd&att%61chment=y&cc=z'>x</a>",
         "<a href=\"mailto:a@b?subject=x&amp;cc=z\">x</a>"},
        {"v025", "<a href=/admin?delete>x</a><a href=#top>y</a><a href=tel:+491>z</a>",
         "<a>x</a><a href=\"#top\">y</a><a href=\"tel:+491\">z</a>"},
        {"v026", "<form action=http://t/>a<button formaction=http://t/>b</button></form>", "ab"},
    };
    CHECK_ALL(SHOJI_PROXY, vectors);
}

static void test_head(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"v020 metas", "<html><head><title>a&lt;b</title></head><body>x</body></html>",
         "<html><head>" METAS "<title>a&lt;b</title></head><body>x</body></html>"},
        {"v020 no head", "<html> <body>x", "<html> " METAS "<body>x"},
        {"v027",
         "<link rel=stylesheet href=http://t/><link rel='dns-prefetch' href=//t><link rel=icon "
         "href=http://t/>x",
         "x"},
        {"v033", "<meta http-equiv=refresh content='0;url=http://t/'>x", "x"},
        {"v034", "<meta http-equiv=Content-Security-Policy content='report-uri http://t/'>x", "x"},
        {"v036",
         "<meta name=og:image content=http://t/><meta name=viewport content='width=device-width'>x",
         "<meta name=\"viewport\" content=\"width=device-width\">x"},
        {"v037", "<head><meta charset=utf-7><meta http-equiv=content-type content='text/html'>",
         "<head>" METAS},
        {"v038", "<html manifest=http://t/><head profile=http://t/>", "<html><head>" METAS},
        {"v039", "<!DOCTYPE html SYSTEM \"http://t/\">x", "<!DOCTYPE html>x"},
        {"v039 strict", "<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN' 'http://t/'>x",
         "<!DOCTYPE html>x"},
        {"v039 quirks", "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 3.2//EN\">x", "x"},
        {"v039 late", "x<!DOCTYPE html>y", "xy"},
        {"v040", "<?xml-stylesheet href=\"http://t/\"?><?import x?>x", "x"},
        {"v041",
         "<script type=speculationrules>{\"urls\":[\"http://t/\"]}</script><meta itemprop=image "
         "content=http://t/>x",
         "x"},
        {"v032", "<base href=http://t/d/><img src=a.png><base href=http://u/><a href=b>x</a>",
         "<img src=\"{http://t/d/a.png}\"><a href=\"http://t/d/b\" rel=\"noreferrer "
         "noopener\">x</a>"},
    };
    CHECK_ALL(SHOJI_PROXY, vectors);
    static const struct vector based = {
        "v092", "<img src=a.png><img src=//u/x>",
        "<img src=\"{http://t/d/a.png}\"><img src=\"{http://u/x}\">"};
    check(SHOJI_PROXY, &based, "http://t/d/e");
}

static void test_active_and_embedded(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"v042", "a<script src=http://t/>x<img src=http://t/></script>b", "ab"},
        {"v042", "<sc<script></script>ript>alert(1)</script>b", "ript&gt;alert(1)b"},
        {"v042 hidden end", "a<script><!--<script></script>x--></script>b", "ab"},
        {"v043", "a<noscript><img src=http://t/></noscript>b", "a<img src=\"{http://t/}\">b"},
        {"v043", "<noscript><p title=\"</noscript><img src=http://t/>\">x",
         "<p title=\"&lt;/noscript&gt;&lt;img src=http://t/&gt;\">x"},
        {"v044", "a<iframe src=http://t/><img src=http://t/></iframe>b", "ab"},
        {"v045", "a<iframe srcdoc=\"<img src=http://t/>\"></iframe>b", "ab"},
        {"v047", "<frameset><frame src=http://t/></frameset>x", "x"},
        {"v048", "<object data=http://t/ classid=x><param name=src value=http://t/>see</object>",
         "see"},
        {"v049", "a<embed src=http://t/>b<applet code=http://t/>c</applet>", "abc"},
        {"v051",
         "<video src=http://t/ poster=http://t/ autoplay><source src=http://t/><track "
         "src=http://t/>text</video>",
         "text"},
        {"v053", "<audio src=http://t/></audio><bgsound src=http://t/>x", "x"},
        {"v054", "<portal src=http://t/></portal><fencedframe></fencedframe><model></model>x", "x"},
        {"v056", "<xml src=http://t/></xml><layer src=http://t/>x</layer>", "x"},
        {"v057", "<o:p>a</o:p><x-html>b</x-html><st1:place>c</st1:place>", "abc"},
        {"v058", "<template shadowrootmode=open><img src=http://t/>a</template><slot>b</slot>",
         "<img src=\"{http://t/}\">ab"},
        {"v059", "<textarea><img src=http://t/></textarea>a", "&lt;img src=http://t/&gt;a"},
        {"v059", "<xmp><b>&amp;</xmp>a", "&lt;b&gt;&amp;amp;a"},
        {"v059", "<noembed><img src=http://t/></noembed>a<noframes><b></noframes>b", "ab"},
        {"v059", "a<plaintext><img src=http://t/></plaintext>",
         "a&lt;img src=http://t/&gt;&lt;/plaintext&gt;"},
        {"v059", "a<title><img src=http://t/></title>b", "ab"},
        {"v060", "a<svg><image href=http://t/ xlink:href=http://t/ /></svg>b", "ab"},
        {"v061", "a<svg><feImage href=http://t/ /></svg>b", "ab"},
        {"v065",
         "a<svg><style>@import 'http://t/'</style><foreignObject><p>x</p>"
         "</foreignObject></svg>b",
         "ab"},
        {"v065 nested", "a<svg><g><svg></svg></g><title>x</title></svg>b", "ab"},
        {"v065 breaks out", "a<svg><g><p>b</p></svg>c", "a<p>b</p>c"},
        {"v065 never closed", "a<svg><circle>b<i>c</i>", "a<i>c</i>"},
        {"v065 never closed", "a<svg><desc>b", "ab"},
        {"v065 closed by its parent", "<div>a<svg><g></div>b<svg/>c", "<div>a</div>bc"},
        {"v066", "a<math href=http://t/><mglyph src=http://t/></math>b", "ab"},
        {"v067", "a<svg><![CDATA[</svg><img src=http://t/>]]></svg>b", "ab"},
        {"v067", "a<![CDATA[<img src=http://t/>]]>b", "a]]&gt;b"},
        {"v068", "a<!--[if mso]><img src=http://t/><![endif]-->b", "ab"},
        {"v069", "a<v:fill src=http://t/><v:imagedata src=http://t/ />b", "ab"},
        {"v070", "<![if !mso]>a<![endif]>", "a"},
        {"v071", "<!--[if !mso]><!-->a<!--<![endif]-->", "a"},
    };
    CHECK_ALL(SHOJI_PROXY, vectors);
}

static void test_syntax(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"v099", "a<img src=\"http://t/", "a"},
        {"v099", "a<!-- b", "a"},
        {"v100", "a<!-->b<!--->c<!-- x --!>d<!x>e</ x>f<?x>g<!--<!-- -->h", "abcdefgh"},
        {"v098 case", "<IMG SRC=http://t/ ALT=A><P/>x", "<img src=\"{http://t/}\" alt=\"A\"><p>x"},
        {"references", "&lt;img src=http://t/&gt; &copy &notit; &#0; &amp;lt;",
         "&lt;img src=http://t/&gt; \xC2\xA9 \xC2\xACit; \xEF\xBF\xBD &amp;lt;"},
        {"carriage return", "a&#13;b\r\nc\rd<p title='&#13;'>", "a&#13;b\nc\nd<p title=\"&#13;\">"},
        {"byte order mark", "\xEF\xBB\xBF<script></script>\xEF\xBB\xBFx", "&#65279;x"},
        {"malformed UTF-8", "a\xC3<b>\xFFz</b>", "a\xEF\xBF\xBD<b>\xEF\xBF\xBDz</b>"},
        {"end tags", "</br></p></img></area>x</div>", "<br></p>x</div>"},
        {"form text", "<select><option>a<option>b</select>", "ab"},
        {"presentational", "<td bgcolor='red;background:url(//e)' width='50%' align=left>x",
         "<td width=\"50%\" align=\"left\">x"},
        {"presentational", "<td width='//t/' face=\"a'b\">x", "<td face=\"a'b\">x"},
        {"style attribute", "<p style='color : RED ; background:url( \"http://t/\" )'>x",
         "<p style=\"color:RED;background:url({http://t/})\">x"},
        {"v087", "<p style='background:url&#40;http://t/&rpar;;color:r&#101d'>x",
         "<p style=\"background:url({http://t/});color:red\">x"},
        {"v088", "<style>p{content:\"</style><img src=http://t/>\"}</style>x",
         "<style>p{content:\"\"}</style><img src=\"{http://t/}\">\"}x"},
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

static void test_image_limit_counts_distinct_originals(void **state)
{
    (void)state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    size_t emitted = 0;
    how.max_images = 3;
    how.emitted = count_emitted;
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
    assert_int_equal(emitted, 5);
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
        cmocka_unit_test(test_images),
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_active_and_embedded),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_held_stays_held_in_other_modes),
        cmocka_unit_test(test_strip),
        cmocka_unit_test(test_image_limit_counts_distinct_originals),
        cmocka_unit_test(test_pixels_are_reported),
        cmocka_unit_test(test_fallback_holds_text_and_no_markup),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shoji_keys_free(help_keys);
    return failed;
}
