#include "cli/input.h"
#include "cli/setup.h"
#include "deliver/deliver.h"

#include <getopt.h>

static int read_options(int argc, char **argv, bool *ret_html)
{
    static const struct option options[] = {
        {"html", no_argument, NULL, 'h'}, {"mail", no_argument, NULL, 'e'}, {0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 'h' && option != 'e')
            return cmd_bad_option(option, argv);
        *ret_html = option == 'h';
    }
    if (optind == argc)
        return CMD_DONE;
    cmd_say("prefetch: takes no argument, and reads stdin: %s", argv[optind]);
    return CMD_USAGE;
}

static int say_prefetched(const struct delivered *delivered)
{
    if (delivered->why[0])
        cmd_say("%s", delivered->why);
    if (delivered->prefetched == DELIVER_SPOOLED)
        cmd_say("the images wait in the spool until the server runs again");
    if (delivered->prefetched == DELIVER_OFF)
        cmd_say("prefetching is switched off: the images are not prefetched");
    if (delivered->prefetched != DELIVER_FAILED)
        return CMD_DONE;
    cmd_say("the images are not prefetched");
    return CMD_TROUBLE;
}

int cmd_prefetch(const struct cmd_common *common, int argc, char **argv)
{
    CLEANUP(config_free) struct config config = {0};
    CLEANUP(buf_free) struct buf in = BUF_INIT(INPUT_MAX);
    CLEANUP(delivered_free) struct delivered delivered = {0};
    struct deliver_job job = {.config = &config, .delivered = SHOJI_NOT_DELIVERED};
    int exit_code = read_options(argc, argv, &job.html);
    if (exit_code == CMD_DONE)
        exit_code = setup_rewrite(common, &config, &job.how);
    if (exit_code == CMD_DONE)
        exit_code = input_read(&in);
    if (exit_code != CMD_DONE)
        return exit_code;
    int r = deliver_prefetch(&job, buf_span(&in), &delivered);
    if (r < 0) {
        cmd_say("cannot look for images: %s", strerror(-r));
        return CMD_TROUBLE;
    }
    return say_prefetched(&delivered);
}
