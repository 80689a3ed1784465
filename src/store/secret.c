#include "store/secret.h"

#include "store/little.h"
#include "sys/fd.h"

#include <sodium.h>
#include <sys/stat.h>

/* Part of the format: changing one forgets everything on disk. */
#define CONTEXT "shojidsk"
enum { ID_URL = 1, ID_PURPOSE, ID_CONTENT, ID_QUEUE, ID_SUM, ID_WAITING, ID_PROOF, ID_PICTURE };

static void derive(const uint8_t master[crypto_kdf_KEYBYTES], struct secret *ret)
{
    int r = crypto_kdf_derive_from_key(ret->url, sizeof(ret->url), ID_URL, CONTEXT, master);
    r |=
        crypto_kdf_derive_from_key(ret->purpose, sizeof(ret->purpose), ID_PURPOSE, CONTEXT, master);
    r |=
        crypto_kdf_derive_from_key(ret->content, sizeof(ret->content), ID_CONTENT, CONTEXT, master);
    r |= crypto_kdf_derive_from_key(ret->queue, sizeof(ret->queue), ID_QUEUE, CONTEXT, master);
    r |= crypto_kdf_derive_from_key(ret->sum, sizeof(ret->sum), ID_SUM, CONTEXT, master);
    r |=
        crypto_kdf_derive_from_key(ret->waiting, sizeof(ret->waiting), ID_WAITING, CONTEXT, master);
    r |= crypto_kdf_derive_from_key(ret->proof, sizeof(ret->proof), ID_PROOF, CONTEXT, master);
    r |=
        crypto_kdf_derive_from_key(ret->picture, sizeof(ret->picture), ID_PICTURE, CONTEXT, master);
    must(r == 0); /* fails for wrong lengths only */
}

static int read_master(const char *path, uint8_t ret[crypto_kdf_KEYBYTES])
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || (st.st_mode & 0177) != 0)
        return -EPERM;
    if (st.st_size != crypto_kdf_KEYBYTES)
        return -EBADMSG;
    ssize_t n = read(fd, ret, crypto_kdf_KEYBYTES);
    if (n < 0)
        return -errno;
    return n == crypto_kdf_KEYBYTES ? 0 : -EBADMSG;
}

int secret_load(const char *path, bool may_make, struct secret *ret)
{
    uint8_t master[crypto_kdf_KEYBYTES];
    if (sodium_init() < 0)
        return -ENOSYS;
    int r = read_master(path, master);
    if (r == -ENOENT) {
        if (!may_make)
            return -ENOKEY;
        randombytes_buf(master, sizeof(master));
        r = fd_replace_file(path, 0600, master, sizeof(master));
    }
    if (r == 0)
        derive(master, ret);
    sodium_memzero(master, sizeof(master));
    return r;
}

/* ---- hashes ---- */

void secret_url_key(const struct secret *secret, const void *url, size_t len, uint8_t ret[32])
{
    crypto_generichash(ret, 32, url, len, secret->url, sizeof(secret->url));
}

void secret_keyed_hash(const struct secret *secret, const char *label, struct span bytes,
                       uint8_t ret[32])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, secret->purpose, sizeof(secret->purpose), 32);
    crypto_generichash_update(&state, (const unsigned char *)label, strlen(label) + 1);
    crypto_generichash_update(&state, (const unsigned char *)bytes.ptr, bytes.len);
    crypto_generichash_final(&state, ret, 32);
}

uint64_t secret_host_hash(const struct secret *secret, struct span host)
{
    uint8_t hash[32];
    secret_keyed_hash(secret, "host", host, hash);
    uint64_t number = little_get64(hash);
    return number ? number : 1;
}

uint64_t secret_host_of_url(const struct secret *secret, struct span url)
{
    const char *slashes = memmem(url.ptr, url.len, "://", 3);
    size_t from = slashes ? (size_t)(slashes - url.ptr) + 3 : 0;
    size_t end = from;
    bool literal = end < url.len && url.ptr[end] == '['; /* of IPv6, which has colons */
    while (end < url.len && !strchr("/?#", url.ptr[end]) && (literal || url.ptr[end] != ':')) {
        if (url.ptr[end] == ']')
            literal = false;
        end++;
    }
    return secret_host_hash(secret, span_part(url, from, end - from));
}
