/*
 * What a program that rewrites works with: the configuration, and over it what its command line
 * says; keys, rules and the rewriter's settings from both. This is the one place where they are
 * read for `shoji` and the milter (the server has its own reload).
 *
 * Without a file, /etc/shoji/shoji.conf is read if it exists. A struct config owns what it holds,
 * and must not move while a struct shoji_rewrite borrows from it; config_free takes a zeroed one.
 * All functions give 0 or -errno, with a sentence in `why` (CONFIG_WHY_SIZE bytes). Once read it
 * does not change, so any thread may use it.
 */
#ifndef DELIVER_CONFIG_H
#define DELIVER_CONFIG_H

#include "sys/conf.h"

#include <shoji/rewrite.h>

#define CONFIG_WHY_SIZE 1024 /* bytes: the longest of those that keys, rules and conf ask for */

/* What the command line said; NULL where nothing. */
struct config_source {
    const char *file;
    const char *base_url;
    const char *keys;
};

struct config {
    struct conf conf;
    struct shoji_keys *keys;   /* NULL until config_read_keys */
    struct shoji_rules *rules; /* NULL until config_read_rewriting */
    const char *base_url;      /* NULL: said nowhere */
    const char *suffix;        /* "" or e.g. ".png" */
};

MUST_CHECK int config_read(const struct config_source *source, char *why, struct config *ret);

/* Also loads the keys, which opening and signing need. */
MUST_CHECK int config_read_keys(const struct config_source *source, char *why, struct config *ret);

/* Is there a base URL, and in form? */
MUST_CHECK int config_base(const struct config *config, char *why);

/* The signer of lines without a tenant; needs the keys. Borrows from `config`. */
MUST_CHECK int config_signer(const struct config *config, char *why, struct shoji_signer *ret);

/* Keys, signer and everything else that the configuration says about rewriting. Both are filled in;
 * *ret_how borrows from what *ret_config points to. */
MUST_CHECK int config_read_rewriting(const struct config_source *source, char *why,
                                     struct config *ret_config, struct shoji_rewrite *ret_how);

void config_free(struct config *config);

#endif
