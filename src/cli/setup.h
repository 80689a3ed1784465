/*
 * deliver/config.h for the commands: read by what main parsed; a failure is one sentence on stderr,
 * and the result an enum cmd_exit.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cmd.h"
#include "deliver/config.h"

struct config_source setup_source(const struct cmd_common *common);

int setup_conf(const struct cmd_common *common, struct config *ret);
int setup_keys(const struct cmd_common *common, struct config *ret);
int setup_base(const struct config *config);
int setup_signer(const struct config *config, struct shoji_signer *ret);

/* The salt of the mailbox at this address. */
int setup_mailbox(const struct config *config, const struct shoji_key *key, const char *address,
                  char ret[SHOJI_SALT_LEN + 1]);

int setup_rewrite(const struct cmd_common *common, struct config *ret_config,
                  struct shoji_rewrite *ret_how);

#endif
