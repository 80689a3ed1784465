#include "base/err.h"
#include "base/limits.h"
#include "lib/b64url.h"
#include "lib/url_seal.h"

#include <errno.h>
#include <sodium.h>

/* A suffix must be tellable from what it follows, so it begins with a dot, which base64url lacks.
 */
static bool sign_suffix_valid(struct span suffix)
{
    for (size_t i = 0; i < suffix.len; i++) {
        char c = ascii_lower(suffix.ptr[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' && c != '_')
            return false;
    }
    return suffix.len == 0 || (suffix.ptr[0] == '.' && suffix.len <= LIMIT_URL_SUFFIX);
}

static char *sign_put(char *to, struct span text)
{
    memcpy(to, text.ptr, text.len);
    return to + text.len;
}

int shoji_url_sign(const struct shoji_signer *signer, const char *url, size_t len,
                   const struct shoji_url_options *options, char *ret, size_t *ret_len)
{
    const struct shoji_key *key = signer->key;
    struct span base = span_of(signer->base_url);
    struct span suffix = span_of(signer->suffix ? signer->suffix : "");
    if (base.len > SHOJI_BASE_MAX || !sign_suffix_valid(suffix))
        return -EINVAL;
    if (!key || key->state != SHOJI_KEY_SIGN)
        return -EKEYREVOKED;
    UNCLEARED char plain[URL_PLAIN_MAX];
    size_t plain_len;
    int r = url_plain_write((struct span){url, len}, options, plain, &plain_len);
    if (r < 0)
        return r;

    bool sealed = signer->form == SHOJI_SEALED;
    char tag[URL_TAG_LEN + 1] = "";
    UNCLEARED char body[URL_BODY_MAX + 1];
    if (sealed)
        url_seal(key, (struct span){plain, plain_len}, body);
    else
        url_tag(key, (struct span){plain, plain_len}, tag, body);

    char *to = sign_put(ret, base);
    to = sign_put(to, sealed ? SPAN("/i/") : SPAN("/s/"));
    to = sign_put(to, span_of(key->kid));
    to = sign_put(to, SPAN("/"));
    to = sign_put(to, span_of(tag));
    to = sign_put(to, sealed ? SPAN("") : SPAN("/"));
    to = sign_put(to, span_of(body));
    to = sign_put(to, suffix);
    *to = '\0';
    *ret_len = (size_t)(to - ret);
    return 0;
}

void shoji_mailbox_salt(const struct shoji_key *key, const char *mailbox,
                        char ret[SHOJI_SALT_LEN + 1])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256(mac, (const unsigned char *)mailbox, strlen(mailbox), key->mailbox);
    b64url_encode(mac, 8, ret, SHOJI_SALT_LEN + 1);
}
