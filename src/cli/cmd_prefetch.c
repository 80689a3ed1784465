#include "cli/handover.h"
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
    cmd_say("prefetch: takes no argument, and reads stdin: %s", argv[optind]);
    return CMD_USAGE;
}

/* The rewriter itself says which images there are; what it writes is thrown away. */
static int find_images(struct shoji_rewrite *how, bool html, struct span in,
                       struct handover_list *ret)
{
    char *out = NULL;
    size_t len = 0;
    how->emitted = handover_add;
    how->emitted_ctx = ret;
    int error = html ? shoji_rewrite_html(how, in.ptr, in.len, &out, &len, NULL)
                     : shoji_rewrite_mail(how, in.ptr, in.len, &out, &len, NULL);
    free(out);
    if (!error)
        return CMD_DONE;
    cmd_say("cannot look for images: %s", strerror(-error));
    return CMD_TROUBLE;
}

static int hand_over(const struct setup *setup, const struct shoji_rewrite *how,
                     const struct handover_list *list)
{
    struct handover to = {.submit = setup->conf.server.submit,
                          .spool = setup->conf.prefetch.spool,
                          .signer = &how->signer,
                          .delivered = SHOJI_NOT_DELIVERED,
                          .off = !setup->conf.prefetch.enabled};
    int answer = handover_urls(&to, list);
    if (answer == HANDOVER_SPOOLED)
        cmd_say("the images wait in the spool until the server runs again");
    if (answer == HANDOVER_OFF)
        cmd_say("prefetching is switched off: the images are not prefetched");
    if (answer == 0 || answer == HANDOVER_SPOOLED || answer == HANDOVER_OFF)
        return CMD_DONE;
    cmd_say("the images are not prefetched");
    return CMD_TROUBLE;
}

int cmd_prefetch(const struct cmd_common *common, int argc, char **argv)
{
    CLEANUP(setup_free) struct setup setup = {0};
    CLEANUP(buf_free) struct buf in = BUF_INIT(INPUT_MAX);
    CLEANUP(handover_free) struct handover_list list = {0};
    struct shoji_rewrite how;
    bool html = false;
    int exit_code = read_options(argc, argv, &html);
    if (exit_code == CMD_DONE)
        exit_code = setup_rewrite(common, &setup, &how);
    if (exit_code == CMD_DONE)
        exit_code = input_read(&in);
    if (exit_code == CMD_DONE)
        exit_code = find_images(&how, html, buf_span(&in), &list);
    return exit_code == CMD_DONE ? hand_over(&setup, &how, &list) : exit_code;
}
