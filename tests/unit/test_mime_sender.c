/* Who has signed a message, by Authentication-Results: the grammar of RFC 8601 with its own
 * examples (appendix B), forged fields, and what it is for: a partner's images in the rewritten
 * mail. */
#include "test.h"

#include "lib/mime_sender.h"

#include <shoji/rewrite.h>
#include <stdio.h>

/* The domains, parted by blanks, that the header block vouches for. */
static const char *signers(const char *header)
{
    static char text[RULES_SENDER_DOMAINS * 256];
    struct rules_sender sender;
    struct mime_part top = {.header_end = strlen(header)};
    text[0] = '\0';
    mime_sender_read(span_of(header), &top, "mx.example.com, Border.example.net", &sender);
    for (size_t i = 0; i < sender.count; i++) {
        strcat(text, i ? " " : "");
        strcat(text, sender.domains[i]);
    }
    return text;
}

#define AR    "Authentication-Results: "
#define TRUE_ AR "mx.example.com; dkim=none\r\n"
#define LIE   AR "mx.example.com; dkim=pass header.d=partner.example\r\n"

static void test_grammar(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *signers;
    } cases[] = {
        /* RFC 8601 appendix B, with a name of ours in front */
        {AR "mx.example.com 1; none\r\n", ""},
        {AR "mx.example.com; spf=pass smtp.mailfrom=example.net\r\n", ""},
        {AR "mx.example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
            " spf=pass smtp.mailfrom=example.net\r\n",
         ""},
        {AR "mx.example.com; sender-id=fail header.from=example.com;\r\n"
            "\tdkim=pass (good signature) header.d=example.com\r\n",
         "example.com"},
        {AR "mx.example.com;\r\n      dkim=pass reason=\"good signature\"\r\n"
            "        header.i=@mail-router.example.net;\r\n"
            "      dkim=fail reason=\"bad signature\"\r\n        header.i=@newyork.example.com\r\n",
         "mail-router.example.net"},
        {AR "mx.example.com (foobar) 1 (baz);\r\n"
            "    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
            "      policy (A dot can go here) . (like that) expired\r\n"
            "      (this surprised me) = (as I wasn't expecting it) 1362471462\r\n",
         ""},
        {AR "mx.example.com (foobar) 1 (baz);\r\n"
            "    dkim (Because I like it) / 1 (One yay) = (wait for it) pass\r\n"
            "      header (A dot can go here) . (like that) d\r\n"
            "      (this surprised me) = (as I wasn't expecting it) example.org\r\n",
         "example.org"},
        /* as common filters write it */
        {AR "mx.example.com;\n\tdkim=pass (2048-bit key; unprotected) header.d=shop.example "
            "header.i=@news.shop.example header.a=rsa-sha256 header.s=k1 header.b=Ab+/c9==;\n"
            "\tdkim-atps=neutral\n",
         "shop.example"},
        {AR "mx.example.com;\r\n\tdkim=pass header.d=a.example header.s=s header.b=\"x/y\";\r\n"
            "\tdkim=pass header.d=B.Example. header.s=s;\r\n"
            "\tdmarc=pass (policy=none) header.from=a.example;\r\n"
            "\tspf=pass (mx.example.com: domain of \"x(y)\"@a.example designates ::1 as permitted) "
            "smtp.mailfrom=\"b ounce\"@a.example smtp.remote-ip=2001:db8::1;\r\n",
         "a.example b.example"},
        /* in any case and in quotes */
        {"authentication-results:MX.EXAMPLE.COM;DKIM=PASS Header.D=\"A.exa\\mple\"", "a.example"},
        {AR "\"mx.example.com\" 1; dkim=pass header.i=\"joe doe\"@a.example\r\n", "a.example"},
        {AR "border.example.net;\r\n dkim=pass\r\n header.d=\r\n a.example\r\n", "a.example"},
        {AR "mx.example.com; dkim=pass header.i=Joe@a.example header.d=b.example\r\n", "b.example"},
        /* not a word of a partner */
        {AR "mx.example.com; dkim=fail header.d=a.example\r\n", ""},
        {AR "mx.example.com; dkim=temperror (pass) header.d=a.example reason=\"dkim=pass\"\r\n",
         ""},
        {AR "mx.example.com; (dkim=pass header.d=a.example;) dkim=none\r\n", ""},
        {AR "mx.example.com; spf=pass smtp.mailfrom=\"; dkim=pass header.d=a.example\"\r\n", ""},
        {AR "mx.example.com; spf=pass reason=\"\\\"; dkim=pass header.d=a.example\"\r\n", ""},
        {AR "mx.example.com; xdkim=pass header.d=a.example; dkim-x=pass header.d=a.example\r\n",
         ""},
        {AR "mx.example.com; dkim=pass policy.d=a.example smtp.i=@b.example\r\n", ""},
        {AR "mx.example.com; dkim=pass header.d=a.example header.d=b.example\r\n", ""},
        {AR "mx.example.com; dkim=pass header.d=a/example\r\n", ""},
        {AR "mx.example.com; dkim=pass header.d=\xc3\xa4.example\r\n", ""},
        /* not in form, so not believed, also where it seems to begin well */
        {AR "mx.example.com; dkim=pass header.d=a.example; spf\r\n", ""},
        {AR "mx.example.com; dkim=pass header.d=a.example (open\r\n", ""},
        {AR "mx.example.com; dkim=pass header.d=a.example reason=\"open\r\n", ""},
        {AR "mx.example.com; dkim=pass header.d=a.example\rx\r\n", ""},
        {AR "mx.example.com 2; dkim=pass header.d=a.example\r\n", ""},
        {AR "mx.example.com dkim=pass header.d=a.example\r\n", ""},
        /* another's word */
        {AR "mx.example.org; dkim=pass header.d=a.example\r\n", ""},
        {AR "example.com; dkim=pass header.d=a.example\r\n", ""},
        {AR "x.mx.example.com; dkim=pass header.d=a.example\r\n", ""},
        {AR "mx.example.com.evil.example; dkim=pass header.d=a.example\r\n", ""},
        {AR "(mx.example.com;) evil.example; dkim=pass header.d=a.example\r\n", ""},
        {AR "; dkim=pass header.d=a.example\r\n", ""},
        {AR "dkim=pass header.d=a.example\r\n", ""},
        {"ARC-" AR "i=1; mx.example.com; dkim=pass header.d=a.example\r\n", ""},
        {"X-" AR "mx.example.com; dkim=pass header.d=a.example\r\n", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *found = signers(cases[i].header);
        if (strcmp(found, cases[i].signers) != 0)
            print_error("%s", cases[i].header);
        assert_string_equal(found, cases[i].signers);
    }
}

