#include "admin/token.h"

#include "sys/fd.h"

#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

struct token {
    unsigned char hash[crypto_generichash_BYTES];
    unsigned char key[crypto_generichash_KEYBYTES];
};

static void hash_of(const struct token *token, const char *text, size_t len, unsigned char *ret)
{
    crypto_generichash(ret, crypto_generichash_BYTES, (const unsigned char *)text, len, token->key,
                       sizeof(token->key));
}

/* The length of the one line, or -EINVAL. */
static int check_line(const char *text, size_t len)
{
    size_t line = strcspn(text, "\r\n");
    if (line < TOKEN_MIN || line > TOKEN_MAX || strspn(text + line, "\r\n") != len - line)
        return -EINVAL;
    for (size_t i = 0; i < line; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return -EINVAL;
    return (int)line;
}

static int read_private(const char *path, char **ret, size_t *ret_len)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (status.st_mode & 077)
        return -EACCES;
    return fd_read_all(fd, TOKEN_MAX + 2, ret, ret_len);
}

static const char *trouble(int r)
{
    switch (r) {
    case -EACCES:
        return "cannot be read by us alone: its owner must be the server's user, its mode 0600";
    case -E2BIG:
    case -EINVAL:
        return "must hold one line of 16 to 512 visible characters";
    default:
        return strerror(-r);
    }
}

int token_load(const char *path, char *why, struct token **ret)
{
    char *text = NULL;
    size_t len = 0;
    int r = read_private(path, &text, &len);
    int line = r < 0 ? r : check_line(text, len);
    struct token *token = line < 0 ? NULL : malloc(sizeof(*token));
    if (line >= 0 && !token)
        line = -ENOMEM;
    if (token) {
        randombytes_buf(token->key, sizeof(token->key));
        hash_of(token, text, (size_t)line, token->hash);
        *ret = token;
    } else {
        snprintf(why, 256, "token file %.120s: %s", path, trouble(line));
    }
    if (text)
        sodium_memzero(text, len);
    free(text);
    return line < 0 ? line : 0;
}

void token_free(struct token *token)
{
    if (token)
        sodium_memzero(token, sizeof(*token));
    free(token);
}

bool token_matches(const struct token *token, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    if (!authorization || strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
        return false;
    const char *given = authorization + sizeof(scheme) - 1;
    given += strspn(given, " ");
    unsigned char hash[crypto_generichash_BYTES];
    hash_of(token, given, strlen(given), hash);
    return sodium_memcmp(hash, token->hash, sizeof(hash)) == 0;
}
