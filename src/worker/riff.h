/*
 * The chunks of a WebP file (RFC 9649, section 2.3), as far as libvips leaves them to us.
 */
#ifndef WORKER_RIFF_H
#define WORKER_RIFF_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the picture, or the first frame of the animation, is coded without loss. Any bytes. */
bool riff_is_lossless(const void *file, size_t len);

/* How many frames an animation has; 0 for a still picture. Any bytes. */
size_t riff_frames(const void *file, size_t len);

/* Takes the EXIF chunks out of a file of our own making, in place. Returns the new length. */
size_t riff_drop_exif(void *file, size_t len);

#endif
