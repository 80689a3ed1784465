/* The way back, spam and older bases: what the rewriter's URLs carry, and who gets them when. */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"

#include <shoji/rewrite.h>

#define BASE "https://img.example.org"

static struct shoji_keys *keys;

static int load_keys(void **state)
{
    (void)state;
    static const char file[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    char why[SHOJI_WHY_SIZE];
    return shoji_keys_parse(file, strlen(file), "test", why, &keys);
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
        .signer = {.key = shoji_keys_signer(keys, NULL), .base_url = BASE, .suffix = ""},
        .keys = keys,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
}

/* `text` with every {URL} signed under `base`. The caller frees it. */
static char *sign_in(const char *base, const char *text)
{
    struct shoji_rewrite how = how_default();
    struct buf out = BUF_INIT(16 * MiB);
    how.signer.base_url = base;
    for (const char *at = text; *at; at++) {
        const char *end = strncmp(at, "{http", 5) == 0 ? strchr(at, '}') : NULL;
        if (!end) {
            buf_add_char(&out, *at);
            continue;
        }
        char url[SHOJI_SIGNED_MAX + 1];
        size_t len = 0;
        assert_int_equal(
            shoji_url_sign(&how.signer, at + 1, (size_t)(end - at - 1), &how.options, url, &len),
            0);
        buf_add(&out, url, len);
        at = end;
    }
    char *stolen = buf_steal(&out, NULL);
    assert_non_null(stolen);
    return stolen;
}

/* Also what is given back holds nothing of ours, and so does not change again. */
static void goes_back(const char *in, const char *want)
{
    struct shoji_rewrite how = how_default();
    char *text = sign_in(BASE, in);
    for (int pass = 0; pass < 2; pass++) {
        char *back = NULL;
        size_t len = 0;
        assert_int_equal(shoji_unrewrite_html(&how, text, strlen(text), &back, &len), 0);
        assert_string_equal(back, want);
        assert_int_equal(strlen(back), len);
        free(text);
        text = back;
    }
    free(text);
}

#define GIF "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

static void test_originals_where_the_rewriter_puts_urls(void **state)
{
    (void)state;
    goes_back("<p>a<img alt=x src=\"{http://t/a?b=1&c=2}\">b", /* spelt as in HTML */
              "<p>a<img alt=x src=\"http://t/a?b=1&amp;c=2\">b");
    goes_back("<IMG SRC='{http://t/a}'><img src={http://t/b}><img src = \" {http://t/c} \" >",
              "<IMG SRC='http://t/a'><img src=http://t/b><img src = \" http://t/c \" >");
    goes_back("<img srcset=\"{http://t/a,b} 1x, {http://t/c,} 2x,{http://t/d}\">",
              "<img srcset=\"http://t/a,b 1x, http://t/c%2C 2x,http://t/d\">");
    goes_back("<a href=\"{http://t/a}\">x</a><td background={http://t/b}>",
              "<a href=\"http://t/a\">x</a><td background=http://t/b>");
    goes_back("<p style=\"color:red;background:url({http://t/(a)?&'})\">",
              "<p style=\"color:red;background:url(http://t/\\(a\\)?&amp;%27)\">");
    goes_back("<p style='a:url(&quot;{http://t/a}&quot;),url(\"{http://t/b}\")'>",
              "<p style='a:url(&quot;http://t/a&quot;),url(\"http://t/b\")'>");
    goes_back("<style>a{b:url({http://t/a?&b})}</style>", "<style>a{b:url(http://t/a?&b)}</style>");
}

static void test_what_was_held_goes_to_its_place(void **state)
{
    (void)state;
    goes_back("<img data-shoji-src=\"{http://t/a}\" src=\"" GIF "\" alt=x>",
              "<img src=\"http://t/a\" alt=x>");
    goes_back("<img src='" GIF "' data-shoji-src='{http://t/a}'>", "<img src=\"http://t/a\">");
    goes_back("<img data-shoji-src='{http://t/a}'>", "<img src='http://t/a'>");
    goes_back("<p style=\"background:none\" data-shoji-style=\"background:url({http://t/a})\">x",
              "<p style=\"background:url(http://t/a)\">x");
    goes_back("<td data-shoji-style=\"background:url({http://t/a})\">",
              "<td style=\"background:url(http://t/a)\">");
    goes_back("<style data-shoji-style=\"a&gt;b{c:url({http://t/a})}\" media=all>a{}</style>x",
              "<style media=all>a>b{c:url(http://t/a)}</style>x");
}

/* What one rewriting makes of `in`, and then unrewriting of that. */
static void comes_back(enum shoji_mode mode, const char *in, const char *want)
{
    struct shoji_rewrite how = how_default();
    how.mode = mode;
    char *there = NULL, *back = NULL;
    size_t len = 0, back_len = 0;
    assert_int_equal(shoji_rewrite_html(&how, in, strlen(in), &there, &len, NULL), 0);
    assert_null(strstr(there, "http://t/"));
    assert_int_equal(shoji_unrewrite_html(&how, there, len, &back, &back_len), 0);
    assert_string_equal(back, want);
    free(there);
    free(back);
}

/* Of a choice of images, holding keeps the one that src names, or else the first: that one is given
 * back. Shown, they all are. */
static void test_a_choice_of_images(void **state)
{
    (void)state;
    static const char two[] = "<img src=\"http://t/1\" srcset=\"http://t/2 2x, http://t/3 3x\">";
    static const char none[] = "<img srcset=\"http://t/4 1x, http://t/5 2x\">";
    static const char picture[] = "<picture><source srcset=\"http://t/6 1x\" media=\"print\">"
                                  "<img src=\"http://t/7\"></picture>";
    comes_back(SHOJI_PROXY, two, two);
    comes_back(SHOJI_PROXY, none, none);
    comes_back(SHOJI_PROXY, picture, picture);
    comes_back(SHOJI_HOLD, two, "<img src=\"http://t/1\">");
    comes_back(SHOJI_HOLD, none, "<img src=\"http://t/4\">");
    comes_back(SHOJI_HOLD, picture, "<picture><img src=\"http://t/7\"></picture>");
    comes_back(SHOJI_HOLD, "<img src=\"cid:a\" srcset=\"http://t/9 2x, cid:b 3x\">",
               "<img src=\"cid:a\" srcset=\"cid:b 3x\">");
}

static void test_nothing_else_is_touched(void **state)
{
    (void)state;
    static const char *const same[] = {
        "",
        "<",
        "<p",
        "<img src=\"",
        "text {http://t/a} text",
        "<p title=\"{http://t/a}\">",
        "<!-- <img src=\"{http://t/a}\"> -->",
        "<script>'{http://t/a}'</script>",
        "<textarea><img src='{http://t/a}'></textarea>",
        "<a href=\"http://u/?{http://t/a}\">",
        "<a href=\"{http://t/a}?x=1\">",
        "<a href=\"{http://t/a}=\">",
        "<p style=\"b:url(http://u/{http://t/a})\">",
        "<img src=\"" BASE "/i/k1/AAAA\">",
        "<img src=\"" BASE "/s/k1/AAAA/BBBB\">",
        "<img src=\"" BASE "\">",
        "<img data-shoji-src=\"" BASE "/i/k1/AAAA\" src=\"" GIF "\">",
        "<img src=\"{http://t/a}",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        char *want = sign_in(BASE, same[i]), *back = NULL;
        struct shoji_rewrite how = how_default();
        size_t len = 0;
        assert_int_equal(shoji_unrewrite_html(&how, want, strlen(want), &back, &len), 0);
        assert_string_equal(back, want);
        free(want);
        free(back);
    }
    /* Revoked or unknown keys open nothing. */
    char *want = sign_in(BASE, "<img src={http://t/a}>"), *back = NULL;
    struct shoji_rewrite how = how_default();
    size_t len = 0;
    how.keys = NULL;
    assert_int_equal(shoji_unrewrite_html(&how, want, strlen(want), &back, &len), 0);
    assert_string_equal(back, want);
    free(want);
    free(back);
}

static char *mail_back(const char *in)
{
    struct shoji_rewrite how = how_default();
    char *text = sign_in(BASE, in), *back = NULL;
    size_t len = 0;
    assert_int_equal(shoji_unrewrite_mail(&how, text, strlen(text), &back, &len), 0);
    free(text);
    return back;
}

static void test_parts_are_encoded_as_they_were(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"A: b\nContent-Type: text/html\n\n<img src={http://t/a=}>\n",
         "A: b\nContent-Type: text/html\n\n<img src=http://t/a=>\n"},
        {"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
         "=C3=A9<img src=3D{http://t/a=}>\r\n",
         "Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
         "=C3=A9<img src=3Dhttp://t/a=3D>\r\n"},
        {"Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\n<img src={http://t/a}>\n--b\n"
         "Content-Type: text/html\n\n<img src={http://t/b}>\n--b--\nepilogue",
         NULL},
    };
    for (size_t i = 0; i < 2; i++) {
        char *back = mail_back(cases[i].in);
        assert_string_equal(back, cases[i].want);
        free(back);
    }
    char *back = mail_back(cases[2].in);
    char *want = sign_in(BASE, "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\n\n"
                               "<img src={http://t/a}>\n--b\nContent-Type: text/html\n\n"
                               "<img src=http://t/b>\n--b--\nepilogue");
    assert_string_equal(back, want); /* text/plain is none of our business */
    free(back);
    free(want);
}

