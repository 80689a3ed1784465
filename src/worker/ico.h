/*
 * Icons and cursors: a directory of pictures, each a bitmap with a mask, or a whole PNG. One is
 * shown: the largest, and of equals the one with most bits a pixel, which is what a browser shows
 * where it has room. Sizes are taken from the pictures themselves: what the directory says of them
 * is often 0, and for cursors something else. Plain C, no memory taken, any bytes.
 */
#ifndef WORKER_ICO_H
#define WORKER_ICO_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct ico_picture {
    const unsigned char *bytes; /* within the file */
    size_t len;
    bool png; /* else for bmp_open_icon */
};

enum {
    ICO_BROKEN = 1, /* no icon, or none of its pictures lies within the file */
};

MUST_CHECK int ico_choose(const void *file, size_t len, struct ico_picture *ret);

#endif
