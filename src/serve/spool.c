#include "serve/spool.h"

#include "base/limits.h"
#include "base/span.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_FILE (4 * MiB) /* a message has 200 images; files of a batch are far below */

struct batch {
    char **urls;
    size_t count;
};

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->urls[i]);
    free(batch->urls);
}

static void free_text(char **text)
{
    free(*text);
}

static int read_file(int dir_fd, const char *name, char **ret, size_t *ret_len)
{
    CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    return fd_read_all(fd, MAX_FILE, ret, ret_len);
}

/* 0, -ENOMEM. */
static int add_line(struct batch *batch, const struct shoji_keys *keys, const char *suffix,
                    const char *line)
{
    struct shoji_opened opened;
    if (shoji_url_open(keys, suffix, line, strlen(line), &opened) != 0)
        return 0;
    batch->urls[batch->count] = strndup(opened.url, opened.url_len);
    if (!batch->urls[batch->count])
        return -ENOMEM;
    batch->count++;
    return 0;
}

static int collect_file(int dir_fd, const char *name, const char *suffix, struct keyring *keyring,
                        struct prefetch *prefetch)
{
    CLEANUP(free_text) char *text = NULL;
    CLEANUP(batch_free) struct batch batch = {0};
    size_t len;
    int r = read_file(dir_fd, name, &text, &len);
    if (r < 0)
        return r;
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    batch.urls = calloc(lines, sizeof(char *));
    if (!batch.urls)
        return -ENOMEM;
    struct keyset *set = keyring_get(keyring);
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line && r == 0;
         line = strtok_r(NULL, "\n", &rest))
        r = add_line(&batch, keyset_keys(set), suffix, line);
    keyring_put(set);
    if (r == 0)
        r = prefetch_submit(prefetch, (const char *const *)batch.urls, batch.count);
    if (r == 0 && unlinkat(dir_fd, name, 0) < 0)
        r = -errno;
    return r;
}

static void set_aside(int dir_fd, const char *name)
{
    char bad[NAME_MAX + 8];
    snprintf(bad, sizeof(bad), "%s.bad", name);
    if (renameat(dir_fd, name, dir_fd, bad) == 0)
        log_warning("spool: a file is too long or not a file, and was set aside as *.bad");
}

int spool_collect(const char *dir, const char *url_suffix, struct keyring *keyring,
                  struct prefetch *prefetch, int most)
{
    DIR *open_dir = opendir(dir);
    if (!open_dir)
        return -errno;
    int taken = 0;
    for (struct dirent *entry; taken < most && (entry = readdir(open_dir));) {
        if (entry->d_name[0] == '.' || !span_ends(span_of(entry->d_name), SPAN(".urls")))
            continue; /* still being written, or not ours */
        int r = collect_file(dirfd(open_dir), entry->d_name, url_suffix, keyring, prefetch);
        if (r == 0)
            taken++;
        else if (r == -E2BIG || r == -EINVAL || r == -ELOOP)
            set_aside(dirfd(open_dir), entry->d_name);
    }
    closedir(open_dir);
    return taken;
}
