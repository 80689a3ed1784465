/* What each attribute may do, on whatever element it stands. */
#include "lib/check.h"

#include "base/limits.h"

#include <stdlib.h>

enum kind {
    KIND_OTHER, /* loads nothing that is known: what looks remote there is a finding all the same */
    KIND_FRAGMENT, /* a reference that may point into the document */
    KIND_HREF,     /* click target or load: the element tells */
    KIND_LOAD,
    KIND_SET, /* srcset */
    KIND_SRCDOC,
    KIND_STYLE,
    KIND_TEXT, /* for people, or a mere name: never a reference */
};

struct row {
    const char *name;
    enum kind kind;
};

/* Sorted. */
static const struct row rows[] = {
    {"abbr", KIND_TEXT},
    {"about", KIND_TEXT},
    {"action", KIND_LOAD},
    {"alt", KIND_TEXT},
    {"altimg", KIND_LOAD},
    {"archive", KIND_LOAD},
    {"aria-describedby", KIND_TEXT},
    {"aria-description", KIND_TEXT},
    {"aria-label", KIND_TEXT},
    {"aria-labelledby", KIND_TEXT},
    {"aria-roledescription", KIND_TEXT},
    {"attributionsrc", KIND_LOAD},
    {"background", KIND_LOAD},
    {"cite", KIND_TEXT},
    {"class", KIND_TEXT},
    {"classid", KIND_LOAD},
    {"code", KIND_LOAD},
    {"codebase", KIND_LOAD},
    {"content", KIND_OTHER},
    {"data", KIND_LOAD},
    {"data-shoji-src", KIND_LOAD},
    {"data-shoji-srcset", KIND_SET},
    {"data-shoji-style", KIND_STYLE},
    {"data-shoji-tracker", KIND_TEXT},
    {"data-srcset", KIND_SET},
    {"datasrc", KIND_FRAGMENT},
    {"datetime", KIND_TEXT},
    {"dynsrc", KIND_LOAD},
    {"formaction", KIND_LOAD},
    {"headers", KIND_TEXT},
    {"href", KIND_HREF},
    {"icon", KIND_LOAD},
    {"id", KIND_TEXT},
    {"imagesrcset", KIND_SET},
    {"implementation", KIND_LOAD},
    {"itemid", KIND_TEXT},
    {"itemprop", KIND_TEXT},
    {"itemtype", KIND_TEXT},
    {"longdesc", KIND_LOAD},
    {"lowsrc", KIND_LOAD},
    {"manifest", KIND_LOAD},
    {"movie", KIND_LOAD},
    {"name", KIND_TEXT},
    {"o:href", KIND_LOAD},
    {"object", KIND_LOAD},
    {"ping", KIND_LOAD},
    {"pluginspage", KIND_LOAD},
    {"poster", KIND_LOAD},
    {"profile", KIND_LOAD},
    {"r:href", KIND_LOAD},
    {"src", KIND_LOAD},
    {"srcdoc", KIND_SRCDOC},
    {"srcset", KIND_SET},
    {"style", KIND_STYLE},
    {"summary", KIND_TEXT},
    {"title", KIND_TEXT},
    {"typeof", KIND_TEXT},
    {"usemap", KIND_FRAGMENT},
    {"vocab", KIND_TEXT},
    {"xlink:href", KIND_FRAGMENT},
    {"xml:base", KIND_LOAD},
};

static int order(const void *key, const void *member)
{
    const struct span *name = key;
    const char *other = ((const struct row *)member)->name;
    for (size_t i = 0; i < name->len; i++) {
        int difference = (unsigned char)ascii_lower(name->ptr[i]) - (unsigned char)other[i];
        if (difference)
            return difference;
    }
    return other[name->len] ? -1 : 0;
}

static enum kind kind_of(struct span name)
{
    const struct row *row =
        bsearch(&name, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]), order);
    if (row)
        return row->kind;
    bool namespace = span_equal_nocase(span_part(name, 0, 5), SPAN("xmlns"));
    return namespace ? KIND_TEXT : KIND_OTHER;
}

static bool is_click(const struct check_spot *spot)
{
    return span_equal_nocase(spot->element, SPAN("a")) ||
           span_equal_nocase(spot->element, SPAN("area"));
}

