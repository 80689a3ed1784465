#include "lib/tracker.h"

#include "lib/url_text.h"

#include "base/limits.h"

static struct span cut(struct span *rest, char at)
{
    const char *end = memchr(rest->ptr, at, rest->len);
    struct span part = span_part(*rest, 0, end ? (size_t)(end - rest->ptr) : rest->len);
    *rest = span_part(*rest, part.len + 1, rest->len);
    return part;
}

/* A link taken apart as it is written: head, '?' query, '#' fragment. */
struct pieces {
    struct span head;
    struct span query;
    struct span fragment; /* with its '#' */
};

static struct pieces take_apart(struct span url)
{
    struct pieces p = {.fragment = SPAN("")};
    const char *mark = memchr(url.ptr, '#', url.len);
    if (mark) {
        p.fragment = span_part(url, (size_t)(mark - url.ptr), url.len);
        url.len = (size_t)(mark - url.ptr);
    }
    p.query = url;
    p.head = cut(&p.query, '?');
    return p;
}

/* Percent-decoded once, into `ret`; the rest where it is full. */
static size_t decode(struct span text, char *ret, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < size; i++) {
        int high = -1, low = -1;
        if (text.ptr[i] == '%' && i + 2 < text.len) {
            high = url_text_hex(text.ptr[i + 1]);
            low = url_text_hex(text.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            ret[len++] = (char)(high * 16 + low);
            i += 2;
        } else {
            ret[len++] = text.ptr[i];
        }
    }
    return len;
}

/* ---- redirectors ---- */

static bool is_web(struct span text)
{
    return span_equal_nocase(span_part(text, 0, 7), SPAN("http://")) ||
           span_equal_nocase(span_part(text, 0, 8), SPAN("https://"));
}

/* The target in a path: as it is, to the end; or percent-encoded, to the next '/' or '?'. */
static bool target_in_path(struct span url, struct span *ret, bool *ret_encoded)
{
    for (size_t i = 8; i + 8 < url.len; i++) {
        struct span s = span_part(url, i, url.len);
        if (s.ptr[0] != 'h' && s.ptr[0] != 'H')
            continue;
        *ret_encoded = !is_web(s);
        *ret = s;
        if (!*ret_encoded)
            return true;
        if (!span_equal_nocase(span_part(s, 0, 4), SPAN("http")))
            continue;
        size_t len = 0;
        while (len < s.len && s.ptr[len] != '/' && s.ptr[len] != '?')
            len++;
        *ret = span_part(s, 0, len);
        if (len > 8 && (memchr(s.ptr, '%', 8)))
            return true;
    }
    return false;
}

static bool target_in_query(struct span query, struct span names, struct span *ret)
{
    while (names.len > 0) {
        struct span name = cut(&names, ','), rest = query;
        while (rest.len > 0) {
            struct span value = cut(&rest, '&');
            if (span_equal_nocase(cut(&value, '='), name) && value.len > 0) {
                *ret = value;
                return true;
            }
        }
    }
    return false;
}

/*
 * The target of a redirector, canonical, with its fragment. False where it is none, or leads
 * nowhere on the web.
 */
static bool unwrap(const struct shoji_rules *rules, const struct rules_url *url,
                   struct rules_hit *hit, char ret[SHOJI_URL_MAX + 1], size_t *ret_len)
{
    UNCLEARED char text[SHOJI_URL_MAX + 1];
    struct span target;
    bool encoded = true;
    if (!rules_find(rules, url, RULES_UNWRAP, hit))
        return false;
    struct pieces pieces = take_apart(url->whole);
    if (span_equal(hit->extra, SPAN("/")) ? !target_in_path(url->whole, &target, &encoded)
                                          : !target_in_query(pieces.query, hit->extra, &target))
        return false;
    size_t len = target.len < sizeof(text) ? target.len : sizeof(text);
    if (encoded)
        len = decode(target, text, sizeof(text));
    else
        memcpy(text, target.ptr, len);
    struct span plain = {text, len};
    if (len >= sizeof(text) || !is_web(plain) ||
        shoji_url_canonical(text, len, NULL, ret, ret_len) != 0)
        return false;
    /* The canonical form has none; where the reader is to land is worth keeping. */
    struct span fragment = take_apart(plain).fragment;
    for (size_t i = 0; i < fragment.len; i++)
        if (fragment.ptr[i] <= ' ' || fragment.ptr[i] > '~' || strchr("\"<>`\\", fragment.ptr[i]))
            return true;
    if (*ret_len + fragment.len <= SHOJI_URL_MAX) {
        memcpy(ret + *ret_len, fragment.ptr, fragment.len);
        *ret_len += fragment.len;
        ret[*ret_len] = '\0';
    }
    return true;
}