#define SIGNED                                                                                     \
    "Content-Type: multipart/signed; boundary=b\n\n--b\nContent-Type: text/html\n\n"               \
    "<img src={http://t/a}>\n--b\nContent-Type: application/pgp-signature\n\nS\n--b--\n"

static void test_signed_and_unreadable_parts_stay(void **state)
{
    (void)state;
    static const char *const same[] = {
        SIGNED,
        "Content-Type: text/html; charset=utf-16\n\n<img src={http://t/a}>\n",
        "Content-Type: text/html\nContent-Transfer-Encoding: x-own\n\n<img src={http://t/a}>\n",
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        char *back = mail_back(same[i]);
        char *want = sign_in(BASE, same[i]);
        assert_string_equal(back, want);
        free(back);
        free(want);
    }
}

static void test_older_bases_are_ours(void **state)
{
    (void)state;
    struct shoji_rewrite how = how_default();
    char *old = sign_in("https://old.example.org", "<img src=\"{http://t/a}\">");
    char *want = sign_in(BASE, "<img src=\"{http://t/a}\">");
    char *out = NULL;
    size_t len = 0;
    how.accept_base = "https://older.example.org, https://old.example.org/";
    assert_int_equal(shoji_rewrite_html(&how, old, strlen(old), &out, &len, NULL), 0);
    assert_string_equal(out, want); /* the same signature, under the base in use */
    free(out);
    assert_int_equal(shoji_unrewrite_html(&how, old, strlen(old), &out, &len), 0);
    assert_string_equal(out, "<img src=\"http://t/a\">");
    free(out);

    how.accept_base = NULL; /* then it is a foreign image like any other */
    assert_int_equal(shoji_rewrite_html(&how, old, strlen(old), &out, &len, NULL), 0);
    assert_string_not_equal(out, want);
    assert_null(strstr(out, "old.example.org"));
    assert_non_null(strstr(out, BASE "/i/k1/"));
    free(out);
    free(old);
    free(want);
}

