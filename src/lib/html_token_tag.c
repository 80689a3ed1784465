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

/* Moves t->at behind the run that `stops` does not contain, and adds it in lower case. */
static void read_name(struct html_tokenizer *t, const char *stops)
{
    size_t from = t->at;
    while (!at_end(t) && !ascii_is_space(here(t)) && (here(t) == '\0' || !strchr(stops, here(t))))
        t->at++;
    size_t stored = t->store.len;
    html_store_add(t, span_part(t->in, from, t->at - from));
    for (size_t i = stored; i < t->store.len; i++)
        t->store.ptr[i] = ascii_lower(t->store.ptr[i]);
}

/* A value up to `t->in.ptr[end]`: references resolved, U+0000 replaced. */
static void read_value(struct html_tokenizer *t, size_t end)
{
    while (t->at < end) {
        struct span s = span_part(t->in, t->at, end - t->at);
        const char *amp = memchr(s.ptr, '&', s.len);
        size_t plain = amp ? (size_t)(amp - s.ptr) : s.len;
        html_store_add(t, span_part(s, 0, plain));
        t->at += plain;
        if (!amp)
            return;
        struct html_reference reference;
        if (html_reference(span_part(s, plain, s.len), true, &reference)) {
            buf_add(&t->store, reference.text, reference.text_len);
            t->at += reference.used;
        } else {
            buf_add_char(&t->store, '&');
            t->at++;
        }
    }
}

static size_t find_quote(const struct html_tokenizer *t, char quote)
{
    const char *found = memchr(t->in.ptr + t->at, quote, t->in.len - t->at);
    return found ? (size_t)(found - t->in.ptr) : t->in.len;
}

/* Behind '=' and blanks. */
static void read_attribute_value(struct html_tokenizer *t)
{
    char c = here(t);
    if (c == '"' || c == '\'') {
        t->at++;
        size_t end = at_end(t) ? t->at : find_quote(t, c);
        read_value(t, end);
        t->at = end + 1;
        return;
    }
    size_t end = t->at;
    while (end < t->in.len && !ascii_is_space(t->in.ptr[end]) && t->in.ptr[end] != '>')
        end++;
    read_value(t, end);
}

static uint32_t name_hash(struct span name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return hash;
}

/*
 * Is `name` new in this tag? Then it is noted as attribute `index`. A crowd of names with one hash
 * costs at most LIMIT_ATTRIBUTES comparisons a name.
 */
static bool note_name(struct html_tokenizer *t, size_t name_at, size_t name_len, size_t index)
{
    struct span name = {t->store.ptr + name_at, name_len};
    uint32_t slot = name_hash(name);
    for (;; slot++) {
        struct html_attribute_slot *s = &t->slots[slot % HTML_ATTRIBUTE_SLOTS];
        if (s->tag != t->tag_number) {
            *s = (struct html_attribute_slot){.tag = t->tag_number, .index = (uint32_t)index};
            return true;
        }
        const struct html_attribute *other = &t->attributes[s->index];
        if (span_equal(name, (struct span){t->store.ptr + other->name_at, other->name.len}))
            return false;
    }
}

/* One attribute, at its first character; counts it when it is the first of its name. */
static void read_attribute(struct html_tokenizer *t, size_t *count)
{
    size_t name_at = t->store.len;
    if (here(t) == '=') { /* 13.2.5.32: a name may begin with '=' */
        buf_add_char(&t->store, '=');
        t->at++;
    }
    read_name(t, "/>=");
    size_t name_len = t->store.len - name_at;
    size_t value_at = t->store.len;
    skip_space(t);
    if (!at_end(t) && here(t) == '=') {
        t->at++;
        skip_space(t);
        if (!at_end(t) && here(t) != '>')
            read_attribute_value(t);
    }
    if (buf_error(&t->store) || name_len == 0)
        return;
    if (*count == LIMIT_ATTRIBUTES || !note_name(t, name_at, name_len, *count)) {
        t->store.len = name_at; /* not kept: its bytes need not be either */
        return;
    }
    t->attributes[(*count)++] = (struct html_attribute){
        .name = {NULL, name_len},
        .value = {NULL, t->store.len - value_at},
        .name_at = name_at,
        .value_at = value_at,
    };
}

bool html_tag_read(struct html_tokenizer *t, bool end, struct html_token *ret)
{
    size_t count = 0;
    bool self_closing = false;
    t->tag_number++;
    t->at += end ? 2 : 1;
    read_name(t, "/>");
    size_t name_len = t->store.len;
    for (;;) {
        skip_space(t);
        if (at_end(t))
            break;
        if (here(t) == '>')
            break;
        if (here(t) == '/') {
            t->at++;
            self_closing = !at_end(t) && here(t) == '>';
            continue;
        }
        read_attribute(t, &count);
    }
    if (at_end(t) || buf_error(&t->store)) {
        t->at = t->in.len;
        return false;
    }
    t->at++;
    for (size_t i = 0; i < count; i++) {
        t->attributes[i].name.ptr = t->store.ptr + t->attributes[i].name_at;
        t->attributes[i].value.ptr = t->store.ptr + t->attributes[i].value_at;
    }
    *ret = (struct html_token){
        .type = end ? HTML_END_TAG : HTML_START_TAG,
        .text = {t->store.ptr, name_len},
        .attributes = t->attributes,
        .attributes_count = count,
        .self_closing = self_closing,
    };
    return true;
}
