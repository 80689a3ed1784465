/* The fallback of everything: it must work on what broke the rewriter, so it knows nothing but
 * where tags begin and end, and lets through no byte that could open one. */
#include "lib/html_input.h"
#include "lib/html_rewrite.h"

/* "<tag", "</tag", "<!" and "<?" are markup; any other '<' is text. */
static bool opens(struct span s)
{
    if (s.len < 2)
        return false;
    char next = ascii_lower(s.ptr[1]);
    return (next >= 'a' && next <= 'z') || next == '/' || next == '!' || next == '?';
}

static size_t find(struct span s, const char *what)
{
    size_t len = strlen(what);
    for (size_t at = 0; at + len <= s.len; at++) {
        const char *first = memchr(s.ptr + at, what[0], s.len - at);
        if (!first)
            break;
        at = (size_t)(first - s.ptr);
        if (span_equal_nocase(span_part(s, at, len), (struct span){what, len}))
            return at;
    }
    return s.len;
}

static bool is_tag(struct span s, const char *name)
{
    struct span want = span_of(name);
    if (!span_equal_nocase(span_part(s, 1, want.len), want))
        return false;
    struct span after = span_part(s, 1 + want.len, 1);
    return after.len == 0 || ascii_is_space(after.ptr[0]) || after.ptr[0] == '>' ||
           after.ptr[0] == '/';
}

/* The bytes of markup at the '<' that `s` begins with. */
static size_t markup(struct span s, bool *ret_breaks)
{
    static const char *const hidden[][2] = {{"script", "</script"}, {"style", "</style"}};
    static const char *const blocks[] = {"br", "p",  "div", "tr", "li",   "h1",  "h2",
                                         "h3", "h4", "hr",  "/p", "/div", "/tr", "/table"};
    *ret_breaks = false;
    size_t end = span_starts(s, SPAN("<!--")) ? find(s, "-->") + 2 : find(s, ">");
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
        if (!is_tag(s, hidden[i][0]))
            continue;
        end = find(s, hidden[i][1]);
        end += find(span_part(s, end, s.len), ">");
    }
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        *ret_breaks |= is_tag(s, blocks[i]);
    return end < s.len ? end + 1 : s.len;
}

int html_to_text(struct span in, struct buf *out)
{
    buf_add_text(out, "<pre style=\"white-space:pre-wrap\">");
    for (size_t at = 0; at < in.len && !buf_error(out);) {
        struct span s = span_part(in, at, in.len);
        int len = html_utf8_length(in, at);
        bool breaks = false;
        if (s.ptr[0] == '<' && opens(s)) {
            at += markup(s, &breaks);
            if (breaks)
                buf_add_char(out, '\n');
            continue;
        }
        if (s.ptr[0] == '<')
            buf_add_text(out, "&lt;");
        else if (s.ptr[0] == '>')
            buf_add_text(out, "&gt;");
        else if (len < 0)
            buf_add_text(out, "\xEF\xBF\xBD");
        else if (s.ptr[0] != '\0')
            buf_add(out, s.ptr, (size_t)len); /* '&' too: a reference gives text, never a tag */
        at += (size_t)(len < 0 ? -len : len);
    }
    return buf_add_text(out, "</pre>");
}
