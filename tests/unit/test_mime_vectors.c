/*
 * Messages against sections I and J of the list of vectors: v103 to v129 by the list's own numbers,
 * what is expected written down from the list's action for each. Longer than most files, so that
 * the list stands in one place.
 */
#include "test.h"

#include "base/buf.h"
#include "base/limits.h"

#include <shoji/rewrite.h>
#include <stdio.h>

#define BASE "https://img.example.org"
#define PIC  "<img src=http://a.test/p>"

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

struct result {
    char *text;
    size_t len;
    struct shoji_report report;
};

static void done(struct result *result)
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
    assert_string_equal(once.text, twice.text);
    done(&twice);
    return once;
}

static struct result rewrite(const char *in)
{
    struct shoji_rewrite how = how_default();
    return rewrite_how(&how, span_of(in));
}

static void has(const struct result *result, const char *text)
{
    if (!strstr(result->text, text))
        print_error("not there: %s\nin: %s\n", text, result->text);
    assert_non_null(strstr(result->text, text));
}

static void lacks(const struct result *result, const char *text)
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

static void same(const char *in)
{
    struct result result = rewrite(in);
    assert_string_equal(result.text, in);
    done(&result);
}

/* An HTML part in one way or another: its picture is signed, nothing else is left of it. */
static void is_rewritten(const char *in)
{
    struct result result = rewrite(in);
    lacks(&result, "a.test");
    has(&result, "\nContent-Type: text/html; charset=utf-8");
    assert_int_equal(result.report.images_proxied, 1);
    assert_null(result.report.fallback);
    done(&result);
}

/* A part whose type made it load: the bytes stay, the type and what could find it go. */
static void is_detached(const char *type)
{
    struct buf in = BUF_INIT(4 * KiB);
    buf_add_format(&in,
                   "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: %s\n"
                   "Content-ID: <x@y>\nContent-Location: http://a.test/l\n\nBODY http://a.test/\n"
                   "--b--\n",
                   type);
    struct result result = rewrite(in.ptr);
    has(&result, "\nContent-Type: application/octet-stream\nContent-Disposition: attachment\n");
    has(&result, "\nX-Removed-Content-ID: <x@y>\nX-Removed-Content-Location: ");
    has(&result, "\n\nBODY http://a.test/\n--b--\n");
    lacks(&result, "\nContent-ID:");
    buf_clear(&in);
    buf_add_format(&in, "\nX-Removed-Content-Type: %s\n", type);
    has(&result, in.ptr);
    buf_free(&in);
    done(&result);
}

static void v103_amp_parts_go(void **state)
{
    (void)state;
    struct result result =
        rewrite("Content-Type: multipart/alternative; boundary=b\n\n--b\n\none\n--b\n"
                "Content-Type: text/x-amp-html; charset=utf-8\n\n<html amp4email>" PIC "\n--b\n"
                "Content-Type: text/html\n\n<p>two\n--b--\n");
    lacks(&result, "amp4email");
    lacks(&result, "a.test");
    has(&result, "\n--b\n\none\n--b\n");
    has(&result, "<p>two");
    assert_int_equal(neutralised(&result, "text/x-amp-html"), 1);
    done(&result);
    is_rewritten("Content-Type: text/x-amp-html\n\n" PIC "\n"); /* alone: its text must stay */
}

static void v104_external_bodies_become_a_note(void **state)
{
    (void)state;
    static const char *const accesses[] = {"URL; URL=\"http://a.test/x\"",
                                           "anon-ftp; site=a.test; name=x", "x-mutt-deleted"};
    for (size_t i = 0; i < 3; i++) {
        struct buf in = BUF_INIT(4 * KiB);
        buf_add_format(&in,
                       "Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                       "Content-Type: message/external-body; access-type=%s\n\n"
                       "Content-Type: text/html\nContent-ID: <z>\n\n\n--b--\n",
                       accesses[i]);
        struct result result = rewrite(in.ptr);
        has(&result, "\n--b\nContent-Type: text/plain; charset=utf-8\n");
        has(&result, "\nX-Removed-Content-Type: message/external-body; access-type=");
        has(&result, "was not fetched");
        lacks(&result, "\nContent-Type: message/external-body");
        buf_free(&in);
        done(&result);
    }
}

