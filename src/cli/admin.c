#include "cli/admin.h"

#include "base/err.h"
#include "cli/setup.h"
#include "deliver/server.h"
#include "sys/fd.h"

#include <getopt.h>
#include <sodium.h>
#include <string.h>

#define TOKEN_MAX  514                 /* bytes of the file: a token and its line end */
#define ANSWER_MAX (4UL * 1024 * 1024) /* above the longest list of trackers */

static void text_free(char **text)
{
    if (*text)
        sodium_memzero(*text, strlen(*text));
    free(*text);
}

/* The token without its line end; NULL where no file is configured. */
static int read_token(const char *path, char **ret)
{
    if (!path)
        return CMD_DONE;
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t len = 0;
    int r = fd < 0 ? -errno : fd_read_all(fd, TOKEN_MAX, ret, &len);
    if (r < 0) {
        cmd_say("%s: %s", path, strerror(-r));
        return CMD_TROUBLE;
    }
    (*ret)[strcspn(*ret, "\r\n")] = '\0';
    return CMD_DONE;
}

static int say_no_answer(const char *address, int error)
{
    if (error == -ENOENT || error == -ECONNREFUSED)
        cmd_say("%s: no server answers there; does shojid run, with this configuration?", address);
    else if (error == -EACCES)
        cmd_say("%s: %s; the admin socket is open to the server's user and root only", address,
                strerror(-error));
    else
        cmd_say("%s: %s", address, strerror(-error));
    return CMD_TROUBLE;
}

/* Takes over what it returns. */
static int read_answer(int status, struct span text, json_t **ret)
{
    json_error_t error;
    json_t *json = json_loadb(text.ptr, text.len, 0, &error);
    if (json && status == 200) {
        *ret = json;
        return CMD_DONE;
    }
    const char *why = json_string_value(json_object_get(json, "error"));
    if (why)
        cmd_say("%s", why);
    else
        cmd_say("the server answers %d", status);
    json_decref(json);
    return status == 400 ? CMD_NO : CMD_TROUBLE;
}

static int ask(const struct config *config, const struct admin_question *question, const char *body,
               json_t **ret)
{
    CLEANUP(text_free) char *token = NULL;
    const char *address = config->conf.server.admin;
    if (!*address) {
        cmd_say("the admin socket is switched off ([server] admin is empty)");
        return CMD_TROUBLE;
    }
    int exit_code = read_token(config->conf.server.admin_token_file, &token);
    if (exit_code != CMD_DONE)
        return exit_code;
    const struct server_request request = {
        .address = address,
        .token = token,
        .method = question->method,
        .target = question->target,
        .body = body,
        .max_answer = ANSWER_MAX,
    };
    CLEANUP(buf_free) struct buf answer = BUF_INIT(ANSWER_MAX);
    int status = server_ask(&request, &answer);
    return status < 0 ? say_no_answer(address, status)
                      : read_answer(status, buf_span(&answer), ret);
}

int admin_ask(const struct cmd_common *common, const struct admin_question *question, json_t **ret)
{
    CLEANUP(config_free) struct config config = {0};
    int exit_code = setup_conf(common, &config);
    if (exit_code != CMD_DONE)
        return exit_code;
    char *body = question->body ? json_dumps(question->body, JSON_COMPACT) : NULL;
    if (question->body && !body) {
        cmd_say("out of memory");
        return CMD_TROUBLE;
    }
    exit_code = ask(&config, question, body, ret);
    free(body);
    return exit_code;
}

int admin_options(int argc, char **argv, bool *ret_as_json)
{
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {0}};
    bool as_json = false;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
        if (option != 'j')
            return cmd_bad_option(option, argv);
        as_json = true;
    }
    *ret_as_json = as_json;
    return CMD_DONE;
}

void admin_print_json(const json_t *json)
{
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
}
