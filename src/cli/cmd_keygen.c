#include "cli/cmd.h"

#include "base/err.h"
#include "base/limits.h"
#include "lib/key.h"
#include "sys/fd.h"

#include <getopt.h>
#include <sodium.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct line {
    char text[SHOJI_KID_MAX + SHOJI_TENANT_MAX + 128];
};

static void line_wipe(struct line *line)
{
    sodium_memzero(line->text, sizeof(line->text));
}

/* Opens the file, or makes it 0600 whatever the umask is. -errno. */
static int open_file(const char *path)
{
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST ? open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK) : -1;
    if (fchmod(fd, 0600) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The keys that are there already; whatever makes them unreadable to the server stops us, too. */
static int load_keys(const char *path, struct shoji_keys **ret)
{
    char why[SHOJI_WHY_SIZE];
    int r = shoji_keys_load(path, why, ret);
    if (r < 0)
        cmd_say("%s", why);
    return r;
}

static void keys_freep(struct shoji_keys **keys)
{
    shoji_keys_free(*keys);
}

/* A fresh line whose kid nobody else has. */
static int make_line(const struct shoji_keys *keys, const char *tenant, struct line *line)
{
    int r;
    do
        r = shoji_key_generate(tenant, line->text, sizeof(line->text));
    while (r == 0 && shoji_keys_find(keys, line->text, strcspn(line->text, " ")));
    return r;
}

static bool ends_within_line(int fd, off_t size)
{
    char last;
    return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* All of the line reaches the disk, or none of it stays in the file. */
static int append_line(int fd, const struct line *line)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    CLEANUP(line_wipe) struct line text = {0};
    snprintf(text.text, sizeof(text.text), "%s%s", ends_within_line(fd, st.st_size) ? "\n" : "",
             line->text);
    size_t len = strlen(text.text);
    if ((uint64_t)st.st_size + len > LIMIT_KEY_FILE)
        return -EFBIG;
    /* One call, so that a server that reloads just now does not see a part. */
    ssize_t n = write(fd, text.text, len);
    int r = n < 0 ? -errno : (size_t)n < len ? -ENOSPC : 0;
    if (r == 0 && fsync(fd) < 0)
        r = -errno;
    if (r < 0 && ftruncate(fd, st.st_size) < 0)
        cmd_say("the file may now end in a part of a line");
    return r;
}

static int append_key(const char *path, const char *tenant)
{
    CLEANUP_FD int fd = open_file(path);
    if (fd < 0 || flock(fd, LOCK_EX) < 0) {
        cmd_say("%s: %s", path, strerror(errno));
        return CMD_TROUBLE;
    }
    CLEANUP(keys_freep) struct shoji_keys *keys = NULL;
    if (load_keys(path, &keys) < 0)
        return CMD_TROUBLE;
    CLEANUP(line_wipe) struct line line = {0};
    int r = make_line(keys, tenant, &line);
    if (r == 0)
        r = append_line(fd, &line);
    if (r < 0) {
        cmd_say("%s: %s", path, strerror(-r));
        return CMD_TROUBLE;
    }
    return CMD_DONE;
}

static int print_key(const char *tenant)
{
    CLEANUP(line_wipe) struct line line = {0};
    int r = shoji_key_generate(tenant, line.text, sizeof(line.text));
    if (r < 0) {
        cmd_say("cannot make a key: %s", strerror(-r));
        return CMD_TROUBLE;
    }
    fputs(line.text, stdout);
    return CMD_DONE;
}

int cmd_keygen(const struct cmd_common *common, int argc, char **argv)
{
    static const struct option options[] = {{"tenant", required_argument, NULL, 't'}, {0}};
    const char *tenant = NULL;
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 't')
            return cmd_bad_option(option, argv);
        tenant = optarg;
    }
    if (optind < argc) {
        cmd_say("keygen: unexpected argument %s", argv[optind]);
        return CMD_USAGE;
    }
    if (tenant && !key_is_tenant(span_of(tenant))) {
        cmd_say("keygen: a tenant's name is 1 to %d of A-Z, a-z, 0-9, '.', '_' and '-', not %s",
                SHOJI_TENANT_MAX, tenant);
        return CMD_USAGE;
    }
    return common->keys ? append_key(common->keys, tenant) : print_key(tenant);
}