static void v105_nested_messages_are_rewritten(void **state)
{
    (void)state;
    is_rewritten("Content-Type: message/rfc822\n\nContent-Type: text/html\n\n" PIC "\n");
    is_rewritten("Content-Type: message/global\n\nContent-Type: message/rfc822\n\n"
                 "Content-Type: text/html\n\n" PIC "\n");
    is_rewritten(
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nContent-Type: text/html\n\n" PIC
        "\n--b--\n");
    is_rewritten("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n"
                 "Content-Disposition: attachment\n\nContent-Type: text/html\n\n" PIC "\n--b--\n");
}

static void v106_partial_messages_are_not_put_together(void **state)
{
    (void)state;
    is_detached("message/partial; id=\"i\"; number=1; total=2");
}

static void v107_style_sheets_by_cid_go(void **state)
{
    (void)state;
    is_detached("text/css");
    is_detached("text/xsl");
    is_rewritten("Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n"
                 "Content-ID: <h>\n\n" PIC "\n--b--\n");
}

static void v108_svg_by_cid_goes(void **state)
{
    (void)state;
    is_detached("image/svg+xml");
}

static void v109_whatever_a_client_shows_as_html_is_html(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "Content-Type: application/xhtml+xml",
        "Content-Type: text/xml",
        "Content-Type: application/xml",
        "Content-Type: text/x-html",
        "Content-Type: html",
        "Content-Type: TEXT/HTML",
        "Content-Type: \"text/html\"",
        "Content-Type: application/octet-stream; name=a.HTM",
        "Content-Type: application/octet-stream; name=a.html",
        "Content-Type: application/octet-stream; name*=utf-8''a%2ehtml",
        "Content-Type: image/png\nContent-Disposition: inline; filename=x.xhtml",
        "Content-Type: text/html\nContent-Disposition: attachment; filename=a.html",
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct buf in = BUF_INIT(4 * KiB);
        buf_add_format(&in, "%s\n\n" PIC "\n", headers[i]);
        is_rewritten(in.ptr);
        buf_free(&in);
    }
    /* What is only to be saved is saved as it came. */
    same("Content-Type: text/xml\nContent-Disposition: attachment\n\n<a href=http://a.test/>\n");
}

static void v110_other_markup_becomes_plain_text(void **state)
{
    (void)state;
    static const char *const types[] = {"text/markdown", "text/x-markdown", "text/enriched",
                                        "text/richtext"};
    for (size_t i = 0; i < 4; i++) {
        struct buf in = BUF_INIT(4 * KiB);
        buf_add_format(&in, "Content-Type: %s; charset=utf-8\n\n![](http://a.test/)\n", types[i]);
        struct result result = rewrite(in.ptr);
        has(&result, "\nContent-Type: text/plain; charset=\"utf-8\"\nX-Removed-Content-Type: ");
        has(&result, "\n\n![](http://a.test/)\n");
        buf_free(&in);
        done(&result);
    }
}

