#include "sys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void log_line(enum log_level level, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    /* journald reads the level from a "<n>" prefix; a person does not want to see it. */
    char whole[1100];
    int len = getenv("JOURNAL_STREAM")
                  ? snprintf(whole, sizeof(whole), "<%d>%s\n", (int)level, line)
                  : snprintf(whole, sizeof(whole), "%s: %s\n", program_invocation_short_name, line);
    ssize_t n = write(STDERR_FILENO, whole, (size_t)len);
    (void)n;
}
