/* The CSS rewriter against the list of vectors, v072 to v090 by the list's own numbers. */
#include "rewrite_help.h"

#include "lib/css_rewrite.h"

struct vector {
    const char *id, *in, *want;
};

static void run(bool sheet, const char *in, struct buf *out)
{
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    assert_non_null(pass);
    pass->how = &how;
    pass->images_left = 1000;
    struct css_job job = {.images = {.pass = pass}};
    struct span text = span_of(in);
    assert_int_equal(
        sheet ? css_rewrite_sheet(&job, text, out) : css_rewrite_style(&job, text, out), 0);
    free(pass);
}

static void check_all(bool sheet, const struct vector *vectors, size_t count)
{
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    for (size_t i = 0; i < count; i++) {
        struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
        char *want = help_expect(&how, vectors[i].want);
        run(sheet, vectors[i].in, &first);
        const char *got = first.ptr ? first.ptr : "";
        if (strcmp(got, want) != 0)
            print_error("%s: %s\n", vectors[i].id, vectors[i].in);
        assert_string_equal(got, want);
        run(sheet, got, &second);
        assert_string_equal(second.ptr ? second.ptr : "", want);
        buf_free(&first);
        buf_free(&second);
        free(want);
    }
}

#define CHECK_ALL(sheet, vectors) check_all(sheet, vectors, sizeof(vectors) / sizeof((vectors)[0]))

static void test_declarations(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"plain", "COLOR: Red; margin: 0 AUTO ;", "color:Red;margin:0 AUTO"},
        {"spelling", "font: bold 12px/1.5 'Segoe UI' , Arial!  IMPORTANT",
         "font:bold 12px/1.5 \"Segoe UI\",Arial!important"},
        {"numbers", "margin:-1.5px +.5em 1e3px 50%;width:calc( 100% - (2px + 1px)*3 )",
         "margin:-1.5px +.5em 1e3px 50%;width:calc(100% - (2px + 1px) * 3)"},
        {"colours", "color:#FFF;background:RGBA(1,2,3,.5)", "color:#FFF;background:rgba(1,2,3,.5)"},
        {"v072", "behavior:url(#default#VML);mso-x:url(http://t/);mso-line-height-rule:exactly",
         "mso-line-height-rule:exactly"},
        {"v073", "background-image:url(http://t/a),URL( 'http://t/b' ) , url(http://t/c)",
         "background-image:url({http://t/a}),url({http://t/b}),url({http://t/c})"},
        {"v074",
         "list-style:url(http://t/a);list-style-image:url(http://t/b);content:url(http://t/c);"
         "border-image:url(http://t/d) 30 round",
         "list-style:url({http://t/a});list-style-image:url({http://t/b});content:url({http://t/"
         "c});border-image:url({http://t/d}) 30 round"},
        {"v075",
         "cursor:url(http://t/),auto;mask:url(http://t/);filter:url(http://t/#f);clip-path:url(x);"
         "shape-outside:url(http://t/);fill:url(http://t/);-webkit-box-reflect:below 0 url(x);"
         "-webkit-mask-box-image:url(http://t/);color:red",
         "color:red"},
        {"v075 where no image goes", "color:url(http://t/);width:url(http://t/)", ""},
        {"v076", "background:image-set(\"http://t/\" 1x);background:-webkit-image-set(url(x) 1x)",
         ""},
        {"v077",
         "background:image(\"http://t/\");background:cross-fade(url(http://t/),url(x));"
         "background:src(\"http://t/\");background:element(#x);background:paint(x);"
         "content:attr(x url)",
         ""},
        {"v078", "--x:url(http://t/);background:var(--x);color:var(--a,var(--b,url(http://t/)))",
         ""},
        {"v082", "background:\\75 \\72 \\6C (http://t/a);background:u\\rl(http://t/b)",
         "background:url({http://t/a});background:url({http://t/b})"},
        {"v082", "b\\61 ckground:url(h\\74tp://t/)", "background:url({http://t/})"},
        {"v083", "background:u/**/rl(http://t/);color/**/:/*;*/red/*", "color:red"},
        {"v084", "background:url(\"http://t/\n);color:red", "color:red"},
        {"v084", "background:url(http://t/ x);color:red", "color:red"},
        {"v084", "background:url('http://t/'", ""},
        {"v084", "color:rgb(1,2", ""},
        {"v085",
         "width:expression(alert(1));-moz-binding:url(http://t/);filter:progid:DXImageTransform."
         "Microsoft.AlphaImageLoader(src='http://t/');-o-link:'http://t/'",
         ""},
        {"v086", "cue-before:url(http://t/);play-during:url(http://t/);foo:bar", ""},
        {"v087", "content:\"&quot;;background:url(//t/)\"", ""},
        {"comment in a string", "content:\"*/\";color:red;quotes:\"/*\" \"x\"", "color:red"},
        {"position", "position:fixed;position:ABSOLUTE;position:relative", "position:relative"},
        {"dropped image", "background:#fff url(x.png) no-repeat;content:url(x)",
         "background:#fff none no-repeat;content:\"\""},
        {"inline image", "background:url(cid:a@b);background:url(data:image/gif;base64,R0lGOA==)",
         "background:url(cid:a@b);background:url(data:image/gif;base64,R0lGOA==)"},
        {"junk", "}color:red;*color:red;_c:d;color:red\\9;top:1px", "top:1px"},
        {"nested block", "color:{a};margin:[x];top:1px", "top:1px"},
        {"strings that are syntax", "font-family:\"a;b\",x;quotes:\"//\" \"x\";content:\"a(b\"",
         ""},
    };
    CHECK_ALL(false, vectors);
}

