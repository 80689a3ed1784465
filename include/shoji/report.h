/*
 * What a rewrite found and did: counted here, printed as the JSON object of the README ("The
 * report") or as the X-Shoji header.
 *
 * A report owns its strings. shoji_report_free takes a zeroed one, too. At most
 * SHOJI_REPORT_TRACKERS trackers and SHOJI_REPORT_KINDS constructs are named; the rest only
 * counted.
 */
#ifndef SHOJI_REPORT_H
#define SHOJI_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOJI_REPORT_TRACKERS 256
#define SHOJI_REPORT_KINDS    128

struct shoji_report_tracker {
    char *vendor; /* NULL: not known */
    char *host;
    const char *kind;     /* "pixel", "image", "css", "font", ...: static text */
    const char *evidence; /* "vendor", "path", "geometry", "kind": static text */
    const char *action;   /* "blocked", "proxied", "removed", "reported": static text */
};

struct shoji_report_construct {
    char *name; /* e.g. "script", "on*", "@import" */
    size_t count;
};

struct shoji_report {
    size_t images_proxied;
    size_t images_inline;
    size_t images_dropped;
    size_t links_tracked;
    size_t links_cleaned;
    size_t trackers_count;   /* all of them; the first SHOJI_REPORT_TRACKERS are named */
    size_t trackers_passing; /* how many of the named were of no lasting kind, at most */
    struct shoji_report_tracker *trackers;
    size_t constructs_count;
    struct shoji_report_construct *constructs;
    char *fallback; /* why a part became text, or NULL */
};

void shoji_report_free(struct shoji_report *report);

/* The report as one line of JSON (no newline); NULL when memory is out. The caller frees it. */
char *shoji_report_json(const struct shoji_report *report);

#ifdef __cplusplus
}
#endif

#endif
