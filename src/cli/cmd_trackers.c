#include "cli/admin.h"

#include "base/date.h"

#include <getopt.h>
#include <string.h>

#define TARGET_MAX 64

struct options {
    const char *since; /* NULL: from the beginning */
    bool as_json;
    bool candidates;
};

static int read_options(int argc, char **argv, struct options *ret)
{
    static const struct option options[] = {{"since", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"candidates", no_argument, NULL, 'c'},
                                            {0}};
    int32_t days;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (option == 's')
            ret->since = optarg;
        else if (option == 'j')
            ret->as_json = true;
        else if (option == 'c')
            ret->candidates = true;
        else
            return cmd_bad_option(option, argv);
    }
    if (optind < argc)
        cmd_say("trackers: takes no argument: %s", argv[optind]);
    else if (ret->since && !date_days(ret->since, &days))
        cmd_say("trackers: --since takes a date such as 2026-01-31: %s", ret->since);
    else if (ret->as_json && ret->candidates)
        cmd_say("trackers: one of --json and --candidates at a time");
    else
        return CMD_DONE;
    return CMD_USAGE;
}

static const char *member(const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    return text ? text : "";
}

static long long number(const json_t *entry, const char *name)
{
    return (long long)json_integer_value(json_object_get(entry, name));
}

static void print_entry(const json_t *entry)
{
    const char *vendor = member(entry, "vendor");
    printf("%8lld %8lld  %s  %s  %-9s  %s", number(entry, "originals"), number(entry, "pictures"),
           member(entry, "first"), member(entry, "last"), member(entry, "known"),
           member(entry, "host"));
    printf(*vendor ? " (%s)\n" : "%s\n", vendor);
}

static bool is_address(const char *host)
{
    size_t len = strlen(host);
    return host[0] == '[' || (len > 0 && strspn(host, "0123456789.") == len);
}

/* Why a rule for the whole host would be too much, or NULL. */
static const char *doubt(const json_t *entry)
{
    if (is_address(member(entry, "host")))
        return "an address, which no rule can name";
    if (number(entry, "pictures") > 0)
        return "pictures come from there, too: the rule needs a path";
    if (number(entry, "originals") < 2)
        return "one original only: perhaps no more than a spacer";
    return NULL;
}

/* Rules to look at; what is in doubt is a comment, so that pasting all of it does no harm. */
static void print_candidate(const json_t *entry)
{
    if (strcmp(member(entry, "known"), "candidate") != 0)
        return;
    const char *why = doubt(entry);
    printf("\n# %lld pixels, %lld pictures, %s to %s%s%s\n", number(entry, "originals"),
           number(entry, "pictures"), member(entry, "first"), member(entry, "last"),
           why ? "; " : "", why ? why : "");
    printf("%svendor %s\n%spixel %s\n", why ? "# " : "", member(entry, "domain"), why ? "# " : "",
           member(entry, "host"));
}

static void print(const json_t *answer, const struct options *options)
{
    const json_t *trackers = json_object_get(answer, "trackers");
    if (options->as_json) {
        admin_print_json(answer);
        return;
    }
    for (size_t i = 0; i < json_array_size(trackers); i++)
        (options->candidates ? print_candidate : print_entry)(json_array_get(trackers, i));
}

int cmd_trackers(const struct cmd_common *common, int argc, char **argv)
{
    struct options options = {0};
    if (read_options(argc, argv, &options) != CMD_DONE)
        return CMD_USAGE;
    char target[TARGET_MAX];
    snprintf(target, sizeof(target), "/v1/trackers%s%s", options.since ? "?since=" : "",
             options.since ? options.since : "");
    const struct admin_question question = {.method = "GET", .target = target};
    json_t *answer = NULL;
    int exit_code = admin_ask(common, &question, &answer);
    if (exit_code != CMD_DONE)
        return exit_code;
    print(answer, &options);
    json_decref(answer);
    return CMD_DONE;
}
