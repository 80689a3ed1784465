/* The CSS tokenizer against css-parsing-tests: component values, by a small parser of the test's
 * own. */
#include "test.h"

#include "lib/css_token.h"
#include "lib/html_input.h"

#include <jansson.h>

static json_t *load(const char *name)
{
    const char *root = getenv("SHOJI_SOURCE_ROOT");
    char path[4096];
    snprintf(path, sizeof(path), "%s/../shared/data/css-parsing/%s", root ? root : ".", name);
    return json_load_file(path, JSON_ALLOW_NUL, NULL);
}

static json_t *text_json(struct span s)
{
    return json_stringn(s.ptr, s.len);
}

static json_t *pair(const char *kind, json_t *value)
{
    return json_pack("[s,o]", kind, value);
}

static json_t *number_json(const char *kind, const struct css_token *token)
{
    bool whole = !memchr(token->number.ptr, '.', token->number.len) &&
                 !memchr(token->number.ptr, 'e', token->number.len) &&
                 !memchr(token->number.ptr, 'E', token->number.len);
    json_t *list =
        json_pack("[s,o,s]", kind, text_json(token->number), whole ? "integer" : "number");
    if (token->type == CSS_DIMENSION)
        json_array_append_new(list, text_json(token->text));
    return list;
}

/* A delimiter is one ASCII character: all others can begin a name. */
static json_t *delim_json(const struct css_token *token)
{
    char text[2] = {token->delim, '\0'};
    return json_string(text);
}

/* The representation of the tests' README; blocks and functions are filled by the caller. */
static json_t *token_json(const struct css_token *token)
{
    switch (token->type) {
    case CSS_IDENT:
        return pair("ident", text_json(token->text));
    case CSS_AT_KEYWORD:
        return pair("at-keyword", text_json(token->text));
    case CSS_HASH:
        return json_pack("[s,o,s]", "hash", text_json(token->text),
                         token->id ? "id" : "unrestricted");
    case CSS_STRING:
        return pair("string", text_json(token->text));
    case CSS_BAD_STRING:
        return pair("error", json_string("bad-string"));
    case CSS_URL:
        return pair("url", text_json(token->text));
    case CSS_BAD_URL:
        return pair("error", json_string("bad-url"));
    case CSS_NUMBER:
        return number_json("number", token);
    case CSS_PERCENTAGE:
        return number_json("percentage", token);
    case CSS_DIMENSION:
        return number_json("dimension", token);
    case CSS_SPACE:
        return json_string(" ");
    case CSS_CDO:
        return json_string("<!--");
    case CSS_CDC:
        return json_string("-->");
    case CSS_COLON:
        return json_string(":");
    case CSS_SEMICOLON:
        return json_string(";");
    case CSS_COMMA:
        return json_string(",");
    case CSS_FUNCTION:
        return pair("function", text_json(token->text));
    case CSS_OPEN:
        return json_pack("[s]", token->delim == '(' ? "()" : token->delim == '[' ? "[]" : "{}");
    case CSS_CLOSE: {
        char text[2] = {token->delim, '\0'};
        return pair("error", json_string(text));
    }
    default:
        return delim_json(token);
    }
}

static char closing(const struct css_token *token)
{
    return token->type == CSS_FUNCTION || token->delim == '(' ? ')'
           : token->delim == '['                              ? ']'
                                                              : '}';
}

static void parse(struct css_tokenizer *t, char until, json_t *list)
{
    for (;;) {
        struct css_token token = css_next(t);
        if (token.type == CSS_END)
            return;
        if (token.type == CSS_CLOSE && token.delim == until)
            return;
        json_t *value = token_json(&token);
        json_array_append_new(list, value);
        if (token.type == CSS_OPEN || token.type == CSS_FUNCTION)
            parse(t, closing(&token), value);
    }
}

/*
 * Numbers are compared as written. And the cases are of the draft of 2013: it had the match
 * operators and unicode-range as tokens, which the standard has dropped since.
 */
