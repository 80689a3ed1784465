/*
 * What the tests of the checker share. Here nothing of the rewriter is used: keys and the signer
 * alone, for `{http://t/}` stands for the signed URL of that original.
 */
#ifndef TESTS_CHECK_HELP_H
#define TESTS_CHECK_HELP_H

#include "test.h"

#include "base/buf.h"

#include <shoji/check.h>
#include <shoji/url.h>

#include <stdio.h>
#include <time.h>

#define BASE "https://img.example.org"

static struct shoji_keys *check_keys;

static inline struct shoji_signer check_signer(void)
{
    static const char file[] = "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n";
    char why[SHOJI_WHY_SIZE];
    if (!check_keys)
        assert_int_equal(shoji_keys_parse(file, sizeof(file) - 1, "test", why, &check_keys), 0);
    return (struct shoji_signer){
        .key = shoji_keys_signer(check_keys, NULL), .base_url = BASE, .suffix = ""};
}

/* All findings, one a line, as `shoji check` prints them. */
static inline void check_note(void *ctx, const struct shoji_finding *finding)
{
    buf_add_format(ctx, "%s: %s: %.*s\n", finding->where, finding->construct,
                   (int)finding->reference_len, finding->reference);
}

static inline struct shoji_check check_how(struct buf *found)
{
    check_signer();
    return (struct shoji_check){.keys = check_keys,
                                .base_url = BASE,
                                .suffix = "",
                                .found = found ? check_note : NULL,
                                .found_ctx = found};
}

/* `text` with every {URL} signed. */
static inline void check_sign(const char *text, struct buf *out)
{
    struct shoji_signer signer = check_signer();
    for (const char *at = text; *at; at++) {
        const char *end = strncmp(at, "{http", 5) == 0 ? strchr(at, '}') : NULL;
        if (!end) {
            buf_add_char(out, *at);
            continue;
        }
        char url[SHOJI_SIGNED_MAX + 1];
        size_t len;
        assert_int_equal(shoji_url_sign(&signer, at + 1, (size_t)(end - at - 1),
                                        &SHOJI_URL_OPTIONS_NONE, url, &len),
                         0);
        buf_add(out, url, len);
        at = end;
    }
    assert_int_equal(buf_error(out), 0);
}

struct check_row {
    const char *name; /* of the vector, and what it is about */
    const char *in;
    bool loads;
    bool mail;
};

/* One row, with findings told and with the first one only. */
static inline void check_row_test(void **state)
{
    const struct check_row *row = *state;
    struct buf in = BUF_INIT(1 << 20), found = BUF_INIT(1 << 20);
    check_sign(row->in, &in);
    struct shoji_check all = check_how(&found), first = check_how(NULL);
    int (*check)(const struct shoji_check *, const char *, size_t) =
        row->mail ? shoji_check_mail : shoji_check_html;
    int answer = check(&all, in.ptr, in.len);
    if (answer != (row->loads ? SHOJI_CHECK_FOUND : 0))
        print_error("%s: %s\n%s\n", row->name, row->in, found.len ? found.ptr : "(nothing found)");
    assert_int_equal(answer, row->loads ? SHOJI_CHECK_FOUND : 0);
    assert_int_equal(found.len > 0, row->loads);
    assert_int_equal(check(&first, in.ptr, in.len), answer);
    buf_free(&in);
    buf_free(&found);
}

static inline struct CMUnitTest check_row_case(const struct check_row *row)
{
    return (struct CMUnitTest){
        .name = row->name, .test_func = check_row_test, .initial_state = (void *)(uintptr_t)row};
}

/* A cmocka program of one test a row. */
static inline int check_rows_run(const struct check_row *rows, size_t count)
{
    struct CMUnitTest *tests = calloc(count, sizeof(*tests));
    if (!tests)
        return 1;
    for (size_t i = 0; i < count; i++)
        tests[i] = check_row_case(&rows[i]);
    int failed = _cmocka_run_group_tests("check", tests, count, NULL, NULL);
    shoji_keys_free(check_keys);
    free(tests);
    return failed;
}

#endif
