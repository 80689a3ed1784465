#include "test.h"

#include <shoji/url.h>

#include <jansson.h>
#include <stdio.h>
#include <unicode/uchar.h>

/* What shoji_url_canonical answered, and its text when that is 0. */
struct result {
    int answer;
    char text[SHOJI_URL_MAX + 1];
};

static struct result canonical(const char *in, size_t len, const char *base)
{
    struct result result = {0};
    size_t text_len = 0;
    result.answer = shoji_url_canonical(in, len, base, result.text, &text_len);
    if (result.answer == 0)
        assert_int_equal(strlen(result.text), text_len);
    return result;
}

/* The small table: facts of the URL standard, for machines without the web platform's cases. */
static const struct {
    const char *in;
    const char *base;
    const char *want; /* NULL: invalid */
} cases[] = {
    {"https://example.org", NULL, "https://example.org/"},
    {" HTTP://User:Pw@EXAMPLE.org:80/a#frag\n", NULL, "http://example.org/a"},
    {"https://example.org:443/", NULL, "https://example.org/"},
    {"https://example.org:80/", NULL, "https://example.org:80/"},
    {"http:\\\\example.org\\a\\..\\b?c\\d", NULL, "http://example.org/b?c\\d"},
    {"http://e/a/b/%2e%2E/./c/.", NULL, "http://e/a/c/"},
    {"http://e/../../a/..", NULL, "http://e/"},
    {"ht\ntp://ex\tample.org/a\rb", NULL, "http://example.org/ab"},
    {"http://e/ \"<>`{}^'?\"<>'`{}", NULL, "http://e/%20%22%3C%3E%60%7B%7D%5E'?%22%3C%3E%27`{}"},
    {"http://e/\xc3\xa9?\xe2\x82\xac", NULL, "http://e/%C3%A9?%E2%82%AC"},
    {"http://e/\xff\xe2\x82", NULL, "http://e/%EF%BF%BD%EF%BF%BD"},
    {"http://0x7f.1/", NULL, "http://127.0.0.1/"},
    {"http://017700000001/", NULL, "http://127.0.0.1/"},
    {"http://1.2.3.4.5/", NULL, NULL},
    {"http://256.1/", NULL, NULL},
    {"http://1.2.3.09/", NULL, NULL},
    {"http://[2001:DB8:0:0:1:0:0:1]:8080/", NULL, "http://[2001:db8::1:0:0:1]:8080/"},
    {"http://[::ffff:1.2.3.4]/", NULL, "http://[::ffff:102:304]/"},
    {"http://[::1%25eth0]/", NULL, NULL},
    {"http://b\xc3\xbc"
     "cher.example/",
     NULL, "http://xn--bcher-kva.example/"},
    {"http://r4---sn-x.example.com/", NULL, "http://r4---sn-x.example.com/"},
    {"http://\xf0\x9f\x92\xa9.la/", NULL, "http://xn--ls8h.la/"},
    {"http://%41%2541/", NULL, NULL},
    {"http://%45xample/", NULL, "http://example/"},
    {"http://a b/", NULL, NULL},
    {"http://a%00b/", NULL, NULL},
    {"http://\xff/", NULL, NULL},
    {"http://", NULL, NULL},
    {"http://user@/", NULL, NULL},
    {"http://e:65536/", NULL, NULL},
    {"http://e:8a/", NULL, NULL},
    {"http://e:/", NULL, "http://e/"},
    {"x.png", NULL, NULL},
    {"", NULL, NULL},
    {"x.png", "https://e/a/b?c", "https://e/a/x.png"},
    {"../x.png", "https://e/a/b?c", "https://e/x.png"},
    {"?d", "https://e/a/b?c", "https://e/a/b?d"},
    {"#f", "https://e/a/b?c", "https://e/a/b?c"},
    {"/x", "https://e:8/a/b?c", "https://e:8/x"},
    {"//f/x", "https://e/a/b?c", "https://f/x"},
    {"https:x", "https://e/a/b?c", "https://e/a/x"},
    {"http:x", "https://e/a/b?c", "http://x/"},
};

