#include "lib/html_allow.h"

#include "base/err.h"
#include "base/scan.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct row {
    const char *name;
    int kind;
};

/* Not here, so that their tags go and their text stays: forms and their
 * parts, template and noscript (read as what they hold), object, embed, media, frames, link. */
/* clang-format off */
static const struct row elements[] = {
    {"a", HTML_LINK}, {"abbr", HTML_KEPT}, {"acronym", HTML_KEPT}, {"address", HTML_KEPT},
    {"area", HTML_LINK}, {"article", HTML_KEPT}, {"aside", HTML_KEPT}, {"b", HTML_KEPT},
    {"base", HTML_BASE}, {"bdi", HTML_KEPT}, {"bdo", HTML_KEPT}, {"big", HTML_KEPT},
    {"blockquote", HTML_KEPT}, {"body", HTML_BOX}, {"br", HTML_VOID}, {"caption", HTML_KEPT},
    {"center", HTML_KEPT}, {"cite", HTML_KEPT}, {"code", HTML_KEPT}, {"col", HTML_VOID},
    {"colgroup", HTML_KEPT}, {"data", HTML_KEPT}, {"dd", HTML_KEPT}, {"del", HTML_KEPT},
    {"details", HTML_KEPT}, {"dfn", HTML_KEPT}, {"dir", HTML_KEPT}, {"div", HTML_KEPT},
    {"dl", HTML_KEPT}, {"dt", HTML_KEPT}, {"em", HTML_KEPT}, {"figcaption", HTML_KEPT},
    {"figure", HTML_KEPT}, {"font", HTML_KEPT}, {"footer", HTML_KEPT}, {"h1", HTML_KEPT},
    {"h2", HTML_KEPT}, {"h3", HTML_KEPT}, {"h4", HTML_KEPT}, {"h5", HTML_KEPT}, {"h6", HTML_KEPT},
    {"head", HTML_HEAD}, {"header", HTML_KEPT}, {"hgroup", HTML_KEPT}, {"hr", HTML_VOID},
    {"html", HTML_ROOT}, {"i", HTML_KEPT}, {"iframe", HTML_SILENT}, {"image", HTML_IMG},
    {"img", HTML_IMG}, {"ins", HTML_KEPT}, {"kbd", HTML_KEPT}, {"li", HTML_KEPT},
    {"main", HTML_KEPT}, {"map", HTML_KEPT}, {"mark", HTML_KEPT}, {"math", HTML_FOREIGN},
    {"menu", HTML_KEPT}, {"meta", HTML_META}, {"nav", HTML_KEPT}, {"nobr", HTML_KEPT},
    {"noembed", HTML_SILENT}, {"noframes", HTML_SILENT}, {"ol", HTML_KEPT}, {"p", HTML_KEPT},
    {"picture", HTML_KEPT}, {"plaintext", HTML_TEXT_ONLY}, {"pre", HTML_KEPT}, {"q", HTML_KEPT},
    {"rb", HTML_KEPT}, {"rp", HTML_KEPT}, {"rt", HTML_KEPT}, {"rtc", HTML_KEPT},
    {"ruby", HTML_KEPT}, {"s", HTML_KEPT}, {"samp", HTML_KEPT}, {"script", HTML_SILENT},
    {"section", HTML_KEPT}, {"small", HTML_KEPT}, {"source", HTML_SOURCE}, {"span", HTML_KEPT},
    {"strike", HTML_KEPT}, {"strong", HTML_KEPT}, {"style", HTML_STYLE}, {"sub", HTML_KEPT},
    {"summary", HTML_KEPT}, {"sup", HTML_KEPT}, {"svg", HTML_FOREIGN}, {"table", HTML_BOX},
    {"tbody", HTML_KEPT}, {"td", HTML_BOX}, {"textarea", HTML_TEXT_ONLY}, {"tfoot", HTML_KEPT},
    {"th", HTML_BOX}, {"thead", HTML_KEPT}, {"time", HTML_KEPT}, {"title", HTML_TITLE},
    {"tr", HTML_BOX}, {"tt", HTML_KEPT}, {"u", HTML_KEPT}, {"ul", HTML_KEPT}, {"var", HTML_KEPT},
    {"wbr", HTML_VOID}, {"xmp", HTML_TEXT_ONLY},
};

