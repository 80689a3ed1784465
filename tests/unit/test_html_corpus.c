/*
 * Real documents and generated hostile ones through the rewriter. What is looked for is looked for
 * by a scanner of this test's own, which knows nothing of how the rewriter works: no place where a
 * client loads something may hold anything but our own URL, cid: or a base64 image.
 */
#include "rewrite_help.h"

#include <dirent.h>
#include <sys/stat.h>

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    struct stat info;
    if (!file || fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode)) {
        if (file)
            fclose(file);
        return NULL;
    }
    char *bytes = malloc((size_t)info.st_size + 1);
    *ret_len = fread(bytes, 1, (size_t)info.st_size, file);
    bytes[*ret_len] = '\0';
    fclose(file);
    return bytes;
}

static bool allowed(const char *value)
{
    static const char *const prefixes[] = {BASE "/i/k1/",
                                           "cid:",
                                           "data:image/png;base64,",
                                           "data:image/jpeg;base64,",
                                           "data:image/jpg;base64,",
                                           "data:image/gif;base64,",
                                           "data:image/webp;base64,"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (strncmp(value, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

/* Every occurrence of `before` must stand before an allowed value. */
static void assert_loads(const char *out, const char *before, const char *name)
{
    for (const char *at = strcasestr(out, before); at; at = strcasestr(at + 1, before))
        if (!allowed(at + strlen(before)))
            fail_msg("%s: %.120s", name, at);
}

/* Outside of what a click opens and of text, "http" begins only URLs of ours. */
static void assert_no_foreign_url(const char *out, const char *name)
{
    bool in_tag = false;
    for (const char *at = out; *at; at++) {
        if (*at == '<')
            in_tag = true;
        if (*at == '>')
            in_tag = false;
        if (!in_tag || strncasecmp(at, "http", 4) != 0 || strncmp(at, "http-equiv", 10) == 0)
            continue;
        static const char *const texts[] = {" href=\"", " alt=\"",   " title=\"", " summary=\"",
                                            " name=\"", " class=\"", " id=\""};
        bool fine = strncmp(at, BASE "/i/k1/", strlen(BASE "/i/k1/")) == 0;
        const char *tag = at;
        while (tag > out && *tag != '<')
            tag--;
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !fine; i++) {
            const char *attribute = NULL, *found = tag;
            while ((found = strstr(found, texts[i])) && found < at)
                attribute = found++;
            fine = attribute && !memchr(attribute + strlen(texts[i]), '"',
                                        (size_t)(at - attribute) - strlen(texts[i]));
        }
        if (!fine)
            fail_msg("%s: %.120s", name, at);
    }
}

static void assert_harmless(const char *out, const char *name)
{
    static const char *const never[] = {
        "<script",    "<iframe",     "<link",      "<object",     "<embed",    "<svg",
        "<math",      "<base",       "<video",     "<audio",      "<noscript", "<template",
        "<textarea",  "<xmp",        "<frame",     "<form",       "<!--",      "@import",
        "@font-face", "expression(", "image-set(", "javascript:",
    };
    /* The last few may be words of the text; in markup they have no business. */
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        const char *at = strcasestr(out, never[i]);
        if (at && never[i][0] == '<')
            fail_msg("%s: %.120s", name, at);
    }
    assert_loads(out, " src=\"", name);
    assert_loads(out, " background=\"", name);
    assert_loads(out, " srcset=\"", name);
    for (const char *at = strchr(out, '<'); at; at = strchr(at + 1, '<')) {
        const char *close = strchr(at, '>');
        char *tag = strndup(at, close ? (size_t)(close - at) : strlen(at));
        assert_loads(tag, "url(", name);
        free(tag);
    }
    for (const char *at = strstr(out, "<style"); at; at = strstr(at + 1, "<style")) {
        const char *close = strstr(at, "</style>");
        assert_non_null(close);
        char *css = strndup(at, (size_t)(close - at));
        assert_loads(css, "url(", name);
        assert_null(strcasestr(css, "@import"));
        free(css);
    }
    assert_no_foreign_url(out, name);
}

static void pass_through(struct span in, const char *name)
{
    static const enum shoji_mode modes[] = {SHOJI_PROXY, SHOJI_HOLD, SHOJI_STRIP};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        struct shoji_rewrite how = help_how(modes[i]);
        struct help_result first, second;
        assert_int_equal(help_rewrite(&how, in, "", &first), 0);
        assert_int_equal(help_rewrite(&how, buf_span(&first.out), "", &second), 0);
        const char *out = first.out.ptr ? first.out.ptr : "";
        assert_harmless(out, name);
        if (!span_equal(buf_span(&first.out), buf_span(&second.out))) {
            size_t at = 0;
            while (at < first.out.len && at < second.out.len &&
                   first.out.ptr[at] == second.out.ptr[at])
                at++;
            size_t from = at > 60 ? at - 60 : 0;
            fail_msg("%s (mode %d) changes again at %zu:\n%.160s\n%.160s", name, (int)modes[i], at,
                     first.out.ptr + from, second.out.ptr + from);
        }
        assert_int_equal(first.report.images_proxied, second.report.images_proxied);
        help_free(&first);
        help_free(&second);
    }
}

static size_t each_file(const char *folder, bool mail)
{
    const char *root = getenv("SHOJI_SOURCE_ROOT");
    char path[4096];
    snprintf(path, sizeof(path), "%s/../shared/data/%s", root ? root : ".", folder);
    DIR *dir = opendir(path);
    if (!dir) {
        print_message("no ../shared/data/%s here\n", folder);
        skip();
    }
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        char file[8192];
        size_t len;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        char *bytes = entry->d_name[0] == '.' ? NULL : read_file(file, &len);
        if (!bytes)
            continue;
        struct span in = {bytes, len};
        /* Of a mail, whatever begins like a document, with all that follows: a hard read. */
        const char *html = mail ? strcasestr(bytes, "<html") : bytes;
        if (html) {
            pass_through(span_part(in, (size_t)(html - bytes), len), entry->d_name);
            count++;
        }
        free(bytes);
    }
    closedir(dir);
    return count;
}

