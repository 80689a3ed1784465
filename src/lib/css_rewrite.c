#include "lib/css_rewrite.h"

#include "lib/report.h"
#include "lib/tracker.h"

#include "base/limits.h"

enum block { RULES, KEYFRAMES };

/* The blocks that are open around the place where we write. */
struct sheet {
    struct css_writer w;
    size_t depth;
    struct {
        enum block kind;
        size_t start; /* in `out`: the block's own text, to be cut when nothing comes into it */
        size_t body;
    } open[LIMIT_CSS_DEPTH];
};

void css_neutralised(struct css_writer *w, const char *before, struct span name, const char *after)
{
    char text[64];
    int len = snprintf(text, sizeof(text), "%s%.*s%s", before, (int)(name.len < 32 ? name.len : 32),
                       name.ptr, after);
    for (int i = 0; i < len; i++)
        text[i] = ascii_lower(text[i]);
    report_neutralised(w->job->images.pass->report, (struct span){text, (size_t)len});
    w->job->images.pass->effects++;
}

static char closing(char open)
{
    return open == '(' ? ')' : open == '[' ? ']' : '}';
}

static bool stops_here(const struct css_token *token, unsigned stops)
{
    if (token->type == CSS_SEMICOLON)
        return stops & CSS_STOP_SEMICOLON;
    if (token->type == CSS_OPEN)
        return token->delim == '{' && (stops & CSS_STOP_BLOCK);
    return token->type == CSS_CLOSE && token->delim == '}' && (stops & CSS_STOP_CLOSE);
}

bool css_skip(struct css_writer *w, unsigned stops)
{
    char expected[LIMIT_CSS_DEPTH];
    size_t depth = 0;
    for (;;) {
        css_skip_inert(&w->t);
        struct css_token token = css_next(&w->t);
        if (token.type == CSS_END)
            return false;
        if (depth == 0 && stops_here(&token, stops)) {
            w->t.at--; /* all stops are one byte */
            return true;
        }
        bool opens = token.type == CSS_OPEN || token.type == CSS_FUNCTION;
        if (opens && depth == LIMIT_CSS_DEPTH) {
            w->t.at = w->t.in.len;
            return false;
        }
        if (opens)
            expected[depth++] = token.type == CSS_FUNCTION ? ')' : closing(token.delim);
        else if (token.type == CSS_CLOSE && depth > 0 && expected[depth - 1] == token.delim)
            depth--;
    }
}

/* Past the rule whose prelude begins at t.at: its block, or for at-rules its ';'. */
static void skip_rule(struct sheet *s, bool at_rule)
{
    struct css_writer *w = &s->w;
    unsigned stops =
        CSS_STOP_BLOCK | (at_rule ? CSS_STOP_SEMICOLON : 0) | (s->depth > 0 ? CSS_STOP_CLOSE : 0);
    if (!css_skip(w, stops))
        return;
    char stop = w->t.in.ptr[w->t.at];
    if (stop == '}')
        return; /* the end of the block around */
    w->t.at++;
    if (stop == '{' && css_skip(w, CSS_STOP_CLOSE))
        w->t.at++;
}

static void push(struct sheet *s, enum block kind, size_t start)
{
    buf_add_char(s->w.out, '{');
    s->open[s->depth].kind = kind;
    s->open[s->depth].start = start;
    s->open[s->depth].body = s->w.out->len;
    s->depth++;
}

static void pop(struct sheet *s)
{
    s->depth--;
    if (s->w.out->len == s->open[s->depth].body)
        buf_cut(s->w.out, s->open[s->depth].start);
    else
        buf_add_char(s->w.out, '}');
}

static bool at_rule_prelude(struct sheet *s, struct span name, enum block *ret_kind)
{
    struct css_writer *w = &s->w;
    static const struct {
        const char *name;
        enum block kind;
        bool (*prelude)(struct css_writer *w);
    } known[] = {
        {"media", RULES, css_condition},
        {"supports", RULES, css_condition},
        {"keyframes", KEYFRAMES, css_keyframes_name},
        {"-webkit-keyframes", KEYFRAMES, css_keyframes_name},
    };
    if (s->depth == LIMIT_CSS_DEPTH || (s->depth > 0 && s->open[s->depth - 1].kind == KEYFRAMES))
        return false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (!span_equal_nocase(name, span_of(known[i].name)))
            continue;
        buf_add_char(w->out, '@');
        buf_add_text(w->out, known[i].name);
        *ret_kind = known[i].kind;
        return known[i].prelude(w);
    }
    return false;
}

