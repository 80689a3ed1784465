/*
 * The WHATWG URL standard's basic URL parser (section 4.4) for http and https, written as what its
 * states amount to for these two: scheme, authority, path, query, each read once from left to
 * right. User, password and fragment are never written.
 *
 * Tabs and newlines are removed by the standard wherever they stand. Here they stay in the input
 * and every reader steps over them, so that nothing needs a copy of an input of unknown length.
 */
#include "lib/url_host.h"
#include "lib/url_text.h"
#include "lib/url_usual.h"

#include "base/err.h"

#include <shoji/url.h>

#include <stdio.h>

struct parse {
    struct span in;
    size_t at;
    struct url_writer out;
    size_t path_from;   /* where the path begins in `out` */
    size_t lost_deeper; /* path segments that did not fit; ".." may still take them away */
};

static size_t parse_skip(struct span in, size_t at)
{
    while (at < in.len && url_text_ignored(in.ptr[at]))
        at++;
    return at;
}

/* The next byte that counts, or -1 at the end. */
static int parse_peek(struct parse *p)
{
    p->at = parse_skip(p->in, p->at);
    return p->at < p->in.len ? (unsigned char)p->in.ptr[p->at] : -1;
}

static bool parse_is_slash(int c)
{
    return c == '/' || c == '\\';
}

static bool parse_ends_path(int c)
{
    return c == '?' || c == '#' || c == -1;
}

static struct span parse_trimmed(struct span in)
{
    while (in.len > 0 && (unsigned char)in.ptr[0] <= ' ')
        in = span_part(in, 1, in.len);
    while (in.len > 0 && (unsigned char)in.ptr[in.len - 1] <= ' ')
        in.len--;
    return in;
}

enum parse_scheme { SCHEME_NONE, SCHEME_HTTP, SCHEME_HTTPS, SCHEME_OTHER };

static bool parse_is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Reads `scheme:` and moves behind it; stays where it is when there is none. */
static enum parse_scheme parse_scheme(struct parse *p)
{
    char name[6]; /* one more than any that matters */
    size_t len = 0;
    size_t start = p->at;
    int c;
    while ((c = parse_peek(p)) != ':') {
        bool letter = parse_is_letter(c);
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (len == 0 || !other)) {
            p->at = start;
            return SCHEME_NONE;
        }
        if (len < sizeof(name))
            name[len++] = ascii_lower((char)c);
        p->at++;
    }
    if (len == 0) {
        p->at = start;
        return SCHEME_NONE;
    }
    p->at++;
    struct span scheme = {name, len};
    if (span_equal(scheme, SPAN("http")))
        return SCHEME_HTTP;
    return span_equal(scheme, SPAN("https")) ? SCHEME_HTTPS : SCHEME_OTHER;
}

/* `text` begins behind the colon. A port that the scheme has anyway is not written. */
static int parse_port(struct span text, bool https, struct url_writer *out)
{
    unsigned port = 0;
    bool any = false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (url_text_ignored(c))
            continue;
        if (c < '0' || c > '9')
            return SHOJI_URL_INVALID;
        port = port * 10 + (unsigned)(c - '0');
        if (port > 65535)
            return SHOJI_URL_INVALID;
        any = true;
    }
    if (!any || port == (https ? 443 : 80))
        return 0;
    char digits[sizeof(":65535")];
    int len = snprintf(digits, sizeof(digits), ":%u", port);
    url_text_add(out, (struct span){digits, (size_t)len});
    return 0;
}

/* 1 for "." in any spelling, 2 for "..", otherwise 0. */
static unsigned parse_dots(struct span segment)
{
    unsigned dots = 0;
    char escape[3];
    size_t escape_len = 0;
    for (size_t i = 0; i < segment.len; i++) {
        char c = segment.ptr[i];
        if (url_text_ignored(c))
            continue;
        if (escape_len > 0 || c == '%') {
            escape[escape_len++] = c;
            if (escape_len < sizeof(escape))
                continue;
            if (!span_equal_nocase((struct span){escape, sizeof(escape)}, SPAN("%2e")))
                return 0;
            escape_len = 0;
        } else if (c != '.') {
            return 0;
        }
        if (++dots > 2)
            return 0;
    }
    return escape_len == 0 ? dots : 0;
}

static void parse_add_segment(struct parse *p, struct span segment)
{
    if (p->lost_deeper > 0) {
        p->lost_deeper++;
        return;
    }
    size_t start = p->out.len;
    url_text_add(&p->out, SPAN("/"));
    url_text_add_encoded(&p->out, segment, URL_TEXT_PATH);
    if (p->out.full) {
        p->out.full = false;
        p->out.len = start;
        p->lost_deeper = 1;
    }
}

static void parse_drop_segment(struct parse *p)
{
    if (p->lost_deeper > 0) {
        p->lost_deeper--;
        return;
    }
    while (p->out.len > p->path_from && p->out.ptr[--p->out.len] != '/')
        ;
}

