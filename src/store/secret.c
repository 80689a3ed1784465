#include "store/secret.h"

#include "sys/fd.h"

#include <sodium.h>
#include <sys/stat.h>

/* Part of the format: changing one forgets everything on disk. */
#define CONTEXT "shojidsk"
enum { ID_URL = 1, ID_PURPOSE, ID_CONTENT, ID_QUEUE, ID_SUM };

static void derive(const uint8_t master[crypto_kdf_KEYBYTES], struct secret *ret)
{
    int r = crypto_kdf_derive_from_key(ret->url, sizeof(ret->url), ID_URL, CONTEXT, master);
    r |=
        crypto_kdf_derive_from_key(ret->purpose, sizeof(ret->purpose), ID_PURPOSE, CONTEXT, master);
    r |=
        crypto_kdf_derive_from_key(ret->content, sizeof(ret->content), ID_CONTENT, CONTEXT, master);
    r |= crypto_kdf_derive_from_key(ret->queue, sizeof(ret->queue), ID_QUEUE, CONTEXT, master);
    r |= crypto_kdf_derive_from_key(ret->sum, sizeof(ret->sum), ID_SUM, CONTEXT, master);
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
