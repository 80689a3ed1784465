#include "cli/input.h"
#include "cli/setup.h"

#include <shoji/check.h>

#include <getopt.h>
#include <string.h>

static int read_options(int argc, char **argv, bool *ret_html)
{
    static const struct option options[] = {
        {"html", no_argument, NULL, 'h'},
        {"mail", no_argument, NULL, 'e'},
        {0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option != 'h' && option != 'e')
            return cmd_bad_option(option, argv);
        *ret_html = option == 'h';
    }
    if (optind < argc) {
        cmd_say("check: takes no argument, and reads stdin: %s", argv[optind]);
        return CMD_USAGE;
    }
    return CMD_DONE;
}

/* One line a finding, whatever bytes the sender chose. */
static void print_text(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < ' ' || c == 0x7f)
            printf("\\x%02x", c);
        else
            putchar(c);
    }
}

static void print_finding(void *ctx, const struct shoji_finding *finding)
{
    (void)ctx;
    printf("%s: ", finding->where);
    print_text(finding->construct, strlen(finding->construct));
    fputs(": ", stdout);
    print_text(finding->reference, finding->reference_len);
    putchar('\n');
}

/* Without a base URL nothing could be told from what a sender writes under his own. */
static int set_up(const struct cmd_common *common, struct config *config, struct shoji_check *ret)
{
    int exit_code = setup_keys(common, config);
    if (exit_code != CMD_DONE)
        return exit_code;
    if (!config->base_url || !shoji_base_url_valid(config->base_url)) {
        cmd_say("check: a base URL is needed, scheme and host as in https://img.example.org: give "
                "--base URL, or set base_url under [server] in the configuration");
        return CMD_TROUBLE;
    }
    *ret = (struct shoji_check){.keys = config->keys,
                                .base_url = config->base_url,
                                .suffix = config->suffix,
                                .accept_base = config->conf.rewrite.accept_base,
                                .found = print_finding};
    return CMD_DONE;
}

int cmd_check(const struct cmd_common *common, int argc, char **argv)
{
    struct shoji_check check;
    bool html = false;
    CLEANUP(config_free) struct config config = {0};
    CLEANUP(buf_free) struct buf in = BUF_INIT(INPUT_MAX);
    int exit_code = read_options(argc, argv, &html);
    if (exit_code == CMD_DONE)
        exit_code = set_up(common, &config, &check);
    if (exit_code == CMD_DONE)
        exit_code = input_read(&in);
    if (exit_code != CMD_DONE)
        return exit_code;
    struct span text = buf_span(&in);
    int answer = (html ? shoji_check_html : shoji_check_mail)(&check, text.ptr, text.len);
    if (answer < 0) {
        cmd_say("cannot check: %s", strerror(-answer));
        return CMD_TROUBLE;
    }
    return answer == 0 ? CMD_DONE : CMD_NO;
}
