/*
 * Messages made by a grammar of what is strange about mail: containers within one another (signed
 * ones above all) that share, quote and misspell their boundaries, that break off, say two things
 * about a part, or carry the marks of an earlier pass. Mutations of bytes rarely get there. Of
 * each: a second pass changes nothing, and the second scanner finds nothing.
 *
 * The same messages on every run. SHOJI_MADE=FROM-TO makes others, and names those that fail.
 */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"

#include <shoji/check.h>
#include <shoji/rewrite.h>
#include <stdio.h>

struct maker {
    uint64_t state;
    struct buf text;
    const char *eol;
};

/* xorshift64*: the same numbers everywhere. */
static size_t below(struct maker *m, size_t limit)
{
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return (size_t)((m->state * UINT64_C(2685821657736338717) >> 33) % limit);
}

static bool once_in(struct maker *m, size_t times)
{
    return below(m, times) == 0;
}

static void put(struct maker *m, const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            buf_add_text(&m->text, m->eol);
        else
            buf_add_char(&m->text, *text);
    }
}

#define PICK(m, list) (list)[below(m, sizeof(list) / sizeof((list)[0]))]

static void put_part(struct maker *m, int depth);

static void put_field(struct maker *m)
{
    static const char *const fields[] = {
        "",
        "",
        "",
        "Content-Transfer-Encoding: base64\n",
        "Content-Transfer-Encoding: quoted-printable\n",
        "Content-Disposition: attachment\n",
        "Content-Disposition: inline; filename=a.html\n",
        "Content-Type: text/plain\n",
        "Content-Location: http://base.test/\n",
        "X-Removed-Content-Type: multipart/signed; boundary=b\n",
        "X-Shoji-Fallback: limit\n",
        "Disposition-Notification-To: a@b.test\n",
        " odd\n",
    };
    put(m, PICK(m, fields));
}

static void put_children(struct maker *m, int depth, const char *boundary)
{
    static const char *const before[] = {"", "", "", "preamble\n", "--bx\n"};
    put(m, PICK(m, before));
    for (size_t left = below(m, 4) + !once_in(m, 3); left > 0; left--) {
        put(m, "--");
        put(m, boundary);
        put(m, once_in(m, 12) ? " \n" : once_in(m, 30) ? "x\n" : "\n");
        put_part(m, depth + 1);
        put(m, once_in(m, 8) ? "" : "\n");
    }
    if (!once_in(m, 5)) {
        put(m, "--");
        put(m, boundary);
        put(m, once_in(m, 6) ? "--" : "--\n");
    }
    put(m, once_in(m, 6) ? "epilogue\n" : "");
    if (once_in(m, 16)) {
        put(m, "--");
        put(m, boundary);
        put(m, "\n\nlate\n");
    }
}

static void put_container(struct maker *m, int depth)
{
    static const char *const types[] = {
        "mixed",   "alternative", "signed", "signed; protocol=\"application/pgp-signature\"",
        "related", "encrypted",   "digest", "signed; micalg=x; protocol=y",
        "signed",  "report"};
    static const char *const boundaries[] = {"b", "c", "bb", "d", "b c", "e-1", "f\"", "sig"};
    static const char *const around[][2] = {
        {"", ""}, {"", ""}, {"\"", "\""}, {"", " "}, {"(x)", ""}};
    const char *boundary = PICK(m, boundaries);
    const char *const *quotes = PICK(m, around);
    put(m, "Content-Type: multipart/");
    put(m, PICK(m, types));
    put(m, "; boundary=");
    put(m, quotes[0]);
    put(m, boundary);
    put(m, quotes[1]);
    put(m, "\n");
    put_field(m);
    put(m, "\n");
    put_children(m, depth, boundary);
}

