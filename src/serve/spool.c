#include "serve/spool.h"

#include "base/limits.h"
#include "base/span.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define LEFTOVER_S 86400 /* no writer takes a day */
#define SAY_S      3600

struct batch {
    char **urls;
    size_t count;
    int64_t delivered_s; /* of all lines; 0: of some it is not known */
    uint16_t tenant;     /* likewise; CACHE_TENANTS: not of one */
    unsigned refused;    /* lines that no key of ours opens */
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

static int read_file(int dir_fd, const char *name, char **ret, size_t *ret_len, int64_t *ret_at_s)
{
    CLEANUP_FD int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return -errno;
    if (!S_ISREG(status.st_mode))
        return -EINVAL;
    *ret_at_s = status.st_mtim.tv_sec;
    return fd_read_all(fd, LIMIT_SPOOL_FILE, ret, ret_len);
}

/* One line of a file that was written at `at_s`. 0, -ENOMEM. */
static int add_line(const struct spool_conf *conf, const struct shoji_keys *keys, const char *line,
                    int64_t at_s, struct batch *batch)
{
    struct shoji_opened opened;
    if (shoji_url_open(keys, conf->url_suffix, line, strlen(line), &opened) != 0) {
        batch->refused++;
        return 0;
    }
    int64_t day_s = opened.options.delivered == SHOJI_NOT_DELIVERED
                        ? 0
                        : (int64_t)opened.options.delivered * 86400;
    if ((day_s ? day_s : at_s) + conf->window_s < clock_wall_s())
        return 0;
    uint16_t tenant = keyring_tenant(prefetch_cache(conf->prefetch), opened.key);
    if (batch->count == 0)
        batch->tenant = tenant;
    else if (batch->tenant != tenant)
        batch->tenant = CACHE_TENANTS;
    if (batch->count == 0 || day_s < batch->delivered_s)
        batch->delivered_s = day_s;
    batch->urls[batch->count] = strndup(opened.url, opened.url_len);
    if (!batch->urls[batch->count])
        return -ENOMEM;
    batch->count++;
    return 0;
}

static int add_lines(const struct spool_conf *conf, char *text, int64_t at_s, struct batch *batch)
{
    struct keyset *set = keyring_get(conf->keyring);
    char *rest = NULL;
    int r = 0;
    for (char *line = strtok_r(text, "\n", &rest); line && r == 0;
         line = strtok_r(NULL, "\n", &rest))
        r = add_line(conf, keyset_keys(set), line, at_s, batch);
    keyring_put(set);
    return r;
}

static int collect_file(const struct spool_conf *conf, int dir_fd, const char *name)
{
    CLEANUP(free_text) char *text = NULL;
    CLEANUP(batch_free) struct batch batch = {0};
    size_t len;
    int64_t at_s;
    int r = read_file(dir_fd, name, &text, &len, &at_s);
    if (r < 0)
        return r;
    size_t lines = 1;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    batch.urls = calloc(lines, sizeof(char *));
    if (!batch.urls)
        return -ENOMEM;
    r = add_lines(conf, text, at_s, &batch);
    if (r < 0)
        return r;
    const struct prefetch_batch given = {
        .urls = (const char *const *)batch.urls,
        .count = batch.count,
        .delivered_s = batch.delivered_s,
        .tenant = batch.tenant,
    };
    r = prefetch_submit(conf->prefetch, &given);
    if (r == 0 && unlinkat(dir_fd, name, 0) < 0)
        r = -errno;
    if (r == 0 && batch.refused > 0)
        log_warning("spool: %u of the lines of a file were left out: no key of this server opens "
                    "them",
                    batch.refused);
    return r;
}

static void set_aside(int dir_fd, const char *name)
{
    char bad[NAME_MAX + 8];
    snprintf(bad, sizeof(bad), "%s.bad", name);
    if (renameat(dir_fd, name, dir_fd, bad) == 0)
        log_warning("spool: a file is too long or not a file, and was set aside as *.bad");
}

/* Half a file, of a writer that did not live to finish it. */
static void remove_leftover(int dir_fd, const char *name)
{
    struct stat status;
    if (span_ends(span_of(name), SPAN(".new")) &&
        fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        status.st_mtim.tv_sec + LEFTOVER_S < clock_wall_s())
        unlinkat(dir_fd, name, 0);
}

static void say_stuck(int r)
{
    static int64_t said_s; /* one thread collects */
    if (said_s + SAY_S > clock_wall_s())
        return;
    said_s = clock_wall_s();
    log_warning("spool: a file stays where it is: %s", strerror(-r));
}

int spool_collect(const struct spool_conf *conf)
{
    DIR *open_dir = opendir(conf->dir);
    if (!open_dir)
        return -errno;
    int taken = 0, r = 0;
    for (struct dirent *entry; taken < conf->most && r != -ENOSPC && (entry = readdir(open_dir));) {
        if (entry->d_name[0] == '.')
            remove_leftover(dirfd(open_dir), entry->d_name);
        if (entry->d_name[0] == '.' || !span_ends(span_of(entry->d_name), SPAN(".urls")))
            continue; /* still being written, or not ours */
        r = collect_file(conf, dirfd(open_dir), entry->d_name);
        if (r == 0)
            taken++;
        else if (r == -E2BIG || r == -EINVAL || r == -ELOOP)
            set_aside(dirfd(open_dir), entry->d_name);
        else
            say_stuck(r);
    }
    closedir(open_dir);
    return taken;
}
