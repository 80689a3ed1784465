/*
 * Declarations: each is written as it is walked, and taken back where something in it may not stay.
 * One that may hold an image is walked twice, first to see: what was done for an image (it counts,
 * it may be fetched) cannot be taken back.
 */
#include "lib/css_allow.h"
#include "lib/css_memo.h"
#include "lib/css_rewrite.h"
#include "lib/css_write.h"

#include "base/limits.h"

#define NAME_MAX 64 /* bytes of a property's name; the longest listed one has 33 */

struct value {
    struct css_writer *w;
    enum css_property property;
    bool write;
    bool judge;     /* the walk that finds out */
    bool word;      /* what was written last needs a blank before another word */
    bool important; /* "!important" came: nothing may follow */
    size_t parts;   /* tokens seen */
    size_t depth;   /* open functions and parentheses */
};

#define PLAIN_5(c) [c] = true, [c + 1] = true, [c + 2] = true, [c + 3] = true, [c + 4] = true

bool css_is_plain(struct span name)
{
    static const bool plain[256] = {PLAIN_5('0'), PLAIN_5('5'), PLAIN_5('A'), PLAIN_5('F'),
                                    PLAIN_5('K'), PLAIN_5('P'), PLAIN_5('U'), ['Z'] = true,
                                    PLAIN_5('a'), PLAIN_5('f'), PLAIN_5('k'), PLAIN_5('p'),
                                    PLAIN_5('u'), ['z'] = true, ['-'] = true, ['_'] = true};
    size_t i = 0;
    while (i < name.len && (plain[(unsigned char)name.ptr[i]] || (name.ptr[i] & 0x80)))
        i++;
    return i == name.len && i > 0;
}

static void word(struct value *v)
{
    if (v->word && v->write)
        buf_add_char(v->w->out, ' ');
    v->word = true;
}

/* Operators: '/' and ',' stand tight, '+', '-' and '*' must not. */
static void mark(struct value *v, const char *text)
{
    if (v->write)
        buf_add_text(v->w->out, text);
    v->word = false;
}

static bool image(struct value *v, struct span url)
{
    if (v->depth > 0 || (v->property != CSS_IMAGE && v->property != CSS_CONTENT))
        return false;
    word(v);
    if (!v->write)
        return true;
    struct css_writer *w = v->w;
    CLEANUP(buf_free) struct buf text = BUF_INIT(w->out->max);
    int r = image_ref(&w->job->images, url, &text);
    if (r < 0)
        w->error = r;
    if (r < 0 || r == IMAGE_DROPPED) {
        buf_add_text(w->out, v->property == CSS_CONTENT ? "\"\"" : "none");
        return true;
    }
    w->job->remote += r == 0;
    buf_add_text(w->out, "url(");
    buf_add_span(w->out, buf_span(&text));
    buf_add_char(w->out, ')');
    return true;
}

/* Behind `url(`, which a quote follows. */
static bool image_function(struct value *v)
{
    struct css_tokenizer *t = &v->w->t;
    struct css_token token = css_next_solid(t);
    if (token.type != CSS_STRING)
        return false;
    /* The string may lie in the tokenizer's store, which the next token overwrites. */
    CLEANUP(buf_free) struct buf url = BUF_INIT(SIZE_MAX / 2);
    buf_add_span(&url, token.text);
    if (buf_error(&url)) {
        v->w->error = buf_error(&url);
        return false;
    }
    token = css_next_solid(t);
    return token.type == CSS_CLOSE && token.delim == ')' && image(v, buf_span(&url));
}

static bool function(struct value *v, const struct css_token *token)
{
    if (span_equal_nocase(token->text, SPAN("url")))
        return image_function(v);
    if (!css_function_allowed(token->text)) {
        if (v->judge)
            css_neutralised(v->w, "", token->text, "()");
        return false;
    }
    if (v->depth == LIMIT_CSS_DEPTH)
        return false;
    word(v);
    if (v->write) {
        css_write_lower(v->w->out, token->text);
        buf_add_char(v->w->out, '(');
    }
    v->depth++;
    v->word = false;
    return true;
}