/* Whose style sheet or fonts they were that go with this rule. Never reads further than skip_rule.
 */
static void name_loads(struct css_writer *w, struct span rule)
{
    const struct image_use *images = &w->job->images;
    bool import = span_equal_nocase(rule, SPAN("import"));
    bool is_url = import; /* is the next string one? */
    bool in_block = false;
    if (!import && !span_equal_nocase(rule, SPAN("font-face")))
        return;
    for (;;) {
        struct css_token token = css_next_solid(&w->t);
        bool closes = token.type == CSS_CLOSE && token.delim == '}';
        if (token.type == CSS_END || closes || (token.type == CSS_SEMICOLON && !in_block))
            return;
        if (token.type == CSS_URL || (token.type == CSS_STRING && is_url)) {
            tracker_sheet(images->pass, images->base, token.text, import ? "css" : "font");
            if (import)
                return;
        }
        is_url = token.type == CSS_FUNCTION && span_equal_nocase(token.text, SPAN("url"));
        in_block |= token.type == CSS_OPEN && token.delim == '{';
    }
}

static void at_rule(struct sheet *s, const struct css_token *token)
{
    struct css_writer *w = &s->w;
    size_t start = w->out->len, behind_name = w->t.at;
    enum block kind;
    char copy[32];
    struct span name = {copy, token->text.len < sizeof(copy) ? token->text.len : sizeof(copy)};
    memcpy(copy, token->text.ptr, name.len);
    if (at_rule_prelude(s, name, &kind)) {
        push(s, kind, start);
        return;
    }
    if (!buf_error(w->out))
        buf_cut(w->out, start);
    css_neutralised(w, "@", name, "");
    w->t.at = behind_name;
    name_loads(w, name);
    w->t.at = behind_name;
    skip_rule(s, true);
}

static void style_rule(struct sheet *s)
{
    struct css_writer *w = &s->w;
    size_t start = w->out->len, from = w->t.at;
    bool keyframe = s->depth > 0 && s->open[s->depth - 1].kind == KEYFRAMES;
    bool fine = keyframe ? css_keyframe_selectors(w) : css_selectors(w);
    if (fine) {
        buf_add_char(w->out, '{');
        size_t written = css_declarations(w, true);
        w->t.at += w->t.at < w->t.in.len; /* the '}' */
        if (written > 0) {
            buf_add_char(w->out, '}');
            return;
        }
    }
    if (!buf_error(w->out))
        buf_cut(w->out, start);
    if (!fine) {
        w->t.at = from;
        skip_rule(s, false);
    }
}

static int finish(struct css_writer *w)
{
    int error = w->error ? w->error : css_error(&w->t) ? css_error(&w->t) : buf_error(w->out);
    css_tokenizer_free(&w->t);
    return error;
}

static void begin(struct css_writer *w, struct css_job *job, struct span in, struct buf *out)
{
    w->job = job;
    w->out = out;
    w->error = 0;
    css_tokenizer_init(&w->t, in);
}

int css_rewrite_sheet(struct css_job *job, struct span in, struct buf *out)
{
    struct sheet s = {.depth = 0};
    begin(&s.w, job, in, out);
    while (!s.w.error && !buf_error(out)) {
        size_t before = s.w.t.at;
        struct css_token token = css_next(&s.w.t);
        if (token.type == CSS_END)
            break;
        if (token.type == CSS_SPACE)
            continue;
        if (s.depth == 0 && (token.type == CSS_CDO || token.type == CSS_CDC))
            continue;
        if (s.depth > 0 && token.type == CSS_CLOSE && token.delim == '}') {
            pop(&s);
        } else if (token.type == CSS_AT_KEYWORD) {
            at_rule(&s, &token);
        } else {
            s.w.t.at = before;
            style_rule(&s);
        }
    }
    while (s.depth > 0 && !buf_error(out))
        pop(&s);
    return finish(&s.w);
}

int css_rewrite_style(struct css_job *job, struct span in, struct buf *out)
{
    struct css_writer w;
    begin(&w, job, in, out);
    css_declarations(&w, false);
    return finish(&w);
}