static bool is_descriptor(struct span token)
{
    if (token.ptr[0] == '(')
        return true;
    for (size_t i = 0; i + 1 < token.len; i++)
        if (!strchr("0123456789.+-eE", token.ptr[i]))
            return false;
    return token.len > 1 && strchr("wxh", ascii_lower(token.ptr[token.len - 1]));
}

/* Every word that is no descriptor is a candidate, whatever commas and brackets say. */
static void judge_set(struct check_run *run, const struct check_spot *spot, struct span value)
{
    for (size_t at = 0; at < value.len && !check_over(run);) {
        size_t end = at;
        while (end < value.len && (unsigned char)value.ptr[end] > ' ')
            end++;
        struct span word = span_part(value, at, end - at);
        while (word.len > 0 && word.ptr[0] == ',')
            word = span_part(word, 1, word.len);
        while (word.len > 0 && word.ptr[word.len - 1] == ',')
            word.len--;
        if (word.len > 0 && !is_descriptor(word) && !check_loads_well(run, word))
            check_found(run, spot, NULL, word);
        at = end + 1;
    }
}

static bool looks_remote(struct span value)
{
    return memmem(value.ptr, value.len, "//", 2) || memmem(value.ptr, value.len, "\\\\", 2);
}

static void judge_other(struct check_run *run, const struct check_spot *spot, struct span value)
{
    bool handler = spot->attribute.len > 3 &&
                   span_equal_nocase(span_part(spot->attribute, 0, 2), SPAN("on")) &&
                   !memchr(spot->attribute.ptr, '-', spot->attribute.len);
    if (handler || (looks_remote(value) && !check_loads_well(run, value)))
        check_found(run, spot, handler ? "code" : NULL, value);
    else if (memchr(value.ptr, '(', value.len) || memchr(value.ptr, '\\', value.len))
        check_css(run, spot, value);
}

static void judge_srcdoc(struct check_run *run, const struct check_spot *spot, struct span value)
{
    if (run->depth >= LIMIT_CHECK_DEPTH) {
        check_found(run, spot, "too deep to judge", value);
        return;
    }
    run->depth++;
    check_html(run, value);
    run->depth--;
}

/* One reading of a value. */
static void judge(struct check_run *run, const struct check_spot *spot, enum kind kind,
                  struct span value)
{
    struct span trimmed = span_trim(value);
    if (trimmed.len == 0 || !check_pay(run, value.len))
        return;
    if (kind == KIND_HREF && is_click(spot)) {
        if (!check_click_is_fair(value))
            check_found(run, spot, NULL, value);
    } else if (kind == KIND_STYLE) {
        check_css(run, spot, value);
    } else if (kind == KIND_SET) {
        judge_set(run, spot, value);
    } else if (kind == KIND_SRCDOC) {
        judge_srcdoc(run, spot, value);
    } else if (kind == KIND_OTHER) {
        judge_other(run, spot, value);
    } else {
        bool local = trimmed.ptr[0] == '#' && kind != KIND_LOAD;
        if (!local && !check_loads_well(run, value))
            check_found(run, spot, NULL, value);
    }
}

static bool is_plain_link(struct span value)
{
    return span_starts(value, SPAN("https://")) || span_starts(value, SPAN("http://"));
}

/* Decoded once, and decoded twice: clients exist for both. */
void check_attribute(struct check_run *run, const struct check_spot *spot, struct span value)
{
    enum kind kind = kind_of(spot->attribute);
    bool fair = kind == KIND_HREF && is_click(spot) && is_plain_link(value);
    if (value.len == 0 || kind == KIND_TEXT || fair)
        return;
    if (!memchr(value.ptr, '&', value.len)) {
        judge(run, spot, kind, value);
        return;
    }
    size_t before = run->found;
    CLEANUP(buf_free) struct buf once = BUF_INIT(value.len + 1);
    CLEANUP(buf_free) struct buf twice = BUF_INIT(value.len + 1);
    run->error = check_decode_entities(value, &once);
    if (!run->error)
        judge(run, spot, kind, buf_span(&once));
    if (run->error || run->found != before || !memchr(once.ptr, '&', once.len))
        return;
    run->error = check_decode_entities(buf_span(&once), &twice);
    if (!run->error)
        judge(run, spot, kind, buf_span(&twice));
}