static void test_small_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result got = canonical(cases[i].in, strlen(cases[i].in), cases[i].base);
        if (!cases[i].want) {
            if (got.answer != SHOJI_URL_INVALID)
                fail_msg("<%s>: %d %s", cases[i].in, got.answer, got.text);
            continue;
        }
        if (got.answer != 0 || strcmp(got.text, cases[i].want) != 0)
            fail_msg("<%s>: %d %s, not %s", cases[i].in, got.answer, got.text, cases[i].want);
    }
}

static void test_other_schemes(void **state)
{
    (void)state;
    static const char *const others[] = {"ftp://e/",
                                         "mailto:a@b",
                                         "data:,x",
                                         "cid:x",
                                         "httpss://e/",
                                         "javascript:alert(1)",
                                         "java\nscript:alert(1)",
                                         "file:///x"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(canonical(others[i], strlen(others[i]), NULL).answer, SHOJI_URL_SCHEME);
        assert_int_equal(canonical(others[i], strlen(others[i]), "http://e/").answer,
                         SHOJI_URL_SCHEME);
    }
}

static void test_length_counts_after_serialising(void **state)
{
    (void)state;
    char in[3 * SHOJI_URL_MAX];
    size_t head = (size_t)snprintf(in, sizeof(in), "http://e/");
    memset(in + head, 'a', sizeof(in) - head);
    struct result got = canonical(in, SHOJI_URL_MAX, NULL);
    assert_int_equal(got.answer, 0);
    assert_int_equal(strlen(got.text), SHOJI_URL_MAX);
    assert_int_equal(canonical(in, SHOJI_URL_MAX + 1, NULL).answer, SHOJI_URL_TOO_LONG);

    /* Segments that do not fit, but which ".." takes away again. */
    size_t len = 2 * SHOJI_URL_MAX;
    const char *tail = "/b/../../x";
    memcpy(in + len, tail, strlen(tail));
    got = canonical(in, len + strlen(tail), NULL);
    assert_int_equal(got.answer, 0);
    assert_string_equal(got.text, "http://e/x");

    /* Nor does a fragment count. */
    in[head] = '#';
    assert_string_equal(canonical(in, len, NULL).text, "http://e/");

    in[head] = '?';
    assert_int_equal(canonical(in, len, NULL).answer, SHOJI_URL_TOO_LONG);
    memset(in + head - 1, 'a', len - head);
    assert_int_equal(canonical(in, len, NULL).answer, SHOJI_URL_TOO_LONG);
}

/* The work of punycode grows with the square of the label: there must be an end to it. */
static void test_international_hosts_have_a_ceiling(void **state)
{
    (void)state;
    char in[4096];
    size_t len = (size_t)snprintf(in, sizeof(in), "http://");
    while (len < 7 + 1022) {
        memcpy(in + len, "\xc3\xbc", 2);
        len += 2;
    }
    assert_int_equal(canonical(in, len, NULL).answer, 0);
    memcpy(in + len, "\xc3\xbc\xc3\xbc", 4);
    assert_int_equal(canonical(in, len + 4, NULL).answer, SHOJI_URL_TOO_LONG);
    memset(in + 7, 'a', len - 7);
    assert_int_equal(canonical(in, len, NULL).answer, 0);
}

static void test_output_is_untouched_on_failure(void **state)
{
    (void)state;
    char text[SHOJI_URL_MAX + 1] = "before";
    size_t len = 77;
    assert_int_equal(shoji_url_canonical("http://[", 8, NULL, text, &len), SHOJI_URL_INVALID);
    assert_string_equal(text, "before");
    assert_int_equal(len, 77);
}

static void check_parts(const char *url, const char *host, unsigned port, const char *target)
{
    struct shoji_url_parts parts;
    assert_int_equal(shoji_url_split(url, strlen(url), &parts), 0);
    assert_int_equal(parts.host_len, strlen(host));
    assert_memory_equal(parts.host, host, parts.host_len);
    assert_int_equal(parts.port, port);
    assert_int_equal(parts.target_len, strlen(target));
    assert_memory_equal(parts.target, target, parts.target_len);
    assert_int_equal(parts.https, url[4] == 's');
}