static void count_emitted(void *ctx, const char *url, size_t len)
{
    assert_int_equal(strlen(url), len);
    ++*(size_t *)ctx;
}

struct held {
    bool is_held;
    struct shoji_opened url;
    size_t emitted;
};

static struct held rewrite_marked(const char *spam_header, const char *header, enum shoji_mode mode)
{
    struct held held = {0};
    struct shoji_rewrite how = how_default();
    struct buf in = BUF_INIT(64 * KiB);
    how.mode = mode;
    how.spam_header = spam_header;
    how.options.delivered = 20000;
    how.emitted = count_emitted;
    how.emitted_ctx = &held.emitted;
    buf_add_format(&in, "%s\nContent-Type: text/html\n\n<img src=http://t/>\n", header);
    char *out = NULL;
    size_t len = 0;
    assert_int_equal(shoji_rewrite_mail(&how, in.ptr, in.len, &out, &len, NULL), 0);
    struct buf flat = BUF_INIT(64 * KiB);
    for (const char *at = out; *at; at++) /* soft line breaks of quoted-printable */
        if (at[0] == '=' && at[1] == '\n')
            at++;
        else
            buf_add_char(&flat, *at);
    held.is_held = strstr(flat.ptr, "data-shoji-src") != NULL;
    const char *path = strstr(flat.ptr, BASE "/i/");
    if (path) {
        path += strlen(BASE);
        assert_int_equal(shoji_url_open(keys, "", path, strcspn(path, "\""), &held.url), 0);
    }
    buf_free(&flat);
    buf_free(&in);
    free(out);
    return held;
}

static void test_spam_is_held_and_not_prefetched(void **state)
{
    (void)state;
    struct held held = rewrite_marked("X-Spam-Flag: YES", "x-spam-flag:  yes (9.1)", SHOJI_PROXY);
    assert_true(held.is_held);
    assert_true(held.url.options.consent);
    assert_int_equal(held.url.options.delivered, SHOJI_NOT_DELIVERED);
    assert_int_equal(held.emitted, 0);

    static const char *const others[] = {"X-Spam-Flag: NO", "X-Spam: YES", "Subject: YES",
                                         "X-Spam-Flag:"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        held = rewrite_marked("X-Spam-Flag: YES", others[i], SHOJI_PROXY);
        assert_false(held.is_held);
        assert_false(held.url.options.consent);
        assert_int_equal(held.url.options.delivered, 20000);
        assert_int_equal(held.emitted, 1);
    }
    held = rewrite_marked(NULL, "X-Spam-Flag: YES", SHOJI_PROXY);
    assert_false(held.is_held);
    held = rewrite_marked("X-Spam-Flag: YES", "X-Spam-Flag: YES", SHOJI_STRIP);
    assert_false(held.is_held); /* what asks for less than that gets it */
    assert_int_equal(held.url.url_len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_originals_where_the_rewriter_puts_urls),
        cmocka_unit_test(test_what_was_held_goes_to_its_place),
        cmocka_unit_test(test_a_choice_of_images),
        cmocka_unit_test(test_nothing_else_is_touched),
        cmocka_unit_test(test_parts_are_encoded_as_they_were),
        cmocka_unit_test(test_signed_and_unreadable_parts_stay),
        cmocka_unit_test(test_older_bases_are_ours),
        cmocka_unit_test(test_spam_is_held_and_not_prefetched),
    };
    return cmocka_run_group_tests(tests, load_keys, free_keys);
}