static void v111_calendars_and_cards_load_nothing(void **state)
{
    (void)state;
    static const char *const gone[] = {
        "ATTACH:http://a.test/x",
        "ATTACH;FMTTYPE=image/png:https://a.test/x",
        "ATTACH;X-NAME=\"a:b;c\":http://a.test/x",
        "ATTACH:http:/a.test/x",
        "ATTACH:file://a.test/x",
        "IMAGE;VALUE=URI;DISPLAY=BADGE:http://a.test/x",
        "X-ALT-DESC;FMTTYPE=text/html:<img>",
        "STYLED-DESCRIPTION;VALUE=TEXT;FMTTYPE=text/html:<img>",
        "PHOTO;VALUE=uri:http://a.test/x",
        "item1.PHOTO:ftp://a.test/x",
        "LOGO:HTTP://a.test/x",
        "SOUND;TYPE=x:http://a.test/x",
    };
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
        struct buf in = BUF_INIT(4 * KiB);
        buf_add_format(&in, "Content-Type: %s\n\nBEGIN:X\n%s\nEND:X\n",
                       i < 8 ? "text/calendar; method=REQUEST" : "text/vcard", gone[i]);
        struct result result = rewrite(in.ptr);
        assert_int_equal(neutralised(&result, "calendar-property"), 1);
        has(&result, "X-REMOVED-");
        buf_free(&in);
        done(&result);
    }
    same("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nURL:http://a.test/\nATTACH:CID:x@y\n"
         "ATTACH;ENCODING=BASE64;VALUE=BINARY:aHR0cDovLw==\nEND:VCALENDAR\n");
    same("Content-Type: text/vcard\n\nBEGIN:VCARD\nPHOTO;ENCODING=b:AAAA//bb\n"
         "PHOTO:data:image/png;base64,iVBORw0KGgo=\nURL:http://a.test/\nEND:VCARD\n");
}

static void v112_tnef_is_told(void **state)
{
    (void)state;
    static const char in[] = "Content-Type: application/ms-tnef; name=winmail.dat\n"
                             "Content-Transfer-Encoding: base64\n\neJ8+IgAA\n";
    struct result result = rewrite(in);
    assert_string_equal(result.text, in);
    assert_int_equal(neutralised(&result, "kept:application/ms-tnef"), 1);
    done(&result);
}

static void v113_attached_documents_stay(void **state)
{
    (void)state;
    same("Content-Type: application/rtf; name=a.rtf\nContent-Disposition: attachment\n\n"
         "{\\rtf1 {\\field{\\*\\fldinst INCLUDEPICTURE \"http://a.test/\"}}}\n");
    same("Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0xLjQK\n");
}

static void v114_content_base_is_used_and_goes(void **state)
{
    (void)state;
    static const char *const fields[] = {"Content-Base: http://a.test/d/\n",
                                         "Content-Location: \"http://a.test/d/x.html\"\n"};
    for (size_t i = 0; i < 2; i++) {
        struct buf in = BUF_INIT(4 * KiB);
        buf_add_format(&in, "%sContent-Type: text/html\n\n<img src=p>\n", fields[i]);
        struct result result = rewrite(in.ptr);
        struct shoji_rewrite how = how_default();
        char want[SHOJI_SIGNED_MAX + 1];
        size_t len = 0;
        assert_int_equal(
            shoji_url_sign(&how.signer, "http://a.test/d/p", 17, &how.options, want, &len), 0);
        want[70] = '\0'; /* a line of quoted-printable holds so much */
        struct buf flat = BUF_INIT(64 * KiB);
        for (const char *at = result.text; *at; at++) {
            if (at[0] == '=' && at[1] == '\n')
                at++;
            else
                buf_add_char(&flat, *at);
        }
        assert_non_null(strstr(flat.ptr, want));
        has(&result, "X-Removed-Content-");
        buf_free(&flat);
        buf_free(&in);
        done(&result);
    }
}

/* `want` is the text in UTF-8 as quoted-printable writes it. */
static void reads_as(struct span in, const char *want)
{
    struct shoji_rewrite how = how_default();
    struct result result = rewrite_how(&how, in);
    has(&result, "\nContent-Type: text/html; charset=utf-8\n");
    has(&result, want);
    lacks(&result, "a.test");
    assert_null(result.report.fallback);
    assert_int_equal(result.report.images_proxied, 1);
    done(&result);
}

#define READS_AS(literal, want) reads_as(SPAN(literal), want)

