/*
 * CSS, without a grammar: whatever looks like the beginning of a load is one, in a comment, a
 * selector or a string too. Read as it stands, then with its escapes decoded, then with its
 * comments dropped as well.
 */
#include "lib/check.h"

struct reading {
    struct check_run *run;
    const struct check_spot *spot;
    struct span css;
    size_t depth;       /* open parentheses */
    size_t image_depth; /* of the function in which a string is a URL; 0: outside */
};

static bool is_name(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' ||
           c == '_';
}

static size_t skip_blanks(struct span css, size_t at)
{
    while (at < css.len && (unsigned char)css.ptr[at] <= ' ')
        at++;
    return at;
}

/* The name of the function that opens at `open`; some readers allow blanks before the bracket. */
static struct span function_at(struct span css, size_t open)
{
    size_t end = open;
    while (end > 0 && ascii_is_space(css.ptr[end - 1]))
        end--;
    size_t start = end;
    while (start > 0 && is_name(css.ptr[start - 1]) && end - start < 40)
        start--;
    return span_part(css, start, end - start);
}

static bool ends_nocase(struct span s, struct span end)
{
    return s.len >= end.len && span_equal_nocase(span_part(s, s.len - end.len, end.len), end);
}

/* One whose strings are URLs: also the filters of old Windows, which take src='...'. */
static bool takes_strings(struct span name)
{
    return ends_nocase(name, SPAN("image")) || ends_nocase(name, SPAN("image-set")) ||
           ends_nocase(name, SPAN("cross-fade")) || ends_nocase(name, SPAN("imageloader")) ||
           ends_nocase(name, SPAN("icmfilter")) || ends_nocase(name, SPAN("src"));
}

static size_t judge(struct reading *r, const char *what, struct span reference, size_t after)
{
    bool local = reference.len > 0 && reference.ptr[0] == '#';
    if (!local && !check_loads_well(r->run, reference))
        check_found(r->run, r->spot, what, reference);
    return after;
}

/* The string that opens at `at`, up to its quote or the end; judged. Returns where to go on. */
static size_t judge_string(struct reading *r, const char *what, size_t at)
{
    struct span rest = span_part(r->css, at + 1, r->css.len);
    const char *close = memchr(rest.ptr, r->css.ptr[at], rest.len);
    size_t len = close ? (size_t)(close - rest.ptr) : rest.len;
    return judge(r, what, span_part(rest, 0, len), at + 1 + len);
}

/* The argument of url(; `at` stands behind the bracket. */
static size_t judge_url(struct reading *r, size_t at)
{
    at = skip_blanks(r->css, at);
    if (at >= r->css.len)
        return at;
    if (r->css.ptr[at] == '"' || r->css.ptr[at] == '\'')
        return judge_string(r, "url()", at);
    struct span rest = span_part(r->css, at, r->css.len);
    const char *close = memchr(rest.ptr, ')', rest.len);
    size_t len = close ? (size_t)(close - rest.ptr) : rest.len;
    return judge(r, "url()", span_part(rest, 0, len), at + len);
}

static size_t open_bracket(struct reading *r, size_t at)
{
    struct span name = function_at(r->css, at);
    r->depth++;
    if (ends_nocase(name, SPAN("url")))
        return judge_url(r, at + 1);
    if (ends_nocase(name, SPAN("expression")))
        check_found(r->run, r->spot, "expression()", span_part(r->css, at + 1, 80));
    if (takes_strings(name) && r->image_depth == 0)
        r->image_depth = r->depth;
    return at + 1;
}

static void close_bracket(struct reading *r)
{
    if (r->depth == r->image_depth)
        r->image_depth = 0;
    if (r->depth > 0)
        r->depth--;
}

static size_t at_rule(struct reading *r, size_t at)
{
    if (!span_equal_nocase(span_part(r->css, at + 1, 6), SPAN("import")))
        return at + 1;
    size_t arg = skip_blanks(r->css, at + 7);
    if (arg < r->css.len && (r->css.ptr[arg] == '"' || r->css.ptr[arg] == '\''))
        return judge_string(r, "@import", arg);
    return at + 7;
}

/* "//" where no reference was looked at: a string that some function or variable takes as one. */
static size_t two_slashes(struct reading *r, size_t at)
{
    struct span css = r->css;
    if (at + 1 >= css.len || css.ptr[at + 1] != '/')
        return at + 1;
    bool comments = at > 0 && css.ptr[at - 1] == '*' && at + 2 < css.len && css.ptr[at + 2] == '*';
    if (comments) /* the end of one, the beginning of the next */
        return at + 2;
    size_t start = at, end = at;
    while (start > 0 && at - start < 12 &&
           (is_name(css.ptr[start - 1]) || css.ptr[start - 1] == ':'))
        start--;
    while (end < css.len && (unsigned char)css.ptr[end] > ' ' && !strchr("\"');", css.ptr[end]))
        end++;
    return judge(r, "//", span_part(css, start, end - start), end);
}

/* Where the next byte stands that can begin or end anything. */
static size_t next_mark(struct span css, size_t at)
{
    static const bool marks[256] = {
        ['('] = true, [')'] = true, ['@'] = true, ['/'] = true, ['"'] = true, ['\''] = true};
    while (at < css.len && !marks[(unsigned char)css.ptr[at]])
        at++;
    return at;
}

static void read_css(struct check_run *run, const struct check_spot *spot, struct span css)
{
    struct reading r = {.run = run, .spot = spot, .css = css};
    if (!check_pay(run, css.len))
        return;
    for (size_t at = 0; at < css.len && !check_over(run);) {
        switch (css.ptr[at]) {
        case '(':
            at = open_bracket(&r, at);
            break;
        case ')':
            close_bracket(&r);
            at++;
            break;
        case '@':
            at = at_rule(&r, at);
            break;
        case '/':
            at = two_slashes(&r, at);
            break;
        case '"':
        case '\'':
            at = r.image_depth ? judge_string(&r, "image string", at) : at;
            at++;
            break;
        default:
            at = next_mark(css, at + 1);
        }
    }
}

void check_css(struct check_run *run, const struct check_spot *spot, struct span css)
{
    bool escaped = css.len > 0 && memchr(css.ptr, '\\', css.len);
    bool commented = css.len > 0 && memmem(css.ptr, css.len, "/*", 2);
    size_t before = run->found;
    read_css(run, spot, css);
    if (run->found != before || (!escaped && !commented))
        return;
    CLEANUP(buf_free) struct buf bare = BUF_INIT(css.len + 1);
    CLEANUP(buf_free) struct buf plain = BUF_INIT(css.len + 1);
    if (check_decode_escapes(css, &plain) < 0 || check_drop_comments(css, &bare) < 0) {
        run->error = buf_error(&plain) ? buf_error(&plain) : buf_error(&bare);
        return;
    }
    if (escaped)
        read_css(run, spot, buf_span(&plain));
    if (run->found != before || !commented)
        return;
    buf_clear(&plain);
    run->error = check_decode_escapes(buf_span(&bare), &plain);
    read_css(run, spot, buf_span(&plain));
}
