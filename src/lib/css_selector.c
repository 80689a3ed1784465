/* What stands before a '{': selectors, keyframe positions, conditions. Written from tokens; one
 * that is not understood takes its whole rule with it, as in CSS itself. */
#include "lib/css_allow.h"
#include "lib/css_rewrite.h"
#include "lib/css_write.h"

#include "base/limits.h"

struct selector {
    struct css_writer *w;
    bool compound; /* a simple selector stands before: a blank would now be a combinator */
    bool space;    /* white space came since */
    size_t depth;  /* open :not() and the like */
};

static bool is_delim(const struct css_token *token, char c)
{
    return token->type == CSS_DELIM && token->delim == c;
}

/* `.name`: the name follows at once. */
static bool class_name(struct selector *s)
{
    struct css_token token = css_next(&s->w->t);
    if (token.type != CSS_IDENT || token.apart)
        return false;
    buf_add_char(s->w->out, '.');
    return css_write_ident(s->w->out, token.text);
}

static bool attribute_value(struct selector *s)
{
    struct css_tokenizer *t = &s->w->t;
    struct css_token token = css_next_solid(t);
    if (token.type == CSS_STRING && css_string_safe(token.text))
        css_write_string(s->w->out, token.text);
    else if (token.type == CSS_IDENT && css_is_plain(token.text))
        css_write_string(s->w->out, token.text);
    else
        return false;
    token = css_next_solid(t);
    if (token.type == CSS_IDENT && token.text.len == 1 && strchr("iIsS", token.text.ptr[0])) {
        buf_add_format(s->w->out, " %c", ascii_lower(token.text.ptr[0]));
        token = css_next_solid(t);
    }
    buf_add_char(s->w->out, ']');
    return token.type == CSS_CLOSE && token.delim == ']';
}

/* Behind '['. */
static bool attribute(struct selector *s)
{
    struct css_tokenizer *t = &s->w->t;
    struct css_token token = css_next_solid(t);
    buf_add_char(s->w->out, '[');
    if (token.type != CSS_IDENT || !css_write_ident(s->w->out, token.text))
        return false;
    token = css_next_solid(t);
    if (token.type == CSS_CLOSE && token.delim == ']') {
        buf_add_char(s->w->out, ']');
        return true;
    }
    if (token.type != CSS_DELIM || !strchr("~|^$*=", token.delim))
        return false;
    buf_add_char(s->w->out, token.delim);
    if (!is_delim(&token, '=')) {
        token = css_next(t);
        if (!is_delim(&token, '=') || token.apart)
            return false;
        buf_add_char(s->w->out, '=');
    }
    return attribute_value(s);
}

/* The argument of :nth-child() and :lang(): words and signs, written without blanks. */
static bool pseudo_words(struct selector *s)
{
    bool word = false;
    for (;;) {
        struct css_token token = css_next_solid(&s->w->t);
        bool is_signed = token.number.len > 0 && strchr("+-", token.number.ptr[0]);
        if (word && !is_signed && (token.type == CSS_IDENT || token.number.len > 0))
            return false;
        word = token.type == CSS_IDENT || token.number.len > 0;
        if (token.type == CSS_CLOSE && token.delim == ')') {
            buf_add_char(s->w->out, ')');
            return true;
        }
        if (token.type == CSS_IDENT && css_is_plain(token.text))
            buf_add_span(s->w->out, token.text);
        else if (token.type == CSS_NUMBER ||
                 (token.type == CSS_DIMENSION && css_unit_safe(token.text)))
            css_write_number(s->w->out, &token);
        else if (token.type == CSS_COMMA)
            buf_add_char(s->w->out, ',');
        else if (is_delim(&token, '+') || is_delim(&token, '-'))
            buf_add_char(s->w->out, token.delim);
        else
            return false;
    }
}

/* Behind ':'. */
static bool pseudo(struct selector *s)
{
    struct css_token token = css_next(&s->w->t);
    buf_add_char(s->w->out, ':');
    if (token.type == CSS_COLON && !token.apart) {
        buf_add_char(s->w->out, ':');
        token = css_next(&s->w->t);
    }
    if (token.apart || !css_is_plain(token.text))
        return false;
    if (token.type == CSS_IDENT)
        return css_write_ident(s->w->out, token.text);
    if (token.type != CSS_FUNCTION)
        return false;
    enum css_pseudo kind = css_pseudo_find(token.text);
    if (kind == CSS_PSEUDO_NONE || s->depth == LIMIT_CSS_DEPTH) {
        css_neutralised(s->w, ":", token.text, "()");
        return false;
    }
    css_write_lower(s->w->out, token.text);
    buf_add_char(s->w->out, '(');
    if (kind == CSS_PSEUDO_WORDS)
        return pseudo_words(s);
    s->depth++;
    s->compound = false;
    return true;
}

/* '>', '+', '~' and ',' stand tight; before them there must be something. */
static bool separator(struct selector *s, char c)
{
    if (!s->compound)
        return false;
    buf_add_char(s->w->out, c);
    s->compound = false;
    return true;
}

