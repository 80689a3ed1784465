#include "lib/html_token.h"

#include "base/scan.h"
#include "lib/html_entity.h"

#define REPLACEMENT "\xEF\xBF\xBD"

void html_tokenizer_init(struct html_tokenizer *t, struct span in)
{
    /* The attributes are written before they are read, and few tags need the slots; clearing both
     * costs more than a short mail. */
    memset(t, 0, offsetof(struct html_tokenizer, attributes));
    t->in = in;
    t->content_end = SIZE_MAX;
    t->last_start = BUF_INIT(SIZE_MAX / 2);
    t->store = BUF_INIT(SIZE_MAX / 2);
}

void html_tokenizer_free(struct html_tokenizer *t)
{
    buf_free(&t->last_start);
    buf_free(&t->store);
}

void html_content_set(struct html_tokenizer *t, enum html_content content)
{
    t->content = content;
    t->content_end = SIZE_MAX;
    if (t->start.len == 0)
        return;
    buf_clear(&t->last_start);
    buf_add_span(&t->last_start, t->start); /* html_token_next tells of a failure */
}

const struct span *html_token_attribute(const struct html_token *token, const char *name)
{
    struct span want = span_of(name);
    for (size_t i = 0; i < token->attributes_count; i++)
        if (span_equal(token->attributes[i].name, want))
            return &token->attributes[i].value;
    return NULL;
}

void html_store_add(struct html_tokenizer *t, struct span s)
{
    while (s.len > 0) {
        const char *nul = memchr(s.ptr, '\0', s.len);
        size_t clean = nul ? (size_t)(nul - s.ptr) : s.len;
        buf_add(&t->store, s.ptr, clean);
        if (!nul)
            return;
        buf_add_text(&t->store, REPLACEMENT);
        s = span_part(s, clean + 1, s.len);
    }
}

static struct span rest(const struct html_tokenizer *t)
{
    return span_part(t->in, t->at, t->in.len);
}

static char peek(const struct html_tokenizer *t, size_t ahead)
{
    return ahead < t->in.len - t->at ? t->in.ptr[t->at + ahead] : '\0';
}

static bool is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool starts_nocase(struct span s, struct span prefix)
{
    return span_equal_nocase(span_part(s, 0, prefix.len), prefix);
}

/* ---- text that only one end tag ends ---- */

/* Is `at` the '<' of the appropriate end tag: "</", the name of the last start tag, and an end of
 * it? */
static bool end_tag_here(const struct html_tokenizer *t, size_t at)
{
    struct span name = buf_span(&t->last_start);
    struct span s = span_part(t->in, at, t->in.len);
    if (name.len == 0 || !span_starts(s, SPAN("</")))
        return false;
    s = span_part(s, 2, s.len);
    if (s.len <= name.len || !starts_nocase(s, name))
        return false;
    char next = s.ptr[name.len];
    return ascii_is_space(next) || next == '/' || next == '>';
}

static size_t raw_end(const struct html_tokenizer *t)
{
    size_t at = t->at;
    while (at < t->in.len) {
        const char *open = memchr(t->in.ptr + at, '<', t->in.len - at);
        if (!open)
            break;
        at = (size_t)(open - t->in.ptr);
        if (end_tag_here(t, at))
            return at;
        at++;
    }
    return t->in.len;
}

/* Letters at `at`, and whether they are "script" followed by what ends a tag name. */
static bool script_word(struct span in, size_t at, size_t *ret_end)
{
    size_t end = at;
    while (end < in.len && is_letter(in.ptr[end]))
        end++;
    *ret_end = end;
    if (end == in.len)
        return false;
    char next = in.ptr[end];
    return (ascii_is_space(next) || next == '/' || next == '>') &&
           span_equal_nocase(span_part(in, at, end - at), SPAN("script"));
}

/*
 * 13.2.5.15 to .31: inside "<!-- ... -->" a "<script" hides the "</script>" that follows it. An
 * unhidden end tag counts in the plain and in the escaped state.
 */
