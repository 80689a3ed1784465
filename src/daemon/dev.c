#include "daemon/dev.h"

#include "sys/fd.h"

#include <limits.h>
#include <shoji/keys.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

static int make_key(const char *path)
{
    if (access(path, F_OK) == 0)
        return 0;
    char line[256];
    int r = shoji_key_generate(NULL, line, sizeof(line));
    if (r == 0)
        r = fd_replace_file(path, 0600, line, strlen(line));
    sodium_memzero(line, sizeof(line));
    return r;
}

static int set_path(struct conf *conf, const char *section, const char *name, const char *dir,
                    const char *file, char *why)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path))
        return -ENAMETOOLONG;
    return conf_set(conf, section, name, path, why);
}

static int fill(const char *dir, char *why, struct conf *conf)
{
    static const char *const paths[][3] = {
        {"server", "keys", "keys"},          {"server", "state", "state"},
        {"server", "submit", "submit.sock"}, {"server", "admin", "admin.sock"},
        {"prefetch", "spool", "spool"},
    };
    int r = 0;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]) && r == 0; i++)
        r = set_path(conf, paths[i][0], paths[i][1], dir, paths[i][2], why);
    if (r == 0)
        r = conf_set(conf, "server", "listen", "127.0.0.1:0", why);
    if (r == 0)
        r = conf_set(conf, "cache", "size", "1G", why);
    if (r == 0)
        r = conf_set(conf, "cache", "index_size", "64M", why);
    if (r == 0)
        r = conf_set(conf, "prefetch", "jitter", "0s", why);
    if (r == 0)
        r = make_key(conf->server.keys);
    if (r == 0 && mkdir(conf->prefetch.spool, 0700) < 0 && errno != EEXIST)
        r = -errno;
    return r;
}

int dev_conf(const char *dir, char *why, struct conf *ret)
{
    char real[PATH_MAX];
    why[0] = '\0';
    int r = (mkdir(dir, 0700) < 0 && errno != EEXIST) || !realpath(dir, real) ? -errno : 0;
    struct conf conf = {0};
    if (r == 0)
        r = conf_defaults(&conf);
    if (r == 0)
        r = fill(real, why, &conf);
    if (r < 0) {
        if (!why[0])
            snprintf(why, CONF_WHY_SIZE, "%.300s: %s", dir, strerror(-r));
        conf_free(&conf);
        return r;
    }
    *ret = conf;
    return 0;
}