static const struct row attributes[] = {
    {"abbr", HTML_ATTR_TEXT}, {"align", HTML_ATTR_PLAIN}, {"alink", HTML_ATTR_PLAIN},
    {"alt", HTML_ATTR_TEXT}, {"aria-describedby", HTML_ATTR_TEXT},
    {"aria-description", HTML_ATTR_TEXT}, {"aria-hidden", HTML_ATTR_PLAIN},
    {"aria-label", HTML_ATTR_TEXT}, {"aria-labelledby", HTML_ATTR_TEXT},
    {"aria-level", HTML_ATTR_PLAIN}, {"aria-live", HTML_ATTR_PLAIN},
    {"aria-roledescription", HTML_ATTR_TEXT}, {"axis", HTML_ATTR_PLAIN},
    {"background", HTML_ATTR_BACKGROUND}, {"bgcolor", HTML_ATTR_PLAIN},
    {"bgproperties", HTML_ATTR_PLAIN}, {"border", HTML_ATTR_PLAIN},
    {"bordercolor", HTML_ATTR_PLAIN}, {"bordercolordark", HTML_ATTR_PLAIN},
    {"bordercolorlight", HTML_ATTR_PLAIN}, {"bottommargin", HTML_ATTR_PLAIN},
    {"cellpadding", HTML_ATTR_PLAIN}, {"cellspacing", HTML_ATTR_PLAIN}, {"char", HTML_ATTR_PLAIN},
    {"charoff", HTML_ATTR_PLAIN}, {"class", HTML_ATTR_TEXT}, {"clear", HTML_ATTR_PLAIN},
    {"color", HTML_ATTR_PLAIN}, {"cols", HTML_ATTR_PLAIN}, {"colspan", HTML_ATTR_PLAIN},
    {"compact", HTML_ATTR_PLAIN}, {"coords", HTML_ATTR_PLAIN},
    {"data-shoji-src", HTML_ATTR_HELD_SRC}, {"data-shoji-style", HTML_ATTR_HELD_STYLE},
    {"data-shoji-tracker", HTML_ATTR_TRACKER}, {"datetime", HTML_ATTR_TEXT},
    {"decoding", HTML_ATTR_PLAIN}, {"dir", HTML_ATTR_PLAIN}, {"face", HTML_ATTR_PLAIN},
    {"fetchpriority", HTML_ATTR_PLAIN}, {"frame", HTML_ATTR_PLAIN}, {"headers", HTML_ATTR_PLAIN},
    {"height", HTML_ATTR_PLAIN}, {"hidden", HTML_ATTR_PLAIN}, {"href", HTML_ATTR_HREF},
    {"hspace", HTML_ATTR_PLAIN}, {"id", HTML_ATTR_TEXT}, {"ismap", HTML_ATTR_PLAIN},
    {"lang", HTML_ATTR_PLAIN}, {"leftmargin", HTML_ATTR_PLAIN}, {"link", HTML_ATTR_PLAIN},
    {"loading", HTML_ATTR_PLAIN}, {"marginheight", HTML_ATTR_PLAIN},
    {"marginwidth", HTML_ATTR_PLAIN}, {"media", HTML_ATTR_CONDITION}, {"name", HTML_ATTR_TEXT},
    {"noshade", HTML_ATTR_PLAIN}, {"nowrap", HTML_ATTR_PLAIN}, {"open", HTML_ATTR_PLAIN},
    {"referrerpolicy", HTML_ATTR_PLAIN}, {"rel", HTML_ATTR_REL}, {"reversed", HTML_ATTR_PLAIN},
    {"rightmargin", HTML_ATTR_PLAIN}, {"role", HTML_ATTR_PLAIN}, {"rows", HTML_ATTR_PLAIN},
    {"rowspan", HTML_ATTR_PLAIN}, {"rules", HTML_ATTR_PLAIN}, {"scope", HTML_ATTR_PLAIN},
    {"shape", HTML_ATTR_PLAIN}, {"size", HTML_ATTR_PLAIN}, {"sizes", HTML_ATTR_CONDITION},
    {"span", HTML_ATTR_PLAIN}, {"src", HTML_ATTR_SRC}, {"srcset", HTML_ATTR_SRCSET},
    {"start", HTML_ATTR_PLAIN}, {"style", HTML_ATTR_STYLE}, {"summary", HTML_ATTR_TEXT},
    {"target", HTML_ATTR_TARGET}, {"text", HTML_ATTR_PLAIN}, {"title", HTML_ATTR_TEXT},
    {"topmargin", HTML_ATTR_PLAIN}, {"type", HTML_ATTR_PLAIN}, {"usemap", HTML_ATTR_FRAGMENT},
    {"valign", HTML_ATTR_PLAIN}, {"value", HTML_ATTR_PLAIN}, {"vlink", HTML_ATTR_PLAIN},
    {"vspace", HTML_ATTR_PLAIN}, {"width", HTML_ATTR_PLAIN},
};
/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Where a name stands, by a hash of it: tags and attributes are looked up at every turn. */
#define INDEX_SLOTS 256

