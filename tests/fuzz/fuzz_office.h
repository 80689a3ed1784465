/*
 * What the fuzz targets of the programs around mail servers share: a configuration and a key in a
 * directory of its own, read as the programs read theirs. One process; the directory goes with it.
 */
#ifndef TESTS_FUZZ_OFFICE_H
#define TESTS_FUZZ_OFFICE_H

#include "deliver/office.h"
#include "sys/log.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    char directory[40], conf[64], keys[64], rules[64];
} fuzz_files;

/* In place of sys/log.c: what goes wrong here is meant to. */
void log_line(enum log_level level, const char *format, ...)
{
    (void)level, (void)format;
}

static inline void fuzz_files_remove(void)
{
    unlink(fuzz_files.conf);
    unlink(fuzz_files.keys);
    unlink(fuzz_files.rules);
    rmdir(fuzz_files.directory);
}

static inline void fuzz_file_write(char *path, size_t size, const char *name, const char *text)
{
    snprintf(path, size, "%s/%s", fuzz_files.directory, name);
    FILE *file = fopen(path, "we");
    must(file && fputs(text, file) >= 0 && fclose(file) == 0 && chmod(path, 0600) == 0);
}

/* Nothing is prefetched: no server is looked for. */
static inline void fuzz_office_open(void)
{
    static bool open;
    if (open)
        return;
    open = true;
    strcpy(fuzz_files.directory, "/tmp/shoji-fuzz-XXXXXX");
    must(mkdtemp(fuzz_files.directory));
    fuzz_file_write(fuzz_files.keys, sizeof(fuzz_files.keys), "keys",
                    "k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8= sign\n");
    fuzz_file_write(fuzz_files.rules, sizeof(fuzz_files.rules), "rules", "||tracker.example^\n");
    char text[400];
    snprintf(text, sizeof(text),
             "[server]\nbase_url = https://img.example.org\nkeys = %s\n[prefetch]\nenabled = off\n"
             "[trackers]\nrules = %s\n[rewrite]\nmax_message = 16K\n",
             fuzz_files.keys, fuzz_files.rules);
    fuzz_file_write(fuzz_files.conf, sizeof(fuzz_files.conf), "conf", text);
    static struct config_source source;
    source.file = fuzz_files.conf;
    char why[CONFIG_WHY_SIZE] = "";
    if (office_open(&source, NULL, why) < 0) {
        fprintf(stderr, "fuzz: %s\n", why);
        abort();
    }
    must(atexit(fuzz_files_remove) == 0 && atexit(office_close) == 0);
}

#endif
