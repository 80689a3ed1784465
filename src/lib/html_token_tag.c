#include "base/scan.h"
#include "lib/html_entity.h"
#include "lib/html_token.h"

static bool at_end(const struct html_tokenizer *t)
{
    return t->at >= t->in.len;
}

static char here(const struct html_tokenizer *t)
{
    return t->in.ptr[t->at];
}

static void skip_space(struct html_tokenizer *t)
{
    while (!at_end(t) && ascii_is_space(here(t)))
        t->at++;
}

/* What a byte is to the names and values of a tag. */
enum {
    BLANK = 1,
    END = 2, /* '>' */
    SLASH = 4,
    EQUALS = 8,
    UPPER = 16,
    DOUBLE = 32, /* quotes */
    SINGLE = 64,
    CODED = 128, /* '&', or U+0000, which is replaced */
};

#define UPPER_8(from)                                                                              \
    [from] = UPPER, [from + 1] = UPPER, [from + 2] = UPPER, [from + 3] = UPPER,                    \
    [from + 4] = UPPER, [from + 5] = UPPER, [from + 6] = UPPER, [from + 7] = UPPER

static const unsigned char classes[256] = {
    ['\0'] = CODED, ['\t'] = BLANK, ['\n'] = BLANK,  ['\f'] = BLANK, ['\r'] = BLANK, [' '] = BLANK,
    ['"'] = DOUBLE, ['&'] = CODED,  ['\''] = SINGLE, ['/'] = SLASH,  ['='] = EQUALS, ['>'] = END,
    ['Y'] = UPPER,  ['Z'] = UPPER,  UPPER_8('A'),    UPPER_8('I'),   UPPER_8('Q'),
};

/* Moves t->at to the next byte of a class in `stops`; what classes there were on the way. */
static unsigned run(struct html_tokenizer *t, unsigned stops)
{
    unsigned seen = 0;
    for (; t->at < t->in.len; t->at++) {
        unsigned class = classes[(unsigned char)t->in.ptr[t->at]];
        if (class & stops)
            break;
        seen |= class;
    }
    return seen;
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

/* From t->in.ptr[from] to where `stops` says, in lower case. */
static struct piece read_name(struct html_tokenizer *t, size_t from, unsigned stops)
{
    unsigned seen = run(t, stops);
    struct span text = span_part(t->in, from, t->at - from);
    if (!(seen & (UPPER | CODED)))
        return (struct piece){.text = text};
    size_t stored = t->store.len;
    html_store_add(t, text);
    for (size_t i = stored; i < t->store.len; i++)
        t->store.ptr[i] = ascii_lower(t->store.ptr[i]);
    return piece_stored(t, stored);
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

static struct piece read_unquoted(struct html_tokenizer *t)
{
    size_t from = t->at;
    unsigned seen = run(t, BLANK | END);
    struct span text = span_part(t->in, from, t->at - from);
    return seen & CODED ? decode_value(t, text) : (struct piece){.text = text};
}

/* Behind '=' and blanks. Long values in double quotes are most of what stands in a tag. */
static struct piece read_value(struct html_tokenizer *t)
{
    char quote = here(t);
    if (quote != '"' && quote != '\'')
        return read_unquoted(t);
    size_t from = ++t->at;
    bool coded = false, escaped = false;
    const char stops[3] = {quote, '&', '\0'};
    t->at = scan_to(t->in, from, stops, "<>\xEF", &escaped);
    if (t->at < t->in.len && here(t) != quote) {
        coded = true;
        const char *end = memchr(t->in.ptr + t->at, quote, t->in.len - t->at);
        t->at = end ? (size_t)(end - t->in.ptr) : t->in.len;
    }
    struct span text = span_part(t->in, from, t->at - from);
    t->at++;
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

/* Is `name`, which would be attribute `index`, new in this tag? */
static bool note_name(struct html_tokenizer *t, struct span name, size_t index)
{
    if (index == FEW)
        for (size_t i = 0; i < FEW; i++)
            note_hashed(t, name_of(t, i), i);
    if (index >= FEW)
        return note_hashed(t, name, index);
    for (size_t i = 0; i < index; i++)
        if (t->attributes[i].name.len == name.len && span_equal(name, name_of(t, i)))
            return false;
    return true;
}

/* One attribute, at its first character; counts it when it is the first of its name. */
static void read_attribute(struct html_tokenizer *t, size_t *count)
{
    size_t stored = t->store.len, from = t->at;
    if (here(t) == '=') /* 13.2.5.32: a name may begin with '=' */
        t->at++;
    struct piece name = read_name(t, from, BLANK | SLASH | END | EQUALS);
    struct piece value = {.text = {t->in.ptr, 0}};
    skip_space(t);
    if (!at_end(t) && here(t) == '=') {
        t->at++;
        skip_space(t);
        if (!at_end(t) && here(t) != '>')
            value = read_value(t);
    }
    if (buf_error(&t->store) || name.text.len == 0)
        return;
    if (*count == LIMIT_ATTRIBUTES || !note_name(t, piece_text(t, name.text, name.at), *count)) {
        t->store.len = stored; /* not kept: its bytes need not be either */
        return;
    }
    t->attributes[(*count)++] = (struct html_attribute){.name = name.text,
                                                        .value = value.text,
                                                        .name_at = name.at,
                                                        .value_at = value.at,
                                                        .plain = value.plain};
}

static void give_tag(struct html_tokenizer *t, bool end, struct span name, struct html_token *ret)
{
    *ret = (struct html_token){
        .type = end ? HTML_END_TAG : HTML_START_TAG,
        .text = name,
        .attributes = t->attributes,
    };
}

/* Behind the name, up to the '>'. False when the input ends before. */
static bool read_attributes(struct html_tokenizer *t, size_t *ret_count, bool *ret_self_closing)
{
    *ret_count = 0;
    *ret_self_closing = false;
    t->tag_number++;
    for (;;) {
        skip_space(t);
        if (at_end(t) || buf_error(&t->store)) {
            t->at = t->in.len;
            return false;
        }
        if (here(t) == '>')
            return true;
        if (here(t) == '/') {
            t->at++;
            *ret_self_closing = !at_end(t) && here(t) == '>';
            continue;
        }
        read_attribute(t, ret_count);
    }
}

bool html_tag_read(struct html_tokenizer *t, bool end, struct html_token *ret)
{
    size_t count = 0;
    bool self_closing = false;
    t->at += end ? 2 : 1;
    struct piece name = read_name(t, t->at, BLANK | SLASH | END);
    if ((at_end(t) || here(t) != '>') && !read_attributes(t, &count, &self_closing))
        return false;
    t->at++;
    for (size_t i = 0; i < count; i++) {
        struct html_attribute *a = &t->attributes[i];
        a->name = piece_text(t, a->name, a->name_at);
        a->value = piece_text(t, a->value, a->value_at);
    }
    give_tag(t, end, piece_text(t, name.text, name.at), ret);
    ret->attributes_count = count;
    ret->self_closing = self_closing;
    return true;
}
