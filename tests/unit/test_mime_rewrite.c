#include "test.h"

#include "base/buf.h"
#include "base/limits.h"

#include <dirent.h>
#include <shoji/rewrite.h>
#include <stdio.h>

static const char key_file[] = "k1  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=  sign\n";

static struct shoji_keys *keys;

static int load_keys(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE];
    return shoji_keys_parse(key_file, strlen(key_file), "test", why, &keys);
}

static int free_keys(void **state)
{
    (void)state;
    shoji_keys_free(keys);
    return 0;
}

static struct shoji_rewrite how_default(void)
{
    return (struct shoji_rewrite){
        .signer = {.key = shoji_keys_signer(keys, NULL),
                   .base_url = "https://img.example.org",
                   .suffix = ""},
        .keys = keys,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
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

/* Rewrites twice: the second pass must change nothing. */
static struct result rewrite_how(const struct shoji_rewrite *how, struct span in)
{
    struct result once = {0}, twice = {0};
    assert_int_equal(shoji_rewrite_mail(how, in.ptr, in.len, &once.text, &once.len, &once.report),
                     0);
    assert_int_equal(
        shoji_rewrite_mail(how, once.text, once.len, &twice.text, &twice.len, &twice.report), 0);
    if (strlen(once.text) == once.len)
        assert_string_equal(once.text, twice.text);
    assert_int_equal(once.len, twice.len);
    assert_memory_equal(once.text, twice.text, once.len);
    result_free(&twice);
    return once;
}

static struct result rewrite(const char *in)
{
    struct shoji_rewrite how = how_default();
    return rewrite_how(&how, span_of(in));
}

static void check_same(const char *in)
{
    struct result result = rewrite(in);
    assert_string_equal(result.text, in);
    result_free(&result);
}

static void check_has(const struct result *result, const char *text)
{
    if (!strstr(result->text, text))
        print_error("not there: %s\nin: %s\n", text, result->text);
    assert_non_null(strstr(result->text, text));
}

static void check_lacks(const struct result *result, const char *text)
{
    if (strstr(result->text, text))
        print_error("there: %s\nin: %s\n", text, result->text);
    assert_null(strstr(result->text, text));
}

static size_t neutralised(const struct result *result, const char *name)
{
    for (size_t i = 0; i < result->report.constructs_count; i++)
        if (strcmp(result->report.constructs[i].name, name) == 0)
            return result->report.constructs[i].count;
    return 0;
}

#define PNG "iVBORw0KGgo=\n"

static void test_nothing_to_do_changes_nothing(void **state)
{
    (void)state;
    check_same("");
    check_same("\n");
    check_same("no header at all");
    check_same("Subject: x\r\nContent-Type: text/plain\r\n\r\nhello\n<img src=http://a.test/>\r");
    check_same("Subject: x\r\n\r\nhello\n<a@a.test>\r");
    check_same("From a Mon\nX-Y: 1\nContent-Type: text/plain\n\nhi\n");
    check_same("Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\none\n--b  \n"
               "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n" PNG
               "--b--\nepilogue");
    check_same("Content-Type: multipart/encrypted; boundary=b\n\n--b\n"
               "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
               "Content-Type: application/octet-stream\n\nPGP\n--b--\n");
    check_same("Content-Type: multipart/signed; boundary=b\n\n--b\n\ntext\n--b\n"
               "Content-Type: application/pgp-signature\n\nSIG\n--b--\n");
    check_same("Content-Type: message/rfc822\n\nSubject: x\n\nhi\n");
    check_same(
        "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nURL:http://a.test/\nEND:VCALENDAR\n");
}

static void test_only_the_html_leaf_changes(void **state)
{
    (void)state;
    struct result result = rewrite(
        "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\npre\n--b\n\none\n--b\n"
        "X-First: 1\nContent-Type: TEXT/Html; charset=iso-8859-1; name=\"a.html\"\n"
        "X-Last: 2\nContent-Transfer-Encoding: 8bit\n\n"
        "<p>caf\xe9<img src=\"http://a.test/i.png\"></p>\n--b\nContent-Type: image/png\n\n" PNG
        "--b--\nepilogue");
    check_has(&result, "X-Shoji: v=1; images=1; trackers=0; by=; fallback=no\n"
                       "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\npre\n--b\n\n"
                       "one\n--b\nX-First: 1\n"
                       "Content-Type: text/html; charset=utf-8; name=\"a.html\"\n"
                       "Content-Transfer-Encoding: quoted-printable\nX-Last: 2\n\n");
    check_has(&result, "caf=C3=A9");
    check_has(&result, "\n--b\nContent-Type: image/png\n\n" PNG "--b--\nepilogue");
    check_lacks(&result, "a.test");
    assert_int_equal(result.report.images_proxied, 1);
    result_free(&result);
}

static void test_line_ends_are_the_messages_own(void **state)
{
    (void)state;
    struct result result = rewrite("Content-Type: text/html\r\n\r\n<p>one\r\ntwo</p>\r\n");
    for (size_t i = 0; i < result.len; i++)
        if (result.text[i] == '\n')
            assert_true(i > 0 && result.text[i - 1] == '\r');
    result_free(&result);
}

static void test_much_that_is_not_ascii_becomes_base64(void **state)
{
    (void)state;
    struct result result = rewrite("Content-Type: text/html; charset=koi8-r\n\n"
                                   "\xf0\xd2\xc9\xd7\xc5\xd4\xf0\xd2\xc9\xd7\xc5\xd4"
                                   "\xf0\xd2\xc9\xd7\xc5\xd4\xf0\xd2\xc9\xd7\xc5\xd4"
                                   "\xf0\xd2\xc9\xd7\xc5\xd4\xf0\xd2\xc9\xd7\xc5\xd4"
                                   "\xf0\xd2\xc9\xd7\xc5\xd4\xf0\xd2\xc9\xd7\xc5\xd4"
                                   "\xf0\xd2\xc9\xd7\xc5\xd4\xf0\xd2\xc9\xd7\xc5\xd4\n");
    check_has(&result, "Content-Transfer-Encoding: base64\n");
    result_free(&result);
}

/* Two readings of one header: afterwards there is one. */
static void test_ambiguous_headers_become_plain_ones(void **state)
{
    (void)state;
    struct result result =
        rewrite("Content-Type: text/html\nrubbish <img src=http://a.test/1>\n \t \nA: 1\n"
                "Content-Type: text/plain\n\n<img src=http://a.test/2>\n");
    check_lacks(&result, "a.test");
    check_lacks(&result, "rubbish");
    check_lacks(&result, "text/plain");
    check_has(&result, "A: 1\n");
    result_free(&result);

    /* Once the bare CR is gone, nobody can read the first of these as a field. */
    result = rewrite("A: 1\rContent-Type: text/html\nContent-Type: text/plain\n\n<b>x</b>\n");
    check_has(&result, "\nA: 1?Content-Type: text/html\nContent-Type: text/plain\n\n<b>x</b>\n");
    result_free(&result);

    result = rewrite("Content-Type: multipart/mixed; boundary=a\n"
                     "Content-Type: multipart/mixed; boundary=b\n\n"
                     "--a\n\nx\n--b\nContent-Type: text/html\n\n<img src=http://a.test/>\n--b--\n");
    check_has(&result, "\nContent-Type: multipart/mixed; boundary=\"a\"\n"
                       "X-Removed-Content-Type: multipart/mixed; boundary=a\n"
                       "X-Removed-Content-Type: multipart/mixed; boundary=b\n");
    result_free(&result);

    result = rewrite(" continues nothing\nDisposition-Notification-To: a@b\n\nx\n");
    check_has(&result, "fallback=no\nX-Removed-Line: continues nothing\nX-Removed-Disposition-");
    result_free(&result);

    /* Of the first line nothing is left: the end of the header must be. */
    const struct shoji_rewrite how = how_default();
    result = rewrite_how(&how, SPAN("\t\0\n\nContent-Type: text/html\n\n<img src=http://t/>\n"));
    check_has(&result, "X-Removed-Content-Type: none\n\nContent-Type: text/html\n\n<img");
    result_free(&result);
    result = rewrite_how(&how, SPAN("\t\0\n\tof nothing\nA: 1\n\nx\n"));
    check_has(&result, "\nX-Removed-Line:\tof nothing\nA: 1\n\nx\n");
    result_free(&result);

    result = rewrite("Content-Type: multipart/mixed; boundary=b\n"
                     "Content-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n");
    check_has(&result, "\nX-Removed-Content-Transfer-Encoding: base64\n");
    result_free(&result);
}

static void test_odd_delimiters_are_defused(void **state)
{
    (void)state;
    struct result result =
        rewrite("Content-Type: multipart/mixed; boundary=b\n\n--bx\n--b\n"
                "Content-Type: text/plain\n\ntext\n--bX\nContent-Type: text/html\n\n<img>\r--b\n"
                "--b--\n");
    check_lacks(&result, "\n--bx");
    check_lacks(&result, "\n--bX");
    check_lacks(&result, "\r--b");
    check_has(&result, "text\n=2D-bX\nContent-Type: text/html\n\n<img>=0D--b\n--b--\n");
    assert_int_equal(neutralised(&result, "ambiguous-structure"), 1);
    result_free(&result);
}

/* Research list, section I. */
static void test_parts_that_clients_would_load(void **state)
{
    (void)state;
    struct result result =
        rewrite("Content-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\n"
                "Content-Type: text/x-amp-html\n\n<html amp4email>\n--b--\n");
    assert_string_equal(result.text, "X-Shoji: v=1; images=0; trackers=0; by=; fallback=no\n"
                                     "X-Removed-Part: text/x-amp-html\n"
                                     "Content-Type: multipart/alternative; boundary=b\n\n"
                                     "--b\n\none\n--b--\n");
    assert_int_equal(neutralised(&result, "text/x-amp-html"), 1);
    result_free(&result);

    result = rewrite("Content-Type: text/x-amp-html\n\n<html amp4email><img src=http://a.test/>\n");
    check_has(&result, "Content-Type: text/html; charset=utf-8\n");
    check_lacks(&result, "a.test");
    result_free(&result);

    result = rewrite("Content-Type: message/external-body; access-type=URL;\n"
                     " URL=\"http://a.test/\"\n\nContent-Type: text/html\n\n");
    check_has(&result, "Content-Type: text/plain; charset=utf-8\n");
    check_has(&result, "\nX-Removed-Content-Type: message/external-body; access-type=URL;\n URL=");
    check_has(&result, "was not fetched");
    result_free(&result);

    result =
        rewrite("Content-Type: message/partial; id=x; number=1\n\nContent-Type: text/html\n\n");
    check_has(&result, "\nContent-Type: application/octet-stream\n"
                       "Content-Disposition: attachment\n"
                       "X-Removed-Content-Type: message/partial; id=x; number=1\n\n"
                       "Content-Type: text/html\n\n");
    result_free(&result);

    result = rewrite("Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/css\n"
                     "Content-ID: <c>\n\nbody{background:url(http://a.test/)}\n--b\n"
                     "Content-Type: image/svg+xml\nContent-ID: <s>\n\n<svg/>\n--b--\n");
    check_has(&result, "\nX-Removed-Content-Type: text/css\nX-Removed-Content-ID: <c>\n");
    check_has(&result, "\nX-Removed-Content-Type: image/svg+xml\nX-Removed-Content-ID: <s>\n");
    result_free(&result);

    result = rewrite("Content-Type: text/markdown; charset=utf-8\n\n![](http://a.test/)\n");
    check_has(&result, "\nContent-Type: text/plain; charset=\"utf-8\"\n"
                       "X-Removed-Content-Type: text/markdown; charset=utf-8\n\n"
                       "![](http://a.test/)\n");
    result_free(&result);

    result = rewrite("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nAAAA\n");
    check_has(&result, "\nContent-Type: application/octet-stream\n");
    check_has(&result, "\nX-Removed-Content-Type: message/rfc822\n");
    result_free(&result);
}

static void test_properties_of_calendars_and_cards(void **state)
{
    (void)state;
    struct result result = rewrite(
        "Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nATTACH;FMTTYPE=image/png:http://a\n"
        "ATT\n ACH:ht\n tp://b\nATTACH:CID:x@y\nSUMMARY:see http://c\n"
        "X-ALT-DESC;FMTTYPE=text/html:<img>\nEND:VCALENDAR\n");
    check_has(&result, "\nX-REMOVED-ATTACH;FMTTYPE=3Dimage/png:http://a\n"
                       "X-REMOVED-ATT\n ACH:ht\n tp://b\nATTACH:CID:x@y\nSUMMARY:see http://c\n"
                       "X-REMOVED-X-ALT-DESC;FMTTYPE=3Dtext/html:<img>\n");
    assert_int_equal(neutralised(&result, "calendar-property"), 3);
    result_free(&result);

    result = rewrite("Content-Type: text/vcard\n\nBEGIN:VCARD\nitem1.PHOTO;VALUE=uri:https://a/p\n"
                     "PHOTO;ENCODING=b:AAAA\nEND:VCARD\n");
    check_has(&result, "\nitem1.X-REMOVED-PHOTO;VALUE=3Duri:https://a/p\n"
                       "PHOTO;ENCODING=3Db:AAAA\n");
    result_free(&result);
}

static void test_a_changed_signed_part_loses_its_signature(void **state)
{
    (void)state;
    struct result result =
        rewrite("Content-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/html\n\n"
                "<img src=http://a.test/>\n--b\nContent-Type: application/pgp-signature\n\nSIG\n"
                "--b--\n");
    check_has(&result, "\n--b\nContent-Type: application/octet-stream\n"
                       "X-Removed-Content-Type: application/pgp-signature\n\nSIG\n--b\n");
    check_has(&result, "\nContent-Type: multipart/mixed; boundary=\"b\"\n"
                       "X-Removed-Content-Type: multipart/signed; boundary=b\n");
    check_lacks(&result, "a.test");
    assert_int_equal(neutralised(&result, "signature"), 1);
    result_free(&result);
}

/* Research list, section J. */
static void test_headers(void **state)
{
    (void)state;
    static const char in[] = "X-Shoji: forged\nFrom: a\n"
                             "disposition-notification-to: \"x\" <r@evil.test>\nX-Shoji: again\n"
                             "X-Image-URL: http://a.test/\nOpenPGP: url=http://a.test/; id=1\n"
                             "X-PGP-Key: 0123\nBIMI-Selector: v=1\nX-Face: keep\n"
                             "List-Unsubscribe: <http://a.test/>\n\nhi\n";
    struct result result = rewrite(in);
    assert_string_equal(result.text,
                        "X-Shoji: v=1; images=0; trackers=1; by=; fallback=no\nFrom: a\n"
                        "X-Removed-disposition-notification-to: \"x\" <r@evil.test>\n"
                        "X-Removed-X-Image-URL: http://a.test/\n"
                        "X-Removed-OpenPGP: url=http://a.test/; id=1\n"
                        "X-PGP-Key: 0123\nX-Removed-BIMI-Selector: v=1\nX-Face: keep\n"
                        "List-Unsubscribe: <http://a.test/>\n\nhi\n");
    assert_int_equal(result.report.trackers_count, 1);
    assert_string_equal(result.report.trackers[0].host, "evil.test");
    assert_string_equal(result.report.trackers[0].kind, "receipt");
    assert_string_equal(result.report.trackers[0].action, "removed");
    result_free(&result);

    struct shoji_rewrite how = how_default();
    how.keep_receipts = true;
    result = rewrite_how(&how, SPAN("Return-Receipt-To: r@evil.test\n\nhi\n"));
    assert_string_equal(result.text, "Return-Receipt-To: r@evil.test\n\nhi\n");
    result_free(&result);

    result = rewrite("Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                     "X-Mozilla-External-Attachment-URL: file://a\n\nx\n--b--\n");
    check_has(&result, "\n--b\nX-Removed-X-Mozilla-External-Attachment-URL: file://a\n");
    result_free(&result);

    result = rewrite("X-Shoji: v=1; forged\nFrom: a\n\nhi\n");
    assert_string_equal(result.text, "From: a\n\nhi\n");
    result_free(&result);
}

static void test_content_base_resolves_and_goes(void **state)
{
    (void)state;
    struct result result =
        rewrite("Content-Type: text/html\nContent-Base: \"http://a.test/dir/\"\n\n"
                "<img src=pic.png>\n");
    check_has(&result, "\nX-Removed-Content-Base: ");
    assert_int_equal(result.report.images_proxied, 1);
    result_free(&result);
}

static void check_fallback(struct span in, const char *why, const char *visible)
{
    struct shoji_rewrite how = how_default();
    how.max_message = 4 * MiB;
    struct result result = rewrite_how(&how, in);
    assert_string_equal(result.report.fallback, why);
    check_has(&result, "; fallback=yes\n");
    check_has(&result, "\nX-Shoji-Fallback: ");
    check_lacks(&result, "<img");
    check_lacks(&result, "=3Cimg");
    check_has(&result, visible);
    result_free(&result);
}

static void test_what_cannot_be_rewritten_becomes_text(void **state)
{
    (void)state;
    check_fallback(SPAN("Content-Type: text/html; charset=utf-7\n\nvisible +ADw-img+AD4-\n"),
                   "charset", "visible");
    check_fallback(
        SPAN("Content-Type: text/html; charset=utf-8\n\n"
             "<meta charset=iso-2022-jp><img src=http://a.test/>visible \x1b$B$\"\x1b(B\n"),
        "charset", "visible");
    check_fallback(SPAN("From: x\nContent-Type: multipart/mixed; boundary=\"a--\"\n\n--a--\n"
                        "Content-Type: multipart/mixed; boundary=a\n\n--a\n\nvisible\n--a--\n"
                        "Content-Type: text/html\n\n<img src=http://a.test/>\n"),
                   "structure", "visible");
}

static void test_limits_give_text(void **state)
{
    (void)state;
    struct buf in = BUF_INIT(16 * MiB);
    buf_add_text(&in, "Subject: kept\n");
    for (int i = 0; i < LIMIT_MIME_DEPTH + 50; i++)
        buf_add_format(&in, "Content-Type: multipart/mixed; boundary=b%d.\n\n--b%d.\n", i, i);
    buf_add_text(&in, "Content-Type: text/html\n\n<img src=http://a.test/>visible\n");
    check_fallback(buf_span(&in), "limit", "visible");
    check_fallback(buf_span(&in), "limit", "\nSubject: kept\n");

    buf_clear(&in);
    buf_add_text(&in, "Subject: kept\nDisposition-Notification-To: r@evil.test\n"
                      "Content-Type: text/html\n\n<p>visible<img src=http://a.test/>\n");
    while (in.len <= 4 * MiB)
        buf_add_text(&in, "<p>more text in a paragraph, again and again<img src=http://a.test/>\n");
    check_fallback(buf_span(&in), "size", "visible");
    check_fallback(buf_span(&in), "size", "\nX-Removed-Disposition-Notification-To: ");
    buf_free(&in);
}

static struct span file_read(const char *folder, const char *name, struct buf *ret)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char chunk[4096];
    size_t len = 0;
    buf_clear(ret);
    while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        buf_add(ret, chunk, len);
    fclose(file);
    return buf_span(ret);
}

/* Says from the bytes alone, without any reading of MIME, that there is nothing to do. */
static bool is_plainly_harmless(const char *text)
{
    static const char *const words[] = {
        "html",      "x-image-url", "x-avatar-url", "receipt",  "x-pgp-key", "openpgp",
        "svg",       "text/css",    "enriched",     "richtext", "calendar",  "vcard",
        "external-", "partial",     "x-shoji",      "bimi-",    "xml",       "notification-to",
        "<font",     "<a href",     "<img",         "<table",   "<div",      "<body"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasestr(text, words[i]))
            return false;
    return true;
}

static void test_real_mail(void **state)
{
    (void)state;
    char folder[2048];
    const char *root = getenv("SHOJI_SOURCE_ROOT");
    snprintf(folder, sizeof(folder), "%s/../shared/data/mails", root ? root : ".");
    DIR *dir = opendir(folder);
    if (!dir) {
        print_message("no ../shared/data/mails here\n");
        skip();
    }
    struct shoji_rewrite how = how_default();
    struct buf in = BUF_INIT(64 * MiB);
    size_t same = 0, changed = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        struct span text = file_read(folder, entry->d_name, &in);
        struct result result = rewrite_how(&how, text);
        bool is_same = span_equal(text, (struct span){result.text, result.len});
        if (is_plainly_harmless(text.ptr) && !is_same)
            fail_msg("%s was changed", entry->d_name);
        same += is_same;
        changed += !is_same;
        result_free(&result);
    }
    closedir(dir);
    buf_free(&in);
    assert_true(same > 200 && changed > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do_changes_nothing),
        cmocka_unit_test(test_only_the_html_leaf_changes),
        cmocka_unit_test(test_line_ends_are_the_messages_own),
        cmocka_unit_test(test_much_that_is_not_ascii_becomes_base64),
        cmocka_unit_test(test_ambiguous_headers_become_plain_ones),
        cmocka_unit_test(test_odd_delimiters_are_defused),
        cmocka_unit_test(test_parts_that_clients_would_load),
        cmocka_unit_test(test_properties_of_calendars_and_cards),
        cmocka_unit_test(test_a_changed_signed_part_loses_its_signature),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_content_base_resolves_and_goes),
        cmocka_unit_test(test_what_cannot_be_rewritten_becomes_text),
        cmocka_unit_test(test_limits_give_text),
        cmocka_unit_test(test_real_mail),
    };
    return cmocka_run_group_tests(tests, load_keys, free_keys);
}
