/*
 * The log: lines on stderr, for journald or a terminal, as `<level>shoji: sentence`. Programs log,
 * libraries never do. No line ever holds a URL, a host, an address or a token. Any thread.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_INFO = 6 };

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)

#endif
