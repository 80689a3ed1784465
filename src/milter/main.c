/* shoji-milter: rewrites mail on its way through Postfix or Sendmail. */
#include "deliver/office.h"
#include "milter/session.h"

#include "base/limits.h"
#include "sys/activation.h"
#include "sys/log.h"

#include <getopt.h>
#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_TROUBLE = 3 };

struct arguments {
    struct config_source source;
    const char *listen;
    const char *deliver;
    bool check;
};

static void help(void)
{
    puts(
        "usage: shoji-milter [--config FILE] [--listen ADDRESS] [--deliver WHAT] [--check-config]\n"
        "\n"
        "Rewrites mail for recipients who are delivered here, on its way through Postfix or\n"
        "Sendmail; or hands the images of mail to the queue, and leaves it as it came; or gives\n"
        "mail that leaves the house its original URLs back.\n"
        "\n"
        "  --config FILE       default: /etc/shoji/shoji.conf; its section is [milter]\n"
        "  --listen ADDRESS    instead of the configured one: unix:/path, inet:port@127.0.0.1\n"
        "  --deliver WHAT      instead of the configured one: rewrite, prefetch or unrewrite\n"
        "  --check-config      read the configuration, the keys and the rules, say what is wrong,\n"
        "                      and end\n"
        "  --help, --version\n");
}

/* 0: go on; else the exit code plus one. */
static int parse(int argc, char **argv, struct arguments *ret)
{
    static const struct option options[] = {
        {"check-config", no_argument, NULL, 'k'},
        {"config", required_argument, NULL, 'c'},
        {"deliver", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {"listen", required_argument, NULL, 'l'},
        {"version", no_argument, NULL, 'v'},
        {0},
    };
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case 'c':
            ret->source.file = optarg;
            break;
        case 'd':
            ret->deliver = optarg;
            break;
        case 'k':
            ret->check = true;
            break;
        case 'l':
            ret->listen = optarg;
            break;
        case 'h':
            help();
            return EXIT_DONE + 1;
        case 'v':
            puts("shoji-milter " SHOJI_VERSION);
            return EXIT_DONE + 1;
        default:
            return EXIT_USAGE + 1;
        }
    }
    if (optind == argc)
        return 0;
    fprintf(stderr, "shoji-milter: takes no argument: %s; see --help\n", argv[optind]);
    return EXIT_USAGE + 1;
}

/* The socket is for the MTA, which shares our group. A path that a former life left is in the way.
 */
static int listen_at(const char *address, char *why)
{
    umask(0007);
    char *copy = strdup(address);
    int r = copy ? smfi_setconn(copy) : MI_FAILURE;
    if (r == MI_SUCCESS)
        r = smfi_opensocket(true);
    free(copy);
    if (r == MI_SUCCESS)
        return 0;
    snprintf(why, CONFIG_WHY_SIZE,
             "cannot listen at %s: allowed are unix:/path and inet:port@address, and nobody else "
             "may listen there",
             address);
    return -1;
}

static int run(const struct arguments *arguments, char *why)
{
    struct office *office = office_take();
    const char *configured = office->config.conf.milter.listen;
    const char *address = arguments->listen ? arguments->listen : configured;
    char name[] = "shoji-milter";
    int r = session_register(name);
    /* libmilter hangs up on a field of more than 64 KiB, and the mail would wait for ever. */
    smfi_setmaxdatasize(LIMIT_HEADER_BLOCK);
    if (r == 0)
        r = listen_at(address, why);
    if (r == 0) {
        printf("ready milter=%s\n", address);
        fflush(stdout);
        activation_notify("READY=1");
    }
    office_give_back(office);
    if (r != 0)
        return EXIT_TROUBLE;
    if (smfi_main() == MI_SUCCESS)
        return EXIT_DONE;
    snprintf(why, CONFIG_WHY_SIZE, "libmilter gave up");
    return EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    int r = parse(argc, argv, &arguments);
    if (r != 0)
        return r - 1;
    char why[CONFIG_WHY_SIZE] = "";
    signal(SIGPIPE, SIG_IGN);
    int code = EXIT_TROUBLE;
    if (office_open(&arguments.source, arguments.deliver, why) == 0) {
        code = arguments.check ? EXIT_DONE : run(&arguments, why);
        office_close();
    }
    if (code != EXIT_DONE)
        fprintf(stderr, "shoji-milter: %s\n", why);
    return code;
}
