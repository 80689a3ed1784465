/*
 * The figures as text: for Prometheus (exposition format 0.0.4) and as JSON. Pure.
 *
 * No label ever holds a URL, a host or a reader: labels are words of ours and statuses.
 */
#ifndef ADMIN_METRICS_H
#define ADMIN_METRICS_H

#include "admin/figures.h"
#include "base/buf.h"

#include <jansson.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Appends to `to`, whose error sticks. */
void metrics_write(const struct figures *figures, struct buf *to);

/* NULL when memory is out; the caller's reference. */
json_t *metrics_json(const struct figures *figures);

#endif