static void v115_every_charset_ends_as_utf8(void **state)
{
    (void)state;
    READS_AS("Content-Type: text/html\n\ncaf\xe9" PIC "\n", "caf=C3=A9");
    READS_AS("Content-Type: text/html; charset=bogus\n\ncaf\xc3\xa9" PIC "\n", "caf=C3=A9");
    READS_AS("Content-Type: text/html; charset=us-ascii\n\n\x80" PIC "\n", "=E2=82=AC");
    READS_AS("Content-Type: text/html; charset=\"utf-8\n <div style=x\"\n\ncaf\xc3\xa9" PIC "\n",
             "caf=C3=A9");
    READS_AS("Content-Type: text/html; charset=iso-2022-jp\n\n\x1b$B$\"\x1b(B" PIC "\n",
             "=E3=81=82");
    READS_AS("Content-Type: text/html; charset=shift_jis\n\n\x82\xa0\x83\x5c" PIC "\n",
             "=E3=81=82=E3=82=BD");
    READS_AS("Content-Type: text/html; charset=gb18030\n\n\x81\x30\x81\x30" PIC "\n", "=C2=80");
    /* The mark at the beginning wins over the header, and goes. */
    READS_AS("Content-Type: text/html; charset=iso-8859-1\n\n\xef\xbb\xbf"
             "caf\xc3\xa9" PIC "\n",
             "\n\ncaf=C3=A9");
    /* A lead byte swallows no '<'. */
    READS_AS("Content-Type: text/html; charset=big5\n\n\x81<b>x</b>" PIC "\n", "=EF=BF=BD<b>x</b>");
    READS_AS("Content-Type: text/html; charset=euc-kr\n\n\xb0<b>x</b>" PIC "\n",
             "=EF=BF=BD<b>x</b>");
    READS_AS("Content-Type: text/html; charset=utf-8\n\n\xe3\x81<b>x</b>" PIC "\n", "<b>x</b>");
}

static void falls_back(struct span in, const char *visible)
{
    struct shoji_rewrite how = how_default();
    struct result result = rewrite_how(&how, in);
    assert_string_equal(result.report.fallback, "charset");
    has(&result, "\nX-Shoji-Fallback: charset\n");
    has(&result, visible);
    lacks(&result, "<img");
    done(&result);
}

/* Two readings that differ in what ASCII means: text, unless both come to the same. */
static void v115_two_readings_must_agree(void **state)
{
    (void)state;
    falls_back(SPAN("Content-Type: text/html; charset=utf-7\n\nseen +ADw-img src=x+AD4-\n"),
               "seen");
    falls_back(SPAN("Content-Type: text/html; charset=hz-gb-2312\n\nseen ~{<:Ky2;~}" PIC "\n"),
               "seen");
    falls_back(SPAN("Content-Type: text/html; charset=utf-8\n\n<meta charset=iso-2022-jp>seen "
                    "\x1b$B$\"\x1b(B" PIC "\n"),
               "seen");
    READS_AS("Content-Type: text/html; charset=iso-2022-jp\n\n<meta charset=utf-8>plain" PIC "\n",
             "plain");
    READS_AS("Content-Type: text/html; charset=utf-8\n\n<meta charset=iso-2022-jp>plain" PIC "\n",
             "plain");
}

static void v116_every_encoding_is_read(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "Content-Transfer-Encoding: quoted-printable\n\n<img src=3Dhttp://a.test/p=\n>\n",
        "Content-Transfer-Encoding: QUOTED-PRINTABLE\n\n<img src=3dhttp://a.test/p>=\n",
        "Content-Transfer-Encoding: 8bit+\n\n" PIC "\n",
        "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n\n" PIC "\n",
        "Content-Transfer-Encoding: base64\n\nPGltZyBzcmM9aHR0cDovL2EudGVzdC9wPg==\n",
        "Content-Transfer-Encoding: base64\n\nPGltZyBz\ncmM9aHR0\n*cDovL2EudGVzdC9w\nPg\n",
        "Content-Transfer-Encoding: base64\n\nPA==aW1nIHNyYz1odHRwOi8vYS50ZXN0L3A+\n",
        "Content-Transfer-Encoding: (comment) base64\n\nPGltZyBzcmM9aHR0cDovL2EudGVzdC9wPg==\n",
    };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct buf in = BUF_INIT(4 * KiB);
        buf_add_format(&in, "Content-Type: text/html\n%s", bodies[i]);
        struct result result = rewrite(in.ptr);
        lacks(&result, "a.test");
        lacks(&result, "8bit");
        has(&result, "\nContent-Transfer-Encoding: quoted-printable\n");
        assert_int_equal(result.report.images_proxied, 1);
        buf_free(&in);
        done(&result);
    }
    struct result result = rewrite("Content-Type: multipart/mixed; boundary=b\n"
                                   "Content-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n");
    has(&result, "\nX-Removed-Content-Transfer-Encoding: base64\n");
    done(&result);
}

