#include "lib/mime_field.h"

#include <stdint.h>
#include <stdlib.h>

/* Behind the line end that ends the line at `at`. */
static size_t line_next(const struct mime_fields *fields, size_t at)
{
    const char *text = fields->message.ptr;
    const char *lf = memchr(text + at, '\n', fields->end - at);
    return lf ? (size_t)(lf - text) + 1 : fields->end;
}

bool mime_field_next(struct mime_fields *fields, struct mime_field *ret)
{
    if (fields->at >= fields->end)
        return false;
    const char *text = fields->message.ptr;
    size_t start = fields->at;
    size_t end = line_next(fields, start);
    /* A blank first character has nothing to continue: that line is rubbish of its own. */
    bool rubbish = text[start] == ' ' || text[start] == '\t';
    while (!rubbish && end < fields->end && (text[end] == ' ' || text[end] == '\t'))
        end = line_next(fields, end);
    fields->at = end;

    struct span whole = span_part(fields->message, start, end - start);
    if (span_starts(whole, SPAN("\xef\xbb\xbf"))) /* some readers skip a byte order mark */
        whole = span_part(whole, 3, whole.len);
    const char *colon = rubbish ? NULL : memchr(whole.ptr, ':', whole.len);
    *ret = (struct mime_field){
        .start = start, .end = end, .name = SPAN(""), .value = span_trim(whole)};
    if (!colon)
        return true;
    struct span name = span_part(whole, 0, (size_t)(colon - whole.ptr));
    while (name.len > 0 && (name.ptr[name.len - 1] == ' ' || name.ptr[name.len - 1] == '\t'))
        name.len--;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ')
            return true;
    ret->name = name;
    struct span value = span_part(whole, (size_t)(colon - whole.ptr) + 1, whole.len);
    while (value.len > 0 && (value.ptr[0] == ' ' || value.ptr[0] == '\t'))
        value = span_part(value, 1, value.len);
    ret->value = span_part(value, 0, mime_field_text_len(value));
    return true;
}

size_t mime_field_text_len(struct span text)
{
    size_t len = text.len;
    if (len > 0 && text.ptr[len - 1] == '\n')
        len--;
    while (len > 0 && (text.ptr[len - 1] == '\r' || text.ptr[len - 1] == '\0'))
        len--;
    return len;
}

bool mime_field_is_stray(struct span text, size_t at)
{
    if (text.ptr[at] == '\0')
        return true;
    return text.ptr[at] == '\r' && (at + 1 == text.len || text.ptr[at + 1] != '\n');
}

/* Stray bytes up to the line end, from `at` on. */
static size_t stray_tail(struct span text, size_t at)
{
    size_t i = at;
    while (i < text.len && (text.ptr[i] == '\r' || text.ptr[i] == '\0'))
        i++;
    return i == text.len || text.ptr[i] == '\n' ? i - at : 0;
}

static void value_put(struct mime_value *value, char c)
{
    if (value->len < sizeof(value->text))
        value->text[value->len++] = c;
    else
        value->odd = true;
}

void mime_value_read(struct span raw, struct mime_value *ret)
{
    ret->len = 0;
    ret->odd = false;
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        bool more = i + 1 < raw.len;
        size_t tail = c == '\r' || c == '\0' ? stray_tail(raw, i) : 0;
        if (tail > 0) {
            i += tail - 1;
            c = ' ';
        } else if (c == '\r' || c == '\0') {
            ret->odd = true;
            c = MIME_FIELD_STRAY;
        } else if (c == '\t' || c == '\n') {
            c = ' ';
        }
        if (c == '\\' && more && (quoted || depth > 0)) {
            i++;
            if (depth == 0) {
                value_put(ret, '\\');
                value_put(ret, raw.ptr[i]);
            }
        } else if (depth > 0) {
            depth += c == '(';
            depth -= c == ')';
        } else if (c == '(' && !quoted) {
            /* Who knows no comments reads on: it matters where one touches a value. */
            if (ret->len > 0 && ret->text[ret->len - 1] != ' ' && ret->text[ret->len - 1] != ';')
                ret->odd = true;
            depth = 1;
            value_put(ret, ' ');
        } else {
            quoted ^= c == '"';
            value_put(ret, c);
        }
    }
    if (depth > 0 || quoted)
        ret->odd = true;
}

struct span mime_value_token(const struct mime_value *value)
{
    struct span text = span_trim((struct span){value->text, value->len});
    size_t len = 0;
    while (len < text.len && text.ptr[len] != ';' && text.ptr[len] != ' ')
        len++;
    return span_part(text, 0, len);
}

