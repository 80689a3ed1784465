/*
 * What a command works with: the configuration, and over it what the command line says. This is the
 * one place of the program where either is read.
 *
 * Without --config, /etc/shoji/shoji.conf is read if it exists. A struct setup owns what it holds;
 * setup_free takes a zeroed one. All functions say one sentence on stderr when they fail, and
 * return an enum cmd_exit.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cmd.h"
#include "sys/conf.h"

#include <shoji/rewrite.h>

struct setup {
    struct conf conf;
    struct shoji_keys *keys;   /* NULL until setup_keys */
    struct shoji_rules *rules; /* NULL until setup_rewrite */
    const char *base_url;      /* of the command line or the configuration; NULL: in neither */
    const char *suffix;        /* "" or e.g. ".png" */
};

int setup_conf(const struct cmd_common *common, struct setup *ret);

/* Also loads the keys, which opening and signing need. */
int setup_keys(const struct cmd_common *common, struct setup *ret);

/* Is there a base URL, and in form? */
int setup_base(const struct setup *setup);

/* The signer of lines without a tenant; needs setup_keys. Borrows from `setup`. */
int setup_signer(const struct setup *setup, struct shoji_signer *ret);

/* Keys, signer and everything else that the configuration says about rewriting. Both are filled in;
 * *ret_how borrows from *ret_setup. */
int setup_rewrite(const struct cmd_common *common, struct setup *ret_setup,
                  struct shoji_rewrite *ret_how);

void setup_free(struct setup *setup);

#endif