/* ---- parameters ---- */

static const struct rules_param *find_param(const struct shoji_rules *rules, struct span param,
                                            struct span host)
{
    char name[64];
    size_t len = decode(cut(&param, '='), name, sizeof(name));
    for (size_t i = 0; i < len; i++)
        name[i] = ascii_lower(name[i]);
    return rules_find_param(rules, (struct span){name, len}, host);
}

/* Writes `url` without parameters that follow people. True when there was one. */
static bool strip(const struct shoji_rules *rules, struct span url, struct span host,
                  struct buf *out, struct link_facts *facts)
{
    struct pieces pieces = take_apart(url);
    struct span rest = pieces.query;
    bool found = false;
    char mark = '?';
    buf_add_span(out, pieces.head);
    while (rest.len > 0) {
        struct span param = cut(&rest, '&');
        const struct rules_param *known = find_param(rules, param, host);
        found |= known != NULL;
        if (known && !facts->tracked)
            *facts =
                (struct link_facts){.tracked = true, .vendor = rules_vendor(rules, known->vendor)};
        if (known)
            continue;
        buf_add_char(out, mark);
        buf_add_span(out, param);
        mark = '&';
    }
    buf_add_span(out, pieces.fragment);
    return found;
}

static bool read_link(struct span url, char room[SHOJI_URL_MAX + 1], struct rules_url *ret)
{
    size_t len;
    return shoji_url_canonical(url.ptr, url.len, NULL, room, &len) == 0 &&
           rules_url_read((struct span){room, len}, ret);
}

int link_clean(const struct shoji_rules *rules, struct span url, struct buf *out,
               struct link_facts *ret)
{
    UNCLEARED char canonical[SHOJI_URL_MAX + 1];
    UNCLEARED char targets[2][SHOJI_URL_MAX + 1];
    UNCLEARED struct rules_url ready;
    struct rules_hit hit;
    struct link_facts facts = {.vendor = SPAN("")};
    struct span at = url;
    if (!read_link(url, canonical, &ready))
        return LINK_CLEAN_SAME;
    if (rules_find(rules, &ready, RULES_CLICK, &hit))
        facts = (struct link_facts){true, hit.vendor, hit.by_host};
    size_t len;
    unsigned wraps = 0;
    while (wraps <= LIMIT_UNWRAPS && unwrap(rules, &ready, &hit, targets[wraps % 2], &len)) {
        if (!facts.tracked)
            facts = (struct link_facts){true, hit.vendor, hit.by_host};
        at = (struct span){targets[wraps++ % 2], len};
        if (!read_link(at, canonical, &ready))
            break;
    }
    /* More layers than anybody needs: a second pass must not go on where this one stopped. */
    if (wraps > LIMIT_UNWRAPS || (wraps > 0 && !read_link(at, canonical, &ready))) {
        at = url;
        wraps = 0;
        if (!read_link(url, canonical, &ready))
            return LINK_CLEAN_SAME;
    }
    size_t start = out->len;
    bool stripped = strip(rules, at, ready.host, out, &facts);
    *ret = facts;
    if (buf_error(out))
        return buf_error(out);
    if (stripped || wraps > 0)
        return 0;
    buf_cut(out, start);
    return LINK_CLEAN_SAME;
}
