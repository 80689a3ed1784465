#include "lib/css_token.h"

#include "base/scan.h"
#include "lib/html_entity.h"

#define REPLACEMENT "\xEF\xBF\xBD"

void css_tokenizer_init(struct css_tokenizer *t, struct span in)
{
    *t = (struct css_tokenizer){.in = in, .store = BUF_INIT(SIZE_MAX / 2)};
}

void css_tokenizer_free(struct css_tokenizer *t)
{
    buf_free(&t->store);
}

static bool has(const struct css_tokenizer *t, size_t ahead)
{
    return ahead < t->in.len - t->at;
}

/* '\n' stands for every new line; the end of input gives ' ' to those who only ask for a class. */
static char peek(const struct css_tokenizer *t, size_t ahead)
{
    if (!has(t, ahead))
        return ' ';
    char c = t->in.ptr[t->at + ahead];
    return c == '\r' || c == '\f' ? '\n' : c;
}

/* What a byte can begin, and where it may stand. */
enum {
    SPACE = 1,
    DIGIT = 2,
    HEX = 4,
    START = 8, /* of a name */
    NAME = 16,
    MARK = 32,  /* a token of its own, whatever follows */
    INERT = 64, /* neither begins nor ends anything */
};

#define LETTER (START | NAME)
#define HIGH_8(from)                                                                               \
    [from] = LETTER, [from + 1] = LETTER, [from + 2] = LETTER, [from + 3] = LETTER,                \
    [from + 4] = LETTER, [from + 5] = LETTER, [from + 6] = LETTER, [from + 7] = LETTER
#define HIGH_32(from) HIGH_8(from), HIGH_8(from + 8), HIGH_8(from + 16), HIGH_8(from + 24)
#define HEX_6(from)                                                                                \
    [from] = LETTER | HEX, [from + 1] = LETTER | HEX, [from + 2] = LETTER | HEX,                   \
    [from + 3] = LETTER | HEX, [from + 4] = LETTER | HEX, [from + 5] = LETTER | HEX
#define DIGIT_5(from)                                                                              \
    [from] = DIGIT | HEX | NAME, [from + 1] = DIGIT | HEX | NAME, [from + 2] = DIGIT | HEX | NAME, \
    [from + 3] = DIGIT | HEX | NAME, [from + 4] = DIGIT | HEX | NAME

