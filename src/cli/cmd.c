#include "cli/cmd.h"

#include "base/err.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

void cmd_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("shoji: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

int cmd_bad_option(int answer, char **argv)
{
    if (answer == ':')
        cmd_say("%s: %s needs a value", argv[0], argv[optind - 1]);
    else
        cmd_say("%s: unknown option %s", argv[0], argv[optind - 1]);
    return CMD_USAGE;
}

static void line_freep(char **line)
{
    free(*line);
}

static int each_line(int (*each)(void *ctx, const char *url, size_t len), void *ctx)
{
    CLEANUP(line_freep) char *line = NULL;
    size_t cap = 0;
    ssize_t len;
    int worst = CMD_DONE;
    while ((len = getline(&line, &cap, stdin)) >= 0) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            line[--len] = '\0';
        if (len == 0)
            continue;
        int r = each(ctx, line, (size_t)len);
        if (r > worst)
            worst = r;
        if (r == CMD_TROUBLE)
            return r;
    }
    if (ferror(stdin)) {
        cmd_say("stdin: %s", strerror(errno));
        return CMD_TROUBLE;
    }
    return worst;
}

int cmd_each_url(int count, char **urls, int (*each)(void *ctx, const char *url, size_t len),
                 void *ctx)
{
    int worst = CMD_DONE;
    for (int i = 0; i < count && worst != CMD_TROUBLE; i++) {
        int r =
            strcmp(urls[i], "-") == 0 ? each_line(each, ctx) : each(ctx, urls[i], strlen(urls[i]));
        if (r > worst)
            worst = r;
    }
    return worst;
}
