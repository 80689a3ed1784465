#include "decode/sniff_svg.h"

#include "base/err.h"
#include "base/limits.h"

#include <string.h>

struct text {
    const char *at;
    const char *end;
};

static bool starts(struct text t, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(t.end - t.at) >= len && memcmp(t.at, word, len) == 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

static void skip_space(struct text *t)
{
    while (t->at < t->end && is_space(*t->at))
        t->at++;
}

/* Past the next `word`; false: there is none. */
static bool skip_past(struct text *t, const char *word)
{
    for (; t->at < t->end; t->at++)
        if (starts(*t, word)) {
            t->at += strlen(word);
            return true;
        }
    return false;
}

/* At "svg", or at "svg" behind a prefix, as a whole name. */
static bool skip_svg(struct text *t)
{
    const char *name = t->at;
    while (t->at < t->end && is_name(*t->at)) {
        if (*t->at == ':')
            name = t->at + 1;
        t->at++;
    }
    return t->at < t->end && t->at - name == 3 && memcmp(name, "svg", 3) == 0;
}

/* Behind "<!", "<?" or a quote inside a document type's own declarations. */
static bool skip_declaration(struct text *t)
{
    if (starts(*t, "<!--"))
        return skip_past(t, "-->");
    if (starts(*t, "<?"))
        return skip_past(t, "?>");
    if (*t->at == '"' || *t->at == '\'') {
        const char quote[] = {*t->at++, '\0'};
        return skip_past(t, quote);
    }
    t->at++;
    return true;
}

/* XML 1.0, section 2.8: doctypedecl. */
static bool skip_doctype(struct text *t)
{
    t->at += strlen("<!DOCTYPE");
    skip_space(t);
    if (!skip_svg(t))
        return false;
    bool inside = false; /* of [...] */
    while (t->at < t->end) {
        char c = *t->at;
        if (c == '>' && !inside) {
            t->at++;
            return true;
        }
        if (c == '[' || c == ']')
            inside = c == '[';
        if (!skip_declaration(t))
            return false;
    }
    return false;
}

/* XML 1.0, section 2.8: the prolog, and the name of the element behind it. */
static bool is_document(struct text t)
{
    for (;;) {
        bool more = true;
        skip_space(&t);
        if (starts(t, "<?"))
            more = skip_past(&t, "?>");
        else if (starts(t, "<!--"))
            more = skip_past(&t, "-->");
        else if (starts(t, "<!DOCTYPE"))
            more = skip_doctype(&t);
        else
            break;
        if (!more)
            return false;
    }
    if (!starts(t, "<"))
        return false;
    t.at++;
    return skip_svg(&t) && (is_space(*t.at) || *t.at == '/' || *t.at == '>');
}

/* Its ASCII; anything else becomes a byte that no name has. */
static size_t narrow(const unsigned char *wide, size_t len, bool little, char *ret)
{
    size_t count = 0;
    for (size_t i = 0; i + 1 < len; i += 2) {
        unsigned char high = wide[little ? i + 1 : i];
        unsigned char low = wide[little ? i : i + 1];
        ret[count++] = high == 0 && low < 0x80 ? (char)low : '\x7f';
    }
    return count;
}

bool sniff_svg(const void *bytes, size_t len)
{
    UNCLEARED char ascii[LIMIT_SNIFF_SVG / 2];
    const char *start = bytes;
    if (len > LIMIT_SNIFF_SVG)
        len = LIMIT_SNIFF_SVG;
    if (len >= 2 && (memcmp(start, "\xff\xfe", 2) == 0 || memcmp(start, "\xfe\xff", 2) == 0)) {
        const unsigned char *wide = bytes;
        size_t count = narrow(wide + 2, len - 2, wide[0] == 0xff, ascii);
        return is_document((struct text){ascii, ascii + count});
    }
    if (len >= 3 && memcmp(start, "\xef\xbb\xbf", 3) == 0)
        return is_document((struct text){start + 3, start + len});
    return is_document((struct text){start, start + len});
}
