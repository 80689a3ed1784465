/* Our own format; deploy/rules/trackers.rules describes it at its head. */
#include "lib/rules.h"

#include "lib/rules_pattern.h"

#include <errno.h>
#include <stdio.h>

#define HEAD "shoji-rules 1"

struct reader {
    struct shoji_rules *rules;
    const char *name;
    char *why;
    uint32_t vendor;
    size_t line;
    struct buf host;
    struct buf pattern;
};

static struct span next_line(struct span *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    struct span line = span_part(*rest, 0, end ? (size_t)(end - rest->ptr) : rest->len);
    *rest = span_part(*rest, line.len + 1, rest->len);
    return span_trim(line);
}

static struct span next_field(struct span *rest)
{
    size_t len = 0;
    *rest = span_trim(*rest);
    while (len < rest->len && !ascii_is_space(rest->ptr[len]))
        len++;
    struct span field = span_part(*rest, 0, len);
    *rest = span_trim(span_part(*rest, len, rest->len));
    return field;
}

bool rules_is_own(struct span text)
{
    while (text.len > 0) {
        struct span line = next_line(&text);
        if (line.len > 0 && line.ptr[0] != '#')
            return span_equal(line, SPAN(HEAD));
    }
    return false;
}

static int wrong(struct reader *r, const char *what, struct span text)
{
    snprintf(r->why, SHOJI_RULES_WHY_SIZE, "%.200s:%zu: %s: %.*s", r->name, r->line, what,
             (int)(text.len < 100 ? text.len : 100), text.ptr);
    return -EINVAL;
}

/* HOST or HOST/PATH, into the two buffers. */
static int read_where(struct reader *r, struct span where, struct rules_line *line)
{
    const char *slash = memchr(where.ptr, '/', where.len);
    struct span host = span_part(where, 0, slash ? (size_t)(slash - where.ptr) : where.len);
    struct span path = span_part(where, host.len, where.len);
    line->anchored = true;
    line->to_end = span_ends(path, SPAN("$"));
    path.len -= line->to_end;
    buf_clear(&r->host);
    buf_clear(&r->pattern);
    bool any = span_equal(host, SPAN("*"));
    line->host_kind = any                               ? RULES_HOST_ANY
                      : memchr(host.ptr, '*', host.len) ? RULES_HOST_GLOB
                                                        : RULES_HOST_NAME;
    if (host.len == 0 || (any && path.len < 2))
        return wrong(r, "neither a host nor a path", where);
    if (!any && pattern_compile_host(host, &r->host) < 0)
        return wrong(r, "not a host", host);
    if (pattern_compile(path, &r->pattern) < 0)
        return wrong(r, "not a path pattern", path);
    line->host = buf_span(&r->host);
    line->pattern = buf_span(&r->pattern);
    return 0;
}

static int add_where(struct reader *r, unsigned what, struct span rest)
{
    struct rules_line line = {.what = what};
    struct span where = next_field(&rest);
    int e = read_where(r, where, &line);
    if (e < 0)
        return e;
    if (what == RULES_UNWRAP) {
        line.extra = next_field(&rest);
        if (memchr(where.ptr, '?', where.len)) /* the order of parameters may change */
            return wrong(r, "a redirector is known by host and path, not by its query", where);
        if (line.extra.len == 0)
            return wrong(r, "no parameter that holds the target", where);
    }
    if (rest.len > 0)
        return wrong(r, "more than is expected", rest);
    e = rules_add(r->rules, r->vendor, &line);
    return e == -E2BIG ? wrong(r, "too many rules, or too long", where) : e;
}

static int add_param(struct reader *r, struct span rest)
{
    struct span name = next_field(&rest), host = next_field(&rest);
    buf_clear(&r->host);
    if (name.len == 0 || rest.len > 0)
        return wrong(r, "param takes a name, and a host or none", name);
    if (host.len > 0 && (memchr(host.ptr, '*', host.len) || pattern_compile_host(host, &r->host)))
        return wrong(r, "not a host", host);
    int e = rules_add_param(r->rules, r->vendor, name, buf_span(&r->host));
    return e == -E2BIG || e == -EINVAL ? wrong(r, "too many, or no name", name) : e;
}

static int add_line(struct reader *r, struct span line)
{
    static const struct {
        const char *word;
        unsigned what;
    } words[] = {
        {"pixel", RULES_PIXEL},   {"click", RULES_CLICK}, {"both", RULES_PIXEL | RULES_CLICK},
        {"unwrap", RULES_UNWRAP}, {"keep", RULES_KEEP},   {"load", RULES_LOAD}};
    struct span rest = line, word = next_field(&rest);
    if (span_equal(word, SPAN("vendor"))) {
        if (rest.len == 0 || rest.len > 60 || memchr(rest.ptr, ',', rest.len))
            return wrong(r, "a vendor has a name of at most 60 bytes without commas", line);
        return rules_add_vendor(r->rules, rest, &r->vendor);
    }
    if (span_equal(word, SPAN("param")))
        return add_param(r, rest);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_equal(word, span_of(words[i].word)))
            return add_where(r, words[i].what, rest);
    return wrong(r, "allowed are vendor, pixel, click, both, keep, load, unwrap and param", line);
}

int rules_read_own(struct shoji_rules *rules, struct span text, const char *name, char *why)
{
    struct reader r = {.rules = rules,
                       .name = name,
                       .why = why,
                       .host = BUF_INIT(SIZE_MAX / 2),
                       .pattern = BUF_INIT(SIZE_MAX / 2)};
    bool head = true;
    int e = 0;
    while (e == 0 && text.len > 0) {
        struct span line = next_line(&text);
        r.line++;
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (!head)
            e = add_line(&r, line);
        head = false;
    }
    buf_free(&r.host);
    buf_free(&r.pattern);
    return e;
}
