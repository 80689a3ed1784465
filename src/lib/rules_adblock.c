/*
 * Adblock-syntax lists, as far as they speak of images in mail (the filter syntax of Adblock Plus,
 * "How to write filters"). A rule that says something we do not understand is skipped: half
 * understood, it would block what its author did not mean.
 */
#include "lib/rules.h"

#include "lib/rules_pattern.h"

#include <errno.h>

enum option_answer { OPTION_FINE, OPTION_SKIP };

struct options {
    bool match_case;
    bool types;        /* kinds of requests are listed ... */
    bool image;        /* ... and this is one of them */
    struct span param; /* of removeparam */
};

static struct span cut(struct span *rest, char at)
{
    const char *end = memchr(rest->ptr, at, rest->len);
    struct span part = span_part(*rest, 0, end ? (size_t)(end - rest->ptr) : rest->len);
    *rest = span_part(*rest, part.len + 1, rest->len);
    return part;
}

static bool is_one_of(struct span word, const char *const *words)
{
    for (; *words; words++)
        if (span_equal(word, span_of(*words)))
            return true;
    return false;
}

/* domain=~a|~b: everywhere but there. Anything else names pages, and a mail is on none of them. */
static bool excludes_only(struct span list)
{
    while (list.len > 0)
        if (!span_starts(cut(&list, '|'), SPAN("~")))
            return false;
    return true;
}

static enum option_answer read_option(struct span option, struct options *ret)
{
    static const char *const types[] = {"script",
                                        "stylesheet",
                                        "font",
                                        "media",
                                        "subdocument",
                                        "xmlhttprequest",
                                        "websocket",
                                        "object",
                                        "popup",
                                        "ping",
                                        "xhr",
                                        "css",
                                        "frame",
                                        "document",
                                        "other",
                                        "doc",
                                        "object-subrequest",
                                        "webrtc",
                                        NULL};
    static const char *const no_matter[] = {"third-party", "3p",  "important",
                                            "~document",   "all", NULL};
    struct span value = option, name = cut(&value, '=');
    if (span_equal(name, SPAN("image"))) {
        ret->types = ret->image = true;
        return OPTION_FINE;
    }
    if (is_one_of(name, types)) {
        ret->types = true;
        return OPTION_FINE;
    }
    if (is_one_of(name, no_matter) ||
        (span_starts(name, SPAN("~")) && is_one_of(span_part(name, 1, name.len), types)))
        return OPTION_FINE;
    if (span_equal(name, SPAN("match-case"))) {
        ret->match_case = true;
        return OPTION_FINE;
    }
    if (span_equal(name, SPAN("domain")) || span_equal(name, SPAN("from")))
        return excludes_only(value) ? OPTION_FINE : OPTION_SKIP;
    if ((span_equal(name, SPAN("removeparam")) || span_equal(name, SPAN("queryprune"))) &&
        value.len > 0 && value.ptr[0] != '/' && value.ptr[0] != '~' &&
        !memchr(value.ptr, '*', value.len)) {
        ret->param = value;
        return OPTION_FINE;
    }
    return OPTION_SKIP;
}

static enum option_answer read_options(struct span text, struct options *ret)
{
    *ret = (struct options){0};
    while (text.len > 0)
        if (read_option(span_trim(cut(&text, ',')), ret) == OPTION_SKIP)
            return OPTION_SKIP;
    return ret->types && !ret->image ? OPTION_SKIP : OPTION_FINE;
}

/* Where the options begin: behind the last '$' that no '/' follows. */
static struct span split_options(struct span *rule)
{
    for (size_t i = rule->len; i-- > 0 && rule->ptr[i] != '/';) {
        if (rule->ptr[i] != '$' || i + 1 == rule->len)
            continue;
        struct span options = span_part(*rule, i + 1, rule->len);
        rule->len = i;
        return options;
    }
    return (struct span){"", 0};
}

/* "||name/..." and "||name^..." are found by their host. The host's length, or 0. */
static size_t plain_host(struct span rule)
{
    size_t len = 0;
    while (len < rule.len && (pattern_is_word(rule.ptr[len]) || rule.ptr[len] == '-' ||
                              rule.ptr[len] == '.' || rule.ptr[len] == '_'))
        len++;
    bool ends = len < rule.len && (rule.ptr[len] == '/' || rule.ptr[len] == '^');
    return ends && memchr(rule.ptr, '.', len) ? len : 0;
}

static bool take_end(struct span *rule)
{
    bool end = span_ends(*rule, SPAN("|"));
    rule->len -= end;
    return end;
}