/* Whatever a reader takes for the structure, no part of it holds the picture. */
static void v117_no_reading_of_the_structure_loads(void **state)
{
    (void)state;
    static const char *const messages[] = {
        "Content-Type: text/plain\nContent-Type: text/html\n\n" PIC "\n",
        "Content-Type : text/html\n\n" PIC "\n",
        "Content-Type: text/(comment)html\n\n" PIC "\n",
        "Content-Type: text/html(\n\n" PIC "\n",
        "Content-Type: multipart/mixed; boundary=a; boundary=b\n\n--a\nContent-Type: "
        "text/html\n\n" PIC "\n--a--\n--b\nContent-Type: text/html\n\n" PIC "\n--b--\n",
        "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\n\n--ab\n"
        "Content-Type: text/html\n\n" PIC "\n--ab--\n",
        "Content-Type: multipart/mixed; boundary=\"a \"\n\n--a\nContent-Type: text/html\n\n" PIC
        "\n--a--\n",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; "
        "boundary=ab\n\n--ab\nContent-Type: text/html\n\n" PIC "\n--ab--\n--a--\n",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n" PIC "\n",
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n" PIC
        "\n--a--\n--a\nContent-Type: text/html\n\n" PIC "\n",
        "Content-Type: multipart/mixed; boundary=a\n\n--a \t\nContent-Type: text/html\n\n" PIC
        "\n--a--\n",
    };
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct result result = rewrite(messages[i]);
        lacks(&result, "<img src=http");
        done(&result);
    }
    struct result result = rewrite("A: 1\rContent-Type: text/html\n\n" PIC "\n");
    lacks(&result, "\r"); /* once it is gone, nobody finds the second field */
    has(&result, "\nContent-Type: text/plain\n");
    done(&result);
}

static void v118_plain_text_stays(void **state)
{
    (void)state;
    same("Content-Type: text/plain\n\n<html>" PIC "\n");
    same("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; name=a.html\n"
         "\n" PIC "\n--b--\n");
    same("Subject: x\n\nmail <a@a.test>, 1 < 2\n");
    /* Without a header a client might go by the looks. */
    struct result result = rewrite("Subject: x\n\n<html>" PIC "\n");
    has(&result, "\nContent-Type: text/plain\nX-Removed-Content-Type: none\n");
    has(&result, "Subject: x\n\n<html>" PIC "\n");
    done(&result);
}

#define SIGNED_HEAD "Content-Type: multipart/signed; boundary=b; micalg=pgp-sha256\n"
#define SIGNATURE   "--b\nContent-Type: application/pgp-signature; name=s.asc\n\nSIG\n--b--\n"
#define SIGNED_HTML                                                                                \
    "From: x\n" SIGNED_HEAD "\n--b\nContent-Type: multipart/alternative; boundary=c\n\n"           \
    "--c\n\nplain words\n--c\nContent-Type: text/html\n\n<p>rich words" PIC "\n--c--\n" SIGNATURE