static size_t script_end(const struct html_tokenizer *t)
{
    enum { PLAIN, ESCAPED, DOUBLE } state = PLAIN;
    struct span in = t->in;
    size_t at = t->at;
    size_t dashes = 0; /* '-' just seen in a row */
    while (at < in.len) {
        char c = in.ptr[at];
        size_t dashes_before = dashes;
        dashes = c == '-' ? dashes + 1 : 0;
        if (state != PLAIN && c == '>' && dashes_before >= 2)
            state = PLAIN;
        if (c != '<') {
            at++;
            continue;
        }
        struct span here = span_part(in, at, in.len);
        bool closing = here.len > 1 && here.ptr[1] == '/';
        size_t word_end = at + 1;
        if (state != DOUBLE && end_tag_here(t, at))
            return at;
        if (state == PLAIN && span_starts(here, SPAN("<!--"))) {
            state = ESCAPED;
            dashes = 2;
            at += 4;
            continue;
        }
        if (state == ESCAPED && !closing && script_word(in, at + 1, &word_end)) {
            state = DOUBLE;
            word_end++; /* the character that ends the word belongs to it */
        } else if (state == DOUBLE && closing && script_word(in, at + 2, &word_end)) {
            state = ESCAPED;
            word_end++;
        }
        at = word_end > at ? word_end : at + 1;
    }
    return in.len;
}

static size_t content_end(const struct html_tokenizer *t)
{
    if (t->content == HTML_SCRIPT)
        return script_end(t);
    if (t->content == HTML_PLAINTEXT)
        return t->in.len;
    if (t->content == HTML_CDATA) {
        const char *end = memmem(t->in.ptr + t->at, t->in.len - t->at, "]]>", 3);
        return end ? (size_t)(end - t->in.ptr) : t->in.len;
    }
    return raw_end(t);
}

/* ---- runs of text ---- */

static void give_text(struct html_token *ret, struct span text)
{
    ret->type = HTML_TEXT;
    ret->text = text;
    ret->attributes_count = 0;
    ret->self_closing = false;
    ret->plain = false;
    ret->doctype = NULL;
}

/* A '&' in text: what it stands for, or itself. */
static void read_reference(struct html_tokenizer *t, size_t end, struct html_token *ret)
{
    struct html_reference reference;
    struct span s = span_part(t->in, t->at, end - t->at);
    if (!html_reference(s, false, &reference)) {
        size_t len = 1;
        while (len + 1 < s.len && s.ptr[len] == '&' && s.ptr[len + 1] == '&')
            len++; /* of "&&&&" only the last can begin one */
        give_text(ret, span_part(s, 0, len));
        t->at += len;
        return;
    }
    buf_add(&t->store, reference.text, reference.text_len);
    t->at += reference.used;
    give_text(ret, buf_span(&t->store));
    /* What is escaped begins with a byte of ASCII, alone or (&nvlt;) before a combining sign, or is
     * a byte order mark. */
    ret->plain = (unsigned char)reference.text[0] >= 0x80 && reference.text[0] != '\xEF';
}

/* One piece of raw text; false at its end. CDATA keeps U+0000: there the tree builder deals with
 * it. */
static bool read_raw(struct html_tokenizer *t, struct html_token *ret)
{
    if (t->content_end == SIZE_MAX)
        t->content_end = content_end(t);
    if (t->at == t->content_end)
        return false;
    bool references = t->content == HTML_RCDATA;
    if (references && t->in.ptr[t->at] == '&') {
        read_reference(t, t->content_end, ret);
        return true;
    }
    if (t->in.ptr[t->at] == '\0' && t->content != HTML_CDATA) {
        t->at++;
        give_text(ret, SPAN(REPLACEMENT));
        return true;
    }
    struct span text = span_part(t->in, t->at, t->content_end - t->at);
    bool noted = false;
    if (t->content != HTML_CDATA)
        text.len = scan_to(text, 0, references ? "\0&" : "\0\0", "\0\0", &noted);
    give_text(ret, text);
    t->at += text.len;
    return true;
}

/* ---- comments and declarations ---- */

static void give_comment(struct html_tokenizer *t, struct span data, struct html_token *ret)
{
    html_store_add(t, data);
    *ret = (struct html_token){.type = HTML_COMMENT, .text = buf_span(&t->store)};
}

static void read_bogus_comment(struct html_tokenizer *t, struct html_token *ret)
{
    struct span s = rest(t);
    const char *close = s.len ? memchr(s.ptr, '>', s.len) : NULL;
    size_t len = close ? (size_t)(close - s.ptr) : s.len;
    t->at += close ? len + 1 : len;
    give_comment(t, span_part(s, 0, len), ret);
}

