#include "lib/key.h"

#include "base/err.h"
#include "base/limits.h"
#include "lib/b64url.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

struct shoji_keys {
    size_t count;
    struct shoji_key **by_kid; /* sorted; points into `keys` */
    struct shoji_key keys[];   /* in the order of the file, which decides who signs */
};

bool key_is_kid(struct span kid)
{
    for (size_t i = 0; i < kid.len; i++) {
        char c = kid.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9'))
            return false;
    }
    return kid.len >= 1 && kid.len <= SHOJI_KID_MAX;
}

bool key_is_tenant(struct span tenant)
{
    for (size_t i = 0; i < tenant.len; i++) {
        char c = ascii_lower(tenant.ptr[i]);
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return tenant.len >= 1 && tenant.len <= SHOJI_TENANT_MAX;
}

static void keys_derive(const unsigned char secret[SHOJI_SECRET_SIZE], const char *purpose,
                        unsigned char ret[KEY_SIZE])
{
    crypto_auth_hmacsha256(ret, (const unsigned char *)purpose, strlen(purpose), secret);
}

/* The next field of a line; empty at its end. */
static struct span keys_field(struct span *line)
{
    size_t from = 0;
    while (from < line->len && (line->ptr[from] == ' ' || line->ptr[from] == '\t'))
        from++;
    size_t end = from;
    while (end < line->len && line->ptr[end] != ' ' && line->ptr[end] != '\t')
        end++;
    struct span field = span_part(*line, from, end - from);
    *line = span_part(*line, end, line->len);
    return field;
}

static bool keys_state(struct span word, enum shoji_key_state *ret)
{
    if (span_equal(word, SPAN("sign")))
        *ret = SHOJI_KEY_SIGN;
    else if (span_equal(word, SPAN("verify")))
        *ret = SHOJI_KEY_VERIFY;
    else if (span_equal(word, SPAN("revoked")))
        *ret = SHOJI_KEY_REVOKED;
    else
        return false;
    return true;
}

static bool keys_secret(struct span text, struct shoji_key *key)
{
    unsigned char secret[SHOJI_SECRET_SIZE];
    size_t len = 0;
    bool good = b64_decode(text, secret, sizeof(secret), &len) && len == sizeof(secret);
    if (good) {
        keys_derive(secret, "shoji v1 sign", key->sign);
        keys_derive(secret, "shoji v1 siv", key->siv);
        keys_derive(secret, "shoji v1 enc", key->enc);
        keys_derive(secret, "shoji v1 mailbox", key->mailbox);
    }
    sodium_memzero(secret, sizeof(secret));
    return good;
}

/* NULL, or what is wrong with the line. */
static const char *keys_parse_line(struct span line, struct shoji_key *key)
{
    struct span kid = keys_field(&line);
    struct span secret = keys_field(&line);
    struct span state = keys_field(&line);
    struct span tenant = keys_field(&line);
    if (!key_is_kid(kid))
        return "the kid must be 1 to 16 of a-z and 0-9";
    memcpy(key->kid, kid.ptr, kid.len);
    if (!keys_secret(secret, key))
        return "the second field must be the base64 of 32 bytes";
    if (!keys_state(state, &key->state))
        return "the third field must be sign, verify or revoked";
    if (tenant.len == 0)
        return NULL;
    if (!span_starts(tenant, SPAN("tenant=")))
        return "only tenant=NAME may follow the state";
    tenant = span_part(tenant, sizeof("tenant=") - 1, tenant.len);
    if (!key_is_tenant(tenant))
        return "a tenant's name must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'";
    memcpy(key->tenant, tenant.ptr, tenant.len);
    return keys_field(&line).len > 0 ? "nothing may follow the tenant" : NULL;
}

/* Cuts the next line off `text`, without its end. */
static struct span keys_line(struct span *text)
{
    size_t end = 0;
    while (end < text->len && text->ptr[end] != '\n')
        end++;
    struct span line = span_part(*text, 0, end);
    *text = span_part(*text, end + 1, text->len);
    return span_trim(line);
}

static int keys_compare(const void *a, const void *b)
{
    const struct shoji_key *const *left = a;
    const struct shoji_key *const *right = b;
    int r = strcmp((*left)->kid, (*right)->kid);
    if (r != 0)
        return r;
    return (*left)->line < (*right)->line ? -1 : (*left)->line > (*right)->line;
}

static int keys_sort(struct shoji_keys *keys, const char *name, char *why)
{
    keys->by_kid = calloc(keys->count + 1, sizeof(keys->by_kid[0]));
    if (!keys->by_kid)
        return -ENOMEM;
    for (size_t i = 0; i < keys->count; i++)
        keys->by_kid[i] = &keys->keys[i];
    qsort(keys->by_kid, keys->count, sizeof(keys->by_kid[0]), keys_compare);
    for (size_t i = 1; i < keys->count; i++) {
        const struct shoji_key *before = keys->by_kid[i - 1];
        const struct shoji_key *key = keys->by_kid[i];
        if (strcmp(before->kid, key->kid) == 0) {
            snprintf(why, SHOJI_WHY_SIZE, "%s:%zu: kid %s is already on line %zu", name, key->line,
                     key->kid, before->line);
            return -EINVAL;
        }
    }
    return 0;
}

static void keys_freep(struct shoji_keys **keys)
{
    shoji_keys_free(*keys);
}

int shoji_keys_parse(const char *text, size_t len, const char *name, char *why,
                     struct shoji_keys **ret)
{
    struct span rest = {text, len};
    size_t lines = 1;
    snprintf(why, SHOJI_WHY_SIZE, "%s: out of memory", name);
    if (len > LIMIT_KEY_FILE) {
        snprintf(why, SHOJI_WHY_SIZE, "%s: larger than 1 MiB", name);
        return -E2BIG;
    }
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    if (sodium_init() < 0) /* else it does not use what the machine is good at */
        return -EIO;
    CLEANUP(keys_freep)
    struct shoji_keys *keys = calloc(1, sizeof(*keys) + lines * sizeof(keys->keys[0]));
    if (!keys)
        return -ENOMEM;
    for (size_t number = 1; rest.len > 0; number++) {
        struct span line = keys_line(&rest);
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        struct shoji_key *key = &keys->keys[keys->count++];
        key->line = number;
        const char *wrong = keys_parse_line(line, key);
        if (wrong) {
            snprintf(why, SHOJI_WHY_SIZE, "%s:%zu: %s", name, number, wrong);
            return -EINVAL;
        }
    }
    int r = keys_sort(keys, name, why);
    if (r < 0)
        return r;
    why[0] = '\0';
    *ret = take(keys);
    return 0;
}

void shoji_keys_free(struct shoji_keys *keys)
{
    if (!keys)
        return;
    free(keys->by_kid);
    sodium_memzero(keys->keys, keys->count * sizeof(keys->keys[0]));
    free(keys);
}

size_t shoji_keys_count(const struct shoji_keys *keys)
{
    return keys->count;
}

const struct shoji_key *shoji_keys_signer(const struct shoji_keys *keys, const char *tenant)
{
    for (size_t i = keys->count; i > 0; i--) {
        const struct shoji_key *key = &keys->keys[i - 1];
        if (key->state == SHOJI_KEY_SIGN && strcmp(key->tenant, tenant ? tenant : "") == 0)
            return key;
    }
    return NULL;
}

const struct shoji_key *shoji_keys_find(const struct shoji_keys *keys, const char *kid, size_t len)
{
    if (!key_is_kid((struct span){kid, len}))
        return NULL;
    size_t low = 0;
    size_t high = keys->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct shoji_key *key = keys->by_kid[middle];
        int r = strncmp(kid, key->kid, len);
        if (r == 0 && key->kid[len] == '\0')
            return key;
        if (r > 0)
            low = middle + 1;
        else /* also where the wanted kid is the beginning of this one */
            high = middle;
    }
    return NULL;
}

const char *shoji_key_kid(const struct shoji_key *key)
{
    return key->kid;
}

const char *shoji_key_tenant(const struct shoji_key *key)
{
    return key->tenant[0] != '\0' ? key->tenant : NULL;
}

enum shoji_key_state shoji_key_state(const struct shoji_key *key)
{
    return key->state;
}