static void v119_protected_mail_brings_its_original(void **state)
{
    (void)state;
    struct result result = rewrite(SIGNED_HTML);
    has(&result, "\nContent-Type: multipart/mixed; boundary=\"b\"\n"
                 "X-Removed-Content-Type: multipart/signed; ");
    has(&result, "\nContent-Type: application/octet-stream\nX-Removed-Content-Type: "
                 "application/pgp-signature; name=s.asc\n\nSIG\n");
    lacks(&result, "a.test");
    lacks(&result, "message/rfc822");
    assert_int_equal(neutralised(&result, "multipart/signed"), 1);
    /* printf 'From: x\nContent-Type: multipart/signed; boun' | base64 */
    has(&result, "\nContent-Type: application/octet-stream; name=\"original.eml\"\n");
    has(&result, "\n\nRnJvbTogeApDb250ZW50LVR5cGU6IG11bHRpcGFydC9zaWduZWQ7IGJvdW");
    assert_string_equal(result.text + result.len - 7, "\n--b--\n");
    done(&result);
    same(SIGNED_HEAD "\n--b\n\nwords\n" SIGNATURE); /* nothing to change, and it still verifies */
}

static void v119_kept_mail_is_untouched(void **state)
{
    (void)state;
    struct shoji_rewrite how = how_default();
    how.signed_mail = SHOJI_SIGNED_KEEP;
    struct result result = rewrite_how(&how, SPAN(SIGNED_HTML));
    assert_string_equal(result.text, SIGNED_HTML);
    assert_int_equal(neutralised(&result, "kept:multipart/signed"), 1);
    done(&result);
}

static void v119_only_the_text_of_signed_mail(void **state)
{
    (void)state;
    struct shoji_rewrite how = how_default();
    how.signed_mail = SHOJI_SIGNED_TEXT;
    struct result result = rewrite_how(&how, SPAN(SIGNED_HTML));
    has(&result, "\n--c\n\nplain words\n--c--\n");
    lacks(&result, "rich words");
    lacks(&result, "original.eml");
    done(&result);

    result =
        rewrite_how(&how, SPAN(SIGNED_HEAD "\n--b\nContent-Type: text/html\n\n<p>rich words" PIC
                                           "\n" SIGNATURE));
    has(&result, "rich words");
    has(&result, "X-Shoji-Fallback: signed\n");
    lacks(&result, "img");
    assert_string_equal(result.report.fallback, "signed");
    done(&result);
}

static void v119_what_cannot_be_seen_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *in, *name;
    } cases[] = {
        {"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
         "Content-Transfer-Encoding: base64\n\nMIIB\n",
         "kept:application/pkcs7-mime"},
        {"Content-Type: multipart/encrypted; protocol=x; boundary=b\n\n--b\n"
         "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\n"
         "Content-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n--b--\n",
         "kept:multipart/encrypted"},
    };
    for (size_t i = 0; i < 2; i++) {
        struct result result = rewrite(cases[i].in);
        assert_string_equal(result.text, cases[i].in);
        assert_int_equal(neutralised(&result, cases[i].name), 1);
        done(&result);
    }
    same("Content-Type: text/plain\n\n-----BEGIN PGP MESSAGE-----\n\nhQEM\n");
}

static void beyond(struct span in, const char *why)
{
    struct shoji_rewrite how = how_default();
    how.max_message = 2 * MiB;
    struct result result = rewrite_how(&how, in);
    assert_string_equal(result.report.fallback, why);
    has(&result, "visible");
    has(&result, "; fallback=yes\n");
    lacks(&result, "a.test");
    done(&result);
}

