#include "store/memo.h"

#include "base/limits.h"
#include "store/cache.h"
#include "store/seal.h"
#include "sys/fd.h"

#include <string.h>

/* Its length is rounded up, so that nobody sees one more entry. The rest is spaces. */
#define STEP 4096UL

/* No entry of the queue is named so: those are keyed hashes. */
static const struct seal seal_of = {.id = "memo"};

static void free_bytes(void **bytes)
{
    free(*bytes);
}

int memo_save(const char *path, const struct secret *secret, struct span text)
{
    if (text.len > LIMIT_MEMO)
        return -E2BIG;
    size_t len = (text.len / STEP + 1) * STEP;
    CLEANUP(free_bytes) void *padded = malloc(len);
    CLEANUP(free_bytes) void *sealed = malloc(len + SEAL_PROOF);
    if (!padded || !sealed)
        return -ENOMEM;
    memset(padded, ' ', len);
    if (text.len > 0)
        memcpy(padded, text.ptr, text.len);
    struct seal seal = seal_of;
    seal.secret = secret;
    seal_close(&seal, padded, len, sealed);
    return fd_replace_file(path, 0600, sealed, len + SEAL_PROOF);
}

int memo_load(const char *path, const struct secret *secret, char **ret, size_t *ret_len)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? CACHE_NONE : -errno;
    CLEANUP(free_bytes) void *sealed = NULL;
    char *bytes = NULL;
    size_t len = 0;
    int r = fd_read_all(fd, LIMIT_MEMO + STEP + SEAL_PROOF, &bytes, &len);
    if (r < 0)
        return r == -E2BIG ? -EBADMSG : r;
    sealed = bytes;
    if (len < SEAL_PROOF)
        return -EBADMSG;
    CLEANUP(free_bytes) void *text = malloc(len - SEAL_PROOF + 1);
    if (!text)
        return -ENOMEM;
    struct seal seal = seal_of;
    seal.secret = secret;
    r = seal_open(&seal, sealed, len, text);
    if (r < 0)
        return r;
    ((char *)text)[len - SEAL_PROOF] = '\0';
    *ret = take(text);
    *ret_len = len - SEAL_PROOF;
    return 0;
}
