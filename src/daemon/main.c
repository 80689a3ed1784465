#include "daemon/daemon.h"
#include "daemon/death.h"
#include "daemon/dev.h"

#include "sys/activation.h"
#include "sys/log.h"

#include <errno.h>
#include <getopt.h>
#include <shoji/url.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#define TICK_S  5
#define READY_S 1 /* how soon a manager that had too much to read is told again */

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_TROUBLE = 3 };

struct arguments {
    const char *config;
    const char *dev;
    bool check;
};

static void help(void)
{
    puts("usage: shojid [--config FILE] [--check-config]\n"
         "       shojid --dev DIR\n"
         "\n"
         "The Shoji server: fetches, re-encodes, caches and serves the images of rewritten mail.\n"
         "\n"
         "  --config FILE    default: /etc/shoji/shoji.conf\n"
         "  --check-config   read the configuration and the keys, say what is wrong, and end\n"
         "  --dev DIR        no file needed: everything in DIR, a fresh key, loopback only\n"
         "  --help, --version\n"
         "\n"
         "Keys of the configuration, with their defaults and what is allowed:\n");
    conf_describe(stdout);
}

/* 0: go on; else the exit code plus one. */
static int parse(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 'k'},
        {"dev", required_argument, NULL, 'd'},    {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {0},
    };
    *ret = (struct arguments){0};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            ret->config = optarg;
            break;
        case 'd':
            ret->dev = optarg;
            break;
        case 'k':
            ret->check = true;
            break;
        case 'h':
            help();
            return EXIT_DONE + 1;
        case 'v':
            puts("shojid " SHOJI_VERSION);
            return EXIT_DONE + 1;
        default:
            return EXIT_USAGE + 1;
        }
    }
    if (optind < argc || (ret->dev && (ret->config || ret->check))) {
        fputs("shojid: --dev stands alone, and there are no other arguments; see --help\n", stderr);
        return EXIT_USAGE + 1;
    }
    return 0;
}

/* What single values cannot say. 0 or -EINVAL with a sentence. */
static int check(const struct conf *conf, char *why)
{
    const char *wrong = NULL;
    if (!conf->server.base_url)
        wrong = "[server] base_url is missing: the address under which readers reach this server";
    else if (!shoji_base_url_valid(conf->server.base_url))
        wrong = "[server] base_url: allowed is scheme and host without a path, such as "
                "https://img.example.org";
    else if (conf->cache.index_size >= conf->cache.size)
        wrong = "[cache] index_size is part of size, so it must be smaller";
    if (!wrong)
        return 0;
    snprintf(why, CONF_WHY_SIZE, "%s", wrong);
    return -EINVAL;
}

static int load(const struct arguments *arguments, char *why, struct conf *ret)
{
    if (arguments->dev)
        return dev_conf(arguments->dev, why, ret);
    const char *path = arguments->config ? arguments->config : CONF_PATH;
    int r = conf_load(path, why, ret);
    if (r < 0)
        return r;
    char reason[CONF_WHY_SIZE];
    r = check(ret, reason);
    if (r == 0)
        return 0;
    conf_free(ret);
    snprintf(why, CONF_WHY_SIZE, "%s: %.400s", path, reason);
    return r;
}

static int check_only(const struct conf *conf)
{
    char why[CONF_WHY_SIZE];
    if (daemon_check(conf, why) == 0)
        return EXIT_DONE;
    fprintf(stderr, "shojid: %s\n", why);
    return EXIT_TROUBLE;
}

/* Each connection is a descriptor: as many as the system allows us. */
static void raise_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static void reload(struct daemon *daemon, const struct arguments *arguments)
{
    char why[CONF_WHY_SIZE] = "";
    struct conf fresh = {0};
    bool read = !arguments->dev && load(arguments, why, &fresh) == 0;
    if (!read && !arguments->dev)
        log_error("configuration not reloaded, the old one stays: %s", why);
    daemon_reload(daemon, read ? &fresh : NULL);
    conf_free(&fresh);
}

static void serve(struct daemon *daemon, const struct arguments *arguments, const sigset_t *signals)
{
    bool more = true; /* at the start, at once */
    bool told = false;
    for (;;) {
        /* It must be told, but a server that waits for that would not hear that it shall end. */
        told = told || activation_try_notify("READY=1") == 0;
        const struct timespec tick = {.tv_sec = more ? 0 : told ? TICK_S : READY_S};
        switch (sigtimedwait(signals, NULL, &tick)) {
        case SIGHUP:
            reload(daemon, arguments);
            break;
        case SIGINT:
        case SIGTERM:
            return;
        default:
            more = daemon_tick(daemon);
        }
    }
}

static int run(const struct arguments *arguments, struct conf *conf)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    death_watch();
    raise_files();

    struct activation activation;
    if (activation_read(&activation) < 0) {
        fputs("shojid: LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are not as systemd sets them\n",
              stderr);
        return EXIT_TROUBLE;
    }
    char why[CONF_WHY_SIZE] = "";
    struct daemon *daemon = NULL;
    const struct daemon_conf start = {
        .conf = conf, .activation = &activation, .dev = arguments->dev != NULL};
    int r = daemon_start(&start, why, &daemon);
    activation_free(&activation);
    if (r == -ECANCELED) /* told to end before all had begun */
        return EXIT_DONE;
    if (r < 0) {
        fprintf(stderr, "shojid: %s\n", why);
        return EXIT_TROUBLE;
    }
    printf("ready %s\n", daemon_addresses(daemon));
    fflush(stdout);
    serve(daemon, arguments, &signals);
    (void)activation_try_notify("STOPPING=1");
    daemon_stop(daemon);
    return EXIT_DONE;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int r = parse(argc, argv, &arguments);
    if (r != 0)
        return r - 1;
    char why[CONF_WHY_SIZE] = "";
    struct conf conf;
    if (load(&arguments, why, &conf) < 0) {
        fprintf(stderr, "shojid: %s\n", why);
        return EXIT_TROUBLE;
    }
    int code = arguments.check ? check_only(&conf) : run(&arguments, &conf);
    conf_free(&conf);
    return code;
}