/* The standard's path state: from the first byte of a segment to '?', '#' or the end. */
static void parse_path(struct parse *p)
{
    for (;;) {
        size_t from = p->at;
        int c;
        while (!parse_is_slash(c = parse_peek(p)) && !parse_ends_path(c))
            p->at++;
        struct span segment = span_part(p->in, from, p->at - from);
        unsigned dots = parse_dots(segment);
        if (dots == 2)
            parse_drop_segment(p);
        if (dots == 0)
            parse_add_segment(p, segment);
        else if (!parse_is_slash(c))
            parse_add_segment(p, SPAN(""));
        if (!parse_is_slash(c))
            return;
        p->at++;
    }
}

/* From behind `http:` to the end of the path. */
static int parse_authority(struct parse *p, bool https)
{
    while (parse_is_slash(parse_peek(p)))
        p->at++;
    size_t host_from = p->at;
    size_t end = p->at;
    for (; end < p->in.len && !parse_is_slash(p->in.ptr[end]) && p->in.ptr[end] != '?' &&
           p->in.ptr[end] != '#';
         end++)
        if (p->in.ptr[end] == '@')
            host_from = end + 1;
    p->at = end;

    bool bracketed = false;
    size_t host_end = host_from;
    for (; host_end < end && (bracketed || p->in.ptr[host_end] != ':'); host_end++) {
        if (p->in.ptr[host_end] == '[')
            bracketed = true;
        else if (p->in.ptr[host_end] == ']')
            bracketed = false;
    }
    url_text_add(&p->out, https ? SPAN("https://") : SPAN("http://"));
    int r = url_host_add(span_part(p->in, host_from, host_end - host_from), &p->out);
    if (r != 0)
        return r;
    if (host_end < end) {
        r = parse_port(span_part(p->in, host_end + 1, end - host_end - 1), https, &p->out);
        if (r != 0)
            return r;
    }
    if (p->out.full)
        return SHOJI_URL_TOO_LONG;
    p->path_from = p->out.len;
    if (parse_is_slash(parse_peek(p))) /* it may be missing: http://host?query */
        p->at++;
    parse_path(p);
    return 0;
}

static void parse_query(struct parse *p)
{
    if (parse_peek(p) != '?')
        return;
    p->at++;
    size_t end = p->at;
    while (end < p->in.len && p->in.ptr[end] != '#')
        end++;
    url_text_add(&p->out, SPAN("?"));
    url_text_add_encoded(&p->out, span_part(p->in, p->at, end - p->at), URL_TEXT_QUERY);
    p->at = end;
}

/* The standard's relative state: `base` and the input have the same scheme, or the input has none.
 */
static int parse_relative(struct parse *p, struct span base)
{
    struct shoji_url_parts parts;
    if (shoji_url_split(base.ptr, base.len, &parts) != 0)
        return SHOJI_URL_INVALID;
    p->path_from = (size_t)(parts.target - base.ptr);
    struct span target = {parts.target, parts.target_len};
    size_t path_len = 0;
    while (path_len < target.len && target.ptr[path_len] != '?')
        path_len++;

    int c = parse_peek(p);
    if (parse_is_slash(c)) {
        p->at++;
        if (parse_is_slash(parse_peek(p)))
            return parse_authority(p, parts.https);
        url_text_add(&p->out, span_part(base, 0, p->path_from));
        parse_path(p);
    } else if (c == '?') {
        url_text_add(&p->out, span_part(base, 0, p->path_from + path_len));
    } else if (c == '#' || c == -1) {
        url_text_add(&p->out, base);
    } else {
        url_text_add(&p->out, span_part(base, 0, p->path_from + path_len));
        parse_drop_segment(p);
        parse_path(p);
    }
    return 0;
}

static int parse_url(struct parse *p, struct span base)
{
    enum parse_scheme scheme = parse_scheme(p);
    if (scheme == SCHEME_OTHER)
        return SHOJI_URL_SCHEME;
    if (scheme == SCHEME_NONE)
        return parse_relative(p, base);
    bool https = scheme == SCHEME_HTTPS;
    if (span_starts(base, https ? SPAN("https:") : SPAN("http:")))
        return parse_relative(p, base);
    return parse_authority(p, https);
}

int shoji_url_canonical(const char *in, size_t len, const char *base, char *ret, size_t *ret_len)
{
    struct span trimmed = parse_trimmed((struct span){in, len});
    size_t usual = url_usual(trimmed); /* absolute: whatever the base, it is the same */
    if (usual > 0) {
        memmove(ret, trimmed.ptr, usual);
        ret[usual] = '\0';
        *ret_len = usual;
        return 0;
    }
    UNCLEARED char text[SHOJI_URL_MAX + 1];
    struct parse p = {.in = trimmed, .out = {.ptr = text}};
    int r = parse_url(&p, base ? span_of(base) : SPAN(""));
    if (r != 0)
        return r;
    parse_query(&p);
    if (p.out.full || p.lost_deeper > 0)
        return SHOJI_URL_TOO_LONG;
    memcpy(ret, text, p.out.len);
    ret[p.out.len] = '\0';
    *ret_len = p.out.len;
    return 0;
}
