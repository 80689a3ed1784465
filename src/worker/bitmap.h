/*
 * Bitmaps and icons, read by bmp.c and ico.c, as pictures of libvips.
 */
#ifndef WORKER_BITMAP_H
#define WORKER_BITMAP_H

#include "worker/picture.h"

/* Opens a BMP, or the picture of an icon that is shown when that is a bitmap: sets image. The
 * ceiling is checked before memory is taken. */
enum worked_outcome bitmap_load(struct picture *picture);

/* The PNG within an icon that is shown. False when that is none: then bitmap_load reads it. */
bool bitmap_find_png(const struct picture *picture, const void **ret, size_t *ret_len);

#endif
