/*
 * How the tests named v001 to v102 run: one cmocka test a vector, named after its number in the
 * list of vectors. What is expected was written from the list's rule for each, never from what came
 * out. Every output is rewritten once more, which must change nothing.
 */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include "rewrite_help.h"

#include "lib/css_rewrite.h"

enum vector_kind {
    VECTOR_HTML,
    VECTOR_STYLE, /* a style attribute */
    VECTOR_SHEET, /* what stands in <style> */
};

struct vector {
    const char *name; /* "v001", and what it is about */
    const char *in, *want;
    enum vector_kind kind;
    const char *base; /* of the part; NULL: none */
};

#define VECTOR_DNS   "<meta http-equiv=\"x-dns-prefetch-control\" content=\"off\">"
#define VECTOR_METAS "<meta charset=\"utf-8\">" VECTOR_DNS
#define VECTOR_REL   " rel=\"noreferrer noopener\""

static inline void vector_run(const struct vector *v, struct span in, struct buf *out)
{
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    assert_non_null(pass);
    pass->how = &how;
    pass->images_left = LIMIT_IMAGES;
    struct css_job job = {.images = {.pass = pass}};
    int r = v->kind == VECTOR_HTML    ? html_rewrite(pass, in, span_of(v->base ? v->base : ""), out)
            : v->kind == VECTOR_STYLE ? css_rewrite_style(&job, in, out)
                                      : css_rewrite_sheet(&job, in, out);
    assert_int_equal(r, 0);
    free(pass);
}

static inline void vector_test(void **state)
{
    const struct vector *v = *state;
    struct shoji_rewrite how = help_how(SHOJI_PROXY);
    struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
    char *want = help_expect(&how, v->want);
    vector_run(v, span_of(v->in), &first);
    if (!span_equal(buf_span(&first), span_of(want)))
        print_error("%s: %s\n", v->name, v->in);
    assert_string_equal(first.ptr ? first.ptr : "", want);
    vector_run(v, buf_span(&first), &second);
    assert_string_equal(second.ptr ? second.ptr : "", want);
    buf_free(&first);
    buf_free(&second);
    free(want);
}

/* Is any vector of the table named after this number? */
static inline bool vector_known(const struct vector *vectors, size_t count, unsigned number)
{
    char id[16];
    int len = snprintf(id, sizeof(id), "v%03u", number);
    for (size_t i = 0; i < count; i++)
        if (strncmp(vectors[i].name, id, (size_t)len) == 0)
            return true;
    return false;
}

/* The whole of main(): one test a vector. `from` to `to` are numbers that must all be there. */
static inline int vectors_main(const struct vector *vectors, size_t count, unsigned from,
                               unsigned to)
{
    struct CMUnitTest *tests = calloc(count, sizeof(*tests));
    must(tests);
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){.name = vectors[i].name,
                                       .test_func = vector_test,
                                       .initial_state = (void *)(uintptr_t)&vectors[i]};
    for (unsigned number = from; number <= to; number++)
        must(vector_known(vectors, count, number));
    int failed = _cmocka_run_group_tests("vectors", tests, count, NULL, NULL);
    shoji_keys_free(help_keys);
    free(tests);
    return failed;
}

#define VECTORS_MAIN(vectors, from, to)                                                            \
    vectors_main(vectors, sizeof(vectors) / sizeof((vectors)[0]), from, to)

#endif
