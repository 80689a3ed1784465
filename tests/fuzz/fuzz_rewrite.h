/*
 * What the fuzz targets of the rewriter share: a signer, and the check of CSS that came out. One
 * process, one thread; the keys live until it ends.
 */
#ifndef TESTS_FUZZ_REWRITE_H
#define TESTS_FUZZ_REWRITE_H

#include "lib/html_rewrite.h"

#include "base/limits.h"

#define OURS "https://img.example.org/i/k1/"

static inline struct shoji_rewrite fuzz_how(enum shoji_mode mode)
{
    static const char file[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    static struct shoji_keys *keys;
    char why[SHOJI_WHY_SIZE];
    if (!keys)
        must(shoji_keys_parse(file, sizeof(file) - 1, "fuzz", why, &keys) == 0);
    return (struct shoji_rewrite){
        .signer = {.key = shoji_keys_signer(keys, NULL),
                   .form = SHOJI_SEALED,
                   .base_url = "https://img.example.org",
                   .suffix = ""},
        .keys = keys,
        .mode = mode,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
}

static inline bool fuzz_contains(struct span s, const char *part)
{
    return s.ptr && s.len > 0 && memmem(s.ptr, s.len, part, strlen(part));
}

/* A URL that a client may load. */
static inline bool fuzz_loads_well(struct span url)
{
    static const char *const prefixes[] = {OURS,
                                           "cid:",
                                           "data:image/png;base64,",
                                           "data:image/jpeg;base64,",
                                           "data:image/jpg;base64,",
                                           "data:image/gif;base64,",
                                           "data:image/webp;base64,"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (span_starts(url, span_of(prefixes[i])))
            return true;
    return false;
}

/* Where a rule can begin, no at-rule but these may. In a cid: URL '@' is a character like others.
 */
static inline void fuzz_check_at_rule(struct span css, size_t at)
{
    if (at > 0 && !strchr("{};", css.ptr[at - 1]))
        return;
    struct span s = span_part(css, at, css.len);
    must(span_starts(s, SPAN("@media ")) || span_starts(s, SPAN("@supports ")) ||
         span_starts(s, SPAN("@media{")) || span_starts(s, SPAN("@supports{")) ||
         span_starts(s, SPAN("@keyframes ")) || span_starts(s, SPAN("@-webkit-keyframes ")));
}

/* CSS as the rewriter writes it: every url() is one of those, and there is no other way to load. */
static inline void fuzz_check_css(struct span css)
{
    must(!fuzz_contains(css, "<") && !fuzz_contains(css, "/*"));
    must(!fuzz_contains(css, "expression(") && !fuzz_contains(css, "image-set("));
    must(!fuzz_contains(css, "var("));
    for (size_t at = 0; at < css.len; at++) {
        struct span s = span_part(css, at, css.len);
        if (s.ptr[0] == '@')
            fuzz_check_at_rule(css, at);
        if (span_equal_nocase(span_part(s, 0, 4), SPAN("url(")))
            must(fuzz_loads_well(span_part(s, 4, s.len)));
        if (span_equal_nocase(span_part(s, 0, 7), SPAN("http://")) ||
            span_equal_nocase(span_part(s, 0, 8), SPAN("https://")))
            must(span_starts(s, SPAN(OURS)) && at >= 4 && css.ptr[at - 1] == '(');
    }
}

#endif
