/*
 * Signed URLs: an original image URL in, a URL of the proxy out, and back.
 *
 * Two forms (see README, "Signed URLs"): sealed `/i/<kid>/<body>` hides the original from everybody
 * without the key; signed `/s/<kid>/<tag>/<payload>` shows it. Both are deterministic. Only
 * [A-Za-z0-9._/-] follows the base URL.
 *
 * No function here allocates, logs or keeps state, except that the first use of an international
 * host name loads ICU's tables. All are safe from any thread.
 */
#ifndef SHOJI_URL_H
#define SHOJI_URL_H

#include <shoji/keys.h>

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOJI_URL_MAX    4096 /* bytes of a canonical original URL, without the terminator */
#define SHOJI_PATH_MAX   8192 /* bytes of a signed path, without the terminator */
#define SHOJI_BASE_MAX   256  /* bytes of a base URL, without the terminator */
#define SHOJI_SIGNED_MAX (SHOJI_BASE_MAX + SHOJI_PATH_MAX)

enum shoji_url_answer {
    SHOJI_URL_INVALID = 1,  /* the WHATWG parser fails */
    SHOJI_URL_SCHEME = 2,   /* neither http nor https; the rest is not looked at */
    SHOJI_URL_TOO_LONG = 3, /* longer than SHOJI_URL_MAX when serialised, or an endless host */
};

/*
 * Parses `in` as the WHATWG URL standard does (against `base`, a canonical URL, when that is not
 * NULL) and writes its serialisation without user, password and fragment, terminated, into
 * `ret` (SHOJI_URL_MAX + 1 bytes). 0 or an enum shoji_url_answer. Any bytes are legal input. The
 * result is printable ASCII without ' ', '#', '<' and '>'; a host may hold quotes: escape in HTML.
 */
int shoji_url_canonical(const char *in, size_t len, const char *base, char *ret, size_t *ret_len);

/* The parts of a canonical URL, borrowed from it. */
struct shoji_url_parts {
    bool https;
    const char *host; /* as in the URL: IPv6 in brackets, never upper case */
    size_t host_len;
    unsigned port;      /* explicit or the scheme's own */
    const char *target; /* path and query, begins with '/' */
    size_t target_len;
};

/* `url` must be what shoji_url_canonical wrote. 0, or SHOJI_URL_INVALID when it plainly is not. */
int shoji_url_split(const char *url, size_t len, struct shoji_url_parts *ret);

#define SHOJI_SALT_LEN      11   /* characters of a mailbox salt */
#define SHOJI_NOT_DELIVERED (-1) /* no option d */

struct shoji_url_options {
    bool consent;                     /* c=1 */
    int32_t delivered;                /* d: days since 1970-01-01, or SHOJI_NOT_DELIVERED */
    char mailbox[SHOJI_SALT_LEN + 1]; /* m: base64url, or empty */
};

#define SHOJI_URL_OPTIONS_NONE ((struct shoji_url_options){.delivered = SHOJI_NOT_DELIVERED})

enum shoji_form { SHOJI_SEALED, SHOJI_SIGNED };

/* What a signer needs; borrowed for the length of a call. */
struct shoji_signer {
    const struct shoji_key *key;
    enum shoji_form form;
    const char *base_url; /* scheme, host, port; no path, no trailing slash */
    const char *suffix;   /* "" or e.g. ".png" */
};

/* Is this a base URL that signers take (http or https, a host, no path, at most SHOJI_BASE_MAX)? */
bool shoji_base_url_valid(const char *base_url);

/*
 * The signed URL of a canonical original. Writes it terminated into `ret` (SHOJI_SIGNED_MAX + 1
 * bytes). 0; -EINVAL when `url` is empty or longer than SHOJI_URL_MAX, or an option is out of form;
 * -EKEYREVOKED when the key does not sign.
 */
int shoji_url_sign(const struct shoji_signer *signer, const char *url, size_t len,
                   const struct shoji_url_options *options, char *ret, size_t *ret_len);

/*
 * Makes of an address, in place, the name of its mailbox: letters of ASCII small, and what stands
 * behind the first of `delimiters` in its local part left out ("Anna+shop@Example.ORG" is
 * "anna@example.org"); NULL is none. RFC 5321 (2.4) lets a local part be told from another by its
 * case; nobody whose mail comes from elsewhere can have it so.
 */
void shoji_mailbox_fold(char *address, const char *delimiters);

/* The salt of option m for this mailbox, SHOJI_SALT_LEN characters and a terminator. Of an address
 * as it stands: for whoever may meet several spellings of it, there is shoji_address_salt. */
void shoji_mailbox_salt(const struct shoji_key *key, const char *mailbox,
                        char ret[SHOJI_SALT_LEN + 1]);

/* The same of the mailbox that this address stands for, whatever its spelling (shoji_mailbox_fold).
 * 0 or -ENOMEM. */
int shoji_address_salt(const struct shoji_key *key, const char *address, const char *delimiters,
                       char ret[SHOJI_SALT_LEN + 1]);

struct shoji_opened {
    char url[SHOJI_URL_MAX + 1]; /* canonical, terminated */
    size_t url_len;
    struct shoji_url_options options;
    const struct shoji_key *key;
};

enum shoji_open_answer {
    SHOJI_OPEN_REFUSED = 1, /* malformed, unknown or revoked kid, bad signature, bad option: 403 */
    SHOJI_OPEN_UNPARSABLE = 2, /* the signature holds, but what it signs is no http URL: 404 */
};

/*
 * Verifies a path as it stands in the request line ("/i/..." or "/s/...", with `suffix` or without)
 * and gives back what was signed. 0 or an enum shoji_open_answer; *ret is untouched unless 0.
 * Takes the same time for every wrong signature of one length.
 */
int shoji_url_open(const struct shoji_keys *keys, const char *suffix, const char *path, size_t len,
                   struct shoji_opened *ret);

#ifdef __cplusplus
}
#endif

#endif
