/*
 * The commands of the `shoji` program: one file each (cmd_<name>.c), one table in main.c, kept in
 * alphabetical order. A command gets its own arguments (argv[0] is its name) and what main parsed,
 * writes to stdout, says one sentence on stderr when it fails, and returns the exit code.
 */
#ifndef CLI_CMD_H
#define CLI_CMD_H

#include <shoji/keys.h>
#include <shoji/url.h>

enum cmd_exit {
    CMD_DONE = 0,
    CMD_NO = 1, /* the answer is "no": bad signature, refused URL */
    CMD_USAGE = 2,
    CMD_TROUBLE = 3, /* anything else */
};

/* Options that all commands share; what was not given on the command line is NULL. */
struct cmd_common {
    const char *config;   /* --config */
    const char *base_url; /* --base */
    const char *keys;     /* --keys */
};

struct cmd {
    const char *name;
    const char *usage; /* arguments, for --help */
    const char *does;  /* one line, for --help */
    int (*run)(const struct cmd_common *common, int argc, char **argv);
};

/* One sentence on stderr, after "shoji: " and before a newline. */
void cmd_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what getopt_long (with a ':' first in its short options, and opterr 0) did not like. Returns
 * CMD_USAGE. */
int cmd_bad_option(int answer, char **argv);

/* Hands every URL of the arguments to `each`, terminated and with its length; "-" stands for those
 * on stdin, one a line. Stops at CMD_TROUBLE; otherwise CMD_NO if any call returned it. */
int cmd_each_url(int count, char **urls, int (*each)(void *ctx, const char *url, size_t len),
                 void *ctx);

int cmd_check(const struct cmd_common *common, int argc, char **argv);
int cmd_explain(const struct cmd_common *common, int argc, char **argv);
int cmd_keygen(const struct cmd_common *common, int argc, char **argv);
int cmd_lmtp(const struct cmd_common *common, int argc, char **argv);
int cmd_open(const struct cmd_common *common, int argc, char **argv);
int cmd_prefetch(const struct cmd_common *common, int argc, char **argv);
int cmd_purge(const struct cmd_common *common, int argc, char **argv);
int cmd_rewrite(const struct cmd_common *common, int argc, char **argv);
int cmd_sign(const struct cmd_common *common, int argc, char **argv);
int cmd_stats(const struct cmd_common *common, int argc, char **argv);
int cmd_trackers(const struct cmd_common *common, int argc, char **argv);
int cmd_unrewrite(const struct cmd_common *common, int argc, char **argv);

#endif
