#include "lib/url_seal.h"

#include "base/err.h"

/* The next part of a path, up to and without the slash; the rest stays in *path. */
static struct span open_part(struct span *path)
{
    size_t end = 0;
    while (end < path->len && path->ptr[end] != '/')
        end++;
    struct span part = span_part(*path, 0, end);
    *path = span_part(*path, end + 1, path->len);
    return part;
}

static bool open_verify(const struct shoji_keys *keys, struct span path, char plain[URL_PLAIN_MAX],
                        size_t *ret_len, const struct shoji_key **ret_key)
{
    bool sealed = span_starts(path, SPAN("/i/"));
    if (path.len > SHOJI_PATH_MAX || (!sealed && !span_starts(path, SPAN("/s/"))))
        return false;
    path = span_part(path, 3, path.len);
    struct span kid = open_part(&path);
    const struct shoji_key *key = shoji_keys_find(keys, kid.ptr, kid.len);
    if (!key || key->state == SHOJI_KEY_REVOKED)
        return false;
    *ret_key = key;
    if (sealed)
        return url_unseal(key, path, plain, ret_len);
    struct span tag = open_part(&path);
    return url_untag(key, tag, path, plain, ret_len);
}

int shoji_url_open(const struct shoji_keys *keys, const char *suffix, const char *path, size_t len,
                   struct shoji_opened *ret)
{
    struct span whole = {path, len};
    struct span ending = span_of(suffix ? suffix : "");
    if (span_ends(whole, ending))
        whole.len -= ending.len;

    UNCLEARED char plain[URL_PLAIN_MAX];
    size_t plain_len;
    const struct shoji_key *key;
    if (!open_verify(keys, whole, plain, &plain_len, &key))
        return SHOJI_OPEN_REFUSED;
    struct span original;
    struct shoji_url_options options;
    if (!url_plain_read((struct span){plain, plain_len}, &original, &options))
        return SHOJI_OPEN_REFUSED;
    UNCLEARED char url[SHOJI_URL_MAX + 1];
    size_t url_len;
    if (original.len > SHOJI_URL_MAX ||
        shoji_url_canonical(original.ptr, original.len, NULL, url, &url_len) != 0)
        return SHOJI_OPEN_UNPARSABLE;
    memcpy(ret->url, url, url_len + 1);
    ret->url_len = url_len;
    ret->options = options;
    ret->key = key;
    return 0;
}
