/* The vectors of tests/vectors, which a program that shares no code with us has computed. */
#include "test.h"

#include <errno.h>
#include <jansson.h>
#include <shoji/url.h>
#include <stdio.h>

static json_t *vectors;
static struct shoji_keys *keys;

static int set_up(void **state)
{
    (void)state;
    char path[4096];
    char why[SHOJI_WHY_SIZE];
    snprintf(path, sizeof(path), "%s/tests/vectors/vectors.json", getenv("SHOJI_SOURCE_ROOT"));
    json_error_t error;
    vectors = json_load_file(path, 0, &error);
    if (!vectors) {
        print_error("%s: %s\n", path, error.text);
        return -1;
    }
    const char *file = json_string_value(json_object_get(vectors, "key_file"));
    if (shoji_keys_parse(file, strlen(file), "vectors", why, &keys) != 0) {
        print_error("%s\n", why);
        return -1;
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    shoji_keys_free(keys);
    json_decref(vectors);
    return 0;
}

static const char *text_of(json_t *one, const char *name)
{
    const char *text = json_string_value(json_object_get(one, name));
    assert_non_null(text);
    return text;
}

static const struct shoji_key *key_of(json_t *one)
{
    const char *kid = text_of(one, "kid");
    const struct shoji_key *key = shoji_keys_find(keys, kid, strlen(kid));
    assert_non_null(key);
    return key;
}

static struct shoji_url_options options_of(json_t *one)
{
    struct shoji_url_options options = SHOJI_URL_OPTIONS_NONE;
    json_t *given = json_object_get(one, "options");
    options.consent = json_object_get(given, "c") != NULL;
    const char *days = json_string_value(json_object_get(given, "d"));
    if (days)
        options.delivered = (int32_t)strtol(days, NULL, 10);
    const char *salt = json_string_value(json_object_get(given, "m"));
    if (salt)
        strcpy(options.mailbox, salt);
    return options;
}

static void test_signs_as_the_vectors_say(void **state)
{
    (void)state;
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(vectors, "sign"), index, one)
    {
        struct shoji_url_options options = options_of(one);
        struct shoji_signer signer = {
            .key = key_of(one),
            .form = strcmp(text_of(one, "form"), "sealed") == 0 ? SHOJI_SEALED : SHOJI_SIGNED,
            .base_url = "https://img.example.org",
            .suffix = text_of(one, "suffix"),
        };
        const char *url = text_of(one, "url");
        char got[SHOJI_SIGNED_MAX + 1];
        size_t got_len = 0;
        assert_int_equal(shoji_url_sign(&signer, url, strlen(url), &options, got, &got_len), 0);
        assert_string_equal(got, text_of(one, "signed"));
        assert_int_equal(got_len, strlen(got));
    }
    assert_true(index > 50);
}

static void test_salts(void **state)
{
    (void)state;
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(vectors, "salts"), index, one)
    {
        char salt[SHOJI_SALT_LEN + 1];
        shoji_mailbox_salt(key_of(one), text_of(one, "mailbox"), salt);
        assert_string_equal(salt, text_of(one, "salt"));
    }
    assert_true(index > 5);
}

