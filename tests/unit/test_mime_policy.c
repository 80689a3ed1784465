/* Signed mail under its three policies, and messages at the edge of the size limit: what one pass
 * has made, the next one leaves alone. */
#include "test.h"

#include "base/limits.h"
#include "lib/mime_signed.h"

#include <shoji/rewrite.h>
#include <stdio.h>

static struct shoji_keys *keys;

static int load_keys(void **state)
{
    (void)state;
    static const char text[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    char why[SHOJI_WHY_SIZE];
    return shoji_keys_parse(text, sizeof(text) - 1, "test", why, &keys);
}

static int free_keys(void **state)
{
    (void)state;
    shoji_keys_free(keys);
    return 0;
}

struct result {
    char *text;
    size_t len;
    struct shoji_report report;
};

static void result_free(struct result *result)
{
    free(result->text);
    shoji_report_free(&result->report);
}

/* Rewrites twice: the second pass must change nothing. `max`: the largest message; 0: as usual. */
static struct result rewrite(enum shoji_signed policy, size_t max, struct span in)
{
    const struct shoji_rewrite how = {
        .signer = {.key = shoji_keys_signer(keys, NULL),
                   .base_url = "https://img.example.org",
                   .suffix = ""},
        .keys = keys,
        .options = SHOJI_URL_OPTIONS_NONE,
        .signed_mail = policy,
        .max_message = max,
    };
    struct result once = {0}, twice = {0};
    assert_int_equal(shoji_rewrite_mail(&how, in.ptr, in.len, &once.text, &once.len, &once.report),
                     0);
    assert_int_equal(
        shoji_rewrite_mail(&how, once.text, once.len, &twice.text, &twice.len, &twice.report), 0);
    assert_int_equal(once.len, twice.len);
    assert_memory_equal(once.text, twice.text, once.len);
    result_free(&twice);
    return once;
}

static bool has(const struct result *result, const char *text)
{
    return memmem(result->text, result->len, text, strlen(text)) != NULL;
}

#define IMAGE "<img src=http://a.test/1>"
#define HTML  "Content-Type: text/html\n\n" IMAGE "\n"
#define SIG   "Content-Type: application/pgp-signature\n\nSIG\n"
#define PAIR  "Content-Type: multipart/signed; boundary=s\n\n--s\n" HTML "--s\n" SIG "--s--\n"

/* ---- passes that once disagreed with the one before ---- */

/* The sender's own X-Shoji-Fallback counts whatever becomes of the part that it stands in. */
static void test_forged_fallback_of_a_container(void **state)
{
    (void)state;
    for (int policy = 0; policy < 3; policy++) {
        struct result result =
            rewrite((enum shoji_signed)policy, 0,
                    SPAN("X-Shoji-Fallback: limit\nContent-Type: multipart/signed; boundary=b\n\n"
                         "--b\n" HTML "--b\n" SIG "--b--\n"));
        assert_string_equal(result.report.fallback, "limit");
        result_free(&result);
    }
}

/* A signature that is called an HTML file is one for the client that goes by names. */
static void test_signature_with_the_name_of_a_document(void **state)
{
    (void)state;
    struct result result = rewrite(
        SHOJI_SIGNED_PROTECT, 0,
        SPAN("Content-Type: multipart/signed; boundary=b\n\n--b\n" HTML
             "--b\nContent-Type: application/pgp-signature\n"
             "Content-Disposition: inline; filename=a.html\n\n<img src=http://b.test/>\n--b--\n"));
    assert_false(has(&result, "b.test"));
    assert_true(has(&result, "Content-Type: text/html; charset=utf-8\n"));
    result_free(&result);
}

/* The last part of a message that breaks off cannot go: its delimiter ends the one before it. */
static void test_last_part_without_a_close(void **state)
{
    (void)state;
    struct result result =
        rewrite(SHOJI_SIGNED_PROTECT, 0,
                SPAN("Content-Type: multipart/alternative; boundary=b\n\n--b\n"
                     "Content-Type: text/html\nContent-Transfer-Encoding: base64\n\n"
                     "w6TDtsO8w6TDtsO8w6TDtsO8\n\n--b\nContent-Type: text/x-amp-html\n\n"
                     "<amp-img src=http://a.test/1>\n"));
    assert_false(has(&result, "a.test"));
    result_free(&result);
    result = rewrite(SHOJI_SIGNED_TEXT, 0,
                     SPAN("Content-Type: multipart/signed; boundary=s\n\n--s\n"
                          "Content-Type: multipart/alternative; boundary=b\n\n--b\n"
                          "Content-Type: text/plain\n\nhello\n\n--b\n" HTML));
    assert_false(has(&result, "a.test"));
    result_free(&result);
}

static size_t count_of(const struct result *result, const char *text)
{
    size_t count = 0;
    for (const char *at = result->text; (at = strstr(at, text)); at++)
        count++;
    return count;
}

/* Two signed parts of one message: the original travels along once, with the last that changed. */
static void test_one_original(void **state)
{
    (void)state;
    struct result result =
        rewrite(SHOJI_SIGNED_PROTECT, 0,
                SPAN("Content-Type: multipart/mixed; boundary=b\n\n--b\n" PAIR "--b\n" PAIR
                     "--b\nContent-Type: multipart/signed; boundary=s\n\n--s\n\nplain\n--s\n" SIG
                     "--s--\n--b--\n"));
    assert_int_equal(count_of(&result, "filename=\"original.eml\""), 1);
    assert_int_equal(count_of(&result, "X-Removed-Content-Type: multipart/signed"), 2);
    assert_int_equal(count_of(&result, "\nContent-Type: multipart/signed"), 1);
    result_free(&result);
}

/* ---- keep ---- */

static void test_keep_keeps_the_signed_part_alone(void **state)
{
    (void)state;
    struct result result = rewrite(SHOJI_SIGNED_KEEP, 0, SPAN(PAIR));
    assert_int_equal(result.len, sizeof(PAIR) - 1);
    assert_memory_equal(result.text, PAIR, result.len);
    result_free(&result);

    result = rewrite(SHOJI_SIGNED_KEEP, 0,
                     SPAN("Content-Type: multipart/mixed; boundary=b\n\n--b\n" PAIR "--b\n"
                          "Content-Type: text/html\n\n<img src=http://b.test/>\n--b--\n"));
    assert_true(has(&result, "--b\n" PAIR "--b\n"));
    assert_false(has(&result, "b.test"));
    result_free(&result);
}

/* A boundary that is used again where no standard looks for it: a part for the second scanner,
 * whose word counts outside of what is signed, however often "signed" stands in the message. */
#define AGAIN                                                                                      \
    "--b\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\nx\n--i--\n"                          \
    "--b\nContent-Type: text/plain\n\n--i\nContent-Type: text/html\n\n<img src=http://b.test/>\n"

static void test_keep_answers_for_the_rest(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "Subject: signed\nContent-Type: multipart/mixed; boundary=b\n\n" AGAIN "--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n" PAIR AGAIN "--b--\n",
        "Content-Type: multipart/mixed; boundary=b\n\n" AGAIN "--b\n" PAIR "--b--\n",
    };
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct result result = rewrite(SHOJI_SIGNED_KEEP, 0, span_of(messages[i]));
        assert_string_equal(result.report.fallback, "check");
        assert_false(has(&result, "<img src=http://b.test/>"));
        result_free(&result);
    }
}

