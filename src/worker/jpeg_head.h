/*
 * What the head of a JPEG file says of how it was made and is to be shown (ITU T.81, annex B, and
 * Exif 2.3). Any bytes; what is damaged says nothing.
 */
#ifndef WORKER_JPEG_HEAD_H
#define WORKER_JPEG_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is coded as every browser reads it: baseline, extended or progressive Huffman. What
 * libjpeg can do besides, arithmetic coding, browsers' own builds leave out: so no mail has it, and
 * nobody but an attacker would ever run that code. */
bool jpeg_is_usual(const void *file, size_t len);

/* 1 to 100 as cjpeg counts, from the table of brightness: that quality whose table is as coarse in
 * all. 0: there is no table. */
int jpeg_quality(const void *file, size_t len);

/* As Exif has it, 1 to 8; 1, upright, where nothing valid is said. */
int jpeg_orientation(const void *file, size_t len);

#endif
