#include "cli/cmd.h"

#include "base/err.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const struct cmd commands[] = {
    {"check", "[--html|--mail]",
     "prints what a client could load from stdin and is not ours, one a line; exits 1 if anything",
     cmd_check},
    {"explain", "[--json] URL",
     "asks the running server why an image is shown or not; exits 1 where it is not", cmd_explain},
    {"keygen", "[--tenant NAME]",
     "makes a fresh key: appended to the file of --keys, else printed as a line for one",
     cmd_keygen},
    {"lmtp", "--to ADDRESS [--listen ADDRESS] [--deliver rewrite|prefetch]",
     "stands between an MTA and the LMTP store at --to, and rewrites each recipient's mail; "
     "without "
     "--listen it talks to the MTA on stdin and stdout",
     cmd_lmtp},
    {"open", "SIGNED-URL...",
     "prints the original URL, then its options one a line; exits 1 where the signature fails",
     cmd_open},
    {"prefetch", "[--html|--mail]",
     "hands the images that rewrite would show to the server or its spool, and prints nothing",
     cmd_prefetch},
    {"purge", "(--url URL | --host HOST | --tenant NAME | --all) [--forget]",
     "takes images out of the running server for good, or with --forget until they are fetched "
     "anew",
     cmd_purge},
#ifdef HAVE_CMD_REWRITE
    {"rewrite",
     "[--html|--mail] [--mode proxy|hold|strip] [--links keep|clean] [--mailbox A] "
     "[--delivered DATE] [--prefetch] [--report FILE]",
     "rewrites stdin to stdout so that nothing remote loads but signed images", cmd_rewrite},
#endif
    {"sign", "[--form sealed|signed] [--mailbox A] [--delivered YYYY-MM-DD] [--consent] URL...",
     "prints the signed URL of each, one a line", cmd_sign},
    {"stats", "[--json]", "prints what the running server has counted, one figure a line",
     cmd_stats},
    {"trackers", "[--since YYYY-MM-DD] [--json|--candidates]",
     "prints where tracking pixels came from, or rules for what none names yet", cmd_trackers},
    {"unrewrite", "[--html|--mail]",
     "puts the original URLs back in stdin, where the signature holds, and prints it",
     cmd_unrewrite},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The command line, sorted: what is common, and what the command sees. */
struct line {
    struct cmd_common common;
    bool help;
    bool version;
    int argc;    /* of the command, its name first */
    char **argv; /* borrows the texts */
};

static void print_help(FILE *to)
{
    fputs("usage: shoji COMMAND [OPTIONS] ...\n\n", to);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-9s %s\n", commands[i].name, commands[i].does);
    fputs("\nWith every command:\n"
          "  --config FILE  the configuration (default: /etc/shoji/shoji.conf, if it exists)\n"
          "  --base URL     scheme and host of the proxy, over the configuration's base_url\n"
          "  --keys FILE    the key file, over the configuration's keys\n"
          "  --help         this, or what the command takes\n"
          "  --version\n\n"
          "Where URLs are expected, \"-\" reads them from stdin, one a line.\n"
          "Exit codes: 0 done, 1 the answer is no, 2 usage, 3 anything else.\n",
          to);
}

static const struct cmd *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Takes `--name VALUE` or `--name=VALUE` at argv[*at]. 0: another argument; 1: taken; negative: the
 * value is missing. */
static int take_option(char **argv, int *at, const char *name, const char **ret)
{
    size_t len = strlen(name);
    if (strncmp(argv[*at], name, len) != 0)
        return 0;
    if (argv[*at][len] == '=') {
        *ret = argv[*at] + len + 1;
        return 1;
    }
    if (argv[*at][len] != '\0')
        return 0;
    if (!argv[*at + 1]) {
        cmd_say("%s needs a value", name);
        return -1;
    }
    *ret = argv[++*at];
    return 1;
}

static int take_common(char **argv, int *at, struct line *line)
{
    if (strcmp(argv[*at], "--help") == 0)
        return line->help = true;
    if (strcmp(argv[*at], "--version") == 0)
        return line->version = true;
    int r = take_option(argv, at, "--config", &line->common.config);
    if (r == 0)
        r = take_option(argv, at, "--base", &line->common.base_url);
    if (r == 0)
        r = take_option(argv, at, "--keys", &line->common.keys);
    return r;
}

/* Behind "--" nothing is an option. */
static int sort_line(int argc, char **argv, struct line *line)
{
    bool plain = false;
    for (int i = 1; i < argc; i++) {
        int r = plain ? 0 : take_common(argv, &i, line);
        if (r < 0)
            return CMD_USAGE;
        if (r > 0)
            continue;
        if (line->argc == 0 && argv[i][0] == '-') {
            cmd_say("unknown option %s before the command", argv[i]);
            return CMD_USAGE;
        }
        plain = plain || strcmp(argv[i], "--") == 0;
        line->argv[line->argc++] = argv[i];
    }
    return CMD_DONE;
}

static int run(struct line *line)
{
    const struct cmd *cmd = line->argc > 0 ? find_command(line->argv[0]) : NULL;
    if (line->version) {
        puts("shoji " SHOJI_VERSION);
        return CMD_DONE;
    }
    if (line->argc > 0 && !cmd) {
        cmd_say("unknown command %s; `shoji --help` lists them", line->argv[0]);
        return CMD_USAGE;
    }
    if (!cmd) {
        print_help(line->help ? stdout : stderr);
        return line->help ? CMD_DONE : CMD_USAGE;
    }
    if (line->help) {
        printf("usage: shoji %s %s\n\nThis command %s.\n", cmd->name, cmd->usage, cmd->does);
        return CMD_DONE;
    }
    int exit_code = cmd->run(&line->common, line->argc, line->argv);
    if (exit_code == CMD_USAGE)
        fprintf(stderr, "usage: shoji %s %s\n", cmd->name, cmd->usage);
    return exit_code;
}

int main(int argc, char **argv)
{
    struct line line = {.argv = calloc((size_t)argc + 1, sizeof(argv[0]))};
    if (!line.argv) {
        cmd_say("out of memory");
        return CMD_TROUBLE;
    }
    int exit_code = sort_line(argc, argv, &line);
    if (exit_code == CMD_DONE)
        exit_code = run(&line);
    /* What is lost on its way out is not done. */
    if (fflush(stdout) != 0 || ferror(stdout)) {
        cmd_say("cannot write the output: %s", strerror(errno));
        exit_code = CMD_TROUBLE;
    }
    free(line.argv);
    return exit_code;
}
