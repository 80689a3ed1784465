/*
 * The checker: messages in the readings that careless clients have, what is a URL of ours, what
 * findings say, and that nothing makes it slow.
 */
#include "check_help.h"

#define HEAD(type)  "Content-Type: " type "\r\n\r\n"
#define IMG         "<img src=http://t/>"
#define MIXED       "Content-Type: multipart/mixed; boundary=B\r\n\r\n"
#define PART(type)  "--B\r\nContent-Type: " type "\r\n"
#define END         "\r\n--B--\r\n"
#define IMG_BASE64  "PGltZyBzcmM9aHR0cDovL3QvPg==" /* <img src=http://t/> */
#define IMG_QUOTED  "<img s=\r\nrc=3Dhttp:=2F=\r\n/t/>"
#define CARD(lines) HEAD("text/vcard") "BEGIN:VCARD\r\n" lines "END:VCARD\r\n"

/* clang-format off */
static const struct check_row messages[] = {
    {"html", HEAD("text/html") IMG, true, true},
    {"html, ours", HEAD("text/html") "<img src=\"{http://t/}\">", false, true},
    {"plain text with tags (v118)", HEAD("text/plain") IMG, false, true},
    {"no type, markup", "Subject: x\r\n\r\n<html>" IMG, true, true},
    {"no type, text", "Subject: x\r\n\r\nSee " IMG, false, true},
    {"base64", "Content-Transfer-Encoding: base64\r\n" HEAD("text/html") IMG_BASE64, true, true},
    {"base64 with early padding (v116)",
     "Content-Transfer-Encoding: base64\r\n" HEAD("text/html") "IA==" IMG_BASE64, true, true},
    {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\r\n" HEAD("text/html") IMG_QUOTED, true, true},
    {"unknown encoding (v116)", "Content-Transfer-Encoding: 8bit+\r\n" HEAD("text/html") IMG, true, true},
    {"two encodings (v116)", "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n"
     HEAD("text/html") IMG_BASE64, true, true},
    {"amp (v103)", HEAD("text/x-amp-html") "<amp-img src=http://t/>", true, true},
    {"external body (v104)", HEAD("message/external-body; access-type=URL; URL=\"http://t/\"") "\r\n", true, true},
    {"message in a message (v105)", HEAD("message/rfc822") HEAD("text/html") IMG, true, true},
    {"message in base64 (v105)", "Content-Transfer-Encoding: base64\r\n" HEAD("message/rfc822")
     "Q29udGVudC1UeXBlOiB0ZXh0L2h0bWwKCjxpbWcgc3JjPWh0dHA6Ly90Lz4K", true, true},
    {"digest", "Content-Type: multipart/digest; boundary=B\r\n\r\n--B\r\n\r\n" HEAD("text/html") IMG END, true, true},
    {"partial (v106)", HEAD("message/partial; id=a; number=1") "x", true, true},
    {"style sheet (v107)", HEAD("text/css") "p{background:url(t.png)}", true, true},
    {"svg (v108)", HEAD("image/svg+xml") "<svg><image href=\"t.png\"/></svg>", true, true},
    {"svg, attached", "Content-Disposition: attachment\r\n" HEAD("image/svg+xml")
     "<svg><image href=\"t.png\"/></svg>", false, true},
    {"xhtml (v109)", HEAD("application/xhtml+xml") IMG, true, true},
    {"xml (v109)", HEAD("text/xml") IMG, true, true},
    {"type in disguise (v109)", HEAD("\"text/html\"") IMG, true, true},
    {"type without a slash (v109)", HEAD("html") IMG, true, true},
    {"octet stream named html (v109)", HEAD("application/octet-stream; name=\"a.HTM\"") IMG, true, true},
    {"octet stream, attached", "Content-Disposition: attachment; filename=a.html\r\n"
     HEAD("application/octet-stream") IMG, false, true},
    {"html, attached", "Content-Disposition: attachment\r\n" HEAD("text/html") IMG, true, true},
    {"markdown (v110)", HEAD("text/markdown") "![x](http://t/ \"y\")", true, true},
    {"markdown without images", HEAD("text/markdown") "[x](http://t/)", false, true},
    {"calendar (v111)", HEAD("text/calendar") "BEGIN:VEVENT\r\nATTACH:http://t/\r\nEND:VEVENT\r\n", true, true},
    {"calendar, folded", HEAD("text/calendar") "ATT\r\n ACH;VALUE=URI:htt\r\n p://t/\r\n", true, true},
    {"calendar with html", HEAD("text/calendar") "X-ALT-DESC;FMTTYPE=text/html:<html>" IMG "\r\n", true, true},
    {"calendar with a link", HEAD("text/calendar") "URL:http://t/\r\nDESCRIPTION:http://t/\r\n", false, true},
    {"card (v111)", CARD("PHOTO;VALUE=uri:http://t/\r\n"), true, true},
    {"card, grouped", CARD("item1.LOGO:https://t/\r\n"), true, true},
    {"card with the photo in it", CARD("PHOTO;ENCODING=b;TYPE=PNG:iVBO//w0\r\n"), false, true},
    {"utf-7 (v115)", HEAD("text/html; charset=utf-7") "+ADw-img src+AD0-http://t/+AD4-", true, true},
    {"shift in iso-2022-jp (v115)", HEAD("text/html; charset=iso-2022-jp") "<im\x1b(J\x1b(Bg src=http://t/>", true, true},
    {"part", MIXED PART("text/html") "\r\n" IMG END, true, true},
    {"part of a part", MIXED PART("multipart/alternative; boundary=C") "\r\n--C\r\n" HEAD("text/html") IMG
     "\r\n--C--" END, true, true},
    {"part without an end (v117)", MIXED PART("text/html") "\r\n" IMG, true, true},
    {"behind the end", MIXED PART("text/plain") "\r\nx" END PART("text/html") "\r\n" IMG, true, true},
    {"two types (v117)", "Content-Type: text/plain\r\n" HEAD("text/html") IMG, true, true},
    {"comment in the type (v117)", HEAD("text/(x)html") IMG, true, true},
    {"blank before the colon (v117)", "Content-Type : text/html\r\n\r\n" IMG, true, true},
    {"folded type (v117)", "Content-Type:\r\n\ttext/html\r\n\r\n" IMG, true, true},
    {"bare CR (v117)", "Content-Type: multipart/mixed; boundary=B\n\n--B\rContent-Type: text/html\r\r" IMG, true, true},
    {"two boundaries (v117)", "Content-Type: multipart/mixed; boundary=A; boundary=B\r\n\r\n" PART("text/html") "\r\n" IMG END, true, true},
    {"boundary in pieces (v117)", "Content-Type: multipart/mixed; boundary*0=\"B\"; boundary*1=\"C\"\r\n\r\n--BC\r\n" HEAD("text/html") IMG, true, true},
    {"boundary that another begins with (v117)", MIXED "--Bx\r\n" HEAD("text/html") IMG, true, true},
    {"boundary in quotes, a blank behind", "Content-Type: multipart/mixed; boundary=\"B \"\r\n\r\n" PART("text/html") "\r\n" IMG END, true, true},
    {"boundary of nobody", HEAD("text/plain") PART("text/html") "\r\n" IMG, false, true},
    {"external attachment (v122)", "X-Mozilla-External-Attachment-URL: http://t/\r\n\r\nx", true, true},
    {"in the header of a part (v122)", MIXED PART("text/plain") "X-Mozilla-Cloud-Part: cloudFile; url=http://t/\r\n\r\nx" END, true, true},
    {"sender's picture (v123)", "X-Image-URL: http://t/\r\n\r\nx", true, true},
    {"sender's logo (v124)", "BIMI-Location: v=BIMI1; l=http://t/\r\n\r\nx", true, true},
    {"face (v125)", "Face: iVBORw0KGgo=\r\nX-Face: x\r\n\r\nx", false, true},
    {"list headers (v126)", "List-Unsubscribe: <http://t/>\r\nArchived-At: <http://t/>\r\n\r\nx", false, true},
};
/* clang-format on */

static bool is_found_in(const char *bytes, size_t len)
{
    struct shoji_check how = check_how(NULL);
    int answer = shoji_check_html(&how, bytes, len);
    assert_in_range(answer, 0, 1);
    return answer == SHOJI_CHECK_FOUND;
}

/* v098, and the reading that makes ASCII of UTF-16. */
static void check_nul(void **state)
{
    (void)state;
    static const char nul[] = "<im\0g s\0rc=http://t/>";
    static const char wide[] = "<\0i\0m\0g\0 \0s\0r\0c\0=\0x\0>\0";
    assert_true(is_found_in(nul, sizeof(nul) - 1));
    assert_true(is_found_in(wide, sizeof(wide) - 1));
}

/* A URL that is changed anywhere, or stands under another host, is not ours any more. */
static void check_forged(void **state)
{
    (void)state;
    struct buf ours = BUF_INIT(1 << 20);
    check_sign("<img src=\"{http://t/}\">", &ours);
    assert_false(is_found_in(ours.ptr, ours.len));
    size_t first = strlen("<img src=\""), last = ours.len - strlen("\">");
    for (size_t i = first; i < last; i++) {
        char was = ours.ptr[i];
        ours.ptr[i] = was == 'x' ? 'y' : 'x';
        assert_true(is_found_in(ours.ptr, ours.len));
        ours.ptr[i] = was;
    }
    static const char *const others[] = {"<img src=\"" BASE "/i/k1/\">", "<img src=\"" BASE "\">",
                                         "<img src=\"https://img.example.org.t/i/k1/x\">",
                                         "<img src=\"" BASE "@t/\">"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_true(is_found_in(others[i], strlen(others[i])));
    buf_free(&ours);
}

/* Under a base of former days only where it is named; without keys, none is ours. */
static void check_bases(void **state)
{
    (void)state;
    struct buf ours = BUF_INIT(1 << 20);
    check_sign("<img src=\"{http://t/}\">", &ours);
    struct shoji_check how = check_how(NULL);
    how.base_url = "https://new.example.org";
    assert_int_equal(shoji_check_html(&how, ours.ptr, ours.len), SHOJI_CHECK_FOUND);
    how.accept_base = "https://a.example.org, " BASE "/";
    assert_int_equal(shoji_check_html(&how, ours.ptr, ours.len), 0);
    how.keys = NULL;
    assert_int_equal(shoji_check_html(&how, ours.ptr, ours.len), SHOJI_CHECK_FOUND);
    buf_free(&ours);
}

static void check_held(void **state)
{
    (void)state;
    struct buf ours = BUF_INIT(1 << 20);
    static const char foreign[] = "<img data-shoji-src=\"" BASE "/i/k1/AAAA\">";
    static const char style[] = "<p data-shoji-style=\"background:url(http://t/)\">";
    check_sign("<img data-shoji-src=\"{http://t/}\" data-shoji-tracker=\"t//x\">"
               "<p data-shoji-style=\"background:url({http://t/})\">",
               &ours);
    assert_false(is_found_in(ours.ptr, ours.len));
    assert_true(is_found_in(foreign, strlen(foreign)));
    assert_true(is_found_in(style, strlen(style)));
    buf_free(&ours);
}

static void check_words(void **state)
{
    (void)state;
    struct buf found = BUF_INIT(1 << 20);
    struct shoji_check how = check_how(&found);
    static const char html[] = "a\n<IMG src=\nhttp://t/1>\n<td style='background:url(t.png)'>\n"
                               "<style>\n@import 'x.css';</style>";
    static const char mail[] = "X-Image-URL: http://t/2\n" MIXED PART("text/html") "\r\n\r\n" IMG;
    assert_int_equal(shoji_check_html(&how, html, strlen(html)), SHOJI_CHECK_FOUND);
    assert_string_equal(found.ptr, "line 2: IMG src: http://t/1\n"
                                   "line 4: td style url(): t.png\n"
                                   "line 5: style @import: x.css\n");
    buf_clear(&found);
    assert_int_equal(shoji_check_mail(&how, mail, strlen(mail)), SHOJI_CHECK_FOUND);
    assert_string_equal(found.ptr, "part 1 header: X-Image-URL: http://t/2\n"
                                   "part 2 line 2: img src: http://t/\n");
    buf_free(&found);
}

/* Processor time, since others use the machine, too. */
static double seconds(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What nests, repeats or never ends costs no more than its length, twice the text twice the time:
 * a quadratic one would take hours at this size. */
static void check_hostile(void **state)
{
    (void)state;
    static const char *const shapes[] = {"<a ",
                                         "<a b=\"",
                                         "<style>",
                                         "<style>url(",
                                         "<",
                                         "<<<<a",
                                         "<p style='(",
                                         "image-set(",
                                         "<p style=\"\\",
                                         "&amp;",
                                         "<a b='&#",
                                         "<!DOCTYPE ",
                                         "<b srcset='",
                                         "<![CDATA[<a",
                                         "url(\"",
                                         "/*",
                                         "</style",
                                         "<iframe srcdoc='",
                                         "--B\n",
                                         "![",
                                         "--B\nContent-Type: multipart/x; boundary=",
                                         "Content-Type: message/rfc822\n\n",
                                         "a:\n"};
    size_t len = 1 << 20;
    char *text = malloc(len + 64);
    assert_non_null(text);
    struct shoji_check how = check_how(NULL);
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        struct buf found = BUF_INIT(8 << 20);
        static const char head[] = "Content-Type: multipart/mixed; boundary=B\n\n"
                                   "--B\nContent-Type: text/html\n\n<style>";
        struct shoji_check all = check_how(&found);
        memcpy(text, head, strlen(head));
        for (size_t at = strlen(head); at < len; at += strlen(shapes[i]))
            memcpy(text + at, shapes[i], strlen(shapes[i]));
        double begin = seconds();
        assert_in_range(shoji_check_html(&how, text, len), 0, 1);
        assert_in_range(shoji_check_mail(&all, text, len), 0, 1);
        double took = seconds() - begin;
        if (took > 10)
            fail_msg("%s took %.1f s", shapes[i], took);
        buf_free(&found);
    }
    free(text);
}

/* A document in the attribute of one, `levels` times over. */
static void put_document(struct buf *out, size_t levels)
{
    struct buf inner = BUF_INIT(1 << 20);
    if (levels == 0) {
        buf_add_text(out, "<b>x</b>");
        return;
    }
    put_document(&inner, levels - 1);
    buf_add_text(out, "<iframe srcdoc=\"");
    for (size_t i = 0; i < inner.len; i++) {
        char c = inner.ptr[i];
        if (c == '&' || c == '"')
            buf_add_text(out, c == '&' ? "&amp;" : "&quot;");
        else
            buf_add_char(out, c);
    }
    buf_add_text(out, "\">");
    buf_free(&inner);
}

/* As deep as anybody would write it is read; deeper is said to be. */
static void check_depth(void **state)
{
    (void)state;
    struct buf text = BUF_INIT(1 << 20);
    struct buf found = BUF_INIT(1 << 20);
    struct shoji_check how = check_how(&found);
    put_document(&text, 4);
    assert_int_equal(shoji_check_html(&how, text.ptr, text.len), 0);
    buf_clear(&text);
    put_document(&text, 12);
    assert_int_equal(shoji_check_html(&how, text.ptr, text.len), SHOJI_CHECK_FOUND);
    assert_non_null(strstr(found.ptr, "too deep to judge"));
    buf_free(&text);
    buf_free(&found);
}

static void check_empty(void **state)
{
    (void)state;
    struct shoji_check how = check_how(NULL);
    assert_int_equal(shoji_check_html(&how, "", 0), 0);
    assert_int_equal(shoji_check_mail(&how, "", 0), 0);
    assert_int_equal(shoji_check_html(&how, NULL, 0), 0);
    assert_int_equal(shoji_check_mail(&how, "\n", 1), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_nul),   cmocka_unit_test(check_forged),
        cmocka_unit_test(check_bases), cmocka_unit_test(check_held),
        cmocka_unit_test(check_words), cmocka_unit_test(check_hostile),
        cmocka_unit_test(check_depth), cmocka_unit_test(check_empty),
    };
    size_t own = sizeof(tests) / sizeof(tests[0]), rows = sizeof(messages) / sizeof(messages[0]);
    struct CMUnitTest *all = calloc(own + rows, sizeof(*all));
    if (!all)
        return 1;
    memcpy(all, tests, sizeof(tests));
    for (size_t i = 0; i < rows; i++)
        all[own + i] = check_row_case(&messages[i]);
    int failed = _cmocka_run_group_tests("check", all, own + rows, NULL, NULL);
    shoji_keys_free(check_keys);
    free(all);
    return failed;
}
