#include "lib/html_entity.h"

#include "lib/html_entity_table.h"

#include <pthread.h>

#define ROWS (sizeof(html_entity_rows) / sizeof(html_entity_rows[0]))

size_t html_utf8(unsigned c, char ret[4])
{
    if (c < 0x80) {
        ret[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        ret[0] = (char)(0xC0 | c >> 6);
        ret[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        ret[0] = (char)(0xE0 | c >> 12);
        ret[1] = (char)(0x80 | (c >> 6 & 0x3F));
        ret[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    ret[0] = (char)(0xF0 | c >> 18);
    ret[1] = (char)(0x80 | (c >> 12 & 0x3F));
    ret[2] = (char)(0x80 | (c >> 6 & 0x3F));
    ret[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static int digit_value(char c, unsigned radix)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return radix == 16 && c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 13.2.5.80: what browsers of the nineties meant by numbers between 128 and 159. */
static unsigned repair(unsigned c)
{
    static const uint16_t windows_1252[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178,
    };
    if (c == 0 || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        return 0xFFFD;
    if (c >= 0x80 && c <= 0x9F)
        return windows_1252[c - 0x80];
    return c;
}

static bool numeric(struct span in, struct html_reference *ret)
{
    size_t at = 2;
    unsigned radix = 10;
    if (at < in.len && ascii_lower(in.ptr[at]) == 'x') {
        radix = 16;
        at++;
    }
    size_t first = at;
    unsigned value = 0;
    int digit;
    for (; at < in.len && (digit = digit_value(in.ptr[at], radix)) >= 0; at++)
        if (value <= 0x10FFFF)
            value = value * radix + (unsigned)digit;
    if (at == first)
        return false;
    if (at < in.len && in.ptr[at] == ';')
        at++;
    ret->text_len = html_utf8(repair(value), ret->text);
    ret->used = at;
    return true;
}

static char row_char(size_t row, size_t at)
{
    const struct html_entity_row *entity = &html_entity_rows[row];
    return at < entity->name_len ? html_entity_names[entity->name_at + at] : '\0';
}

/* The first row in [from, to) whose character at `at` is not below `c`. */
static size_t row_bound(size_t from, size_t to, size_t at, int c)
{
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (row_char(middle, at) < c)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Where the rows begin whose first character is this one or a later one. */
static uint16_t first_rows[129];
static pthread_once_t index_once = PTHREAD_ONCE_INIT;

#define SHORT_SLOTS 4096 /* more than twice the names of up to eight bytes with a ';' */

/* The rows of these names, by a hash: each a row's number and 1, or 0. */
static uint16_t short_rows[SHORT_SLOTS];

/* A name of up to eight bytes, its ';' included, as a number; 0: it is none. */
static uint64_t short_name(struct span name)
{
    uint64_t word = 0;
    for (size_t i = 0; i < name.len && i < sizeof(word); i++) {
        word = word << 8 | (unsigned char)name.ptr[i];
        if (name.ptr[i] == ';')
            return word;
    }
    return 0;
}

static uint64_t short_name_of(size_t row)
{
    const struct html_entity_row *entity = &html_entity_rows[row];
    return short_name((struct span){html_entity_names + entity->name_at, entity->name_len});
}

/* Where the name is, or would be. */
static uint16_t *short_slot(uint64_t name)
{
    for (size_t i = name * 0x9E3779B97F4A7C15 >> 52;; i++) {
        uint16_t *slot = &short_rows[i % SHORT_SLOTS];
        if (*slot == 0 || short_name_of(*slot - 1U) == name)
            return slot;
    }
}

static void index_rows(void)
{
    for (size_t c = 0; c < sizeof(first_rows) / sizeof(first_rows[0]); c++)
        first_rows[c] = (uint16_t)row_bound(0, ROWS, 0, (int)c);
    for (size_t row = 0; row < ROWS; row++)
        if (short_name_of(row))
            *short_slot(short_name_of(row)) = (uint16_t)(row + 1);
}

/* Narrows the sorted rows character by character; the last row that was complete on the way wins.
 * No name has one character alone. */
static const struct html_entity_row *longest_name(struct span name)
{
    const struct html_entity_row *found = NULL;
    if (name.len == 0 || !is_alnum(name.ptr[0]))
        return NULL;
    pthread_once(&index_once, index_rows);
    uint64_t whole = short_name(name); /* nothing is longer than what a ';' ends */
    uint16_t row = whole ? *short_slot(whole) : 0;
    if (row)
        return &html_entity_rows[row - 1];
    size_t first = (unsigned char)name.ptr[0];
    size_t from = first_rows[first], to = first_rows[first + 1];
    for (size_t at = 1; at < name.len && from < to; at++) {
        char c = name.ptr[at];
        if (c != ';' && !is_alnum(c))
            break;
        from = row_bound(from, to, at, c);
        to = row_bound(from, to, at, c + 1);
        if (from < to && html_entity_rows[from].name_len == at + 1)
            found = &html_entity_rows[from];
    }
    return found;
}

bool html_reference(struct span in, bool in_attribute, struct html_reference *ret)
{
    if (in.len < 2)
        return false;
    if (in.ptr[1] == '#')
        return numeric(in, ret);
    struct span name = span_part(in, 1, in.len - 1);
    const struct html_entity_row *row = longest_name(name);
    if (!row)
        return false;
    bool closed = name.ptr[row->name_len - 1] == ';';
    if (in_attribute && !closed && row->name_len < name.len &&
        (name.ptr[row->name_len] == '=' || is_alnum(name.ptr[row->name_len])))
        return false;
    ret->text_len = strlen(row->text);
    memcpy(ret->text, row->text, ret->text_len + 1);
    ret->used = 1 + (size_t)row->name_len;
    return true;
}
