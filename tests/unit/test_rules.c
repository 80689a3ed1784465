/*
 * Tracker rules: patterns, both formats, partners, and what the rules that are installed say of
 * pixels as they are seen in mail (addresses as published in tracker lists and by the services
 * themselves, tokens made up) and of pictures that are content.
 */
#include "test.h"

#include "lib/rules.h"
#include "lib/rules_pattern.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static struct shoji_rules *parse(const char *text, const char *allow)
{
    struct shoji_rules_source source = {.allow = allow};
    char why[SHOJI_RULES_WHY_SIZE];
    struct shoji_rules *rules = NULL;
    if (rules_parse(span_of(text), &source, why, &rules) != 0)
        fail_msg("%s", why);
    return rules;
}

/* The vendor whose rule of kind `what` fits; "-" for nobody's rule; NULL: none does. */
static const char *find(const struct shoji_rules *rules, enum rules_what what, const char *url)
{
    static char name[100];
    char canonical[SHOJI_URL_MAX + 1];
    size_t len;
    struct rules_url ready;
    struct rules_hit hit;
    assert_int_equal(shoji_url_canonical(url, strlen(url), NULL, canonical, &len), 0);
    assert_true(rules_url_read((struct span){canonical, len}, &ready));
    if (!rules_find(rules, &ready, what, &hit))
        return NULL;
    snprintf(name, sizeof(name), "%.*s", (int)hit.vendor.len, hit.vendor.ptr);
    return name[0] ? name : "-";
}

static bool blocks(const struct shoji_rules *rules, const char *url)
{
    return shoji_rules_blocks(rules, url, strlen(url));
}

static bool matches(const char *pattern, const char *text, bool to_end)
{
    struct buf out = BUF_INIT(1000);
    assert_int_equal(pattern_compile(span_of(pattern), &out), 0);
    bool result = pattern_match(buf_span(&out), span_of(text), to_end);
    buf_free(&out);
    return result;
}