struct index {
    struct slot {
        struct span_words words;
        unsigned char len; /* of the name; 0: empty */
        struct html_attribute_kind kind;
    } slots[INDEX_SLOTS];
};

_Static_assert(COUNT(elements) < INDEX_SLOTS / 2 && COUNT(attributes) < INDEX_SLOTS / 2,
               "there are empty slots");

static struct index element_index, attribute_index;
static pthread_once_t index_once = PTHREAD_ONCE_INIT;
static atomic_bool index_ready;

/* Names longer than 16 bytes have more than their words. */
static bool is_name(const struct slot *slot, struct span name, struct span_words words)
{
    return slot->len == name.len && slot->words.first == words.first &&
           slot->words.last == words.last &&
           (name.len <= 16 || memcmp(slot->kind.open + 1, name.ptr, name.len) == 0);
}

static struct slot *slot_of(struct index *index, struct span name, struct span_words words)
{
    uint64_t hash = (words.first + words.last * 0x9E3779B97F4A7C15 + name.len) * 0xD6E8FEB86659FD93;
    for (size_t i = hash >> 56;; i++) {
        struct slot *slot = &index->slots[i % INDEX_SLOTS];
        if (slot->len == 0 || is_name(slot, name, words))
            return slot;
    }
}

static void index_rows(struct index *index, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct span name = span_of(rows[i].name);
        struct span_words words = span_words_of(name.ptr, name.len);
        struct slot *slot = slot_of(index, name, words);
        must(name.len + 3 <= sizeof(slot->kind.open));
        *slot = (struct slot){.words = words,
                              .len = (unsigned char)name.len,
                              .kind = {.rule = (unsigned char)rows[i].kind,
                                       .open_len = (unsigned char)(name.len + 3)}};
        slot->kind.open[0] = ' ';
        memcpy(mempcpy(slot->kind.open + 1, name.ptr, name.len), "=\"", 2);
    }
}

static void index_all(void)
{
    index_rows(&element_index, elements, COUNT(elements));
    index_rows(&attribute_index, attributes, COUNT(attributes));
    atomic_store_explicit(&index_ready, true, memory_order_release);
}

static const struct html_attribute_kind *find(struct span name, struct index *index)
{
    static const struct html_attribute_kind unknown;
    if (!atomic_load_explicit(&index_ready, memory_order_acquire)) /* a call costs more */
        pthread_once(&index_once, index_all);
    if (name.len == 0 || name.len > HTML_ATTRIBUTE_OPEN - 3)
        return &unknown;
    const struct slot *slot = slot_of(index, name, span_words_of(name.ptr, name.len));
    return slot->len ? &slot->kind : &unknown;
}

enum html_element html_element_find(struct span name)
{
    return (enum html_element)find(name, &element_index)->rule;
}