static bool important(struct value *v)
{
    struct css_token token = css_next_solid(&v->w->t);
    if (v->depth > 0 || token.type != CSS_IDENT ||
        !span_equal_nocase(token.text, SPAN("important")))
        return false;
    mark(v, "!important");
    v->important = true;
    return true;
}

static bool delim(struct value *v, char c)
{
    switch (c) {
    case '!':
        return important(v);
    case '/': {
        bool divides = v->word;
        mark(v, "/");
        return divides;
    }
    case '+':
        mark(v, " + ");
        return v->depth > 0;
    case '-':
        mark(v, " - ");
        return v->depth > 0;
    case '*':
        mark(v, " * ");
        return v->depth > 0;
    default:
        return false;
    }
}

static bool bracket(struct value *v, const struct css_token *token)
{
    if (token->delim == '(' && v->depth > 0 && v->depth < LIMIT_CSS_DEPTH) {
        word(v);
        mark(v, "(");
        v->depth++;
        return true;
    }
    if (token->delim != ')' || v->depth == 0)
        return false;
    mark(v, ")");
    v->word = true;
    v->depth--;
    return true;
}

static bool ident(struct value *v, struct span name)
{
    if (!css_is_plain(name) || name.ptr[name.len - 1] == '-')
        return false;
    if (v->property == CSS_POSITION && !span_equal_nocase(name, SPAN("static")) &&
        !span_equal_nocase(name, SPAN("relative")) && !span_equal_nocase(name, SPAN("initial")))
        return false;
    word(v);
    return !v->write || css_write_ident(v->w->out, name);
}

static bool string(struct value *v, struct span text)
{
    if (!css_string_safe(text))
        return false;
    word(v);
    if (v->write)
        css_write_string(v->w->out, text);
    return true;
}

static bool number(struct value *v, const struct css_token *token)
{
    if (token->type == CSS_DIMENSION && !css_unit_safe(token->text))
        return false;
    word(v);
    if (v->write)
        css_write_number(v->w->out, token);
    return true;
}

static bool hash(struct value *v, struct span text)
{
    if (!css_is_plain(text))
        return false;
    word(v);
    if (v->write) {
        buf_add_char(v->w->out, '#');
        buf_add_span(v->w->out, text);
    }
    return true;
}

static bool part(struct value *v, const struct css_token *token)
{
    if (v->important)
        return false;
    v->parts++;
    switch (token->type) {
    case CSS_IDENT:
        return ident(v, token->text);
    case CSS_FUNCTION:
        return function(v, token);
    case CSS_URL:
        return image(v, token->text);
    case CSS_STRING:
        return string(v, token->text);
    case CSS_NUMBER:
    case CSS_PERCENTAGE:
    case CSS_DIMENSION:
        return number(v, token);
    case CSS_HASH:
        return hash(v, token->text);
    case CSS_COMMA:
        mark(v, ",");
        return true;
    case CSS_DELIM:
        return delim(v, token->delim);
    case CSS_OPEN:
    case CSS_CLOSE:
        return bracket(v, token);
    default:
        return false;
    }
}

/* Walks a value up to its ';', the '}' around it or the end. False when it may not stay. */
static bool walk(struct value *v, bool in_block)
{
    struct css_tokenizer *t = &v->w->t;
    for (;;) {
        size_t before = t->at;
        struct css_token token = css_next(t);
        bool closes = token.type == CSS_CLOSE && token.delim == '}' && in_block;
        if (v->depth == 0 && (token.type == CSS_SEMICOLON || closes)) {
            t->at = before;
            break;
        }
        if (token.type == CSS_END)
            break;
        if (token.type != CSS_SPACE && !part(v, &token))
            return false;
    }
    return v->depth == 0 && v->parts > (v->important ? 1 : 0);
}

/* Behind the colon. */
static bool write_value(struct css_writer *w, enum css_property property, struct span name,
                        bool in_block)
{
    size_t start = w->t.at;
    bool twice = property == CSS_IMAGE || property == CSS_CONTENT;
    struct value check = {.w = w, .property = property, .judge = true};
    if (twice && (!walk(&check, in_block) || w->error))
        return false;
    w->t.at = start;
    buf_add_span(w->out, name);
    buf_add_char(w->out, ':');
    struct value writing = {.w = w, .property = property, .write = true, .judge = !twice};
    return walk(&writing, in_block);
}