/* Where the data of a comment ends and, past its closing, where the text goes on. */
static size_t comment_end(struct span s, size_t *ret_after)
{
    if (span_starts(s, SPAN(">")) || span_starts(s, SPAN("->"))) {
        *ret_after = s.ptr[0] == '>' ? 1 : 2;
        return 0;
    }
    for (size_t at = 0; at + 2 < s.len; at++) {
        const char *dash = memchr(s.ptr + at, '-', s.len - at);
        if (!dash)
            break;
        at = (size_t)(dash - s.ptr);
        struct span tail = span_part(s, at, s.len);
        if (span_starts(tail, SPAN("-->")) || span_starts(tail, SPAN("--!>"))) {
            *ret_after = at + (tail.ptr[2] == '>' ? 3 : 4);
            return at;
        }
    }
    /* The input ends inside: an unfinished closing is no data. */
    *ret_after = s.len;
    size_t unfinished = span_ends(s, SPAN("--!"))  ? 3
                        : span_ends(s, SPAN("--")) ? 2
                        : span_ends(s, SPAN("-"))  ? 1
                                                   : 0;
    return s.len - unfinished;
}

/* Behind "<!". */
static bool read_declaration(struct html_tokenizer *t, struct html_token *ret)
{
    struct span s = rest(t);
    if (span_starts(s, SPAN("--"))) {
        s = span_part(s, 2, s.len);
        size_t after;
        size_t end = comment_end(s, &after);
        t->at += 2 + after;
        give_comment(t, span_part(s, 0, end), ret);
        return true;
    }
    if (starts_nocase(s, SPAN("doctype"))) {
        t->at += 7;
        html_doctype_read(t, ret);
        return true;
    }
    if (t->foreign && span_starts(s, SPAN("[CDATA["))) {
        t->at += 7;
        html_content_set(t, HTML_CDATA);
        return false;
    }
    read_bogus_comment(t, ret);
    return true;
}

/* ---- the data state ---- */

/* At '<'. True: *ret is the token; false: nothing came of it, go on at t->at. */
static bool read_open(struct html_tokenizer *t, struct html_token *ret)
{
    char next = peek(t, 1);
    if (is_letter(next))
        return html_tag_read(t, false, ret);
    if (next == '!') {
        t->at += 2;
        return read_declaration(t, ret);
    }
    if (next == '?') {
        t->at += 1;
        read_bogus_comment(t, ret);
        return true;
    }
    if (next == '/' && t->in.len - t->at > 2) {
        char name = peek(t, 2);
        if (is_letter(name))
            return html_tag_read(t, true, ret);
        t->at += 2;
        if (name == '>') {
            t->at++;
            return false;
        }
        read_bogus_comment(t, ret);
        return true;
    }
    size_t len = next == '/' ? 2 : 1; /* only "</" before the end of the input gets here with '/' */
    while (next == '<' && peek(t, len) == '<' && peek(t, len + 1) == '<')
        len++; /* "<<<<": all but the last are text */
    give_text(ret, span_part(t->in, t->at, len));
    t->at += len;
    return true;
}

static bool read_data(struct html_tokenizer *t, struct html_token *ret)
{
    char c = t->in.ptr[t->at];
    if (c == '<')
        return read_open(t, ret);
    if (c == '&') {
        read_reference(t, t->in.len, ret);
        return true;
    }
    if (c == '\0') { /* kept by the tokenizer, dropped by tree builders */
        give_text(ret, span_part(t->in, t->at, 1));
        t->at++;
        return true;
    }
    bool noted = false; /* '>' is escaped, and what may be a byte order mark (html_write.c) */
    size_t end = scan_to(t->in, t->at, "<&", ">>\xEF", &noted);
    give_text(ret, span_part(t->in, t->at, end - t->at));
    ret->plain = !noted;
    t->at = end;
    return true;
}

/* True: *ret is the token; false: go on. */
static bool read_step(struct html_tokenizer *t, struct html_token *ret)
{
    if (t->content == HTML_DATA)
        return read_data(t, ret);
    if (read_raw(t, ret))
        return true;
    bool section = t->content == HTML_CDATA;
    html_content_set(t, HTML_DATA);
    if (t->at == t->in.len)
        return false;
    if (section) {
        t->at += 3;
        return false;
    }
    return html_tag_read(t, true, ret);
}

int html_token_next(struct html_tokenizer *t, struct html_token *ret)
{
    buf_clear(&t->store);
    t->start.len = 0;
    ret->type = HTML_END;
    while (t->at < t->in.len && !buf_error(&t->store))
        if (read_step(t, ret))
            break;
    if (ret->type == HTML_START_TAG)
        t->start = ret->text;
    return buf_error(&t->store) ? buf_error(&t->store) : buf_error(&t->last_start);
}
