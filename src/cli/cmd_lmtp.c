#include "cli/setup.h"
#include "lmtp/address.h"
#include "lmtp/listener.h"
#include "lmtp/session.h"
#include "sys/activation.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct front {
    const char *to;
    const char *listen;
    bool as_it_came;
};

static const struct front *announced; /* for ready(), which takes no context */

static int read_address(const char *option, const char *value, const char **ret)
{
    *ret = value;
    if (address_valid(value))
        return CMD_DONE;
    cmd_say("lmtp: %s is unix:/path or host:port, as in unix:/run/dovecot/lmtp, not %s", option,
            value);
    return CMD_USAGE;
}

static int read_option(int option, char **argv, struct front *front)
{
    switch (option) {
    case 't':
        return read_address("--to", optarg, &front->to);
    case 'l':
        return read_address("--listen", optarg, &front->listen);
    case 'd':
        front->as_it_came = strcmp(optarg, "prefetch") == 0;
        if (front->as_it_came || strcmp(optarg, "rewrite") == 0)
            return CMD_DONE;
        cmd_say("lmtp: --deliver is rewrite or prefetch, not %s", optarg);
        return CMD_USAGE;
    default:
        return cmd_bad_option(option, argv);
    }
}

static int read_options(int argc, char **argv, struct front *front)
{
    static const struct option options[] = {
        {"deliver", required_argument, NULL, 'd'},
        {"listen", required_argument, NULL, 'l'},
        {"to", required_argument, NULL, 't'},
        {0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        int exit_code = read_option(option, argv, front);
        if (exit_code != CMD_DONE)
            return exit_code;
    }
    if (optind < argc) {
        cmd_say("lmtp: takes no argument: %s", argv[optind]);
        return CMD_USAGE;
    }
    if (front->to)
        return CMD_DONE;
    cmd_say("lmtp: --to says where the mail store listens");
    return CMD_USAGE;
}

static void ready(unsigned port)
{
    const char *address = announced->listen;
    if (port > 0)
        printf("ready lmtp=%.*s:%u\n", (int)(strrchr(address, ':') - address), address, port);
    else
        printf("ready lmtp=%s\n", address);
    fflush(stdout);
    activation_notify("READY=1");
}

int cmd_lmtp(const struct cmd_common *common, int argc, char **argv)
{
    struct front front = {0};
    char why[CONFIG_WHY_SIZE];
    /* Threads that do not end in time read these until the process has ended. */
    static struct config_source source;
    static struct lmtp lmtp;
    int exit_code = read_options(argc, argv, &front);
    if (exit_code != CMD_DONE)
        return exit_code;
    source = setup_source(common);
    if (office_open(&source, NULL, why) < 0) {
        cmd_say("%s", why);
        return CMD_TROUBLE;
    }
    lmtp = (struct lmtp){.to = front.to, .as_it_came = front.as_it_came, .stop = -1};
    signal(SIGPIPE, SIG_IGN);
    announced = &front;
    int r = front.listen ? listener_run(&lmtp, front.listen, ready)
                         : session_run(&lmtp, STDIN_FILENO, STDOUT_FILENO);
    if (r == 0)
        return CMD_DONE;
    if (front.listen)
        cmd_say("lmtp: cannot listen at %s: %s", front.listen, strerror(-r));
    else
        cmd_say("lmtp: %s", strerror(-r));
    return CMD_TROUBLE;
}