/* At the first token after the name. True when a declaration was written. */
static bool declaration(struct css_writer *w, struct span raw_name, bool in_block, bool first)
{
    char copy[NAME_MAX];
    struct span name = {copy, raw_name.len};
    if (raw_name.len > sizeof(copy) || !css_is_plain(raw_name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        copy[i] = ascii_lower(raw_name.ptr[i]);
    if (css_next_solid(&w->t).type != CSS_COLON)
        return false;
    enum css_property property = css_property_find(name);
    if (property == CSS_NOT_ALLOWED) {
        css_neutralised(w, "", span_starts(name, SPAN("--")) ? SPAN("--*") : name, "");
        return false;
    }
    size_t mark_at = w->out->len;
    if (!first)
        buf_add_char(w->out, ';');
    if (write_value(w, property, name, in_block))
        return true;
    if (!buf_error(w->out))
        buf_cut(w->out, mark_at);
    return false;
}

/* Notes what was written from `start` on, if the declaration was read to where its memo saw its end
 * and did nothing else. */
static void note(struct css_writer *w, const struct css_memo *memo, size_t start, size_t effects)
{
    if (w->error || buf_error(w->out) || w->job->images.pass->effects != effects)
        return;
    if (w->t.in.ptr + w->t.at == memo->raw.ptr + memo->raw.len)
        css_memo_note(memo, span_part(buf_span(w->out), start, w->out->len));
}

/* Writes a declaration as it was written before. False: it was not. */
static bool write_known(struct css_writer *w, bool in_block, bool first, struct css_memo *memo)
{
    struct span rest = span_part(w->t.in, w->t.at, w->t.in.len);
    css_memo_find(w->job->images.pass, rest, in_block, memo);
    if (!memo->known)
        return false;
    if (!first)
        buf_add_char(w->out, ';');
    buf_add(w->out, memo->slot->text, memo->slot->len);
    w->t.at = (size_t)(memo->raw.ptr - w->t.in.ptr) + memo->raw.len;
    return true;
}

/* May stand between declarations, and means nothing. */
static bool is_between(char c)
{
    return c == ' ' || c == ';' || c == '\n' || c == '\t';
}

static void skip_between(struct css_tokenizer *t)
{
    while (t->at < t->in.len && is_between(t->in.ptr[t->at]))
        t->at++;
}

size_t css_declarations(struct css_writer *w, bool in_block)
{
    struct css_memo memo;
    unsigned stops = CSS_STOP_SEMICOLON | (in_block ? CSS_STOP_CLOSE : 0);
    size_t written = 0;
    while (!w->error) {
        skip_between(&w->t);
        size_t before = w->t.at, start = w->out->len + (written > 0);
        size_t effects = w->job->images.pass->effects;
        if (write_known(w, in_block, written == 0, &memo)) {
            written++;
            continue;
        }
        struct css_token token = css_next_solid(&w->t);
        if (token.type == CSS_END)
            break;
        if (token.type == CSS_CLOSE && token.delim == '}' && in_block) {
            w->t.at--;
            break;
        }
        if (token.type == CSS_SEMICOLON)
            continue;
        if (token.type == CSS_AT_KEYWORD) { /* ends at its ';' or behind its block */
            css_neutralised(w, "@", token.text, "");
            if (css_skip(w, stops | CSS_STOP_BLOCK) && w->t.in.ptr[w->t.at] == '{') {
                w->t.at++;
                css_skip(w, CSS_STOP_CLOSE);
                w->t.at += w->t.at < w->t.in.len;
            }
            continue;
        }
        if (token.type == CSS_IDENT && declaration(w, token.text, in_block, written == 0)) {
            written++;
            note(w, &memo, start, effects);
            continue;
        }
        w->t.at = before;
        css_skip(w, stops);
    }
    return written;
}
