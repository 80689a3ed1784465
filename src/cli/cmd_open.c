#include "cli/setup.h"

#include "base/err.h"

#include <getopt.h>
#include <string.h>

/* The path of a URL, or the whole of what is a path already. The base is not compared: the
 * signature alone says whether a URL is ours. */
static const char *path_of(const char *url)
{
    const char *authority = strstr(url, "://");
    if (!authority)
        return url;
    const char *slash = strchr(authority + 3, '/');
    return slash ? slash : "";
}

static int open_one(void *ctx, const char *url, size_t len)
{
    const struct config *config = ctx;
    struct shoji_opened opened;
    const char *path = path_of(url);
    size_t path_len = len - (size_t)(path - url);
    if (*path == '\0')
        path_len = 0;
    switch (shoji_url_open(config->keys, config->suffix, path, path_len, &opened)) {
    case 0:
        break;
    case SHOJI_OPEN_UNPARSABLE:
        cmd_say("the signature holds, but what it signs is no http or https URL: %s", url);
        return CMD_NO;
    default:
        cmd_say("not signed with these keys: %s", url);
        return CMD_NO;
    }
    puts(opened.url);
    if (opened.options.consent)
        puts("c=1");
    if (opened.options.delivered != SHOJI_NOT_DELIVERED)
        printf("d=%d\n", opened.options.delivered);
    if (opened.options.mailbox[0] != '\0')
        printf("m=%s\n", opened.options.mailbox);
    return CMD_DONE;
}

int cmd_open(const struct cmd_common *common, int argc, char **argv)
{
    static const struct option options[] = {{0}};
    opterr = 0;
    int option = getopt_long(argc, argv, ":", options, NULL);
    if (option != -1)
        return cmd_bad_option(option, argv);
    if (optind == argc) {
        cmd_say("open: no URL given");
        return CMD_USAGE;
    }
    CLEANUP(config_free) struct config config = {0};
    int exit_code = setup_keys(common, &config);
    if (exit_code != CMD_DONE)
        return exit_code;
    return cmd_each_url(argc - optind, argv + optind, open_one, &config);
}