static void test_which_field(void **state)
{
    (void)state;
    static const char by_us[] = "Received: from a by mx.example.com with ESMTP; now\r\n";
    char header[1000];
    assert_string_equal(signers(LIE), "partner.example"); /* nothing above says otherwise */
    assert_string_equal(signers(TRUE_ LIE), "");
    snprintf(header, sizeof(header), "%s%s%s%s", TRUE_, by_us, LIE, by_us);
    assert_string_equal(signers(header), "");
    /* The border's fields may stand above its own Received or below, and below those of the house.
     */
    snprintf(header, sizeof(header), "%s%s%s", by_us, by_us, LIE);
    assert_string_equal(signers(header), "partner.example");
    /* Other filters of the same border; what they do not speak of, the next one may. */
    snprintf(header, sizeof(header), AR "mx.example.com; spf=fail\r\n%s%s", LIE, by_us);
    assert_string_equal(signers(header), "partner.example");
    /* But not what came in from below. */
    snprintf(header, sizeof(header), AR "mx.example.com; spf=fail\r\n%s%s", by_us, LIE);
    assert_string_equal(signers(header), "");
    /* A field that cannot be read is the border's last word all the same. */
    snprintf(header, sizeof(header), AR "mx.example.com; dkim\r\n%s", LIE);
    assert_string_equal(signers(header), "");
    snprintf(header, sizeof(header), AR "mx.example.com; none\r\n%s", LIE);
    assert_string_equal(signers(header), "");
    /* A stranger's changes nothing. */
    snprintf(header, sizeof(header), AR "evil.example; dkim=none\r\n%s", LIE);
    assert_string_equal(signers(header), "partner.example");
}

