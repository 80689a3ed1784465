/* From one header to another, step by step, as a mail server would apply the steps. */
#include "milter/fields.h"

#include "base/buf.h"
#include "test.h"

/* A mail server's header: the steps are carried out on it, one by one. */
struct header {
    char *names[64], *values[64];
    size_t count;
};

static void header_add(struct header *h, struct span name, struct span value)
{
    assert_true(h->count < 64);
    h->names[h->count] = strndup(name.ptr, name.len);
    h->values[h->count++] = strndup(value.ptr, value.len);
}

static int apply(void *ctx, const struct field_change *change)
{
    struct header *h = ctx;
    if (change->number == 0) {
        header_add(h, change->name, change->value);
        return 0;
    }
    unsigned number = change->number;
    size_t at = 0;
    for (; at < h->count; at++)
        if (span_equal_nocase(span_of(h->names[at]), change->name) && --number == 0)
            break;
    assert_true(at < h->count);
    free(h->values[at]);
    if (change->value.ptr) {
        h->values[at] = strndup(change->value.ptr, change->value.len);
        return 0;
    }
    free(h->names[at]);
    h->count--;
    memmove(&h->names[at], &h->names[at + 1], (h->count - at) * sizeof(char *));
    memmove(&h->values[at], &h->values[at + 1], (h->count - at) * sizeof(char *));
    return 0;
}

static void check(const char *from, const char *to, const char *want)
{
    struct fields a = {0}, b = {0};
    struct header h = {0};
    size_t body;
    struct buf got = BUF_INIT(4096);
    assert_int_equal(fields_read(span_of(from), &a, &body), 0);
    assert_string_equal(from + body, "body");
    assert_int_equal(fields_read(span_of(to), &b, &body), 0);
    for (size_t i = 0; i < a.count; i++)
        header_add(&h, a.rows[i].name, a.rows[i].value);
    assert_int_equal(fields_difference(&a, &b, apply, &h), 0);
    for (size_t i = 0; i < h.count; i++) {
        buf_add_format(&got, "%s:%s|", h.names[i], h.values[i]);
        free(h.names[i]);
        free(h.values[i]);
    }
    assert_string_equal(got.ptr ? got.ptr : "", want);
    buf_free(&got);
    fields_free(&a);
    fields_free(&b);
}

static void test_steps(void **state)
{
    (void)state;
    check("A: 1\r\nB: 2\r\n\r\nbody", "A: 1\r\nB: 2\r\n\r\nother", "A: 1|B: 2|");
    check("A: 1\r\nb: 2\r\n\r\nbody", "A: 1\r\nB: 3\r\n\r\n", "A: 1|b: 3|");
    check("A: 1\r\nB: 2\r\nA: 3\r\n\r\nbody", "B: 2\r\n\r\n", "B: 2|");
    check("A: 1\r\nA: 2\r\nA: 3\r\n\r\nbody", "A: 2\r\n\r\n", "A: 2|");
    check("\r\nbody", "X: 1\r\n\r\n", "X: 1|");
    check("A: 1\r\n\r\nbody", "X: 9\r\nA: 1\r\nA: 2\r\n\r\n", "A: 1|X: 9|A: 2|");
    /* A folded field is one; only line ends of another kind are no change. */
    check("A: 1\r\n 2\r\n\r\nbody", "A: 1\n 2\n\n", "A: 1\r\n 2|");
    check("A:1\r\nno field\r\nB:2\r\n\r\nbody", "A:1\r\nB:2\r\n\r\n", "A:1|B:2|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