/* RFC 5321 (2.4): domains have no case; RFC 5233: detailed addresses. */
static void test_addresses_of_one_mailbox(void **state)
{
    (void)state;
    static const struct {
        const char *address, *delimiters, *name;
    } cases[] = {
        {"anna@example.org", "+", "anna@example.org"},
        {"Anna@EXAMPLE.org", "+", "anna@example.org"},
        {"anna+Shop+2@example.org", "+", "anna@example.org"},
        {"anna-a+b@example.org", "+-", "anna@example.org"},
        {"anna+shop@example.org", "", "anna+shop@example.org"},
        {"Anna+shop@example.org", NULL, "anna+shop@example.org"},
        {"+anna@example.org", "+", "+anna@example.org"},
        {"++@example.org", "+", "+@example.org"},
        {"anna@sub+domain.example", "+", "anna@sub+domain.example"},
        {"\"a@b\"@example.org", "@", "\"a@example.org"},
        {"ANNA", "+", "anna"},
        {"anna+shop", "+", "anna"},
        {"", "+", ""},
        {"@", "+", "@"},
        {"B\u00fccher@Example.org", "+", "b\u00fccher@example.org"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[64];
        strcpy(text, cases[i].address);
        shoji_mailbox_fold(text, cases[i].delimiters);
        assert_string_equal(text, cases[i].name);
    }
}

static void test_opens_and_refuses_as_the_vectors_say(void **state)
{
    (void)state;
    size_t index;
    size_t wrong = 0;
    json_t *one;
    json_array_foreach(json_object_get(vectors, "open"), index, one)
    {
        const char *path = text_of(one, "path");
        const char *answer = text_of(one, "answer");
        struct shoji_opened opened = {.url_len = 99999};
        int want = strcmp(answer, "opened") == 0    ? 0
                   : strcmp(answer, "refused") == 0 ? SHOJI_OPEN_REFUSED
                                                    : SHOJI_OPEN_UNPARSABLE;
        int got = shoji_url_open(keys, text_of(one, "suffix"), path, strlen(path), &opened);
        if (got != want) {
            print_error("%s (%.80s): %d, not %s\n", text_of(one, "why"), path, got, answer);
            wrong++;
            continue;
        }
        if (got != 0) {
            assert_int_equal(opened.url_len, 99999);
            continue;
        }
        struct shoji_url_options options = options_of(one);
        assert_string_equal(opened.url, text_of(one, "url"));
        assert_int_equal(opened.url_len, strlen(opened.url));
        assert_int_equal(opened.options.consent, options.consent);
        assert_int_equal(opened.options.delivered, options.delivered);
        assert_string_equal(opened.options.mailbox, options.mailbox);
        assert_string_equal(shoji_key_kid(opened.key), "0123456789abcdef");
    }
    assert_int_equal(wrong, 0);
    assert_true(index > 100);
}

static void test_tenants_sign_with_their_last_key(void **state)
{
    (void)state;
    const char *tenant;
    json_t *kid;
    json_object_foreach(json_object_get(vectors, "signers"), tenant, kid)
    {
        const struct shoji_key *key = shoji_keys_signer(keys, tenant[0] ? tenant : NULL);
        assert_non_null(key);
        assert_string_equal(shoji_key_kid(key), json_string_value(kid));
    }
}

/* No single changed bit of either form opens, wherever it is. */
static void test_every_flipped_bit_is_refused(void **state)
{
    (void)state;
    const char *url = "https://example.org/a.png";
    struct shoji_url_options options = SHOJI_URL_OPTIONS_NONE;
    options.consent = true;
    for (int form = SHOJI_SEALED; form <= SHOJI_SIGNED; form++) {
        struct shoji_signer signer = {.key = shoji_keys_signer(keys, NULL),
                                      .form = form ? SHOJI_SIGNED : SHOJI_SEALED,
                                      .base_url = "",
                                      .suffix = ""};
        char path[SHOJI_SIGNED_MAX + 1];
        size_t len = 0;
        struct shoji_opened opened;
        assert_int_equal(shoji_url_sign(&signer, url, strlen(url), &options, path, &len), 0);
        assert_int_equal(shoji_url_open(keys, "", path, len, &opened), 0);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            path[bit / 8] = (char)(path[bit / 8] ^ 1 << bit % 8);
            assert_int_equal(shoji_url_open(keys, "", path, len, &opened), SHOJI_OPEN_REFUSED);
            path[bit / 8] = (char)(path[bit / 8] ^ 1 << bit % 8);
        }
    }
}

static int sign_with(struct shoji_signer signer, const char *url, size_t len,
                     struct shoji_url_options options)
{
    char got[SHOJI_SIGNED_MAX + 1] = "untouched";
    size_t got_len = 0;
    int r = shoji_url_sign(&signer, url, len, &options, got, &got_len);
    if (r != 0)
        assert_string_equal(got, "untouched");
    return r;
}

static void test_refuses_to_sign(void **state)
{
    (void)state;
    const struct shoji_url_options none = SHOJI_URL_OPTIONS_NONE;
    struct shoji_signer signer = {
        .key = shoji_keys_signer(keys, NULL), .base_url = "https://img.example.org", .suffix = ""};
    char url[SHOJI_URL_MAX + 1];
    memset(url, 'a', sizeof(url));
    assert_int_equal(sign_with(signer, url, SHOJI_URL_MAX, none), 0);
    assert_int_equal(sign_with(signer, url, SHOJI_URL_MAX + 1, none), -EINVAL);
    assert_int_equal(sign_with(signer, url, 0, none), -EINVAL);
    assert_int_equal(sign_with(signer, "http://e/\nc=1", 13, none), -EINVAL);

    struct shoji_url_options bad = none;
    bad.delivered = -2;
    assert_int_equal(sign_with(signer, url, 9, bad), -EINVAL);
    bad = none;
    strcpy(bad.mailbox, "AAAAAAAAAAB"); /* stray bits */
    assert_int_equal(sign_with(signer, url, 9, bad), -EINVAL);
    strcpy(bad.mailbox, "AAAA");
    assert_int_equal(sign_with(signer, url, 9, bad), -EINVAL);

    struct shoji_signer other = signer;
    other.suffix = "png"; /* could not be told from the body */
    assert_int_equal(sign_with(other, url, 9, none), -EINVAL);
    other.suffix = ".p?g";
    assert_int_equal(sign_with(other, url, 9, none), -EINVAL);

    other = signer;
    other.key = shoji_keys_find(keys, "gone", 4);
    assert_int_equal(sign_with(other, url, 9, none), -EKEYREVOKED);
    other.key = shoji_keys_find(keys, "0123456789abcdef", 16);
    assert_int_equal(sign_with(other, url, 9, none), -EKEYREVOKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signs_as_the_vectors_say),
        cmocka_unit_test(test_salts),
        cmocka_unit_test(test_addresses_of_one_mailbox),
        cmocka_unit_test(test_opens_and_refuses_as_the_vectors_say),
        cmocka_unit_test(test_tenants_sign_with_their_last_key),
        cmocka_unit_test(test_every_flipped_bit_is_refused),
        cmocka_unit_test(test_refuses_to_sign),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