static void test_nobody_is_believed_unasked(void **state)
{
    (void)state;
    struct rules_sender sender = {.count = 1};
    struct mime_part top = {.header_end = strlen(LIE)};
    static const char *const none[] = {NULL, "", " , "};
    for (size_t i = 0; i < 3; i++) {
        mime_sender_read(span_of(LIE), &top, none[i], &sender);
        assert_int_equal(sender.count, 0);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    char header[8000] = AR "mx.example.com";
    for (int i = 0; i < 20; i++)
        sprintf(header + strlen(header), "; dkim=pass header.d=d%d.example", i);
    assert_string_equal(signers(header), "d0.example d1.example d2.example d3.example d4.example "
                                         "d5.example d6.example d7.example");
    memset(header, 0, sizeof(header));
    strcpy(header, AR "mx.example.com; dkim=pass header.d=");
    memset(header + strlen(header), 'a', 300);
    assert_string_equal(signers(header), "");
    memset(header, 0, sizeof(header));
    strcpy(header, AR "mx.example.com; dkim=pass header.d=");
    memset(header + strlen(header), 'a', 253);
    assert_int_equal(strlen(signers(header)), 253);
}

/* ---- in a whole message ---- */

static struct shoji_rules *rules;
static struct shoji_keys *keys;

static int set_up(void **state)
{
    (void)state;
    static const char key[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    static const char text[] = "shoji-rules 1\nvendor T\npixel t.example\n";
    const struct shoji_rules_source source = {.allow = "partner.example/img.t.example",
                                              .authserv_id = "mx.example.com"};
    char why[SHOJI_RULES_WHY_SIZE];
    return shoji_keys_parse(key, sizeof(key) - 1, "test", why, &keys) |
           rules_parse(span_of(text), &source, why, &rules);
}

static int tear_down(void **state)
{
    (void)state;
    shoji_keys_free(keys);
    shoji_rules_free(rules);
    return 0;
}

#define IMAGE "<img src=\"https://img.t.example/1.png\" width=\"9\">"
#define HTML  "Content-Type: text/html\r\n\r\n" IMAGE "\r\n"

/* How many images of the message were proxied, how many blocked; the second pass like the first. */
static void check_counts(const char *message, size_t proxied, size_t blocked)
{
    const struct shoji_rewrite how = {
        .signer = {.key = shoji_keys_signer(keys, NULL),
                   .base_url = "https://img.example.org",
                   .suffix = ""},
        .keys = keys,
        .options = SHOJI_URL_OPTIONS_NONE,
        .rules = rules,
        .trackers = SHOJI_TRACKERS_BLOCK,
    };
    char *once, *twice;
    size_t len, again;
    struct shoji_report report;
    assert_int_equal(shoji_rewrite_mail(&how, message, strlen(message), &once, &len, &report), 0);
    size_t trackers = 0;
    for (const char *at = once; (at = strstr(at, "data-shoji-tracker=")); at++)
        trackers++;
    assert_int_equal(report.images_proxied, proxied);
    assert_int_equal(trackers, blocked);
    assert_int_equal(shoji_rewrite_mail(&how, once, len, &twice, &again, NULL), 0);
    assert_int_equal(len, again);
    assert_memory_equal(once, twice, len);
    shoji_report_free(&report);
    free(once);
    free(twice);
}

static void test_partner(void **state)
{
    (void)state;
    check_counts(LIE HTML, 1, 0);
    check_counts(HTML, 0, 1);
    check_counts(TRUE_ LIE HTML, 0, 1);
    check_counts(AR "mx.example.org; dkim=pass header.d=partner.example\r\n" HTML, 0, 1);
    check_counts(AR "mx.example.com; dkim=pass header.d=other.example\r\n" HTML, 0, 1);
    check_counts(AR "mx.example.com; dkim=pass header.d=x.partner.example\r\n" HTML, 0, 1);
    /* in the header of a part, it is the sender's own word */
    check_counts("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" LIE HTML "--b--\r\n", 0,
                 1);
    check_counts(LIE "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" HTML "--b--\r\n", 1,
                 0);
}

/* A message within another lends its header to nobody, and borrows none. */
static void test_attached_message(void **state)
{
    (void)state;
    check_counts("Content-Type: message/rfc822\r\n\r\n" LIE HTML, 0, 1);
    check_counts(LIE "Content-Type: message/rfc822\r\n\r\n" HTML, 0, 1);
    check_counts(LIE "Content-Type: message/rfc822\r\n\r\n" LIE HTML, 0, 1);
    check_counts(LIE "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                     "Content-Type: message/rfc822\r\n\r\n" HTML "--b\r\n" HTML "--b--\r\n",
                 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_which_field),
        cmocka_unit_test(test_nobody_is_believed_unasked),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_partner),
        cmocka_unit_test(test_attached_message),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
