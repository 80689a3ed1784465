#include "lib/mime_sender.h"

#include "lib/mime_field.h"

/* ---- the words of the field: RFC 8601 section 2.2, RFC 2045 section 5.1, RFC 5322 section 3.2 ---
 */

struct reader {
    struct span text;
    size_t at;
    bool bad; /* cannot be read: whatever it says does not count */
};

/* A name is at most 253 bytes long; what is longer is cut, and fits nothing. */
struct word {
    char text[256];
    size_t len;
};

static struct span word_span(const struct word *word)
{
    return (struct span){word->text, word->len};
}

static void word_put(struct word *word, char c)
{
    if (word->len < sizeof(word->text))
        word->text[word->len++] = ascii_lower(c);
}

static bool at_end(const struct reader *reader)
{
    return reader->bad || reader->at == reader->text.len;
}

static char peek(const struct reader *reader)
{
    return at_end(reader) ? '\0' : reader->text.ptr[reader->at];
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind the comment that begins here; they nest. */
static void skip_comment(struct reader *reader)
{
    size_t depth = 0;
    for (; !at_end(reader); reader->at++) {
        char c = peek(reader);
        depth += c == '(';
        depth -= c == ')';
        reader->at += c == '\\' && reader->at + 1 < reader->text.len;
        if (depth == 0) {
            reader->at++;
            return;
        }
    }
    reader->bad = true;
}

/* Blanks, folds and comments. */
static void skip(struct reader *reader)
{
    while (!at_end(reader)) {
        if (is_blank(peek(reader)))
            reader->at++;
        else if (peek(reader) == '(')
            skip_comment(reader);
        else
            return;
    }
}

static bool take_char(struct reader *reader, char c)
{
    skip(reader);
    if (peek(reader) != c)
        return false;
    reader->at++;
    return true;
}

static bool is_keyword_char(char c)
{
    char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void read_keyword(struct reader *reader, struct word *ret)
{
    skip(reader);
    ret->len = 0;
    for (; !at_end(reader) && is_keyword_char(peek(reader)); reader->at++)
        word_put(ret, peek(reader));
    if (ret->len == 0)
        reader->bad = true;
}

static void read_quoted(struct reader *reader, struct word *ret)
{
    for (reader->at++; !at_end(reader); reader->at++) {
        char c = peek(reader);
        if (c == '"') {
            reader->at++;
            return;
        }
        if (c == '\\' && reader->at + 1 < reader->text.len)
            c = reader->text.ptr[++reader->at];
        word_put(ret, c);
    }
    reader->bad = true;
}

/* A value, quoted or not, or both ("local part"@domain). It may be empty: some borders say so of
 * what they do not know. */
static void read_value(struct reader *reader, struct word *ret)
{
    skip(reader);
    ret->len = 0;
    while (!at_end(reader) && !is_blank(peek(reader)) && !strchr(";(", peek(reader))) {
        if (peek(reader) == '"') {
            read_quoted(reader, ret);
        } else {
            word_put(ret, peek(reader));
            reader->at++;
        }
    }
}

/* ---- what they say ---- */

enum voice {
    VOICE_STRANGER, /* not of the border's */
    VOICE_SILENT,   /* the border's, without a word about DKIM */
    VOICE_SPEAKS,   /* the border's: what it says about DKIM is all there is */
};

struct signature {
    struct word d;
    struct word i;
    bool twice; /* one of them was named twice: no telling which was checked */
};

static bool is_word(const struct word *word, const char *text)
{
    return span_equal(word_span(word), span_of(text));
}

static bool is_listed(const struct word *id, const char *list)
{
    for (const char *at = list; *at;) {
        size_t len = strcspn(at, ", \t");
        if (len > 0 && span_equal_nocase(word_span(id), (struct span){at, len}))
            return true;
        at += len + (at[len] != '\0');
    }
    return false;
}

static bool is_domain(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!is_keyword_char(name.ptr[i]) && name.ptr[i] != '.')
            return false;
    return name.len > 0 && name.len <= 253;
}

static void add_signer(const struct signature *signature, struct rules_sender *ret)
{
    struct span domain = word_span(signature->d.len ? &signature->d : &signature->i);
    const char *at = memrchr(domain.ptr, '@', domain.len);
    if (signature->d.len == 0 && at) /* an address, the domain of which is the signer's */
        domain = span_part(domain, (size_t)(at - domain.ptr) + 1, domain.len);
    if (span_ends(domain, SPAN(".")))
        domain.len--;
    if (signature->twice || !is_domain(domain) || ret->count == RULES_SENDER_DOMAINS)
        return;
    char *to = ret->domains[ret->count++];
    memcpy(to, domain.ptr, domain.len);
    to[domain.len] = '\0';
}

/* "reason=..." or "header.d=...". */
static void read_property(struct reader *reader, struct signature *ret)
{
    struct word kind, name = {.len = 0}, value;
    read_keyword(reader, &kind);
    if (take_char(reader, '.'))
        read_keyword(reader, &name);
    if (!take_char(reader, '='))
        reader->bad = true;
    read_value(reader, &value);
    bool is_d = is_word(&name, "d");
    if (!is_word(&kind, "header") || !(is_d || is_word(&name, "i")))
        return;
    struct word *to = is_d ? &ret->d : &ret->i;
    ret->twice |= to->len > 0;
    *to = value;
}

/* One "method=result property=value ...", up to the next ';'. */
static void read_result(struct reader *reader, enum voice *voice, struct rules_sender *ret)
{
    struct word method, result = {.len = 0}, version;
    struct signature signature = {.twice = false};
    read_keyword(reader, &method);
    if (take_char(reader, '/'))
        read_keyword(reader, &version);
    if (take_char(reader, '='))
        read_keyword(reader, &result);
    else if (!is_word(&method, "none")) /* alone: nothing was checked at all */
        reader->bad = true;
    skip(reader);
    while (!at_end(reader) && peek(reader) != ';') {
        read_property(reader, &signature);
        skip(reader);
    }
    if (is_word(&method, "dkim") || is_word(&method, "none"))
        *voice = VOICE_SPEAKS;
    if (is_word(&method, "dkim") && is_word(&result, "pass"))
        add_signer(&signature, ret);
}

static bool has_stray(struct span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (mime_field_is_stray(value, i))
            return true;
    return false;
}

static enum voice read_field(struct span value, const char *ids, struct rules_sender *ret)
{
    struct reader reader = {.text = value};
    struct rules_sender sender = {.count = 0};
    struct word id, version;
    enum voice voice = VOICE_SILENT;
    read_value(&reader, &id);
    if (!is_listed(&id, ids))
        return VOICE_STRANGER;
    reader.bad |= has_stray(value);
    skip(&reader);
    if (!at_end(&reader) && peek(&reader) != ';') {
        read_value(&reader, &version);
        reader.bad |= !is_word(&version, "1"); /* the only one that RFC 8601 knows */
    }
    while (skip(&reader), !at_end(&reader)) {
        if (!take_char(&reader, ';'))
            reader.bad = true;
        skip(&reader);
        if (!at_end(&reader) && peek(&reader) != ';') /* a ';' too many is common */
            read_result(&reader, &voice, &sender);
    }
    if (reader.bad)
        return VOICE_SPEAKS;
    *ret = sender;
    return voice;
}

void mime_sender_read(struct span message, const struct mime_part *top, const char *authserv_ids,
                      struct rules_sender *ret)
{
    struct mime_fields fields = {.message = message, .at = top->header, .end = top->header_end};
    struct mime_field field;
    enum voice voice = VOICE_STRANGER;
    *ret = (struct rules_sender){.count = 0};
    if (!authserv_ids || !*authserv_ids)
        return;
    while (voice != VOICE_SPEAKS && mime_field_next(&fields, &field)) {
        if (span_equal_nocase(field.name, SPAN("Received")) && voice == VOICE_SILENT)
            return;
        if (!span_equal_nocase(field.name, SPAN("Authentication-Results")))
            continue;
        enum voice heard = read_field(field.value, authserv_ids, ret);
        voice = heard > voice ? heard : voice;
    }
}

bool mime_sender_covers(const struct mime_scan *scan, size_t index)
{
    for (size_t i = scan->parts[index].parent; i != MIME_NO_PARENT; i = scan->parts[i].parent)
        if (scan->parts[i].kind == MIME_MESSAGE)
            return false;
    return true;
}
