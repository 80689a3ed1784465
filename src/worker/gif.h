/*
 * The block structure of a GIF (GIF89a, section 12 on), for what libvips does otherwise than
 * we and the browsers do: libnsgif shows a file that ends in the middle of a frame, refuses one
 * with something else between the last block and the trailer, and gives what frames leave of the
 * screen a colour where no frame, or not the one that is cleared, names a transparent one. Any
 * bytes.
 */
#ifndef WORKER_GIF_H
#define WORKER_GIF_H

#include <stdbool.h>
#include <stddef.h>

struct gif_facts {
    bool whole; /* false when the file ends, or loses its structure, inside a block; the trailer may
                   be missing, as it is in files that every browser shows */
    bool exposed; /* the empty screen is seen, where libnsgif would show a colour */
    bool trailed; /* what follows `end` is no trailer */
    size_t end;   /* of the last block: where a trailer is, or should be */
};

struct gif_facts gif_look(const void *file, size_t len);

/* A copy up to `end`, and a trailer. free()'s; NULL without memory. */
void *gif_copy_whole(const void *file, size_t end, size_t *ret_len);

/* A copy up to `end` whose frames clear to nothing, with a frame of one transparent pixel behind:
 * libvips then gives the others an alpha channel, too. free()'s; NULL without memory. */
void *gif_copy_clear(const void *file, size_t end, size_t *ret_len);

#endif
