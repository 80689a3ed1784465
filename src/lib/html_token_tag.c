#include "base/scan.h"
#include "lib/html_entity.h"
#include "lib/html_token.h"

#include <sodium.h>

/* What a byte is to the names and values of a tag. */
enum {
    BLANK = 1,
    END = 2, /* '>' */
    SLASH = 4,
    EQUALS = 8,
    UPPER = 16,
    DOUBLE = 32, /* quotes */
    SINGLE = 64,
    CODED = 128, /* what is decoded, replaced, or escaped in a quoted attribute: '&', U+0000, '<',
                  * what may be a byte order mark */
};

#define UPPER_8(from)                                                                              \
    [from] = UPPER, [from + 1] = UPPER, [from + 2] = UPPER, [from + 3] = UPPER,                    \
    [from + 4] = UPPER, [from + 5] = UPPER, [from + 6] = UPPER, [from + 7] = UPPER

static const unsigned char classes[256] = {
    ['\0'] = CODED, ['\t'] = BLANK, ['\n'] = BLANK, ['\f'] = BLANK,  ['\r'] = BLANK,
    [' '] = BLANK,  ['"'] = DOUBLE, ['&'] = CODED,  ['\''] = SINGLE, ['/'] = SLASH,
    ['='] = EQUALS, ['>'] = END,    ['Y'] = UPPER,  ['Z'] = UPPER,   UPPER_8('A'),
    UPPER_8('I'),   UPPER_8('Q'),   ['<'] = CODED,  [0xEF] = CODED,
};

/* Where the reader of a tag stands: apart from the tokenizer, so that it can stay in registers. */
struct place {
    const char *at;
    const char *end;
};

static bool at_end(const struct place *p)
{
    return p->at == p->end;
}

static unsigned class_here(const struct place *p)
{
    return classes[(unsigned char)*p->at];
}

/* Moves to the next byte of a class in `stops`; what classes there were on the way. */
static unsigned run(struct place *p, unsigned stops)
{
    const char *at = p->at;
    unsigned seen = 0;
    for (; at < p->end; at++) {
        unsigned class = classes[(unsigned char)*at];
        if (class & stops)
            break;
        seen |= class;
    }
    p->at = at;
    return seen;
}

static void skip_space(struct place *p)
{
    while (p->at < p->end && class_here(p) & BLANK)
        p->at++;
}

/* A name or value: the input itself where nothing in it needs decoding, else in the store. */
struct piece {
    struct span text; /* its pointer is NULL while it lies in the store, which may move */
    size_t at;
    bool plain; /* see struct html_attribute */
};

static struct span piece_text(const struct html_tokenizer *t, struct span text, size_t at)
{
    return text.ptr ? text : (struct span){t->store.ptr + at, text.len};
}

static struct piece piece_stored(const struct html_tokenizer *t, size_t at)
{
    return (struct piece){.text = {NULL, t->store.len - at}, .at = at};
}

/* What ends a name of an element, or of an attribute. */
#define ELEMENT_STOPS   (BLANK | SLASH | END)
#define ATTRIBUTE_STOPS (BLANK | SLASH | END | EQUALS)

/* A name of any length from `from`, before or at *p, to where `stops` says, in lower case. */
static struct piece read_long_name(struct html_tokenizer *t, struct place *p, const char *from,
                                   unsigned stops)
{
    unsigned seen = run(p, stops);
    struct span text = {from, (size_t)(p->at - from)};
    if (!(seen & (UPPER | CODED)))
        return (struct piece){.text = text};
    size_t stored = t->store.len;
    html_store_add(t, text);
    for (size_t i = stored; i < t->store.len; i++)
        t->store.ptr[i] = ascii_lower(t->store.ptr[i]);
    return piece_stored(t, stored);
}

static struct piece store_lower(struct html_tokenizer *t, scan_block block, unsigned len)
{
    char *to = buf_reserve(&t->store, sizeof(block));
    if (to) {
        block |= (scan_block)(block - scan_all('A') < scan_all(26)) & scan_all(' ');
        memcpy(to, &block, sizeof(block));
        buf_commit(&t->store, len);
    }
    return piece_stored(t, t->store.len - (to ? len : 0));
}

/*
 * The same. Nearly all names are shorter than a block and stand before one more: their end is found
 * in one step.
 */