static void test_split(void **state)
{
    (void)state;
    check_parts("https://e.org/", "e.org", 443, "/");
    check_parts("http://e.org/a?b/c:d", "e.org", 80, "/a?b/c:d");
    check_parts("http://[::1]:8080/]", "[::1]", 8080, "/]");
    check_parts("http://[::1]/", "[::1]", 80, "/");
    check_parts("http://e:0/", "e", 0, "/");

    static const char *const bad[] = {
        "",          "http://",         "http://e",      "ftp://e/",
        "http:///",  "http://e:/",      "http://e:x/",   "http://:80/",
        "HTTP://e/", "http://e:99999/", "http://[::1]x/"};
    struct shoji_url_parts parts;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (shoji_url_split(bad[i], strlen(bad[i]), &parts) != SHOJI_URL_INVALID)
            fail_msg("<%s> was split", bad[i]);
}

static void test_base_url(void **state)
{
    (void)state;
    assert_true(shoji_base_url_valid("https://img.example.org"));
    assert_true(shoji_base_url_valid("http://127.0.0.1:8080"));
    assert_true(shoji_base_url_valid("http://[::1]:8080"));
    static const char *const bad[] = {"",
                                      "img.example.org",
                                      "https://img.example.org/",
                                      "https://img.example.org/p",
                                      "https://img.example.org?q",
                                      "https://Img.example.org",
                                      "https://a'b.example.org",
                                      "https://u@img.example.org",
                                      "ftp://img.example.org",
                                      "https://"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (shoji_base_url_valid(bad[i]))
            fail_msg("<%s> is taken for a base URL", bad[i]);
    char longest[SHOJI_BASE_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "https://", 8);
    longest[SHOJI_BASE_MAX] = '\0';
    assert_true(shoji_base_url_valid(longest));
    longest[SHOJI_BASE_MAX] = 'a';
    longest[SHOJI_BASE_MAX + 1] = '\0';
    assert_false(shoji_base_url_valid(longest));
}

/* ---- the web platform's cases, where they are at hand ---- */

static json_t *load_cases(const char *name)
{
    char path[4096];
    const char *root = getenv("SHOJI_SOURCE_ROOT");
    snprintf(path, sizeof(path), "%s/../shared/data/url/%s", root ? root : ".", name);
    json_error_t error;
    json_t *list = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (!list) {
        print_message("skipped: no %s (%s)\n", path, error.text);
        skip();
    }
    return list;
}

static bool is_http(const char *url)
{
    return url && (strncmp(url, "http:", 5) == 0 || strncmp(url, "https:", 6) == 0);
}

/* Our form of their href: without user, password and fragment. */
static void strip(const char *href, char *ret, size_t size)
{
    const char *authority = strstr(href, "//") + 2;
    size_t authority_len = strcspn(authority, "/?#");
    const char *host = authority;
    for (const char *c = authority; c < authority + authority_len; c++)
        if (*c == '@')
            host = c + 1;
    size_t rest_len = strcspn(host, "#");
    int len = snprintf(ret, size, "%.*s%.*s", (int)(authority - href), href, (int)rest_len, host);
    assert_true((size_t)len < size);
}

static void test_web_platform_urls(void **state)
{
    (void)state;
    json_t *list = load_cases("urltestdata.json");
    size_t index;
    size_t equal = 0, refused = 0, others = 0, inexpressible = 0, wrong = 0;
    json_t *one;
    json_array_foreach(list, index, one)
    {
        if (!json_is_object(one))
            continue;
        const char *in = json_string_value(json_object_get(one, "input"));
        size_t in_len = json_string_length(json_object_get(one, "input"));
        const char *base = json_string_value(json_object_get(one, "base"));
        const char *href = json_string_value(json_object_get(one, "href"));
        struct result plain_base = {.answer = 0};
        if (is_http(base))
            plain_base = canonical(base, strlen(base), NULL);
        if (!in) { /* a lone surrogate, which is no JSON text */
            inexpressible++;
            continue;
        }
        if (base && (!is_http(base) || plain_base.answer != 0)) {
            /* Our bases are canonical http URLs. Against another, an input without a scheme gives
             * that other scheme; an http one does not look at it. */
            if (href && is_http(href)) {
                base = NULL;
            } else {
                inexpressible++;
                continue;
            }
        }
        struct result got = canonical(in, in_len, base ? plain_base.text : NULL);
        char want[2 * SHOJI_URL_MAX] = "";
        if (is_http(href))
            strip(href, want, sizeof(want));
        bool good;
        if (!href) {
            good = got.answer == SHOJI_URL_INVALID || got.answer == SHOJI_URL_SCHEME;
            refused++;
        } else if (!is_http(href)) {
            good = got.answer == SHOJI_URL_SCHEME;
            others++;
        } else {
            good = got.answer == 0 && strcmp(got.text, want) == 0;
            equal++;
        }
        if (!good) {
            print_message("<%s> against <%s>: %d <%s>, not <%s>\n", in, base ? base : "",
                          got.answer, got.text, want);
            wrong++;
        }
    }
    json_decref(list);
    print_message("%zu equal, %zu refused, %zu of other schemes, %zu not expressible here\n", equal,
                  refused, others, inexpressible);
    assert_int_equal(wrong, 0);
    assert_true(equal > 200 && refused > 150 && others > 100);
}

/* Unicode 16 maps or ignores these, which earlier tables of ICU refuse or (U+1E9E) map to "ss". */
static bool needs_unicode_16(const char *input)
{
    static const char *const newer[] = {
        "\xe1\xa0\x8e",     /* U+180E: refused until 15.1 */
        "\xe2\x81\xab",     /* U+206B: refused until 15.1 */
        "\xd3\x80",         /* U+04C0: refused until 15.1 */
        "\xf0\xaf\xa1\xa8", /* U+2F868: refused until 15.1 */
        "\xe2\x86\x83",     /* U+2183: refused until 15.1 */
        "\xe1\xba\x9e",     /* U+1E9E: "ss" until 15.0 */
    };
    for (size_t i = 0; i < sizeof(newer) / sizeof(newer[0]); i++)
        if (strstr(input, newer[i]))
            return true;
    return false;
}

static void test_web_platform_hosts(void **state)
{
    (void)state;
    UVersionInfo unicode;
    u_getUnicodeVersion(unicode);
    json_t *list = load_cases("toascii.json");
    size_t index;
    size_t done = 0, wrong = 0;
    json_t *one;
    json_array_foreach(list, index, one)
    {
        if (!json_is_object(one))
            continue;
        const char *input = json_string_value(json_object_get(one, "input"));
        const char *output = json_string_value(json_object_get(one, "output"));
        if (!input || (unicode[0] < 16 && needs_unicode_16(input)))
            continue;
        char url[8192];
        char want[8192] = "";
        snprintf(url, sizeof(url), "https://%s/x", input);
        if (output)
            snprintf(want, sizeof(want), "https://%s/x", output);
        struct result got = canonical(url, strlen(url), NULL);
        done++;
        if (output ? got.answer != 0 || strcmp(got.text, want) != 0
                   : got.answer != SHOJI_URL_INVALID) {
            print_message("<%s>: %d <%s>, not <%s>\n", url, got.answer, got.text, want);
            wrong++;
        }
    }
    json_decref(list);
    assert_int_equal(wrong, 0);
    assert_true(done >= 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_table),
        cmocka_unit_test(test_other_schemes),
        cmocka_unit_test(test_length_counts_after_serialising),
        cmocka_unit_test(test_international_hosts_have_a_ceiling),
        cmocka_unit_test(test_output_is_untouched_on_failure),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_base_url),
        cmocka_unit_test(test_web_platform_urls),
        cmocka_unit_test(test_web_platform_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
