/*
 * The two pieces of memory that travel with a job: the original, which nobody can change any more,
 * and room for the result, which nobody can resize. Each is a memfd, the caller's to close.
 */
#ifndef DECODE_MEMORY_H
#define DECODE_MEMORY_H

#include "base/err.h"

#include <stddef.h>

/* 0 or -errno. */
MUST_CHECK int memory_of_original(const void *bytes, size_t len, int *ret);
MUST_CHECK int memory_for_result(size_t size, int *ret);

#endif