static inline struct piece read_name(struct html_tokenizer *t, struct place *p, const char *from,
                                     unsigned stops)
{
    if (from != p->at || (size_t)(p->end - p->at) < sizeof(scan_block))
        return read_long_name(t, p, from, stops);
    scan_block block = scan_load(from);
    scan_block marks = (scan_block)(block <= scan_all(' ')) | (scan_block)(block == scan_all('>')) |
                       (scan_block)(block == scan_all('/'));
    if (stops & EQUALS)
        marks |= (scan_block)(block == scan_all('='));
    unsigned found = scan_bits(marks);
    unsigned len = found ? (unsigned)__builtin_ctz(found) : 0;
    if (len == 0 || !(classes[(unsigned char)from[len]] & stops)) /* a control ends no name */
        return read_long_name(t, p, from, stops);
    p->at += len;
    unsigned upper = scan_bits((scan_block)(block - scan_all('A') < scan_all(26)));
    if (upper & ((1U << len) - 1))
        return store_lower(t, block, len);
    return (struct piece){.text = {from, len}};
}

/* References resolved, U+0000 replaced. */
static struct piece decode_value(struct html_tokenizer *t, struct span s)
{
    size_t stored = t->store.len;
    while (s.len > 0) {
        const char *amp = memchr(s.ptr, '&', s.len);
        size_t plain = amp ? (size_t)(amp - s.ptr) : s.len;
        html_store_add(t, span_part(s, 0, plain));
        s = span_part(s, plain, s.len);
        if (!amp)
            break;
        struct html_reference reference;
        if (html_reference(s, true, &reference)) {
            buf_add(&t->store, reference.text, reference.text_len);
            s = span_part(s, reference.used, s.len);
        } else {
            buf_add_char(&t->store, '&');
            s = span_part(s, 1, s.len);
        }
    }
    return piece_stored(t, stored);
}

static struct piece unquoted_piece(struct html_tokenizer *t, struct span text, bool coded,
                                   bool quoted)
{
    if (coded)
        return decode_value(t, text);
    return (struct piece){.text = text, .plain = !quoted};
}

static struct piece read_long_unquoted(struct html_tokenizer *t, struct place *p, const char *from)
{
    unsigned seen = run(p, BLANK | END);
    struct span text = {from, (size_t)(p->at - from)};
    return unquoted_piece(t, text, seen & CODED, seen & DOUBLE);
}

/* The same as for names: nearly all end within a block. */
static struct piece read_unquoted(struct html_tokenizer *t, struct place *p)
{
    const char *from = p->at;
    if ((size_t)(p->end - from) < sizeof(scan_block))
        return read_long_unquoted(t, p, from);
    scan_block block = scan_load(from);
    unsigned stop =
        scan_bits((scan_block)(block <= scan_all(' ')) | (scan_block)(block == scan_all('>')));
    unsigned len = stop ? (unsigned)__builtin_ctz(stop) : 0;
    if (!stop || !(classes[(unsigned char)from[len]] & (BLANK | END)))
        return read_long_unquoted(t, p, from);
    unsigned inside = (1U << len) - 1;
    unsigned coded = scan_bits(scan_any(block, "&<\xEF"));
    unsigned quoted = scan_bits((scan_block)(block == scan_all('"')));
    p->at += len;
    return unquoted_piece(t, (struct span){from, len}, coded & inside, quoted & inside);
}

/* Behind '=' and blanks. Long values in quotes are most of what stands in a tag. */
static struct piece read_value(struct html_tokenizer *t, struct place *p)
{
    char quote = *p->at;
    if (quote != '"' && quote != '\'')
        return read_unquoted(t, p);
    bool escaped = false;
    const char stops[3] = {quote, '&', '\0'};
    struct span text = {p->at + 1, (size_t)(p->end - p->at - 1)}, rest = text;
    text.len = scan_to(text, 0, stops, "<>\xEF", &escaped);
    bool coded = text.len < rest.len && text.ptr[text.len] != quote;
    if (coded) {
        const char *close = memchr(text.ptr + text.len, quote, rest.len - text.len);
        text.len = close ? (size_t)(close - text.ptr) : rest.len;
    }
    p->at = text.ptr + text.len + (text.len < rest.len);
    if (coded)
        return decode_value(t, text);
    return (struct piece){.text = text, .plain = !escaped && quote == '"'};
}

/* Secret and another one for each document: nobody can make names that fall on one slot. */
static uint64_t name_hash(uint64_t key, struct span name)
{
    uint64_t hash = name.len, word;
    for (; name.len > sizeof(word); name = span_part(name, sizeof(word), name.len)) {
        memcpy(&word, name.ptr, sizeof(word));
        hash = (hash + word) * key;
        hash ^= hash >> 32;
    }
    word = 0;
    for (size_t i = 0; i < name.len; i++)
        word = word << 8 | (unsigned char)name.ptr[i];
    return (hash + word) * key >> 32;
}

static struct span name_of(const struct html_tokenizer *t, size_t index)
{
    return piece_text(t, t->attributes[index].name, t->attributes[index].name_at);
}

#define FEW 8 /* names that are compared with each other faster than they are hashed */

