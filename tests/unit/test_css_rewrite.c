/* The CSS rewriter beside the vectors: spelling, what is not understood, depth. */
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

/* A declaration that came before is not read again: it must end where it would have ended. */
static void test_repeated_declarations(void **state)
{
    (void)state;
    static const struct vector styles[] = {
        {"again", "color: Red;color: Red ; color: Red", "color:Red;color:Red;color:Red"},
        {"a brace is an error here", "color:red;top:0;color:red};top:0", "color:red;top:0;top:0"},
        {"a string hides the end", "quotes:'a' 'b';quotes:'a' 'b;quotes:'a' 'b';color:red",
         "quotes:\"a\" \"b\""},
        {"brackets hide the end", "width:calc(1px);width:calc(1px;width:calc(1px)",
         "width:calc(1px)"},
        {"a comment", "top:0;top:0/*;*/;top:0", "top:0;top:0;top:0"},
        {"an escape", "top:0;top:0\\;;top:0", "top:0;top:0"},
    };
    static const struct vector sheets[] = {
        {"again", "a{color: Red}b{color: Red;}c{color: Red",
         "a{color:Red}b{color:Red}c{color:Red}"},
        {"mixed", "a{top:0;left:0}b{left:0;top:0!important}c{top:0!important}",
         "a{top:0;left:0}b{left:0;top:0!important}c{top:0!important}"},
    };
    CHECK_ALL(false, styles);
    CHECK_ALL(true, sheets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_declarations),
        cmocka_unit_test(test_sheets),
        cmocka_unit_test(test_repeated_declarations),
        cmocka_unit_test(test_deep_nesting_ends_the_sheet_and_nothing_else),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shoji_keys_free(help_keys);
    return failed;
}
