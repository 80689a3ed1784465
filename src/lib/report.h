/*
 * Counting into a struct shoji_report. Running out of memory here loses a name, never the count and
 * never the rewrite: these functions do not fail.
 */
#ifndef LIB_REPORT_H
#define LIB_REPORT_H

#include "base/buf.h"

#include <shoji/report.h>

/* One construct was taken out or made harmless; `name` as in the list of constructs ("script"). */
void report_neutralised(struct shoji_report *report, struct span name);

void report_tracker(struct shoji_report *report, struct span vendor, struct span host,
                    const char *kind, const char *evidence, const char *action);

/* The same once more as in a row that is there. */
void report_tracker_again(struct shoji_report *report, size_t row);

/* The first reason stays. */
void report_fallback(struct shoji_report *report, const char *why);

/* The value of the X-Shoji header, at most 900 bytes: "v=1; images=N; trackers=N; by=...; ..." */
int report_header(const struct shoji_report *report, struct buf *out);

#endif