static void test_templates(void **state)
{
    (void)state;
    assert_true(each_file("templates", false) > 20);
}

static void test_mails(void **state)
{
    (void)state;
    assert_true(each_file("mails", true) > 100);
}

/* Quadratic behaviour would show as a test that does not end within its time. */
static void test_hostile_repetition(void **state)
{
    (void)state;
    static const char *const units[] = {
        "<",          "</",          "<!--",        "<![CDATA[",    "<svg>",       "<svg><desc>",
        "<math><mi>", "<style>",     "<style>/*",   "<script><!--", "<title>",     "<xmp>",
        "<textarea>", "<!doctype ",  "&",           "&a",           "&#",          "<div>",
        "<a href=x>", "<p a='",      "<table><td>", "<b><i></b>",   "<img src=\"", "</svg>",
        "<!--[if]>",  "<plaintext>", "<svg/>",      "<svg></p>",    "\xE2\x82",    "\r",
    };
    static const char *const css[] = {"{",      "}",        "(",    "a{",    "@media x{", "a:b(",
                                      "a:url(", "/*",       "\"",   "\\",    "a:'",       "[",
                                      "a[",     ":not(",    "<!--", "@x",    "#",         "a,",
                                      "a:b!",   "@media (", "\\\n", "url(\\"};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct buf in = BUF_INIT(1 << 24);
        while (in.len < 200000)
            buf_add_text(&in, units[i]);
        pass_through(buf_span(&in), units[i]);
        buf_free(&in);
    }
    for (size_t i = 0; i < sizeof(css) / sizeof(css[0]); i++) {
        struct buf in = BUF_INIT(1 << 24);
        buf_add_text(&in, "<style>");
        while (in.len < 200000)
            buf_add_text(&in, css[i]);
        buf_add_text(&in, "</style>x");
        pass_through(buf_span(&in), css[i]);
        buf_free(&in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_templates),
        cmocka_unit_test(test_mails),
        cmocka_unit_test(test_hostile_repetition),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    shoji_keys_free(help_keys);
    return failed;
}