static void test_cut(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(4 * KiB);
    assert_int_equal(mime_signed_cut(SPAN(HTML), &out), MIME_SIGNED_NONE);
    assert_int_equal(mime_signed_cut(SPAN("Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n"
                                          "Content-Type: multipart/signed; boundary=o\n\npre\n"
                                          "--o\n" PAIR "\n--o--\n--b\n" HTML "--b--\nend\n"),
                                     &out),
                     0);
    /* The outer one's content goes, with its own preamble; the close of it is nobody's part. */
    assert_string_equal(out.ptr, "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n"
                                 "Content-Type: multipart/signed; boundary=o\n\n"
                                 "--o--\n--b\n" HTML "--b--\nend\n");
    buf_free(&out);
}

/* ---- size ---- */

static char *message_of(size_t len, const char *image, char fill)
{
    static const char head[] = "Content-Type: text/html\n\n";
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, fill, len);
    memcpy(text, head, sizeof(head) - 1);
    memcpy(text + sizeof(head) - 1, image, strlen(image));
    for (size_t i = 200; i < len; i += 60)
        text[i] = '\n';
    text[len - 1] = '\n';
    text[len] = '\0';
    return text;
}

static void test_growth(void **state)
{
    (void)state;
    size_t max = 200 * KiB;
    char *text = message_of(max, IMAGE, 'x');
    struct result result = rewrite(SHOJI_SIGNED_PROTECT, max, (struct span){text, max});
    assert_null(result.report.fallback);
    assert_int_equal(result.report.images_proxied, 1);
    assert_true(result.len > max);
    result_free(&result);
    result = rewrite(SHOJI_SIGNED_PROTECT, max - 1, (struct span){text, max});
    assert_string_equal(result.report.fallback, "size");
    result_free(&result);
    free(text);
}

/* '=' takes three characters in quoted-printable. */
static void test_too_much_growth(void **state)
{
    (void)state;
    size_t max = 3 * MiB;
    char *text = message_of(max, IMAGE, '=');
    struct result result = rewrite(SHOJI_SIGNED_PROTECT, max, (struct span){text, max});
    assert_string_equal(result.report.fallback, "size");
    assert_int_equal(result.report.images_proxied, 0);
    assert_true(result.len < max);
    result_free(&result);
    free(text);
}

static void test_documents(void **state)
{
    (void)state;
    struct shoji_rewrite how = {
        .signer = {.key = shoji_keys_signer(keys, NULL),
                   .base_url = "https://img.example.org",
                   .suffix = ""},
        .keys = keys,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
    static const char in[] = "<p>one &amp; two &lt;" IMAGE;
    for (how.max_message = 1; how.max_message < 300; how.max_message++) {
        char *once, *twice;
        size_t len, again;
        struct shoji_report report;
        assert_int_equal(shoji_rewrite_html(&how, in, sizeof(in) - 1, &once, &len, &report), 0);
        assert_int_equal(shoji_rewrite_html(&how, once, len, &twice, &again, NULL), 0);
        assert_string_equal(once, twice);
        assert_true(report.fallback || len <= how.max_message);
        shoji_report_free(&report);
        free(once);
        free(twice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forged_fallback_of_a_container),
        cmocka_unit_test(test_signature_with_the_name_of_a_document),
        cmocka_unit_test(test_last_part_without_a_close),
        cmocka_unit_test(test_one_original),
        cmocka_unit_test(test_keep_keeps_the_signed_part_alone),
        cmocka_unit_test(test_keep_answers_for_the_rest),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_too_much_growth),
        cmocka_unit_test(test_documents),
    };
    return cmocka_run_group_tests(tests, load_keys, free_keys);
}