/* One name=value pair, the value still quoted. Moves *at behind it; false at the end. */
static bool pair_next(struct span text, size_t *at, struct span *ret_name, struct span *ret_value)
{
    size_t i = *at;
    while (i < text.len && (text.ptr[i] == ';' || text.ptr[i] == ' '))
        i++;
    if (i == text.len)
        return false;
    size_t name = i;
    while (i < text.len && text.ptr[i] != '=' && text.ptr[i] != ';' && text.ptr[i] != ' ')
        i++;
    *ret_name = span_part(text, name, i - name);
    *ret_value = (struct span){text.ptr, 0};
    size_t equals = i;
    while (equals < text.len && text.ptr[equals] == ' ')
        equals++;
    if (equals < text.len && text.ptr[equals] == '=') {
        i = equals + 1;
        while (i < text.len && text.ptr[i] == ' ')
            i++;
        size_t value = i;
        if (i < text.len && text.ptr[i] == '"') {
            for (i++; i < text.len && text.ptr[i] != '"'; i++)
                if (text.ptr[i] == '\\' && i + 1 < text.len)
                    i++;
            i += i < text.len;
        } else {
            while (i < text.len && text.ptr[i] != ';' && text.ptr[i] != ' ')
                i++;
        }
        *ret_value = span_part(text, value, i - value);
    }
    *at = i;
    return true;
}

static void param_put(struct mime_param *param, char c)
{
    if (param->len < sizeof(param->text))
        param->text[param->len++] = c;
    else
        param->odd = true;
}

static int hex_pair(struct span s, size_t at)
{
    char digits[3] = {0};
    if (at + 2 > s.len)
        return -1;
    memcpy(digits, s.ptr + at, 2);
    char *end = NULL;
    if (digits[0] == '+' || digits[0] == '-' || digits[0] == ' ')
        return -1;
    long value = strtol(digits, &end, 16);
    return end == digits + 2 ? (int)value : -1;
}

static void param_append(struct mime_param *param, struct span value, bool percent, bool first)
{
    if (value.len > 0 && value.ptr[0] == '"') {
        for (size_t i = 1; i < value.len && value.ptr[i] != '"'; i++) {
            if (value.ptr[i] == '\\' && i + 1 < value.len)
                i++;
            param_put(param, value.ptr[i]);
        }
        return;
    }
    size_t i = 0;
    if (percent && first) { /* charset'language'text */
        const char *one = memchr(value.ptr, '\'', value.len);
        size_t after = one ? (size_t)(one - value.ptr) + 1 : 0;
        const char *two = one ? memchr(value.ptr + after, '\'', value.len - after) : NULL;
        i = two ? (size_t)(two - value.ptr) + 1 : 0;
    }
    for (; i < value.len; i++) {
        int byte = percent && value.ptr[i] == '%' ? hex_pair(value, i + 1) : -1;
        param_put(param, byte >= 0 ? (char)byte : value.ptr[i]);
        i += byte >= 0 ? 2 : 0;
    }
}

/* Reads "name", "name*", "name*3" or "name*3*" as the parameter `wanted`; *ret_piece is -1 without
 * a number. */
static bool name_matches(struct span name, struct span wanted, int *ret_piece, bool *ret_percent)
{
    if (!span_equal_nocase(span_part(name, 0, wanted.len), wanted))
        return false;
    struct span rest = span_part(name, wanted.len, name.len);
    *ret_percent = rest.len > 0 && rest.ptr[rest.len - 1] == '*';
    *ret_piece = -1;
    if (rest.len == 0 || span_equal(rest, SPAN("*")))
        return true;
    if (rest.ptr[0] != '*')
        return false;
    rest = span_part(rest, 1, rest.len - 1 - (*ret_percent ? 1 : 0));
    if (rest.len == 0 || rest.len > 3)
        return false;
    *ret_piece = 0;
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] < '0' || rest.ptr[i] > '9')
            return false;
        *ret_piece = *ret_piece * 10 + (rest.ptr[i] - '0');
    }
    return true;
}

/* Appends piece number `piece` (-1: the undivided parameter). How often was it there? */
static size_t param_collect(const struct mime_value *value, struct span wanted, int piece,
                            struct mime_param *ret)
{
    struct span text = {value->text, value->len};
    struct span name, raw;
    size_t count = 0;
    size_t at = (size_t)(mime_value_token(value).ptr - value->text) + mime_value_token(value).len;
    while (pair_next(text, &at, &name, &raw)) {
        int number = -1;
        bool percent = false;
        if (!name_matches(name, wanted, &number, &percent) || number != piece)
            continue;
        if (count++ == 0)
            param_append(ret, raw, percent, piece <= 0);
    }
    return count;
}

void mime_param_read(const struct mime_value *value, const char *name, struct mime_param *ret)
{
    struct span wanted = span_of(name);
    struct mime_param pieces = {.len = 0};
    ret->len = 0;
    ret->odd = false;
    size_t whole = param_collect(value, wanted, -1, ret);
    size_t count = 0;
    for (int piece = 0; piece < 100; piece++) {
        size_t found = param_collect(value, wanted, piece, &pieces);
        if (found == 0)
            break;
        pieces.odd |= found > 1;
        count++;
    }
    ret->found = whole > 0 || count > 0;
    ret->odd |= whole > 1 || (whole > 0 && count > 0) || pieces.odd || value->odd;
    if (whole == 0 && count > 0) {
        memcpy(ret->text, pieces.text, pieces.len);
        ret->len = pieces.len;
    }
}
