#include "lib/key.h"

#include "base/err.h"
#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* The file's memory, which holds secrets. */
struct key_text {
    char *ptr;
    size_t len;
    size_t cap;
};

static void key_text_wipe(struct key_text *text)
{
    if (text->ptr)
        sodium_memzero(text->ptr, text->cap);
    free(text->ptr);
}

static int file_check(const char *path, const struct stat *st, char *why)
{
    if (!S_ISREG(st->st_mode)) {
        snprintf(why, SHOJI_WHY_SIZE, "%s: not a regular file", path);
        return -EINVAL;
    }
    if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        snprintf(why, SHOJI_WHY_SIZE,
                 "%s: mode %04o lets others at the keys; it must be 0600 (chmod 600)", path,
                 (unsigned)st->st_mode & 07777U);
        return -EACCES;
    }
    if (st->st_size > (off_t)LIMIT_KEY_FILE) {
        snprintf(why, SHOJI_WHY_SIZE, "%s: larger than 1 MiB", path);
        return -E2BIG;
    }
    return 0;
}

static int file_read(int fd, struct key_text *text)
{
    while (text->len < text->cap) {
        ssize_t n = read(fd, text->ptr + text->len, text->cap - text->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        text->len += (size_t)n;
    }
    return 0;
}

int shoji_keys_load(const char *path, char *why, struct shoji_keys **ret)
{
    /* O_NONBLOCK: a FIFO in the file's place must not hang us before it is refused. */
    CLEANUP(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        int r = -errno;
        snprintf(why, SHOJI_WHY_SIZE, "%s: %s", path, strerrordesc_np(-r));
        return r;
    }
    int r = file_check(path, &st, why);
    if (r < 0)
        return r;
    size_t size = (size_t)st.st_size;
    CLEANUP(key_text_wipe) struct key_text text = {.ptr = malloc(size + 1), .cap = size};
    r = text.ptr ? file_read(fd, &text) : -ENOMEM;
    if (r < 0) {
        snprintf(why, SHOJI_WHY_SIZE, "%s: %s", path, strerrordesc_np(-r));
        return r;
    }
    return shoji_keys_parse(text.ptr, text.len, path, why, ret);
}

int shoji_key_generate(const char *tenant, char *ret, size_t ret_size)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    if (tenant && !key_is_tenant(span_of(tenant)))
        return -EINVAL;
    if (sodium_init() < 0)
        return -EIO;
    char kid[8 + 1] = "";
    for (size_t i = 0; i < sizeof(kid) - 1; i++)
        kid[i] = alphabet[randombytes_uniform(sizeof(alphabet) - 1)];
    unsigned char secret[SHOJI_SECRET_SIZE];
    char text[sodium_base64_ENCODED_LEN(SHOJI_SECRET_SIZE, sodium_base64_VARIANT_ORIGINAL)];
    randombytes_buf(secret, sizeof(secret));
    sodium_bin2base64(text, sizeof(text), secret, sizeof(secret), sodium_base64_VARIANT_ORIGINAL);
    int len = snprintf(ret, ret_size, "%s  %s  sign%s%s\n", kid, text, tenant ? "  tenant=" : "",
                       tenant ? tenant : "");
    sodium_memzero(secret, sizeof(secret));
    sodium_memzero(text, sizeof(text));
    return (size_t)len < ret_size ? 0 : -ENOSPC;
}
