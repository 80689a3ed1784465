#include "lib/css_token.h"

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

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

static bool is_name_start(char c)
{
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '_' || (c & 0x80) || c == '\0';
}

#define NAME_8(from)                                                                               \
    [from] = true, [from + 1] = true, [from + 2] = true, [from + 3] = true, [from + 4] = true,     \
    [from + 5] = true, [from + 6] = true, [from + 7] = true
#define NAME_32(from) NAME_8(from), NAME_8(from + 8), NAME_8(from + 16), NAME_8(from + 24)

static bool is_name(char c)
{
    static const bool names[256] = {
        ['\0'] = true, ['-'] = true,  ['_'] = true,  NAME_8('0'),   ['8'] = true,
        ['9'] = true,  NAME_8('A'),   NAME_8('I'),   NAME_8('Q'),   ['Y'] = true,
        ['Z'] = true,  NAME_8('a'),   NAME_8('i'),   NAME_8('q'),   ['y'] = true,
        ['z'] = true,  NAME_32(0x80), NAME_32(0xA0), NAME_32(0xC0), NAME_32(0xE0),
    };
    return names[(unsigned char)c];
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

/* A name: the input itself where nothing in it needs decoding. */
static struct span read_name(struct css_tokenizer *t)
{
    size_t from = t->at, stored = t->store.len;
    while (has(t, 0) && is_name(t->in.ptr[t->at]) && t->in.ptr[t->at] != '\0')
        t->at++;
    if (!is_escape(t, 0) && !(has(t, 0) && peek(t, 0) == '\0'))
        return span_part(t->in, from, t->at - from);
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
    while (has(t, 0) && is_digit(peek(t, 0)))
        t->at++;
}

static struct css_token read_numeric(struct css_tokenizer *t)
{
    size_t from = t->at;
    if (peek(t, 0) == '+' || peek(t, 0) == '-')
        t->at++;
    skip_digits(t);
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
    struct css_token token = {.type = CSS_NUMBER, .number = span_part(t->in, from, t->at - from)};
    if (starts_ident(t, 0)) {
        token.type = CSS_DIMENSION;
        token.text = read_name(t);
    } else if (has(t, 0) && peek(t, 0) == '%') {
        token.type = CSS_PERCENTAGE;
        t->at++;
    }
    return token;
}

/* At the quote. */
static struct css_token read_string(struct css_tokenizer *t)
{
    char quote = t->in.ptr[t->at++];
    size_t stored = t->store.len;
    for (; has(t, 0); t->at++) {
        char c = peek(t, 0);
        if (c == quote) {
            t->at++;
            break;
        }
        if (c == '\n') /* stays, as the white space that ends the bad string */
            return (struct css_token){.type = CSS_BAD_STRING};
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
    return (struct css_token){.type = CSS_STRING,
                              .text = span_part(buf_span(&t->store), stored, t->store.len)};
}

static void skip_space(struct css_tokenizer *t)
{
    while (has(t, 0) && is_space(peek(t, 0)))
        t->at++;
}

static struct css_token read_bad_url(struct css_tokenizer *t)
{
    for (; has(t, 0) && peek(t, 0) != ')'; t->at++)
        if (is_escape(t, 0) && has(t, 1))
            t->at++;
    if (has(t, 0))
        t->at++;
    return (struct css_token){.type = CSS_BAD_URL};
}

static bool is_forbidden_in_url(char c)
{
    return c == '"' || c == '\'' || c == '(' || c == 0x7F || c == 0x0B || (c > 0 && c <= 0x08) ||
           (c >= 0x0E && c <= 0x1F);
}

/* Behind "url(" and blanks (4.3.6). */
static struct css_token read_url(struct css_tokenizer *t)
{
    size_t stored = t->store.len;
    while (has(t, 0) && peek(t, 0) != ')') {
        char c = peek(t, 0);
        if (is_space(c)) {
            skip_space(t);
            if (has(t, 0) && peek(t, 0) != ')')
                return read_bad_url(t);
            break;
        }
        if (is_forbidden_in_url(c) || (c == '\\' && !is_escape(t, 0)))
            return read_bad_url(t);
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
    return (struct css_token){.type = CSS_URL,
                              .text = span_part(buf_span(&t->store), stored, t->store.len)};
}

static struct css_token read_ident_like(struct css_tokenizer *t)
{
    struct span name = read_name(t);
    if (!has(t, 0) || peek(t, 0) != '(')
        return (struct css_token){.type = CSS_IDENT, .text = name};
    t->at++;
    if (span_equal_nocase(name, SPAN("url"))) {
        size_t back = t->at;
        skip_space(t);
        if (!has(t, 0) || (peek(t, 0) != '"' && peek(t, 0) != '\''))
            return read_url(t);
        t->at = back;
    }
    return (struct css_token){.type = CSS_FUNCTION, .text = name};
}

static bool looking_at(const struct css_tokenizer *t, struct span s)
{
    return span_starts(span_part(t->in, t->at, t->in.len), s);
}

/* Skips comments; true when there was one. */
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

static struct css_token mark(struct css_tokenizer *t, enum css_token_type type, size_t len)
{
    struct css_token token = {.type = type, .delim = t->in.ptr[t->at]};
    t->at += len;
    return token;
}

static struct css_token read_punctuation(struct css_tokenizer *t)
{
    switch (peek(t, 0)) {
    case '(':
    case '[':
    case '{':
        return mark(t, CSS_OPEN, 1);
    case ')':
    case ']':
    case '}':
        return mark(t, CSS_CLOSE, 1);
    case ':':
        return mark(t, CSS_COLON, 1);
    case ';':
        return mark(t, CSS_SEMICOLON, 1);
    case ',':
        return mark(t, CSS_COMMA, 1);
    case '<':
        if (looking_at(t, SPAN("<!--")))
            return mark(t, CSS_CDO, 4);
        break;
    case '-':
        if (looking_at(t, SPAN("-->")))
            return mark(t, CSS_CDC, 3);
        break;
    default:
        break;
    }
    return mark(t, CSS_DELIM, 1);
}

static struct css_token read_name_mark(struct css_tokenizer *t)
{
    bool hash = peek(t, 0) == '#';
    bool id = starts_ident(t, 1);
    bool name = hash ? (has(t, 1) && is_name(peek(t, 1))) || is_escape(t, 1) : id;
    if (!name)
        return mark(t, CSS_DELIM, 1);
    t->at++;
    return (struct css_token){
        .type = hash ? CSS_HASH : CSS_AT_KEYWORD, .id = id, .text = read_name(t)};
}

struct css_token css_next(struct css_tokenizer *t)
{
    if (css_error(t))
        return (struct css_token){.type = CSS_END};
    buf_clear(&t->store);
    bool apart = skip_comments(t);
    struct css_token token;
    char c = peek(t, 0);
    if (!has(t, 0)) {
        token = (struct css_token){.type = CSS_END};
    } else if (is_space(c)) {
        skip_space(t);
        token = (struct css_token){.type = CSS_SPACE};
    } else if (c == '"' || c == '\'') {
        token = read_string(t);
    } else if (c == '#' || c == '@') {
        token = read_name_mark(t);
    } else if (is_digit(c) || ((c == '+' || c == '-' || c == '.') && starts_number(t))) {
        token = read_numeric(t);
    } else if (!looking_at(t, SPAN("-->")) && starts_ident(t, 0)) {
        token = read_ident_like(t);
    } else {
        token = read_punctuation(t);
    }
    token.apart = apart;
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