static void v120_limits_give_text(void **state)
{
    (void)state;
    static const char html[] = "Content-Type: text/html\n\n<p>visible" PIC "\n";
    struct buf in = BUF_INIT(16 * MiB);
    buf_add_text(&in, "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int i = 0; i < LIMIT_MIME_PARTS; i++)
        buf_add_format(&in, "--b\n%s", i == 0 ? html : "\n\n");
    buf_add_text(&in, "--b--\n");
    beyond(buf_span(&in), "limit");

    buf_clear(&in);
    for (int i = 0; i <= LIMIT_MIME_DEPTH; i++)
        buf_add_text(&in, "Content-Type: message/rfc822\n\n");
    buf_add_text(&in, html);
    beyond(buf_span(&in), "limit");

    buf_clear(&in);
    buf_add_text(&in, html);
    while (in.len <= 2 * MiB)
        buf_add_text(&in, "<b>more</b>" PIC "\n");
    beyond(buf_span(&in), "size");

    buf_clear(&in);
    while (in.len <= LIMIT_HEADER_BLOCK)
        buf_add_text(&in, "X-Filler: http://b.test/\n");
    buf_add_text(&in, html);
    beyond(buf_span(&in), "limit");
    buf_free(&in);
}

/* A header that is renamed and nothing else. */
static void is_renamed(const char *field)
{
    struct buf in = BUF_INIT(4 * KiB), want = BUF_INIT(4 * KiB);
    buf_add_format(&in, "From: x\n%s\nTo: y\n\nhi\n", field);
    buf_add_format(&want, "\nFrom: x\nX-Removed-%s\nTo: y\n\nhi\n", field);
    struct result result = rewrite(in.ptr);
    has(&result, want.ptr);
    done(&result);
    buf_free(&in);
    buf_free(&want);
}

static void v121_receipts_go(void **state)
{
    (void)state;
    static const char *const names[] = {"Disposition-Notification-To",
                                        "Return-Receipt-To",
                                        "X-Confirm-Reading-To",
                                        "Read-Receipt-To",
                                        "Return-Receipt-Requested",
                                        "Generate-Delivery-Report",
                                        "X-PMRQC",
                                        "Registered-Mail-Reply-Requested-By"};
    struct shoji_rewrite keep = how_default();
    keep.keep_receipts = true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct buf field = BUF_INIT(4 * KiB);
        buf_add_format(&field, "%s: <r@a.test>", names[i]);
        is_renamed(field.ptr);
        buf_add_text(&field, "\n\nhi\n");
        struct result result = rewrite(field.ptr);
        assert_int_equal(result.report.trackers_count, 1);
        assert_string_equal(result.report.trackers[0].kind, "receipt");
        assert_string_equal(result.report.trackers[0].host, "a.test");
        assert_string_equal(result.report.trackers[0].action, "removed");
        done(&result);
        result = rewrite_how(&keep, buf_span(&field));
        assert_string_equal(result.text, field.ptr);
        done(&result);
        buf_free(&field);
    }
}

static void v122_forged_mozilla_headers_go(void **state)
{
    (void)state;
    is_renamed("X-Mozilla-External-Attachment-URL: file://a.test/x");
    is_renamed("X-Mozilla-Cloud-Part: cloudFile; url=http://a.test/");
    is_renamed("X-Mozilla-Altered: AttachmentDetached; date=\"x\"");
    struct result result =
        rewrite("Content-Type: multipart/mixed; boundary=b\n\n--b\n"
                "X-Mozilla-External-Attachment-URL: http://a.test/\n\nx\n--b--\n");
    has(&result, "\n--b\nX-Removed-X-Mozilla-External-Attachment-URL: ");
    done(&result);
}

static void v123_picture_and_key_urls_go(void **state)
{
    (void)state;
    is_renamed("X-Image-Url: http://a.test/");
    is_renamed("X-Avatar-URL: http://a.test/");
    is_renamed("OpenPGP: id=0123; url=http://a.test/");
    is_renamed("X-PGP-Key: https://a.test/key");
    same("X-PGP-Key: 0x0123\nOpenPGP: id=0123\n\nhi\n");
}

static void v124_bimi_of_the_sender_goes(void **state)
{
    (void)state;
    is_renamed("BIMI-Location: v=BIMI1; l=https://a.test/l.svg");
    is_renamed("BIMI-Selector: v=BIMI1; s=default");
    is_renamed("BIMI-Indicator: PHN2Zz4=");
}