static void lower(struct span text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(out, ascii_lower(text.ptr[i]));
}

/* Compiles the pattern; `text` is in the case in which it is to be compared. */
static int compile(struct span text, struct rules_line *line, struct buf *host, struct buf *out)
{
    line->to_end = take_end(&text);
    size_t host_len = 0;
    if (span_starts(text, SPAN("||"))) {
        text = span_part(text, 2, text.len);
        host_len = plain_host(text);
        line->host_kind = host_len ? RULES_HOST_NAME : RULES_HOST_PART;
        line->anchored = true;
    } else if (span_starts(text, SPAN("|"))) {
        text = span_part(text, 1, text.len);
        line->host_kind = RULES_HOST_NONE;
        line->anchored = true;
    } else {
        line->host_kind = RULES_HOST_NONE;
        buf_add_char(out, PATTERN_ANY);
    }
    lower(span_part(text, 0, host_len), host);
    text = span_part(text, host_len, text.len);
    if (text.len == 0 && host_len == 0)
        return -EINVAL;
    int r = pattern_compile_adblock(text, out);
    line->host = buf_span(host);
    line->pattern = buf_span(out);
    if (line->pattern.len == 1 && line->pattern.ptr[0] == PATTERN_SEPARATOR)
        line->to_end = false; /* "||host^|": whatever the path */
    return r;
}

/* 0, -EINVAL when it is to be skipped, or another error. */
static int add_rule(struct shoji_rules *rules, uint32_t vendor, struct span rule)
{
    struct rules_line line = {.what = RULES_PIXEL};
    struct options options;
    if (span_starts(rule, SPAN("@@"))) {
        rule = span_part(rule, 2, rule.len);
        line.what = RULES_KEEP;
    }
    if (rule.len > 1 && rule.ptr[0] == '/' && span_ends(rule, SPAN("/")))
        return -EINVAL; /* a regular expression */
    struct span option_text = split_options(&rule);
    if (read_options(option_text, &options) == OPTION_SKIP)
        return -EINVAL;
    if (options.param.len > 0)
        return rule.len == 0 && line.what == RULES_PIXEL
                   ? rules_add_param(rules, vendor, options.param, (struct span){"", 0})
                   : -EINVAL;
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    CLEANUP(buf_free) struct buf host = BUF_INIT(SIZE_MAX / 2);
    CLEANUP(buf_free) struct buf pattern = BUF_INIT(SIZE_MAX / 2);
    line.match_case = options.match_case;
    if (options.match_case)
        buf_add_span(&text, rule);
    else
        lower(rule, &text);
    int r = compile(buf_span(&text), &line, &host, &pattern);
    return r < 0 ? r : rules_add(rules, vendor, &line);
}

/*
 * Lists for mail put the company into a comment above its rules. Prose, addresses and headings are
 * no names: at most four words, one of them with a capital or the shape of a domain, and no ':'.
 */
static struct span vendor_of(struct span comment)
{
    struct span name = span_trim(span_part(comment, 1, comment.len));
    size_t blanks = 0, capitals = 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        blanks += c == ' ';
        capitals += (c >= 'A' && c <= 'Z') || c == '.';
        if (c < ' ' || c > '~' || strchr(":/*=#<>[]\",;|", c))
            return (struct span){"", 0};
    }
    bool word = name.len > 1 && name.len <= 40 && pattern_is_word(name.ptr[0]);
    bool sentence = word && name.ptr[name.len - 1] == '.';
    return word && !sentence && blanks < 4 && capitals > 0 ? name : (struct span){"", 0};
}

static bool is_cosmetic(struct span line)
{
    static const char *const marks[] = {"##", "#@#", "#?#", "#$#", "#%#", "$$", "#@$#"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        if (memmem(line.ptr, line.len, marks[i], strlen(marks[i])))
            return true;
    return false;
}

int rules_read_adblock(struct shoji_rules *rules, struct span text)
{
    uint32_t vendor = 0;
    int r = 0;
    while (text.len > 0 && (r == 0 || r == -EINVAL || r == -E2BIG)) {
        struct span line = span_trim(cut(&text, '\n'));
        r = 0;
        if (line.len == 0 || line.ptr[0] == '[') {
            vendor = 0;
        } else if (line.ptr[0] == '!') {
            r = rules_add_vendor(rules, vendor_of(line), &vendor);
        } else {
            r = is_cosmetic(line) ? -EINVAL : add_rule(rules, vendor, line);
            rules->skipped += r == -EINVAL || r == -E2BIG;
        }
    }
    return r == -EINVAL || r == -E2BIG ? 0 : r;
}
