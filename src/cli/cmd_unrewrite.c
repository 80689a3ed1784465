#include "cli/input.h"
#include "cli/setup.h"

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
    cmd_say("unrewrite: takes no argument, and reads stdin: %s", argv[optind]);
    return CMD_USAGE;
}

/* A key that signs is not needed to go back: keys that only verify will do. */
static int set_up(const struct cmd_common *common, struct config *config, struct shoji_rewrite *how)
{
    int exit_code = setup_keys(common, config);
    if (exit_code == CMD_DONE)
        exit_code = setup_base(config);
    if (exit_code != CMD_DONE)
        return exit_code;
    *how = (struct shoji_rewrite){
        .signer = {.base_url = config->base_url, .suffix = config->suffix},
        .keys = config->keys,
        .accept_base = config->conf.rewrite.accept_base,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
    return CMD_DONE;
}

int cmd_unrewrite(const struct cmd_common *common, int argc, char **argv)
{
    CLEANUP(config_free) struct config config = {0};
    CLEANUP(buf_free) struct buf in = BUF_INIT(INPUT_MAX);
    struct shoji_rewrite how;
    bool html = false;
    int exit_code = read_options(argc, argv, &html);
    if (exit_code == CMD_DONE)
        exit_code = set_up(common, &config, &how);
    if (exit_code == CMD_DONE)
        exit_code = input_read(&in);
    if (exit_code != CMD_DONE)
        return exit_code;
    char *out = NULL;
    size_t len = 0;
    struct span text = buf_span(&in);
    int error = html ? shoji_unrewrite_html(&how, text.ptr, text.len, &out, &len)
                     : shoji_unrewrite_mail(&how, text.ptr, text.len, &out, &len);
    if (error) {
        cmd_say("cannot go back: %s", strerror(-error));
        return CMD_TROUBLE;
    }
    fwrite(out, 1, len, stdout);
    free(out);
    return CMD_DONE;
}
