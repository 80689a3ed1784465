#include "cli/input.h"
#include "cli/setup.h"
#include "deliver/deliver.h"

#include "base/date.h"
#include "base/limits.h"

#include <shoji/rewrite.h>

#include <errno.h>
#include <getopt.h>

struct rewrite {
    struct shoji_rewrite how;
    bool html;
    bool prefetch;
    int mode;  /* enum shoji_mode, or -1: as configured */
    int links; /* enum shoji_links, or -1 */
    int32_t delivered;
    const char *mailbox;
    const char *report;
};

/* The index of `value` in the list of names, ended by NULL, or -1, having said what is allowed. */
static int choose(const char *option, const char *value, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(value, names[i]) == 0)
            return i;
    cmd_say("rewrite: %s does not take %s; see --help", option, value);
    return -1;
}

static int read_option(int option, char **argv, struct rewrite *rewrite)
{
    static const char *const modes[] = {
        [SHOJI_PROXY] = "proxy", [SHOJI_HOLD] = "hold", [SHOJI_STRIP] = "strip", NULL};
    static const char *const links[] = {
        [SHOJI_LINKS_KEEP] = "keep", [SHOJI_LINKS_CLEAN] = "clean", NULL};
    switch (option) {
    case 'h':
    case 'e':
        rewrite->html = option == 'h';
        return CMD_DONE;
    case 'o':
        rewrite->mode = choose("--mode", optarg, modes);
        return rewrite->mode < 0 ? CMD_USAGE : CMD_DONE;
    case 'l':
        rewrite->links = choose("--links", optarg, links);
        return rewrite->links < 0 ? CMD_USAGE : CMD_DONE;
    case 'm':
        rewrite->mailbox = optarg;
        return CMD_DONE;
    case 'd':
        if (date_days(optarg, &rewrite->delivered))
            return CMD_DONE;
        cmd_say("rewrite: --delivered is a date from 1970-01-01 on, as YYYY-MM-DD, not %s", optarg);
        return CMD_USAGE;
    case 'p':
        rewrite->prefetch = true;
        return CMD_DONE;
    case 'r':
        rewrite->report = optarg;
        return CMD_DONE;
    default:
        return cmd_bad_option(option, argv);
    }
}

static int read_options(int argc, char **argv, struct rewrite *rewrite)
{
    static const struct option options[] = {
        {"delivered", required_argument, NULL, 'd'},
        {"html", no_argument, NULL, 'h'},
        {"links", required_argument, NULL, 'l'},
        {"mail", no_argument, NULL, 'e'},
        {"mailbox", required_argument, NULL, 'm'},
        {"mode", required_argument, NULL, 'o'},
        {"prefetch", no_argument, NULL, 'p'},
        {"report", required_argument, NULL, 'r'},
        {0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        int exit_code = read_option(option, argv, rewrite);
        if (exit_code != CMD_DONE)
            return exit_code;
    }
    if (optind < argc) {
        cmd_say("rewrite: takes no argument, and reads stdin: %s", argv[optind]);
        return CMD_USAGE;
    }
    return CMD_DONE;
}

static int set_up(const struct cmd_common *common, struct config *config, struct rewrite *rewrite)
{
    struct shoji_rewrite *how = &rewrite->how;
    int exit_code = setup_rewrite(common, config, how);
    if (exit_code != CMD_DONE)
        return exit_code;
    if (rewrite->mode >= 0)
        how->mode = (enum shoji_mode)rewrite->mode;
    if (rewrite->links >= 0)
        how->links = (enum shoji_links)rewrite->links;
    return rewrite->mailbox
               ? setup_mailbox(config, how->signer.key, rewrite->mailbox, how->options.mailbox)
               : CMD_DONE;
}

/* What became of the images, for a person. */
static void say_prefetched(const struct delivered *delivered)
{
    if (delivered->why[0])
        cmd_say("%s", delivered->why);
    if (delivered->prefetched == DELIVER_OFF || delivered->prefetched == DELIVER_FAILED)
        cmd_say("%s; the images will be fetched when they are first seen",
                delivered->prefetched == DELIVER_OFF ? "prefetching is switched off"
                                                     : "nothing is prefetched");
}

static int write_report(const char *path, const struct delivered *outcome)
{
    char *text = shoji_report_json(&outcome->report);
    FILE *file = text ? fopen(path, "we") : NULL;
    bool written = false;
    if (file) {
        /* The object of the library, and what only this program knows. */
        int len = (int)strlen(text) - 1;
        const char *prefetched = deliver_prefetched_name(outcome->prefetched);
        int printed = prefetched
                          ? fprintf(file, "%.*s,\"prefetch\":\"%s\"}\n", len, text, prefetched)
                          : fprintf(file, "%s\n", text);
        written = printed > 0;
        written = fclose(file) == 0 && written;
    }
    if (!written)
        cmd_say("%s: cannot write the report: %s", path, strerror(text ? errno : ENOMEM));
    free(text);
    return written ? CMD_DONE : CMD_TROUBLE;
}

int cmd_rewrite(const struct cmd_common *common, int argc, char **argv)
{
    struct rewrite rewrite = {.how = {.options = SHOJI_URL_OPTIONS_NONE},
                              .mode = -1,
                              .links = -1,
                              .delivered = SHOJI_NOT_DELIVERED};
    CLEANUP(config_free) struct config config = {0};
    CLEANUP(buf_free) struct buf in = BUF_INIT(INPUT_MAX);
    CLEANUP(delivered_free) struct delivered outcome = {0};
    int exit_code = read_options(argc, argv, &rewrite);
    if (exit_code == CMD_DONE)
        exit_code = set_up(common, &config, &rewrite);
    if (exit_code == CMD_DONE)
        exit_code = input_read(&in);
    if (exit_code != CMD_DONE)
        return exit_code;
    const struct deliver_job job = {.config = &config,
                                    .how = rewrite.how,
                                    .html = rewrite.html,
                                    .prefetch = rewrite.prefetch,
                                    .delivered = rewrite.delivered};
    int r = deliver_rewrite(&job, buf_span(&in), &outcome);
    if (r < 0) {
        cmd_say("cannot rewrite: %s", strerror(-r));
        return CMD_TROUBLE;
    }
    say_prefetched(&outcome);
    if (rewrite.report)
        exit_code = write_report(rewrite.report, &outcome);
    if (exit_code == CMD_DONE)
        fwrite(outcome.text, 1, outcome.len, stdout);
    return exit_code;
}