static void test_sheets(void **state)
{
    (void)state;
    static const struct vector vectors[] = {
        {"rules", "A:hover , .b > #c{color:red}\n p + q ~ r{ }", "A:hover,.b>#c{color:red}"},
        {"wrapped", "<!-- p{color:red} -->", "p{color:red}"},
        {"attributes", "a[href^='tel'],[x = y i],u + .body [data-ogsc]{color:red}",
         "a[href^=\"tel\"],[x=\"y\" i],u+.body [data-ogsc]{color:red}"},
        {"pseudo", "li:nth-child( 2n + 1 ):not(.a , .b)::before{top:0}",
         "li:nth-child(2n+1):not(.a,.b)::before{top:0}"},
        {"escaped class", ".sm\\:w-full,.\\31 0{top:0}", ".sm\\:w-full,.\\31 0{top:0}"},
        {"bad selector", "p:has(a){color:red}a b!c{top:0}p.{top:0}q{top:1px}", "q{top:1px}"},
        {"media", "@MEDIA only screen and (max-width:600PX){.a{color:red!important}}",
         "@media only screen and (max-width:600PX){.a{color:red!important}}"},
        {"media ratio", "@media (min-aspect-ratio: 16 / 9){p{top:0}}@media a://b{p{top:0}}",
         "@media (min-aspect-ratio:16/9){p{top:0}}"},
        {"media empty", "@media print{p{foo:bar}}q{top:0}", "q{top:0}"},
        {"supports", "@supports (display:grid) and (not (color:x)){p{top:0}}",
         "@supports (display:grid) and (not (color:x)){p{top:0}}"},
        {"keyframes", "@-webkit-keyframes 'x'{from,50%{background:url(http://t/)}to{top:0}}",
         "@-webkit-keyframes \"x\"{from,50%{background:url({http://t/})}to{top:0}}"},
        {"v079", "@import 'http://t/';@import url(http://t/) layer(x);@import url(x);p{top:0}",
         "p{top:0}"},
        {"v080", "@font-face{font-family:x;src:url(http://t/)}p{top:0}", "p{top:0}"},
        {"v081",
         "@counter-style x{symbols:url(http://t/)}@property --x{initial-value:url(http://t/)}"
         "@document url(http://t/){p{top:0}}@namespace url(http://t/);@page{@top-left{content:"
         "url(http://t/)}}p{top:0}",
         "p{top:0}"},
        {"v083", "/* b { content: \"*/* {background:url(http://t/)}",
         "*{background:url({http://t/})}"},
        {"v084", "p{background:url(http://t/a", "p{background:url({http://t/a})}"},
        {"v084", "p{color:red", "p{color:red}"},
        {"v084", "@media x{p{color:red", "@media x{p{color:red}}"},
        {"v088",
         "@charset \"x\";p{content:\"\\3C/style>\"}p{top:0}/*# sourceMappingURL=http://t/ */",
         "p{top:0}"},
        {"v088", ".\\3C \\/style\\3E{top:0}", ".\\3C \\/style\\3E {top:0}"},
        {"v090",
         "@layer x{p{background:url(http://t/)}}@scope (a){p{top:0}}@container (x){p{top:0}}"
         "q{top:0}",
         "q{top:0}"},
        {"v090", "p{color:red;&:hover{background:url(http://t/)}top:0}", "p{color:red}"},
        {"unbalanced", "p{width:(}color:red}q{top:0}", ""},
        {"supports that loads", "@supports (background:url(http://t/)){p{top:0}}q{top:0}",
         "q{top:0}"},
    };
    CHECK_ALL(true, vectors);
}

static void test_deep_nesting_ends_the_sheet_and_nothing_else(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    buf_add_text(&in, "p{top:0}");
    for (int i = 0; i < 10000; i++)
        buf_add_text(&in, "@media x{");
    buf_add_text(&in, "q{top:0}");
    run(true, in.ptr, &out);
    assert_string_equal(out.ptr, "p{top:0}");
    buf_clear(&in);
    buf_clear(&out);
    for (int i = 0; i < 10000; i++)
        buf_add_text(&in, "width:calc((");
    run(false, in.ptr, &out);
    assert_int_equal(out.len, 0);
    buf_free(&in);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_sheets),
        cmocka_unit_test(test_deep_nesting_ends_the_sheet_and_nothing_else),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shoji_keys_free(help_keys);
    return failed;
}
