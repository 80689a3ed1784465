#include "lib/css_write.h"

static bool is_letter(char c)
{
    return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* As itself only where class names of mail templates have it and no filter looks for it. */
static void write_escaped(struct buf *out, char c)
{
    if (c != '\0' && strchr(":/.%[]!,+", c))
        buf_add_format(out, "\\%c", c);
    else
        buf_add_format(out, "\\%X ", (unsigned)(unsigned char)c);
}

#define ALNUM(c) [c] = true, [c + 1] = true, [c + 2] = true, [c + 3] = true, [c + 4] = true

/* Letters, digits, '-' and '_'. */
static bool is_simple(struct span name)
{
    static const bool simple[256] = {ALNUM('0'),   ALNUM('5'),   ALNUM('A'),   ALNUM('F'),
                                     ALNUM('K'),   ALNUM('P'),   ALNUM('U'),   ALNUM('a'),
                                     ALNUM('f'),   ALNUM('k'),   ALNUM('p'),   ALNUM('u'),
                                     ['Z'] = true, ['z'] = true, ['-'] = true, ['_'] = true};
    size_t i = 0;
    while (i < name.len && simple[(unsigned char)name.ptr[i]])
        i++;
    return i == name.len;
}

bool css_write_ident(struct buf *out, struct span name)
{
    if (name.len > 0 && is_letter(name.ptr[0]) && is_simple(name)) { /* nearly all of them */
        buf_add_span(out, name);
        return true;
    }
    if (name.len == 0 || span_equal(name, SPAN("-")) || span_equal(name, SPAN("--")))
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool leads = i == 0 || (i == 1 && name.ptr[0] == '-');
        if (is_letter(c) || c == '_' || c == '-' || (c & 0x80) || (is_digit(c) && !leads))
            buf_add_char(out, c);
        else
            write_escaped(out, c);
    }
    return true;
}

bool css_string_safe(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if ((unsigned char)c < ' ' || c == 0x7F || strchr("\"\\<>&;{}()@", c))
            return false;
        char next = i + 1 < text.len ? text.ptr[i + 1] : ' ';
        if ((c == '/' && (next == '/' || next == '*')) || (c == '*' && next == '/'))
            return false;
    }
    return true;
}

void css_write_string(struct buf *out, struct span text)
{
    buf_add_char(out, '"');
    buf_add_span(out, text);
    buf_add_char(out, '"');
}

bool css_unit_safe(struct span unit)
{
    if (unit.len == 0 || unit.len > 32 || !is_letter(unit.ptr[0]))
        return false;
    for (size_t i = 1; i < unit.len; i++)
        if (!is_letter(unit.ptr[i]) && !is_digit(unit.ptr[i]) && unit.ptr[i] != '-')
            return false;
    /* "1e3" and "1e-3" are numbers. */
    if (ascii_lower(unit.ptr[0]) != 'e' || unit.len == 1)
        return true;
    return is_letter(unit.ptr[1]);
}

void css_write_number(struct buf *out, const struct css_token *token)
{
    buf_add_span(out, token->number);
    if (token->type == CSS_PERCENTAGE)
        buf_add_char(out, '%');
    else if (token->type == CSS_DIMENSION)
        buf_add_span(out, token->text);
}

void css_write_lower(struct buf *out, struct span name)
{
    char *to = buf_reserve(out, name.len);
    for (size_t i = 0; to && i < name.len; i++)
        to[i] = ascii_lower(name.ptr[i]);
    if (to)
        buf_commit(out, name.len);
}
