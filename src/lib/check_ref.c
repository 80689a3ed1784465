/* What may be loaded, and what may be clicked. */
#include "lib/check.h"

#include <shoji/url.h>

#include <sodium.h>

static bool starts_nocase(struct span s, struct span prefix)
{
    return span_equal_nocase(span_part(s, 0, prefix.len), prefix);
}

static struct span trim_controls(struct span s)
{
    while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
        s = span_part(s, 1, s.len);
    while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ')
        s.len--;
    return s;
}

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

/* What follows `base` in `url`: a path of signed URLs, in the one spelling that no client and no
 * filter touches. Empty when it is not that. */
static struct span path_under(struct span base, struct span url)
{
    if (base.len == 0 || !span_starts(url, base))
        return SPAN("");
    struct span path = span_part(url, base.len, url.len);
    if (path.len == 0 || path.ptr[0] != '/')
        return SPAN("");
    for (size_t i = 0; i < path.len; i++)
        if (!is_word(path.ptr[i]) && path.ptr[i] != '.' && path.ptr[i] != '_' &&
            path.ptr[i] != '/' && path.ptr[i] != '-')
            return SPAN("");
    return path;
}

/* Where a URL is noted once its MAC held. 64 bits under a random key: nobody can make a URL that
 * falls on another's. */
static uint64_t *place_of(struct check_run *run, struct span url, uint64_t *ret_hash)
{
    if (!run->keyed) {
        randombytes_buf(run->key, sizeof(run->key));
        run->keyed = true;
    }
    crypto_shorthash((unsigned char *)ret_hash, (const unsigned char *)url.ptr, url.len, run->key);
    *ret_hash |= *ret_hash == 0;
    return &run->verified[*ret_hash % CHECK_VERIFIED];
}

static bool holds(struct check_run *run, struct span url, struct span path)
{
    const struct shoji_check *how = run->how;
    UNCLEARED struct shoji_opened opened;
    uint64_t hash;
    uint64_t *place = place_of(run, url, &hash);
    if (*place == hash)
        return true;
    if (shoji_url_open(how->keys, how->suffix ? how->suffix : "", path.ptr, path.len, &opened) != 0)
        return false;
    *place = hash;
    return true;
}

static bool is_ours(struct check_run *run, struct span url)
{
    static const char separators[] = " \t\r\n,";
    const struct shoji_check *how = run->how;
    struct span path = path_under(span_of(how->base_url ? how->base_url : ""), url);
    const char *older = how->accept_base ? how->accept_base : "";
    while (path.len == 0 && *(older += strspn(older, separators)) != '\0') {
        size_t len = strcspn(older, separators);
        size_t bare = len > 0 && older[len - 1] == '/' ? len - 1 : len;
        path = path_under((struct span){older, bare}, url);
        older += len;
    }
    return path.len > 0 && how->keys && holds(run, url, path);
}

/* A content id without anything that could end it for somebody. */
static bool is_cid(struct span url)
{
    if (!starts_nocase(url, SPAN("cid:")))
        return false;
    for (size_t i = 4; i < url.len; i++)
        if ((unsigned char)url.ptr[i] <= ' ' || strchr("\"'`()<>\\{}", url.ptr[i]))
            return false;
    return true;
}

/* RFC 2397, of the raster types that every client shows, and nothing but base64 behind the comma:
 * SVG and HTML load things of their own. */
static bool is_raster(struct span url)
{
    static const char *const types[] = {
        "data:image/png;base64,", "data:image/jpeg;base64,", "data:image/jpg;base64,",
        "data:image/gif;base64,", "data:image/webp;base64,",
    };
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        struct span prefix = span_of(types[t]);
        if (!starts_nocase(url, prefix))
            continue;
        for (size_t i = prefix.len; i < url.len; i++)
            if (!is_word(url.ptr[i]) && url.ptr[i] != '+' && url.ptr[i] != '/' &&
                url.ptr[i] != '=' && !ascii_is_space(url.ptr[i]))
                return false;
        return true;
    }
    return false;
}

bool check_loads_well(struct check_run *run, struct span reference)
{
    struct span url = trim_controls(reference);
    return url.len == 0 || is_ours(run, url) || is_cid(url) || is_raster(url);
}

/* What stands before the first ':', without the blanks and controls that a client takes out. */
static struct span scheme_of(struct span url, char *ret, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < url.len && len < size; i++) {
        char c = ascii_lower(url.ptr[i]);
        if (c == ':')
            return (struct span){ret, len};
        if ((unsigned char)c <= ' ')
            continue;
        if (!is_word(c) && c != '-' && c != '+' && c != '.')
            break;
        ret[len++] = c;
    }
    return SPAN("");
}

/* "Mailto: Me Your Secrets" (Mueller et al., 2020): clients that attach a file by parameter. */
static bool has_attachment(struct span mailto)
{
    CLEANUP(buf_free) struct buf plain = BUF_INIT(mailto.len + 1);
    if (!memchr(mailto.ptr, '?', mailto.len))
        return false;
    if (check_decode_percent(mailto, &plain) < 0)
        return true;
    struct span s = buf_span(&plain);
    for (size_t i = 0; i + 6 <= s.len; i++)
        if (strchr("?&;", s.ptr[i]) && starts_nocase(span_part(s, i + 1, 6), SPAN("attach")))
            return true;
    return false;
}

bool check_click_is_fair(struct span reference)
{
    static const char *const unfair[] = {
        "javascript", "vbscript", "livescript", "mocha",      "data",        "file",
        "mailbox",    "jar",      "mhtml",      "res",        "chrome",      "resource",
        "moz-icon",   "about",    "blob",       "filesystem", "view-source", "imap",
    };
    char buffer[16];
    struct span url = trim_controls(reference);
    if (span_starts(url, SPAN("\\\\"))) /* a share: the click sends a password hash */
        return false;
    struct span scheme = scheme_of(url, buffer, sizeof(buffer));
    if (span_equal(scheme, SPAN("mailto")))
        return !has_attachment(url);
    for (size_t i = 0; i < sizeof(unfair) / sizeof(unfair[0]); i++)
        if (span_equal(scheme, span_of(unfair[i])))
            return false;
    return true;
}