/* clang-format off */
static const unsigned char classes[256] = {
    [' '] = SPACE | INERT, ['\t'] = SPACE | INERT, ['\n'] = SPACE | INERT, ['\r'] = SPACE | INERT,
    ['\f'] = SPACE | INERT, DIGIT_5('0'), DIGIT_5('5'), HEX_6('a'), HIGH_8('g'), HIGH_8('o'),
    ['w'] = LETTER, ['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER, HEX_6('A'), HIGH_8('G'),
    HIGH_8('O'), ['W'] = LETTER, ['X'] = LETTER, ['Y'] = LETTER, ['Z'] = LETTER, ['_'] = LETTER,
    ['\0'] = LETTER, ['-'] = NAME, HIGH_32(0x80), HIGH_32(0xA0), HIGH_32(0xC0), HIGH_32(0xE0),
    ['('] = MARK, [')'] = MARK, ['['] = MARK, [']'] = MARK, ['{'] = MARK, ['}'] = MARK,
    [':'] = MARK | INERT, [';'] = MARK, [','] = MARK | INERT, ['*'] = MARK | INERT,
    ['>'] = MARK | INERT, ['='] = MARK | INERT, ['!'] = MARK | INERT, ['~'] = MARK | INERT,
    ['.'] = INERT, ['+'] = INERT, ['%'] = INERT,
};
/* clang-format on */

static bool is(char c, unsigned class)
{
    return classes[(unsigned char)c] & class;
}

static bool is_space(char c)
{
    return is(c, SPACE);
}

static bool is_digit(char c)
{
    return is(c, DIGIT);
}

static bool is_hex(char c)
{
    return is(c, HEX);
}

static bool is_name_start(char c)
{
    return is(c, START);
}

static bool is_name(char c)
{
    return is(c, NAME);
}

static bool is_escape(const struct css_tokenizer *t, size_t ahead)
{
    return has(t, ahead) && peek(t, ahead) == '\\' &&
           (!has(t, ahead + 1) || peek(t, ahead + 1) != '\n');
}

static bool starts_ident(const struct css_tokenizer *t, size_t ahead)
{
    if (!has(t, ahead))
        return false;
    char c = peek(t, ahead);
    if (c == '-')
        return (has(t, ahead + 1) &&
                (is_name_start(peek(t, ahead + 1)) || peek(t, ahead + 1) == '-')) ||
               is_escape(t, ahead + 1);
    return is_name_start(c) || is_escape(t, ahead);
}

static bool starts_number(const struct css_tokenizer *t)
{
    size_t ahead = peek(t, 0) == '+' || peek(t, 0) == '-';
    if (peek(t, ahead) == '.')
        ahead++;
    return is_digit(peek(t, ahead));
}

static void store(struct css_tokenizer *t, const char *text, size_t len)
{
    buf_add(&t->store, text, len);
}

/* Behind the backslash (4.3.7). */
static void read_escape(struct css_tokenizer *t)
{
    if (!has(t, 0)) {
        store(t, REPLACEMENT, 3);
        return;
    }
    char c = peek(t, 0);
    if (!is_hex(c)) {
        if (c == '\0')
            store(t, REPLACEMENT, 3);
        else
            store(t, t->in.ptr + t->at, 1); /* continuation bytes follow as name characters */
        t->at++;
        return;
    }
    unsigned value = 0;
    for (int digits = 0; digits < 6 && has(t, 0) && is_hex(peek(t, 0)); digits++) {
        c = ascii_lower(peek(t, 0));
        value = value * 16 + (unsigned)(is_digit(c) ? c - '0' : c - 'a' + 10);
        t->at++;
    }
    if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        value = 0xFFFD;
    char utf8[4];
    store(t, utf8, html_utf8(value, utf8));
    if (has(t, 0) && is_space(peek(t, 0)))
        t->at += t->in.ptr[t->at] == '\r' && has(t, 1) && t->in.ptr[t->at + 1] == '\n' ? 2 : 1;
}

static void give(struct css_token *ret, enum css_token_type type, struct span text)
{
    ret->type = type;
    ret->text = text;
}

/* A name: the input itself where nothing in it needs decoding. */
static struct span read_name(struct css_tokenizer *t)
{
    size_t from = t->at, stored = t->store.len;
    size_t at = from;
    while (at < t->in.len && is_name(t->in.ptr[at]) && t->in.ptr[at] != '\0')
        at++;
    t->at = at;
    if (at == t->in.len || (t->in.ptr[at] != '\\' && t->in.ptr[at] != '\0') ||
        (t->in.ptr[at] == '\\' && !is_escape(t, 0)))
        return (struct span){t->in.ptr + from, at - from};
    store(t, t->in.ptr + from, t->at - from);
    while (has(t, 0)) {
        char c = peek(t, 0);
        if (is_escape(t, 0)) {
            t->at++;
            read_escape(t);
        } else if (c == '\0') {
            store(t, REPLACEMENT, 3);
            t->at++;
        } else if (is_name(c)) {
            store(t, &c, 1);
            t->at++;
        } else {
            break;
        }
    }
    return span_part(buf_span(&t->store), stored, t->store.len);
}

static void skip_digits(struct css_tokenizer *t)
{
    while (has(t, 0) && is_digit(t->in.ptr[t->at]))
        t->at++;
}

static void read_numeric(struct css_tokenizer *t, struct css_token *ret)
{
    size_t from = t->at;
    if (peek(t, 0) == '+' || peek(t, 0) == '-')
        t->at++;
    skip_digits(t);
    ret->type = CSS_NUMBER;
    if (has(t, 0) && is(t->in.ptr[t->at], SPACE | MARK)) { /* most of them */
        ret->number = (struct span){t->in.ptr + from, t->at - from};
        return;
    }
    if (has(t, 1) && peek(t, 0) == '.' && is_digit(peek(t, 1))) {
        t->at++;
        skip_digits(t);
    }
    size_t sign = has(t, 1) && (peek(t, 1) == '+' || peek(t, 1) == '-');
    if (has(t, 0) && ascii_lower(peek(t, 0)) == 'e' && has(t, 1 + sign) &&
        is_digit(peek(t, 1 + sign))) {
        t->at += 1 + sign;
        skip_digits(t);
    }
    ret->number = (struct span){t->in.ptr + from, t->at - from};
    if (starts_ident(t, 0)) {
        ret->type = CSS_DIMENSION;
        ret->text = read_name(t);
    } else if (has(t, 0) && peek(t, 0) == '%') {
        ret->type = CSS_PERCENTAGE;
        t->at++;
    }
}

/* At the quote. */
static void read_string(struct css_tokenizer *t, struct css_token *ret)
{
    char quote = t->in.ptr[t->at++];
    size_t stored = t->store.len;
    bool decode = false;
    const char stops[3] = {quote, '\\', '\n'};
    size_t end = scan_to(t->in, t->at, stops, "\r\f\0", &decode);
    if (!decode && end < t->in.len && t->in.ptr[end] == quote) {
        struct span text = span_part(t->in, t->at, end - t->at);
        t->at = end + 1;
        give(ret, CSS_STRING, text);
        return;
    }
    for (; has(t, 0); t->at++) {
        char c = peek(t, 0);
        if (c == quote) {
            t->at++;
            break;
        }
        if (c == '\n') /* stays, as the white space that ends the bad string */
        {
            ret->type = CSS_BAD_STRING;
            return;
        }
        if (c == '\0') {
            store(t, REPLACEMENT, 3);
        } else if (c != '\\') {
            store(t, &c, 1);
        } else if (has(t, 1) && peek(t, 1) == '\n') {
            t->at++;
            if (t->in.ptr[t->at] == '\r' && has(t, 1) && t->in.ptr[t->at + 1] == '\n')
                t->at++;
        } else if (has(t, 1)) {
            t->at++;
            read_escape(t);
            t->at--;
        }
    }
    give(ret, CSS_STRING, span_part(buf_span(&t->store), stored, t->store.len));
}

static void skip_space(struct css_tokenizer *t)
{
    while (has(t, 0) && is_space(t->in.ptr[t->at]))
        t->at++;
}

static void read_bad_url(struct css_tokenizer *t, struct css_token *ret)
{
    for (; has(t, 0) && peek(t, 0) != ')'; t->at++)
        if (is_escape(t, 0) && has(t, 1))
            t->at++;
    if (has(t, 0))
        t->at++;
    give(ret, CSS_BAD_URL, SPAN(""));
}

static bool is_forbidden_in_url(char c)
{
    return c == '"' || c == '\'' || c == '(' || c == 0x7F || c == 0x0B || (c > 0 && c <= 0x08) ||
           (c >= 0x0E && c <= 0x1F);
}

static bool is_plain_in_url(char c)
{
    return c > ' ' && c < 0x7F && c != ')' && c != '\\' && !is_forbidden_in_url(c);
}

/* Behind "url(" and blanks (4.3.6). */
static void read_url(struct css_tokenizer *t, struct css_token *ret)
{
    size_t stored = t->store.len;
    size_t at = t->at;
    while (at < t->in.len && is_plain_in_url(t->in.ptr[at]))
        at++;
    if (at < t->in.len && t->in.ptr[at] == ')') { /* most of them */
        struct span url = span_part(t->in, t->at, at - t->at);
        t->at = at + 1;
        give(ret, CSS_URL, url);
        return;
    }
    while (has(t, 0) && peek(t, 0) != ')') {
        char c = peek(t, 0);
        if (is_space(c)) {
            skip_space(t);
            if (has(t, 0) && peek(t, 0) != ')') {
                read_bad_url(t, ret);
                return;
            }
            break;
        }
        if (is_forbidden_in_url(c) || (c == '\\' && !is_escape(t, 0))) {
            read_bad_url(t, ret);
            return;
        }
        t->at++;
        if (c == '\\')
            read_escape(t);
        else if (c == '\0')
            store(t, REPLACEMENT, 3);
        else
            store(t, &c, 1);
    }
    if (has(t, 0))
        t->at++;
    give(ret, CSS_URL, span_part(buf_span(&t->store), stored, t->store.len));
}

static void read_ident_like(struct css_tokenizer *t, struct css_token *ret)
{
    struct span name = read_name(t);
    give(ret, CSS_IDENT, name);
    if (!has(t, 0) || peek(t, 0) != '(')
        return;
    t->at++;
    if (span_equal_nocase(name, SPAN("url"))) {
        size_t back = t->at;
        skip_space(t);
        if (!has(t, 0) || (peek(t, 0) != '"' && peek(t, 0) != '\'')) {
            read_url(t, ret);
            return;
        }
        t->at = back;
    }
    ret->type = CSS_FUNCTION;
}

static bool looking_at(const struct css_tokenizer *t, struct span s)
{
    return span_starts(span_part(t->in, t->at, t->in.len), s);
}

/* At a '/'. Skips comments; true when there was one. */
static bool skip_comments(struct css_tokenizer *t)
{
    bool any = false;
    while (looking_at(t, SPAN("/*"))) {
        const char *body = t->in.ptr + t->at + 2;
        const char *end = memmem(body, t->in.len - t->at - 2, "*/", 2);
        t->at = end ? (size_t)(end - t->in.ptr) + 2 : t->in.len;
        any = true;
    }
    return any;
}

static void mark(struct css_tokenizer *t, enum css_token_type type, size_t len,
                 struct css_token *ret)
{
    ret->type = type;
    ret->delim = t->in.ptr[t->at];
    t->at += len;
}

static void read_punctuation(struct css_tokenizer *t, struct css_token *ret)
{
    static const unsigned char types[128] = {
        ['('] = CSS_OPEN,  ['['] = CSS_OPEN,      ['{'] = CSS_OPEN,
        [')'] = CSS_CLOSE, [']'] = CSS_CLOSE,     ['}'] = CSS_CLOSE,
        [':'] = CSS_COLON, [';'] = CSS_SEMICOLON, [','] = CSS_COMMA};
    char c = t->in.ptr[t->at];
    if (c == '<' && looking_at(t, SPAN("<!--")))
        mark(t, CSS_CDO, 4, ret);
    else if (c == '-' && looking_at(t, SPAN("-->")))
        mark(t, CSS_CDC, 3, ret);
    else
        mark(t, c > 0 && types[(int)c] ? types[(int)c] : CSS_DELIM, 1, ret);
}

static void read_name_mark(struct css_tokenizer *t, struct css_token *ret)
{
    bool hash = peek(t, 0) == '#';
    bool id = starts_ident(t, 1);
    bool name = hash ? (has(t, 1) && is_name(peek(t, 1))) || is_escape(t, 1) : id;
    if (!name) {
        mark(t, CSS_DELIM, 1, ret);
        return;
    }
    t->at++;
    ret->id = id;
    give(ret, hash ? CSS_HASH : CSS_AT_KEYWORD, read_name(t));
}

static void read_token(struct css_tokenizer *t, struct css_token *ret)
{
    char c = t->in.ptr[t->at];
    if (is(c, MARK)) {
        read_punctuation(t, ret);
    } else if (is(c, START)) {
        read_ident_like(t, ret);
    } else if (is(c, DIGIT)) {
        read_numeric(t, ret);
    } else if (is(c, SPACE)) {
        skip_space(t);
        ret->type = CSS_SPACE;
    } else if (c == '"' || c == '\'') {
        read_string(t, ret);
    } else if (c == '#' || c == '@') {
        read_name_mark(t, ret);
    } else if ((c == '+' || c == '-' || c == '.') && starts_number(t)) {
        read_numeric(t, ret);
    } else if (!looking_at(t, SPAN("-->")) && starts_ident(t, 0)) {
        read_ident_like(t, ret);
    } else {
        read_punctuation(t, ret);
    }
}

void css_skip_inert(struct css_tokenizer *t)
{
    while (has(t, 0) && is(t->in.ptr[t->at], INERT))
        t->at++;
}

struct css_token css_next(struct css_tokenizer *t)
{
    struct css_token token = {.type = CSS_END};
    if (!has(t, 0) || css_error(t))
        return token;
    t->store.len = 0;
    if (t->in.ptr[t->at] == '/') {
        token.apart = skip_comments(t);
        if (!has(t, 0))
            return token;
    }
    read_token(t, &token);
    return token;
}

struct css_token css_next_solid(struct css_tokenizer *t)
{
    struct css_token token = css_next(t);
    bool apart = token.apart;
    while (token.type == CSS_SPACE)
        token = css_next(t);
    token.apart |= apart;
    return token;
}
