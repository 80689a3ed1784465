/*
 * The segments of a JPEG file before its first scan (ITU T.81, annex B), as far as libvips leaves
 * them to us. Any bytes; nothing is taken.
 */
#ifndef WORKER_JPEG_H
#define WORKER_JPEG_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is coded as every browser reads it: baseline, extended or progressive Huffman. What
 * libjpeg can do besides, arithmetic coding, browsers' own builds leave out: so no mail has it, and
 * nobody but an attacker would ever run that code. */
bool jpeg_is_usual(const void *file, size_t len);

#endif