static void normalise(json_t *value)
{
    if (!json_is_array(value))
        return;
    const char *kind = json_string_value(json_array_get(value, 0));
    if (kind && json_array_size(value) >= 4 && !json_is_array(json_array_get(value, 2)) &&
        (strcmp(kind, "number") == 0 || strcmp(kind, "percentage") == 0 ||
         strcmp(kind, "dimension") == 0))
        json_array_remove(value, 2);
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *item = json_array_get(value, i);
        /* A note of a parse error at the end of the input; the token stands before it. */
        const char *note = json_string_value(json_array_get(item, 1));
        if (note && strncmp(note, "eof-in-", 7) == 0) {
            json_array_remove(value, i--);
            continue;
        }
        const char *text = json_string_value(item);
        if (text && strlen(text) == 2 && strchr("~|^$*", text[0]) &&
            (text[1] == '=' || strcmp(text, "||") == 0) && i != 1) {
            char first[2] = {text[0], '\0'}, second[2] = {text[1], '\0'};
            json_array_set_new(value, i, json_string(first));
            json_array_insert_new(value, i + 1, json_string(second));
            continue;
        }
        normalise(item);
    }
}

static bool is_left_out(const char *input)
{
    /* unicode-range tokens: gone from the standard since 2014. */
    if (strstr(input, "U+") || strstr(input, "u+"))
        return true;
    return false;
}

static bool same(const char *input, size_t len, json_t *want)
{
    struct buf copy = BUF_INIT(1 << 20);
    struct span clean;
    assert_int_equal(html_input((struct span){input, len}, &copy, &clean), 0);
    struct css_tokenizer t;
    css_tokenizer_init(&t, clean);
    json_t *got = json_array();
    parse(&t, '\0', got);
    normalise(want);
    bool equal = json_equal(got, want);
    if (!equal) {
        char *got_text = json_dumps(got, JSON_COMPACT), *want_text = json_dumps(want, JSON_COMPACT);
        print_error("%s\n  want %s\n  got  %s\n", input, want_text, got_text);
        free(got_text);
        free(want_text);
    }
    json_decref(got);
    css_tokenizer_free(&t);
    buf_free(&copy);
    return equal;
}

static void test_css_parsing_tests(void **state)
{
    (void)state;
    json_t *cases = load("component_value_list.json");
    if (!cases) {
        print_message("no ../shared/data/css-parsing here\n");
        skip();
    }
    size_t failed = 0, run = 0;
    for (size_t i = 0; i + 1 < json_array_size(cases); i += 2) {
        json_t *input = json_array_get(cases, i);
        if (is_left_out(json_string_value(input)))
            continue;
        run++;
        failed += !same(json_string_value(input), json_string_length(input),
                        json_array_get(cases, i + 1));
    }
    json_decref(cases);
    print_message("%zu cases\n", run);
    assert_int_equal(failed, 0);
    assert_true(run > 30);
}

/* CSS Syntax 3, sections 4.3.4 to 4.3.7, by hand: escapes at their edges. */
static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum css_token_type type;
        const char *text;
    } cases[] = {
        {"\\75 \\72 \\6C (http://t/)", CSS_URL, "http://t/"},
        {"u\\rl(http://t/)", CSS_URL, "http://t/"},
        {"\\000075\\72l(x)", CSS_URL, "x"},
        {"\\75\r\nrl(x)", CSS_URL, "x"},
        {"u/**/rl(x)", CSS_IDENT, "u"},
        {"url/**/(x)", CSS_IDENT, "url"},
        {"\\", CSS_IDENT, "\xEF\xBF\xBD"},
        {"a\\\nb", CSS_IDENT, "a"},
        {"\"a\\\nb\\", CSS_STRING, "ab"},
        {"\"a\nb", CSS_BAD_STRING, ""},
        {"url(a b)", CSS_BAD_URL, ""},
        {"url( a ", CSS_URL, "a"},
        {"url('a')", CSS_FUNCTION, "url"},
        {"\\110000 x", CSS_IDENT, "\xEF\xBF\xBDx"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct css_tokenizer t;
        css_tokenizer_init(&t, span_of(cases[i].in));
        struct css_token token = css_next(&t);
        assert_int_equal(token.type, cases[i].type);
        assert_int_equal(token.text.len, strlen(cases[i].text));
        if (token.text.len > 0)
            assert_memory_equal(token.text.ptr, cases[i].text, token.text.len);
        css_tokenizer_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_css_parsing_tests),
        cmocka_unit_test(test_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
