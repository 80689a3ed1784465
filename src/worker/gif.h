/*
 * The block structure of a GIF (GIF89a, section 12 on), where libnsgif is more patient than we are:
 * it shows a file that ends in the middle of a frame.
 */
#ifndef WORKER_GIF_H
#define WORKER_GIF_H

#include <stdbool.h>
#include <stddef.h>

/* False when the file ends, or loses its structure, inside a block. The trailer may be missing, as
 * it is in files that every browser shows. Any bytes. */
bool gif_is_whole(const void *file, size_t len);

#endif
