#include "cli/admin.h"

#include <stdio.h>
#include <unistd.h>

#define NAME_MAX_BYTES 200

/* One figure a line, named by its path: "cache.records 1234". */
static void print_figures(const char *path, const json_t *json)
{
    const char *name;
    json_t *value;
    if (!json_is_object(json)) {
        if (json_is_string(json))
            printf("%s %s\n", path, json_string_value(json));
        else
            printf("%s %lld\n", path, (long long)json_integer_value(json));
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        char below[NAME_MAX_BYTES];
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "", name);
        print_figures(below, value);
    }
}

int cmd_stats(const struct cmd_common *common, int argc, char **argv)
{
    bool as_json = false;
    if (admin_options(argc, argv, &as_json) != CMD_DONE)
        return CMD_USAGE;
    if (optind < argc) {
        cmd_say("stats: takes no argument: %s", argv[optind]);
        return CMD_USAGE;
    }
    const struct admin_question question = {.method = "GET", .target = "/v1/stats"};
    json_t *answer = NULL;
    int exit_code = admin_ask(common, &question, &answer);
    if (exit_code != CMD_DONE)
        return exit_code;
    if (as_json)
        admin_print_json(answer);
    else
        print_figures("", answer);
    json_decref(answer);
    return CMD_DONE;
}
