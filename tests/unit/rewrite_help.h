/*
 * What the tests of the rewriter share: a key, a signer, and expected texts in which `{http://t/}`
 * stands for the signed URL of that original (signing has tests and vectors of its own).
 */
#ifndef TESTS_REWRITE_HELP_H
#define TESTS_REWRITE_HELP_H

#include "test.h"

#include "lib/html_rewrite.h"

#include "base/limits.h"

#include <stdio.h>

#define BASE "https://img.example.org"

static struct shoji_keys *help_keys;

static struct shoji_rewrite help_how(enum shoji_mode mode)
{
    static const char file[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    char why[SHOJI_WHY_SIZE];
    if (!help_keys)
        assert_int_equal(shoji_keys_parse(file, sizeof(file) - 1, "test", why, &help_keys), 0);
    return (struct shoji_rewrite){
        .signer = {.key = shoji_keys_signer(help_keys, NULL),
                   .form = SHOJI_SEALED,
                   .base_url = BASE,
                   .suffix = ""},
        .keys = help_keys,
        .mode = mode,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
}

/* `text` with every {URL} signed. The caller frees it. */
static inline char *help_expect(const struct shoji_rewrite *how, const char *text)
{
    struct buf out = BUF_INIT(SIZE_MAX / 2);
    for (const char *at = text; *at; at++) {
        const char *end = strncmp(at, "{http", 5) == 0 ? strchr(at, '}') : NULL;
        if (!end) {
            buf_add_char(&out, *at);
            continue;
        }
        char signed_url[SHOJI_SIGNED_MAX + 1];
        size_t len;
        assert_int_equal(shoji_url_sign(&how->signer, at + 1, (size_t)(end - at - 1), &how->options,
                                        signed_url, &len),
                         0);
        buf_add(&out, signed_url, len);
        at = end;
    }
    char *stolen = buf_steal(&out, NULL);
    assert_non_null(stolen);
    return stolen;
}

struct help_result {
    struct buf out;
    struct shoji_report report;
};

static inline void help_free(struct help_result *result)
{
    buf_free(&result->out);
    shoji_report_free(&result->report);
}

static inline int help_rewrite(const struct shoji_rewrite *how, struct span in, const char *base,
                               struct help_result *ret)
{
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    assert_non_null(pass);
    *ret = (struct help_result){.out = BUF_INIT(in.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA)};
    pass->how = how;
    pass->report = &ret->report;
    pass->images_left = how->max_images ? how->max_images : LIMIT_IMAGES;
    int r = html_rewrite(pass, in, span_of(base), &ret->out);
    free(pass);
    return r;
}

#endif