static void put_part(struct maker *m, int depth)
{
    static const char *const leaves[][2] = {
        {"Content-Type: text/html\n", "<p>x<img src=http://a.test/1>y\n"},
        {"Content-Type: text/html\n", "<p>x<img src=http://a.test/1>y"},
        {"Content-Type: text/html\n", "<p>x<img src=http://a.test/1>y\n"},
        {"Content-Type: text/html\n", ""},
        {"Content-Type: text/html\nContent-Type: text/plain\n", "<b>x\n"},
        {"Content-Type: text/plain\n", "text\n"},
        {"Content-Type: application/pgp-signature\n", "SIG\n"},
        {"Content-Type: application/pkcs7-signature; name=smime.p7s\n", "SIG"},
        {"Content-Type: text/x-amp-html\n", "<b>amp</b>\n"},
        {"Content-Type: text/css\n", "@import x\n"},
        {"Content-Type: text/calendar\n",
         "BEGIN:VCALENDAR\nATTACH:http://a.test/\nEND:VCALENDAR\n"},
        {"Content-Type: message/external-body; access-type=URL\n", "Content-Type: text/html\n\n"},
        {"", "<html><img src=http://b.test/>\n"},
    };
    if (depth > 4) {
        put(m, "\ndeep\n");
    } else if (once_in(m, 3)) {
        put_container(m, depth);
    } else if (once_in(m, 12)) {
        put(m, "Content-Type: message/rfc822\n");
        put_field(m);
        put(m, "\nSubject: inner\n");
        put_part(m, depth + 1);
    } else {
        const char *const *leaf = PICK(m, leaves);
        put(m, leaf[0]);
        put_field(m);
        put(m, "\n");
        put(m, leaf[1]);
    }
}

static void make(struct maker *m, uint64_t number)
{
    *m = (struct maker){.state = (number + 1) * UINT64_C(0x9E3779B97F4A7C15),
                        .text = BUF_INIT(16 * MiB)};
    below(m, 2);
    m->eol = once_in(m, 2) ? "\n" : "\r\n";
    put(m, once_in(m, 10) ? "From x\nSubject: t\n" : "Subject: t\n");
    if (once_in(m, 3))
        put_part(m, 0);
    else
        put_container(m, 0);
    assert_int_equal(buf_error(&m->text), 0);
}

static bool holds(const struct shoji_rewrite *how, struct span message)
{
    const struct shoji_check check = {
        .keys = how->keys, .base_url = how->signer.base_url, .suffix = how->signer.suffix};
    char *once, *twice;
    size_t len, again;
    assert_int_equal(shoji_rewrite_mail(how, message.ptr, message.len, &once, &len, NULL), 0);
    assert_int_equal(shoji_rewrite_mail(how, once, len, &twice, &again, NULL), 0);
    bool same = len == again && memcmp(once, twice, len) == 0;
    bool safe = how->signed_mail == SHOJI_SIGNED_KEEP || shoji_check_mail(&check, once, len) == 0;
    free(once);
    free(twice);
    return same && safe;
}

static void test_made_messages(void **state)
{
    (void)state;
    static const char key[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    unsigned long long from = 0, to = 10000;
    const char *range = getenv("SHOJI_MADE");
    assert_true(!range || sscanf(range, "%llu-%llu", &from, &to) == 2);
    struct shoji_keys *keys;
    char why[SHOJI_WHY_SIZE];
    assert_int_equal(shoji_keys_parse(key, sizeof(key) - 1, "test", why, &keys), 0);
    size_t failed = 0;
    for (uint64_t number = from; number < to; number++) {
        struct maker m;
        make(&m, number);
        struct shoji_rewrite how = {
            .signer = {.key = shoji_keys_signer(keys, NULL),
                       .base_url = "https://img.example.org",
                       .suffix = ""},
            .keys = keys,
            .options = SHOJI_URL_OPTIONS_NONE,
            .mode = (enum shoji_mode)below(&m, 3),
            .signed_mail = (enum shoji_signed)below(&m, 3),
        };
        if (once_in(&m, 3)) /* some for which the original, or all, is too large */
            how.max_message = m.text.len / 2 + below(&m, 3 * m.text.len);
        if (!holds(&how, buf_span(&m.text)) && ++failed < 10)
            print_error("SHOJI_MADE=%llu-%llu\n", (unsigned long long)number,
                        (unsigned long long)number + 1);
        buf_free(&m.text);
    }
    shoji_keys_free(keys);
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_messages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