static void v125_faces_stay(void **state)
{
    (void)state;
    same("Face: iVBORw0KGgo=\nX-Face: #\"xyz\n\nhi\n");
}

static void v126_list_headers_stay(void **state)
{
    (void)state;
    same("List-Unsubscribe: <https://a.test/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n"
         "List-Help: <http://a.test/>\nArchived-At: <http://a.test/1>\n\nhi\n");
}

/* What a client asks while it verifies stands in bytes that cannot change; nor do they. */
static void v127_signatures_stay_as_they_are(void **state)
{
    (void)state;
    same("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\n\n"
         "--b\n\ntext\n--b\nContent-Type: application/pkcs7-signature; name=smime.p7s\n"
         "Content-Transfer-Encoding: base64\n\nMIIB\n--b--\n");
    same("Content-Type: application/pgp-keys\n\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
}

/* What a client looks up from the address alone is not ours to change: the address stays. */
static void v128_addresses_stay(void **state)
{
    (void)state;
    same("From: \"A\" <a@a.test>\nSender: b@a.test\nReply-To: c@a.test\nReturn-Path: <d@a.test>\n"
         "DKIM-Signature: v=1; d=a.test; b=AA==\nReceived: from a.test\n\nhi\n");
}

/* A reply quotes what was rewritten: what leaves again holds the original, what stays does not. */
static void v129_quotes_hold_no_original(void **state)
{
    (void)state;
    struct shoji_rewrite how = how_default();
    struct result result = rewrite("Content-Type: text/html\n\n<blockquote>" PIC "</blockquote>\n");
    lacks(&result, "a.test");
    char *back = NULL;
    size_t len = 0;
    assert_int_equal(shoji_unrewrite_mail(&how, result.text, result.len, &back, &len), 0);
    assert_non_null(strstr(back, "<blockquote><img src=3D\"http://a.test/p\"></blockquote>"));
    free(back);
    done(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v103_amp_parts_go),
        cmocka_unit_test(v104_external_bodies_become_a_note),
        cmocka_unit_test(v105_nested_messages_are_rewritten),
        cmocka_unit_test(v106_partial_messages_are_not_put_together),
        cmocka_unit_test(v107_style_sheets_by_cid_go),
        cmocka_unit_test(v108_svg_by_cid_goes),
        cmocka_unit_test(v109_whatever_a_client_shows_as_html_is_html),
        cmocka_unit_test(v110_other_markup_becomes_plain_text),
        cmocka_unit_test(v111_calendars_and_cards_load_nothing),
        cmocka_unit_test(v112_tnef_is_told),
        cmocka_unit_test(v113_attached_documents_stay),
        cmocka_unit_test(v114_content_base_is_used_and_goes),
        cmocka_unit_test(v115_every_charset_ends_as_utf8),
        cmocka_unit_test(v115_two_readings_must_agree),
        cmocka_unit_test(v116_every_encoding_is_read),
        cmocka_unit_test(v117_no_reading_of_the_structure_loads),
        cmocka_unit_test(v118_plain_text_stays),
        cmocka_unit_test(v119_protected_mail_brings_its_original),
        cmocka_unit_test(v119_kept_mail_is_untouched),
        cmocka_unit_test(v119_only_the_text_of_signed_mail),
        cmocka_unit_test(v119_what_cannot_be_seen_is_told),
        cmocka_unit_test(v120_limits_give_text),
        cmocka_unit_test(v121_receipts_go),
        cmocka_unit_test(v122_forged_mozilla_headers_go),
        cmocka_unit_test(v123_picture_and_key_urls_go),
        cmocka_unit_test(v124_bimi_of_the_sender_goes),
        cmocka_unit_test(v125_faces_stay),
        cmocka_unit_test(v126_list_headers_stay),
        cmocka_unit_test(v127_signatures_stay_as_they_are),
        cmocka_unit_test(v128_addresses_stay),
        cmocka_unit_test(v129_quotes_hold_no_original),
    };
    return cmocka_run_group_tests(tests, load_keys, free_keys);
}
