/* Decoders for markup and style, each more generous than the standard: no semicolon is needed, no
 * case matters. */
#include "lib/check.h"

#include <stdint.h>

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only ASCII matters to syntax; anything else becomes one byte that is nobody's delimiter. */
static void put_code(uint32_t code, struct buf *out)
{
    buf_add_char(out, code < 0x80 ? (char)code : '\xbf');
}

struct entity {
    const char *name;
    char c;
};

/* Every name of the HTML standard that stands for one ASCII character, lower case, longer ones
 * before those that they begin with. */
static const struct entity entities[] = {
    {"amp", '&'},    {"apos", '\''},    {"ast", '*'},      {"bsol", '\\'},
    {"colon", ':'},  {"commat", '@'},   {"comma", ','},    {"diacriticalgrave", '`'},
    {"dollar", '$'}, {"equals", '='},   {"excl", '!'},     {"grave", '`'},
    {"gt", '>'},     {"hat", '^'},      {"lbrace", '{'},   {"lbrack", '['},
    {"lcub", '{'},   {"lowbar", '_'},   {"lpar", '('},     {"lsqb", '['},
    {"lt", '<'},     {"midast", '*'},   {"newline", '\n'}, {"num", '#'},
    {"percnt", '%'}, {"period", '.'},   {"plus", '+'},     {"quest", '?'},
    {"quot", '"'},   {"rbrace", '}'},   {"rbrack", ']'},   {"rcub", '}'},
    {"rpar", ')'},   {"rsqb", ']'},     {"semi", ';'},     {"sol", '/'},
    {"tab", '\t'},   {"underbar", '_'}, {"verbar", '|'},   {"verticalline", '|'},
    {"vert", '|'},
};

/* At s.ptr[0] == '&', '#': how many bytes the reference has, or 0. */
static size_t numeric(struct span s, uint32_t *ret)
{
    bool hex = s.len > 2 && ascii_lower(s.ptr[2]) == 'x';
    size_t at = hex ? 3 : 2;
    size_t first = at;
    uint32_t code = 0;
    for (; at < s.len; at++) {
        int digit = hex_of(s.ptr[at]);
        if (digit < 0 || (!hex && digit > 9))
            break;
        if (code < 0x110000)
            code = code * (hex ? 16 : 10) + (uint32_t)digit;
    }
    if (at == first)
        return 0;
    *ret = code;
    return at < s.len && s.ptr[at] == ';' ? at + 1 : at;
}

static size_t named(struct span s, uint32_t *ret)
{
    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
        struct span name = span_of(entities[i].name);
        if (s.len < 2 || ascii_lower(s.ptr[1]) != name.ptr[0] ||
            !span_equal_nocase(span_part(s, 1, name.len), name))
            continue;
        *ret = (unsigned char)entities[i].c;
        size_t len = 1 + name.len;
        return len < s.len && s.ptr[len] == ';' ? len + 1 : len;
    }
    return 0;
}

int check_decode_entities(struct span in, struct buf *out)
{
    while (in.len > 0) {
        const char *amp = memchr(in.ptr, '&', in.len);
        size_t plain = amp ? (size_t)(amp - in.ptr) : in.len;
        buf_add(out, in.ptr, plain);
        in = span_part(in, plain, in.len);
        if (!amp)
            break;
        uint32_t code = '&';
        size_t len = in.len > 1 && in.ptr[1] == '#' ? numeric(in, &code) : named(in, &code);
        put_code(code, out);
        in = span_part(in, len ? len : 1, in.len);
    }
    return buf_error(out);
}

/* css-syntax-3 section 4.3.7; `at` stands behind the backslash. Returns where to go on. */
static size_t escape(struct span css, size_t at, struct buf *out)
{
    if (at >= css.len)
        return at;
    if (css.ptr[at] == '\n' || css.ptr[at] == '\f')
        return at + 1;
    if (css.ptr[at] == '\r')
        return at + (at + 1 < css.len && css.ptr[at + 1] == '\n' ? 2 : 1);
    uint32_t code = 0;
    size_t digits = 0;
    for (; digits < 6 && at < css.len && hex_of(css.ptr[at]) >= 0; digits++)
        code = code * 16 + (uint32_t)hex_of(css.ptr[at++]);
    if (digits == 0) {
        buf_add_char(out, css.ptr[at]);
        return at + 1;
    }
    put_code(code, out);
    if (at + 1 < css.len && css.ptr[at] == '\r' && css.ptr[at + 1] == '\n')
        return at + 2;
    return at < css.len && ascii_is_space(css.ptr[at]) ? at + 1 : at;
}

int check_decode_escapes(struct span css, struct buf *out)
{
    for (size_t at = 0; at < css.len;) {
        const char *slash = memchr(css.ptr + at, '\\', css.len - at);
        size_t plain = slash ? (size_t)(slash - css.ptr) : css.len;
        buf_add(out, css.ptr + at, plain - at);
        at = slash ? escape(css, plain + 1, out) : plain;
    }
    return buf_error(out);
}

int check_decode_percent(struct span in, struct buf *out)
{
    for (size_t i = 0; i < in.len; i++) {
        bool coded = in.ptr[i] == '%' && i + 2 < in.len && hex_of(in.ptr[i + 1]) >= 0 &&
                     hex_of(in.ptr[i + 2]) >= 0;
        if (coded)
            buf_add_char(out, (char)(hex_of(in.ptr[i + 1]) * 16 + hex_of(in.ptr[i + 2])));
        else
            buf_add_char(out, in.ptr[i]);
        i += coded ? 2 : 0;
    }
    return buf_error(out);
}

int check_drop_comments(struct span css, struct buf *out)
{
    while (css.len > 0) {
        const char *open = memmem(css.ptr, css.len, "/*", 2);
        size_t plain = open ? (size_t)(open - css.ptr) : css.len;
        buf_add(out, css.ptr, plain);
        css = span_part(css, plain + 2, css.len);
        const char *close = open ? memmem(css.ptr, css.len, "*/", 2) : NULL;
        css = span_part(css, close ? (size_t)(close - css.ptr) + 2 : css.len, css.len);
    }
    return buf_error(out);
}

int check_drop_nul(struct span in, struct buf *out)
{
    while (in.len > 0) {
        const char *nul = memchr(in.ptr, '\0', in.len);
        size_t plain = nul ? (size_t)(nul - in.ptr) : in.len;
        buf_add(out, in.ptr, plain);
        in = span_part(in, plain + 1, in.len);
    }
    return buf_error(out);
}
