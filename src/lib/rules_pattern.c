#include "lib/rules_pattern.h"

#include <errno.h>

static bool is_run(char c)
{
    return pattern_is_word(c) || c == '_' || c == '-';
}

static bool is_separator(char c)
{
    return !is_run(c) && c != '.' && c != '%';
}

/* One element of the pattern that is no "any". False: it does not stand here. */
static bool step(struct span pattern, size_t *p, struct span text, size_t *t)
{
    char op = pattern.ptr[*p];
    if (op == PATTERN_SEPARATOR) {
        if (*t < text.len && !is_separator(text.ptr[*t]))
            return false;
        *t += *t < text.len;
        *p += 1;
        return true;
    }
    if (op == PATTERN_RUN) {
        size_t end = *t;
        while (end < text.len && is_run(text.ptr[end]))
            end++;
        if (end - *t < (unsigned char)pattern.ptr[*p + 1])
            return false;
        *t = end;
        *p += 2;
        return true;
    }
    if (*t == text.len || text.ptr[*t] != op)
        return false;
    *t += 1;
    *p += 1;
    return true;
}

bool pattern_match(struct span pattern, struct span text, bool to_end)
{
    size_t p = 0, t = 0, again_p = 0, again_t = 0;
    char again = 0; /* the last "any": the shortest text for each before it leaves the most */
    for (;;) {
        if (p == pattern.len &&
            (!to_end || t == text.len || (p > 0 && pattern.ptr[p - 1] == PATTERN_ANY)))
            return true;
        if (p < pattern.len && (pattern.ptr[p] == PATTERN_ANY || pattern.ptr[p] == PATTERN_LABEL)) {
            again = pattern.ptr[p++];
            again_p = p;
            again_t = t;
            continue;
        }
        if (p < pattern.len && step(pattern, &p, text, &t))
            continue;
        if (!again || again_t >= text.len || (again == PATTERN_LABEL && text.ptr[again_t] == '.'))
            return false;
        p = again_p;
        t = ++again_t;
    }
}

static bool is_text(char c)
{
    return c > ' ' && c <= '~';
}

/* "{12}" at `at`: its number, and *ret_len its length; 0 when it is none. */
static unsigned run_at(struct span text, size_t at, size_t *ret_len)
{
    unsigned n = 0;
    size_t i = at + 1;
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && n < 1000)
        n = n * 10 + (unsigned)(text.ptr[i++] - '0');
    bool closed = i < text.len && text.ptr[i] == '}';
    *ret_len = i + 1 - at;
    bool left = at > 0 && !is_run(text.ptr[at - 1]) && text.ptr[at - 1] != '*';
    bool right = i + 1 >= text.len || !is_run(text.ptr[i + 1]);
    return closed && left && right && n <= 100 ? n : 0;
}

int pattern_compile(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_text(c))
            return -EINVAL;
        if (c == '*') {
            buf_add_char(out, PATTERN_ANY);
        } else if (c == '{') {
            size_t len;
            unsigned n = run_at(text, i, &len);
            if (n == 0)
                return -EINVAL;
            buf_add_char(out, PATTERN_RUN);
            buf_add_char(out, (char)n);
            i += len - 1;
        } else {
            buf_add_char(out, ascii_lower(c));
        }
    }
    return buf_error(out);
}

static bool is_host(char c)
{
    return pattern_is_word(c) || c == '-' || c == '.' || c == '_';
}

int pattern_compile_host(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool last = i + 1 == text.len;
        if (c == '*')
            buf_add_char(out,
                         last && (i == 0 || text.ptr[i - 1] == '.') ? PATTERN_ANY : PATTERN_LABEL);
        else if (is_host(c))
            buf_add_char(out, ascii_lower(c));
        else
            return -EINVAL;
    }
    return buf_error(out);
}

int pattern_compile_adblock(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_text(c))
            return -EINVAL;
        if (c == '*' && out->len > 0 && out->ptr[out->len - 1] == PATTERN_ANY)
            continue;
        buf_add_char(out, c == '*' ? PATTERN_ANY : c == '^' ? PATTERN_SEPARATOR : c);
    }
    return buf_error(out);
}

/* What may stand beside a word and surely is no part of one. */
static bool is_edge(char c)
{
    return !pattern_is_word(c) && c != PATTERN_ANY && c != PATTERN_LABEL;
}

bool pattern_next_word(struct span *rest, bool bounded, struct span *ret, bool *ret_whole)
{
    size_t from = 0;
    while (from < rest->len && !pattern_is_word(rest->ptr[from]))
        from += rest->ptr[from] == PATTERN_RUN ? 2 : 1;
    if (from >= rest->len)
        return false;
    size_t to = from;
    while (to < rest->len && pattern_is_word(rest->ptr[to]))
        to++;
    bool left = from > 0 ? is_edge(rest->ptr[from - 1]) : bounded;
    bool right = to < rest->len && is_edge(rest->ptr[to]);
    *ret = span_part(*rest, from, to - from);
    *ret_whole = left && right;
    *rest = span_part(*rest, to, rest->len);
    return true;
}