static bool simple(struct selector *s, const struct css_token *token)
{
    bool first = !s->compound || s->space;
    if (s->compound && s->space)
        buf_add_char(s->w->out, ' ');
    else if (s->compound && token->apart)
        return false;
    s->compound = true;
    if (token->type == CSS_IDENT)
        return first && css_write_ident(s->w->out, token->text);
    if (is_delim(token, '*')) {
        buf_add_char(s->w->out, '*');
        return first;
    }
    if (is_delim(token, '.'))
        return class_name(s);
    if (token->type == CSS_HASH && token->id) {
        buf_add_char(s->w->out, '#');
        return css_write_ident(s->w->out, token->text);
    }
    if (token->type == CSS_COLON)
        return pseudo(s);
    return token->type == CSS_OPEN && token->delim == '[' && attribute(s);
}

static bool close_pseudo(struct selector *s, const struct css_token *token)
{
    bool fine = token->delim == ')' && s->depth > 0 && s->compound;
    s->depth -= fine;
    buf_add_char(s->w->out, ')');
    return fine;
}

static bool part(struct selector *s, const struct css_token *token)
{
    switch (token->type) {
    case CSS_COMMA:
        return separator(s, ',');
    case CSS_CLOSE:
        return close_pseudo(s, token);
    case CSS_DELIM:
        if (token->delim == '>' || token->delim == '+' || token->delim == '~')
            return separator(s, token->delim);
        return simple(s, token);
    default:
        return simple(s, token);
    }
}

bool css_selectors(struct css_writer *w)
{
    struct selector s = {.w = w};
    for (;;) {
        struct css_token token = css_next(&w->t);
        if (token.type == CSS_SPACE) {
            s.space = true;
            continue;
        }
        if (token.type == CSS_OPEN && token.delim == '{')
            return s.depth == 0 && s.compound;
        if (!part(&s, &token))
            return false;
        s.space = false;
    }
}

bool css_keyframe_selectors(struct css_writer *w)
{
    for (bool more = true; more;) {
        struct css_token token = css_next_solid(&w->t);
        if (token.type == CSS_PERCENTAGE)
            css_write_number(w->out, &token);
        else if (token.type == CSS_IDENT && (span_equal_nocase(token.text, SPAN("from")) ||
                                             span_equal_nocase(token.text, SPAN("to"))))
            css_write_lower(w->out, token.text);
        else
            return false;
        token = css_next_solid(&w->t);
        more = token.type == CSS_COMMA;
        if (more)
            buf_add_char(w->out, ',');
        else if (token.type != CSS_OPEN || token.delim != '{')
            return false;
    }
    return true;
}

bool css_keyframes_name(struct css_writer *w)
{
    struct css_token token = css_next_solid(&w->t);
    buf_add_char(w->out, ' ');
    if (token.type == CSS_IDENT && css_is_plain(token.text)) {
        if (!css_write_ident(w->out, token.text))
            return false;
    } else if (token.type == CSS_STRING && css_string_safe(token.text)) {
        css_write_string(w->out, token.text);
    } else {
        return false;
    }
    token = css_next_solid(&w->t);
    return token.type == CSS_OPEN && token.delim == '{';
}

/* One token of a condition; *word: a blank is due before another word. */
static bool condition_part(struct css_writer *w, const struct css_token *token, bool *word)
{
    bool divides = w->out->len > 0 && w->out->ptr[w->out->len - 1] >= '0' &&
                   w->out->ptr[w->out->len - 1] <= '9';
    bool tight = token->type == CSS_COLON || token->type == CSS_COMMA || token->type == CSS_CLOSE ||
                 token->type == CSS_DELIM;
    if (*word && !tight)
        buf_add_char(w->out, ' ');
    *word = !tight && token->type != CSS_OPEN;
    switch (token->type) {
    case CSS_IDENT:
        return css_is_plain(token->text) && css_write_ident(w->out, token->text);
    case CSS_NUMBER:
    case CSS_PERCENTAGE:
    case CSS_DIMENSION:
        css_write_number(w->out, token);
        return token->type != CSS_DIMENSION || css_unit_safe(token->text);
    case CSS_COLON:
        buf_add_char(w->out, ':');
        return true;
    case CSS_COMMA:
        buf_add_char(w->out, ',');
        return true;
    case CSS_DELIM:
        buf_add_char(w->out, token->delim);
        return token->delim == '>' || token->delim == '=' || (token->delim == '/' && divides);
    case CSS_OPEN:
    case CSS_CLOSE:
        buf_add_char(w->out, token->delim);
        *word = token->type == CSS_CLOSE;
        return token->delim == '(' || token->delim == ')';
    default:
        return false;
    }
}

bool css_condition(struct css_writer *w)
{
    bool word = true; /* the name of the rule stands before */
    bool first = true;
    size_t depth = 0;
    for (;;) {
        struct css_token token = css_next_solid(&w->t);
        if (token.type == CSS_OPEN && token.delim == '{')
            return depth == 0;
        bool begins = token.type == CSS_IDENT || token.type == CSS_OPEN;
        if (first && !begins) /* nothing that would stand tight behind the name of the rule */
            return false;
        first = false;
        if (token.type == CSS_OPEN)
            depth++;
        if (token.type == CSS_CLOSE && depth-- == 0)
            return false;
        if (!condition_part(w, &token, &word))
            return false;
    }
}
