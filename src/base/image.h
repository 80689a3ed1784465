/*
 * The picture formats we know, by number: the number is stored on disk and sent between processes,
 * so it never changes its meaning. We serve the first four; the others only come in.
 */
#ifndef BASE_IMAGE_H
#define BASE_IMAGE_H

enum image_type {
    IMAGE_NONE = 0,
    IMAGE_JPEG = 1,
    IMAGE_PNG = 2,
    IMAGE_GIF = 3,
    IMAGE_WEBP = 4,
    IMAGE_SVG = 5,
    IMAGE_BMP = 6,
    IMAGE_ICO = 7,
};

#endif
