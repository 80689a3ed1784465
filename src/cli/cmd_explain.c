#include "cli/admin.h"

#include "base/buf.h"

#include <ctype.h>
#include <unistd.h>

#define TARGET_MAX (64UL * 1024)

/* RFC 3986, section 2.3: what is unreserved stays. */
static void add_escaped(struct buf *to, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || strchr("-._~", c))
            buf_add_char(to, *text);
        else
            buf_add_format(to, "%%%02X", c);
    }
}

static const char *member(const json_t *step, const char *name)
{
    const char *text = json_string_value(json_object_get(step, name));
    return text ? text : "";
}

static void print_steps(const json_t *answer)
{
    const json_t *steps = json_object_get(answer, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i);
        printf("%zu. %-8s %-10s %s\n", i + 1, member(step, "step"), member(step, "verdict"),
               member(step, "sentence"));
    }
}

static int explain(const struct cmd_common *common, const char *url, bool as_json)
{
    CLEANUP(buf_free) struct buf target = BUF_INIT(TARGET_MAX);
    buf_add_text(&target, "/v1/explain?url=");
    add_escaped(&target, url);
    if (buf_error(&target)) {
        cmd_say("explain: the URL is too long");
        return CMD_NO;
    }
    const struct admin_question question = {.method = "GET", .target = buf_span(&target).ptr};
    json_t *answer = NULL;
    int exit_code = admin_ask(common, &question, &answer);
    if (exit_code != CMD_DONE)
        return exit_code;
    if (as_json)
        admin_print_json(answer);
    else
        print_steps(answer);
    bool shown = json_is_true(json_object_get(answer, "shown"));
    json_decref(answer);
    return shown ? CMD_DONE : CMD_NO;
}

int cmd_explain(const struct cmd_common *common, int argc, char **argv)
{
    bool as_json = false;
    if (admin_options(argc, argv, &as_json) != CMD_DONE)
        return CMD_USAGE;
    if (optind != argc - 1) {
        cmd_say("explain: %s", optind == argc ? "no URL given" : "one URL at a time");
        return CMD_USAGE;
    }
    return explain(common, argv[optind], as_json);
}