/*
 * Notes `name` as attribute `index`, unless it was there before. A crowd of names with one hash
 * costs at most LIMIT_ATTRIBUTES comparisons a name.
 */
static bool note_hashed(struct html_tokenizer *t, struct span name, size_t index)
{
    uint64_t slot = name_hash(t->key, name);
    for (;; slot++) {
        struct html_attribute_slot *s = &t->slots[slot % HTML_ATTRIBUTE_SLOTS];
        if (s->tag != t->tag_number) {
            *s = (struct html_attribute_slot){.tag = t->tag_number, .index = (uint32_t)index};
            return true;
        }
        if (span_equal(name, name_of(t, s->index)))
            return false;
    }
}

/* The names of a tag become many. */
static void note_first(struct html_tokenizer *t)
{
    if (t->key == 0) {
        memset(t->slots, 0, sizeof(t->slots));
        randombytes_buf(&t->key, sizeof(t->key));
        t->key |= 1;
    }
    for (size_t i = 0; i < FEW; i++)
        note_hashed(t, name_of(t, i), i);
}

/* Is `name`, which would be attribute `index`, new in this tag? *seen has a bit for each one's
 * length and first letter: where that is new, so is the name. */
static bool note_name(struct html_tokenizer *t, struct span name, size_t index, uint64_t *seen)
{
    uint64_t bit = 1ULL << ((name.len * 7 + (unsigned char)name.ptr[0]) % 64);
    bool first = !(*seen & bit);
    *seen |= bit;
    if (index == FEW)
        note_first(t);
    if (index >= FEW)
        return note_hashed(t, name, index);
    for (size_t i = 0; !first && i < index; i++)
        if (t->attributes[i].name.len == name.len && span_equal(name, name_of(t, i)))
            return false;
    return true;
}

/* One attribute, at its first character; counts it when it is the first of its name. */
static void read_attribute(struct html_tokenizer *t, struct place *p, size_t *count,
                           uint64_t *names)
{
    size_t stored = t->store.len;
    const char *from = p->at;
    p->at += *from == '='; /* 13.2.5.32: a name may begin with '=' */
    struct piece name = read_name(t, p, from, ATTRIBUTE_STOPS);
    struct piece value = {.text = {t->in.ptr, 0}};
    skip_space(p);
    if (!at_end(p) && *p->at == '=') {
        p->at++;
        skip_space(p);
        if (!at_end(p) && *p->at != '>')
            value = read_value(t, p);
    }
    if (buf_error(&t->store) || name.text.len == 0)
        return;
    if (*count == LIMIT_ATTRIBUTES ||
        !note_name(t, piece_text(t, name.text, name.at), *count, names)) {
        t->store.len = stored; /* not kept: its bytes need not be either */
        return;
    }
    /* Member by member: what is written in small pieces and read at once in large ones waits. */
    struct html_attribute *a = &t->attributes[(*count)++];
    a->name = name.text;
    a->value = value.text;
    a->name_at = name.at;
    a->value_at = value.at;
    a->plain = value.plain;
}

/* Behind the name, up to the '>' or the end. How many there are. */
static size_t read_attributes(struct html_tokenizer *t, struct place *p, bool *ret_self_closing)
{
    size_t count = 0;
    uint64_t names = 0;
    t->tag_number++;
    while (!buf_error(&t->store)) {
        skip_space(p);
        if (at_end(p) || *p->at == '>')
            break;
        if (*p->at == '/') {
            p->at++;
            *ret_self_closing = !at_end(p) && *p->at == '>';
            continue;
        }
        read_attribute(t, p, &count, &names);
    }
    for (size_t i = 0; t->store.len > 0 && i < count; i++) { /* it moves no more */
        struct html_attribute *a = &t->attributes[i];
        a->name = piece_text(t, a->name, a->name_at);
        a->value = piece_text(t, a->value, a->value_at);
    }
    return count;
}

bool html_tag_read(struct html_tokenizer *t, bool end, struct html_token *ret)
{
    bool self_closing = false;
    size_t count = 0;
    struct place p = {t->in.ptr + t->at + (end ? 2 : 1), t->in.ptr + t->in.len};
    struct piece name = read_name(t, &p, p.at, ELEMENT_STOPS);
    if (at_end(&p) || *p.at != '>')
        count = read_attributes(t, &p, &self_closing);
    bool complete = !at_end(&p) && !buf_error(&t->store);
    t->at = complete ? (size_t)(p.at - t->in.ptr) + 1 : t->in.len;
    if (!complete)
        return false;
    ret->type = end ? HTML_END_TAG : HTML_START_TAG;
    ret->text = piece_text(t, name.text, name.at);
    ret->attributes = t->attributes;
    ret->attributes_count = count;
    ret->self_closing = self_closing;
    ret->plain = false;
    ret->doctype = NULL;
    return true;
}
