/*
 * Questions to the running server over its admin socket: where that is, and the token for it, come
 * from the configuration.
 */
#ifndef CLI_ADMIN_H
#define CLI_ADMIN_H

#include "cli/cmd.h"

#include <jansson.h>
#include <stdbool.h>

struct admin_question {
    const char *method;
    const char *target; /* path and query */
    json_t *body;       /* borrowed; NULL: none */
};

/* CMD_DONE with the answer, whose reference is the caller's; or CMD_TROUBLE, or CMD_NO where the
 * server refuses what was asked for (400), having said why. */
int admin_ask(const struct cmd_common *common, const struct admin_question *question, json_t **ret);

/* The one option of a command that only asks, --json. CMD_DONE, with getopt's optind at the first
 * argument; or CMD_USAGE, having said why. */
int admin_options(int argc, char **argv, bool *ret_as_json);

/* Prints the answer as it came, on one line. */
void admin_print_json(const json_t *json);

#endif