static void test_patterns(void **state)
{
    (void)state;
    assert_true(matches("/a", "/abc", false));
    assert_false(matches("/a", "/abc", true));
    assert_true(matches("/a*c", "/abbbc", true));
    assert_true(matches("/*b*c", "/abxbxxc", true));
    assert_false(matches("/*b*c", "/acxcb", true));
    assert_true(matches("/*.gif", "/a.gif.gif", true));
    assert_true(matches("", "", true));
    assert_false(matches("", "x", true));
    assert_true(matches("/o/{4}", "/o/ab-d", true));
    assert_false(matches("/o/{4}", "/o/abc", false));
    assert_false(matches("/o/{4}", "/o/abc.d", false));
    assert_true(matches("/{2}/{3}.png", "/xx/yyyy.png", true));
    struct buf out = BUF_INIT(1000);
    static const char *const wrong[] = {"/a{4}", "/{4}a", "/{",     "/{}",
                                        "/{0}",  "/*{4}", "/{101}", "/\xC3\xA9"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(pattern_compile(span_of(wrong[i]), &out), -EINVAL);
    buf_free(&out);
}

static void test_hosts(void **state)
{
    (void)state;
    struct shoji_rules *rules = parse("shoji-rules 1\n"
                                      "vendor Name\npixel t.example\n"
                                      "vendor Glob\npixel mkt*.example.com/open\n"
                                      "vendor Labels\npixel links.*/img/\n",
                                      NULL);
    assert_string_equal(find(rules, RULES_PIXEL, "http://t.example/"), "Name");
    assert_string_equal(find(rules, RULES_PIXEL, "https://a.b.T.example:8080/x"), "Name");
    assert_string_equal(find(rules, RULES_PIXEL, "http://t.example./x"), "Name");
    assert_null(find(rules, RULES_PIXEL, "http://not.example/"));
    assert_null(find(rules, RULES_PIXEL, "http://xt.example/"));
    assert_null(find(rules, RULES_PIXEL, "http://t.example.org/"));
    assert_null(find(rules, RULES_PIXEL, "http://other.org/t.example/"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://mkt12.example.com/open/1"), "Glob");
    assert_string_equal(find(rules, RULES_PIXEL, "http://a.mkt.example.com/open"), "Glob");
    assert_null(find(rules, RULES_PIXEL, "http://mkt1.x.example.com/open"));
    assert_null(find(rules, RULES_PIXEL, "http://mkt1.example.com/close"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://links.a.b.org/img/1"), "Labels");
    assert_null(find(rules, RULES_PIXEL, "http://links/img/1"));
    assert_null(find(rules, RULES_PIXEL, "http://mylinks.org/img/1"));
    assert_null(find(rules, RULES_PIXEL, "http://127.0.0.1/img/1"));
    shoji_rules_free(rules);
}

static void test_vendor_before_path(void **state)
{
    (void)state;
    struct shoji_rules *rules =
        parse("shoji-rules 1\n# words\nvendor Path\npixel */wf/open?upn=\n"
              "vendor Host\npixel s.example/wf\nkeep s.example/wf/open?upn=1\n",
              NULL);
    assert_string_equal(find(rules, RULES_PIXEL, "http://s.example/wf/open?upn=2"), "Host");
    assert_string_equal(find(rules, RULES_PIXEL, "http://o.example/WF/Open?UPN=2"), "Path");
    assert_null(find(rules, RULES_PIXEL, "http://o.example/x/wf/open?upn=2"));
    assert_true(blocks(rules, "http://s.example/wf/open?upn=2"));
    assert_false(blocks(rules, "http://s.example/wf/open?upn=1"));
    assert_false(blocks(NULL, "http://s.example/wf/open?upn=2"));
    shoji_rules_free(rules);
}

static void test_wrong_lines_are_named(void **state)
{
    (void)state;
    static const char *const wrong[] = {"pixel",
                                        "pixel *",
                                        "pixel */",
                                        "pixel a b",
                                        "pixel a.example/{",
                                        "banana x.org",
                                        "vendor",
                                        "vendor A,B",
                                        "param",
                                        "param a b c",
                                        "param x *.org",
                                        "unwrap a.org/x",
                                        "pixel /path",
                                        "param *",
                                        "pixel a$b.org/",
                                        "unwrap a.org/x?q u"};
    char text[200], why[SHOJI_RULES_WHY_SIZE];
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct shoji_rules *rules = NULL;
        snprintf(text, sizeof(text), "\n# x\nshoji-rules 1\nvendor A\n%s\n", wrong[i]);
        if (rules_parse(span_of(text), NULL, why, &rules) != -EINVAL)
            fail_msg("taken: %s", wrong[i]);
        assert_non_null(strstr(why, "rules:5: "));
    }
}

/* The examples of "How to write filters" (Adblock Plus), and what mail lists make of them. */
static void test_adblock(void **state)
{
    (void)state;
    struct shoji_rules *rules = parse("[Adblock Plus 2.0]\n! Title: x\n"
                                      "/banner/*/img^\n"
                                      "||ads.example.com^\n"
                                      "|http://whole.example/|\n"
                                      "! Acme Mail\n"
                                      "||acme.example/o/$image,third-party\n"
                                      "\n"
                                      "@@||acme.example/o/good^\n"
                                      "||part.exam\n"
                                      "/Case.gif?$match-case\n"
                                      "||not-here.example^$script\n"
                                      "||not-there.example^$image,domain=mail.example\n"
                                      "||elsewhere.example^$domain=~mail.example\n"
                                      "||odd.example^$someoption\n"
                                      "/reg[ex]+/\n"
                                      "example.com##.ad\n"
                                      "swf|\n"
                                      "$removeparam=follow_id\n",
                                      NULL);
    assert_string_equal(find(rules, RULES_PIXEL, "http://a.org/banner/foo/img"), "-");
    assert_string_equal(find(rules, RULES_PIXEL, "http://a.org/banner/foo/bar/img?x"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://a.org/banner/img"));
    assert_null(find(rules, RULES_PIXEL, "http://a.org/banner/foo/imgraph"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://ads.example.com/foo.gif"), "-");
    assert_string_equal(find(rules, RULES_PIXEL, "http://s1.ads.example.com:8000/"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://ads.example.com.ua/foo.gif"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://whole.example/"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://whole.example/foo"));
    assert_null(find(rules, RULES_PIXEL, "http://a.org/http://whole.example/"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://t.acme.example/o/1"), "Acme Mail");
    assert_true(blocks(rules, "http://t.acme.example/o/1"));
    assert_false(blocks(rules, "http://t.acme.example/o/good/1"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://x.part.example/"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://apart.example/"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://a.org/x/Case.gif?1"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://a.org/x/case.gif?1"));
    assert_null(find(rules, RULES_PIXEL, "http://not-here.example/"));
    assert_null(find(rules, RULES_PIXEL, "http://not-there.example/"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://elsewhere.example/"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://odd.example/"));
    assert_string_equal(find(rules, RULES_PIXEL, "http://a.org/annoying.swf"), "-");
    assert_null(find(rules, RULES_PIXEL, "http://swf.example/x"));
    assert_non_null(rules_find_param(rules, SPAN("follow_id"), SPAN("a.org")));
    struct shoji_rules_figures figures;
    shoji_rules_figures(rules, &figures);
    assert_int_equal(figures.skipped, 5);
    assert_int_equal(figures.rules, 10);
    assert_int_equal(figures.vendors, 1);
    shoji_rules_free(rules);
}

static void test_partners(void **state)
{
    (void)state;
    struct shoji_rules *rules = parse("shoji-rules 1\nvendor T\npixel t.example\npixel u.example\n",
                                      "img.t.example, news.example/U.example");
    struct rules_sender sender = {.count = 1, .domains = {"news.example"}};
    assert_true(rules_allow(rules, SPAN("a.img.t.example"), NULL));
    assert_false(rules_allow(rules, SPAN("t.example"), &sender));
    assert_false(rules_allow(rules, SPAN("u.example"), NULL));
    assert_true(rules_allow(rules, SPAN("u.example"), &sender));
    assert_true(blocks(rules, "http://t.example/1"));
    assert_false(blocks(rules, "http://img.t.example/1"));
    assert_false(blocks(rules, "http://u.example/1")); /* the server cannot know the sender */
    shoji_rules_free(rules);
    static const char *const wrong[] = {"a b", "/x", "x/", "http://x/", "a/b/c"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct shoji_rules_source source = {.allow = wrong[i]};
        char why[SHOJI_RULES_WHY_SIZE];
        assert_int_equal(rules_parse(SPAN("shoji-rules 1\n"), &source, why, &rules), -EINVAL);
    }
}

/* Patterns that make a backtracking matcher take for ever. */
static void test_no_pattern_takes_for_ever(void **state)
{
    (void)state;
    char list[9000] = "[Adblock]\n", url[SHOJI_URL_MAX + 1] = "http://a.example/word/";
    size_t len = strlen(list);
    for (int i = 0; i < 200; i++)
        len +=
            (size_t)snprintf(list + len, sizeof(list) - len, "/word/*a*a*a*a*a*a*a*a*ab%d^\n", i);
    struct shoji_rules *rules = parse(list, NULL);
    memset(url + strlen(url), 'a', SHOJI_URL_MAX - strlen(url));
    url[SHOJI_URL_MAX] = '\0';
    clock_t start = clock();
    assert_null(find(rules, RULES_PIXEL, url));
    assert_true(clock() - start < 2 * CLOCKS_PER_SEC);
    shoji_rules_free(rules);
}

/* ---- the rules that are installed ---- */

static struct shoji_rules *installed(void)
{
    char path[2048], why[SHOJI_RULES_WHY_SIZE];
    const char *root = getenv("SHOJI_SOURCE_ROOT");
    snprintf(path, sizeof(path), "%s/deploy/rules/trackers.rules", root ? root : ".");
    struct shoji_rules_source source = {.files = path};
    struct shoji_rules *rules = NULL;
    if (shoji_rules_load(&source, why, &rules) != 0)
        fail_msg("%s", why);
    return rules;
}

struct row {
    const char *vendor;
    const char *url;
};

static const struct row pixels[] = {
    {"Mailchimp", "https://acme.us7.list-manage.com/track/open.php?u=1a2b&id=3c&e=4d"},
    {"Mailchimp", "https://acme.list-manage31.com/track/open.php?u=1a2b"},
    {"Mandrill", "https://mandrillapp.com/track/open.php?u=30&id=ab"},
    {"SendGrid", "https://u123.ct.sendgrid.net/wf/open?upn=abc-2Bd"},
    {"SendGrid", "https://news.shop.example/wf/open?upn=u001.abc"},
    {"SendGrid", "https://ablink.email.shop.example/ss/o/abc/3xy/ho.gif"},
    {"Amazon SES", "https://abc.r.eu-west-1.awstrack.me/I0/0102018/x=1"},
    {"Amazon SES",
     "https://t.shop.example/CI0/0100018f2c4b1a3d-1a2b3c4d-1111-2222-3333-444455556666-000000/x=9"},
    {"HubSpot", "https://t.hsms09.com/e2t/o/5/f18dQhb0S"},
    {"HubSpot", "https://t.hubspotemail.net/e1t/o/1"},
    {"HubSpot", "https://t.sidekickopen99.com/s2t/o/1"},
    {"HubSpot", "https://links.shop.example/e2t/to/113/x"},
    {"Mailgun", "https://email.mg.shop.example/o/eJwVyTEOgCAMAMDX"},
    {"Customer.io", "https://e.customeriomail.com/e/o/dgTAAAAB"},
    {"Mailjet", "https://x1.mjt.lu/oo/AAAA/abc/e.gif"},
    {"Klaviyo", "https://trk.klaviyomail.com/o/x"},
    {"Brevo", "https://r.mail.shop.example/mk/op/sh/abc"},
    {"Brevo", "https://abc.r.bh.d.sendibt3.com/tr/op/xyz"},
    {"Salesforce", "https://click.email.shop.example/open.aspx?ffcb10-fe9&d=1"},
    {"Salesforce", "https://pixel.inbox.exacttarget.com/pixel.gif?r=1"},
    {"Marketo", "https://go.shop.example/trk?t=1&mid=abc"},
    {"Oracle", "https://mail.shop.example/pub/as?_ri_=abc"},
    {"Oracle", "https://s123.en25.com/e/FooterImages/FooterImage1?elq=1&siteid=2"},
    {"Emarsys", "https://link.shop.example/mo/k4DZrAkCCNyCT6bsL3xyz.gif"},
    {"Campaign Monitor", "https://acme.cmail20.com/t/j-o-abc/o.gif"},
    {"Constant Contact", "https://r20.rs6.net/on.jsp?ca=1&a=2"},
    {"Kit", "https://open.convertkit-mail4.com/abc"},
    {"Substack", "https://email.mg1.substack.com/o/eJx"},
    {"Intercom", "https://via.intercom.io/o?h=abc"},
    {"Intercom", "https://shop.intercom-mail-200.com/via/o?h=1"},
    {"SparkPost", "https://click.shop.example/q/TPO4k3vbv9cVSh5a6cUoXg~~/AAIAAAA~/R~"},
    {"AWeber", "https://openrate.aweber.com/t?1"},
    {"MailerLite", "https://clicks.mlsend.com/link/o/YT0x"},
    {"Postmark", "https://pstmrk.it/open/abc"},
    {"Mixmax", "https://track.mixmax.com/api/track/v2/x.gif"},
    {"Mailtrack", "https://mailtrack.io/trace/mail/abc.png"},
    {"Streak", "https://mailfoogae.appspot.com/t?sender=a"},
    {"Superhuman", "https://r.superhuman.com/abc.gif"},
    {"Yesware", "https://t.yesware.com/t/abc/x/spacer.gif"},
    {"YAMM", "https://yamm-track.appspot.com/abc"},
    {"GMass", "https://link.gmreg7.net/abc"},
    {"LinkedIn", "https://www.linkedin.com/emimp/ip_abc.gif"},
    {"Meta", "https://www.facebook.com/email_open_log_pic.php?mid=1"},
    {"GitHub", "https://github.com/notifications/beacon/ABC.gif"},
    {"Netflix", "https://beaconimages.netflix.net/img/abc"},
    {"Litmus", "https://x1.emltrk.com/x1?d=abc"},
    {"Validity", "https://pixel.monitor1.returnpath.net/pixel.gif?r=1"},
    {"Inxmail", "https://news.shop.example/d/d.gif?o00abc"},
    {"Selligent", "https://news.shop.example/optiext/optiextension.dll?ID=abc"},
    {"Dotdigital", "https://r1.trackedlink.net/a/open.gif"},
    {"phpList", "https://lists.verein.example/lists/ut.php?u=abc&m=1"},
    {"CiviCRM", "https://verein.example/sites/all/modules/civicrm/extern/open.php?q=1"},
    {"Shopify", "https://shop.example/tools/emails/open/abc"},
    {"Infobip", "https://t.shop.example/tracking/1/open/abc"},
    {"MessageGears", "https://t.shop.example/o/4/eyJhaSI6MTI"},
    {"Qualtrics", "https://co1.qualtrics.com/WRQualtricsContacts/Watermark.php?x=1"},
    {NULL, NULL},
};

static const struct row clicks[] = {
    {"SendGrid", "https://u123.ct.sendgrid.net/ls/click?upn=abc"},
    {"SendGrid", "https://links.shop.example/ls/click?upn=u001.abc"},
    {"Mailchimp", "https://acme.us7.list-manage.com/track/click?u=1&id=2&e=3"},
    {"Mandrill", "https://mandrillapp.com/track/click/30/shop.example?p=x"},
    {"Amazon SES", "https://abc.awstrack.me/L0/https:%2F%2Fshop.example%2F/1/01/x"},
    {"Klaviyo", "https://trk.klclick3.com/ls/click?upn=x"},
    {"Constant Contact", "https://r20.rs6.net/tn.jsp?f=1"},
    {"Brevo", "https://r.mail.shop.example/mk/cl/f/abc"},
    {"Oracle", "https://mail.shop.example/pub/cc?_ri_=abc"},
};

static void test_known_pixels(void **state)
{
    (void)state;
    struct shoji_rules *rules = installed();
    for (const struct row *row = pixels; row->url; row++) {
        const char *vendor = find(rules, RULES_PIXEL, row->url);
        if (!vendor || strcmp(vendor, row->vendor) != 0 || !blocks(rules, row->url))
            fail_msg("%s: %s, not %s", row->url, vendor ? vendor : "nobody", row->vendor);
    }
    for (size_t i = 0; i < sizeof(clicks) / sizeof(clicks[0]); i++) {
        const char *vendor = find(rules, RULES_CLICK, clicks[i].url);
        if (!vendor || strcmp(vendor, clicks[i].vendor) != 0)
            fail_msg("%s: %s", clicks[i].url, vendor ? vendor : "nobody");
    }
    struct shoji_rules_figures figures;
    shoji_rules_figures(rules, &figures);
    assert_true(figures.vendors >= 300);
    shoji_rules_free(rules);
}

/* Where the same services, and others, keep pictures that are there to be seen. */
static void test_content_is_none(void **state)
{
    (void)state;
    static const char *const pictures[] = {
        "https://mcusercontent.com/1a2b/images/hero.png",
        "https://gallery.mailchimp.com/1a2b/images/logo.png",
        "https://cdn-images.mailchimp.com/icons/social-block-v2/color-facebook-48.png",
        "https://marketing-image-production.s3.amazonaws.com/uploads/abc.png",
        "http://cdn.mcauto-images-production.sendgrid.net/1a2b/header.png",
        "https://image.email.shop.example/lib/fe9/m/1/banner.jpg",
        "https://d3k81ch9hvuctc.cloudfront.net/company/abc/images/x.png",
        "https://substackcdn.com/image/fetch/w_1200/https%3A%2F%2Fx.example%2Fa.jpg",
        "https://images.squarespace-cdn.com/content/v1/a/logo.png",
        "https://cdn.shopify.com/s/files/1/0001/files/logo.png?v=1",
        "https://static.licdn.com/aero-v1/sc/h/abc",
        "https://media.licdn.com/dms/image/abc/profile.jpg",
        "https://avatars.githubusercontent.com/u/1?s=40&v=4",
        "https://camo.githubusercontent.com/abc/def",
        "https://scontent.xx.fbcdn.net/v/t1/photo.jpg",
        "https://pbs.twimg.com/profile_images/1/a.jpg",
        "https://ci3.googleusercontent.com/mail-sig/abc",
        "https://www.gstatic.com/images/branding/logo.png",
        "https://m.media-amazon.com/images/I/71abc.jpg",
        "https://images.ctfassets.net/abc/x/open.png",
        "https://www.example.org/open/day/poster.jpg",
        "https://www.example.org/images/tracking-shot.jpg",
        "https://shop.example/o/1.gif",
        "https://links.shop.example/images/logo.png",
        "https://email.shop.example/images/o.png",
        "https://click.shop.example/static/header.jpg",
        "https://img.createsend1.com/ei/y/1A/logo.png",
        "https://files.constantcontact.com/abc/logo.png",
        "https://hs-fs.hubspot.com/hubfs/1/logo.png",
        "https://www.dropbox.com/s/abc/photo.jpg?raw=1",
        "https://www.linkedin.com/in/open.jpg",
        "https://static.xx.fbcdn.net/rsrc.php/v3/y/r/a.png",
    };
    struct shoji_rules *rules = installed();
    for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++)
        if (blocks(rules, pictures[i]))
            fail_msg("%s: %s", pictures[i], find(rules, RULES_PIXEL, pictures[i]));
    shoji_rules_free(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_vendor_before_path),
        cmocka_unit_test(test_wrong_lines_are_named),
        cmocka_unit_test(test_adblock),
        cmocka_unit_test(test_partners),
        cmocka_unit_test(test_no_pattern_takes_for_ever),
        cmocka_unit_test(test_known_pixels),
        cmocka_unit_test(test_content_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
