#include "cli/admin.h"

#include <getopt.h>
#include <string.h>

struct purge {
    const char *what;  /* "url", "host", "tenant" or "all" */
    const char *value; /* NULL for "all" */
    bool forget;
};

static int choose(struct purge *purge, const char *what, const char *value)
{
    if (purge->what) {
        cmd_say("purge: one of --url, --host, --tenant and --all at a time");
        return CMD_USAGE;
    }
    purge->what = what;
    purge->value = value;
    return CMD_DONE;
}

static int read_options(int argc, char **argv, struct purge *ret)
{
    static const struct option options[] = {
        {"url", required_argument, NULL, 'u'},    {"host", required_argument, NULL, 'h'},
        {"tenant", required_argument, NULL, 't'}, {"all", no_argument, NULL, 'a'},
        {"forget", no_argument, NULL, 'f'},       {0}};
    int option, exit_code = CMD_DONE;
    opterr = 0;
    while (exit_code == CMD_DONE && (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        switch (option) {
        case 'u':
            exit_code = choose(ret, "url", optarg);
            break;
        case 'h':
            exit_code = choose(ret, "host", optarg);
            break;
        case 't':
            exit_code = choose(ret, "tenant", optarg);
            break;
        case 'a':
            exit_code = choose(ret, "all", NULL);
            break;
        case 'f':
            ret->forget = true;
            break;
        default:
            return cmd_bad_option(option, argv);
        }
    }
    if (exit_code != CMD_DONE)
        return exit_code;
    if (optind < argc)
        cmd_say("purge: %s stands alone: say --url, --host or --tenant before it", argv[optind]);
    else if (!ret->what)
        cmd_say("purge: nothing is said to purge");
    else
        return CMD_DONE;
    return CMD_USAGE;
}

int cmd_purge(const struct cmd_common *common, int argc, char **argv)
{
    struct purge purge = {0};
    int exit_code = read_options(argc, argv, &purge);
    if (exit_code != CMD_DONE)
        return exit_code;
    json_t *body =
        json_pack("{s:o,s:b}", purge.what, purge.value ? json_string(purge.value) : json_true(),
                  "forget", purge.forget);
    if (!body) { /* what is not UTF-8 cannot be said in JSON */
        cmd_say("purge: %s is not UTF-8", purge.value ? purge.value : "");
        return CMD_NO;
    }
    const struct admin_question question = {.method = "POST", .target = "/v1/purge", .body = body};
    json_t *answer = NULL;
    exit_code = admin_ask(common, &question, &answer);
    json_decref(body);
    if (exit_code != CMD_DONE)
        return exit_code;
    printf("purged %lld\n", (long long)json_integer_value(json_object_get(answer, "purged")));
    json_decref(answer);
    return CMD_DONE;
}