const struct html_attribute_kind *html_attribute_find(struct span name)
{
    return find(name, &attribute_index);
}

/* Letters, digits, and marks that are no syntax in CSS. */
static bool is_usual(scan_block b)
{
    scan_block letters = (scan_block)((b | scan_all(' ')) - scan_all('a') < scan_all(26));
    scan_block digits = (scan_block)(b - scan_all(',') < scan_all(14)); /* and ",-./" */
    scan_block marks = (scan_block)(b == scan_all('#')) | (scan_block)(b == scan_all('%')) |
                       (scan_block)(b == scan_all(' '));
    scan_block slashes = (scan_block)(b == scan_all('/'));
    return !scan_hit(~(letters | digits | marks) | slashes);
}

static bool is_all_usual(struct span s)
{
    size_t at = 0;
    if (s.len < sizeof(scan_block))
        return s.len == 0 || is_usual(scan_load_few(s.ptr, s.len));
    for (; s.len - at > sizeof(scan_block); at += sizeof(scan_block))
        if (!is_usual(scan_load(s.ptr + at)))
            return false;
    return is_usual(scan_load(s.ptr + s.len - sizeof(scan_block)));
}

/* Nothing that could be syntax in CSS, nor the start of a host. */
static bool is_plain(struct span value)
{
    static const bool syntax[256] = {
        ['\0'] = true, [':'] = true, [';'] = true,  ['('] = true, [')'] = true,
        ['{'] = true,  ['}'] = true, ['\\'] = true, ['@'] = true, ['<'] = true,
        ['>'] = true,  ['"'] = true, ['`'] = true};
    char before = '\0';
    if (is_all_usual(value))
        return true;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (syntax[(unsigned char)c] || (c == '/' && before == '/'))
            return false;
        before = c;
    }
    return true;
}

static bool is_word(char c)
{
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* The bracket at `at`: after nothing, or after what reckons or joins. url() and expression() load.
 */
static bool is_plain_bracket(struct span value, size_t at)
{
    static const char *const harmless[] = {"", "and", "or", "not", "calc", "min", "max", "clamp"};
    size_t start = at;
    while (start > 0 && is_word(value.ptr[start - 1]))
        start--;
    struct span name = span_part(value, start, at - start);
    for (size_t i = 0; i < COUNT(harmless); i++)
        if (span_equal_nocase(name, span_of(harmless[i])))
            return true;
    return false;
}

static bool is_condition(struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (!is_word(c) && (c == '\0' || !strchr(" \t\n():,.<>=+*%", c)))
            return false;
        if (c == '(' && !is_plain_bracket(value, i))
            return false;
    }
    return true;
}

bool html_value_allowed(enum html_attribute_rule rule, struct span value)
{
    if (rule == HTML_ATTR_PLAIN)
        return is_plain(value);
    if (rule == HTML_ATTR_CONDITION)
        return is_condition(value);
    if (rule == HTML_ATTR_FRAGMENT)
        return value.len > 0 && value.ptr[0] == '#';
    return true;
}

static bool listed(struct span name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (span_equal_nocase(name, span_of(list[i])))
            return true;
    return false;
}

bool html_meta_allowed(struct span name)
{
    static const char *const names[] = {"viewport", "color-scheme", "supported-color-schemes",
                                        "format-detection", "x-apple-disable-message-reformatting"};
    return listed(name, names, COUNT(names));
}

bool html_breaks_out(struct span name)
{
    static const char *const names[] = {
        "b",      "big",  "blockquote", "body",  "br",   "center", "code",    "dd",   "div",
        "dl",     "dt",   "em",         "embed", "h1",   "h2",     "h3",      "h4",   "h5",
        "h6",     "head", "hr",         "i",     "img",  "li",     "listing", "menu", "meta",
        "nobr",   "ol",   "p",          "pre",   "ruby", "s",      "small",   "span", "strong",
        "strike", "sub",  "sup",        "table", "tt",   "u",      "ul",      "var",
    };
    return listed(name, names, COUNT(names));
}
