/*
 * The picture formats we serve, by number: the number is stored on disk and sent between processes,
 * so it never changes its meaning.
 */
#ifndef BASE_IMAGE_H
#define BASE_IMAGE_H

enum image_type {
    IMAGE_NONE = 0,
    IMAGE_JPEG = 1,
    IMAGE_PNG = 2,
    IMAGE_GIF = 3,
    IMAGE_WEBP = 4,
};

#endif
