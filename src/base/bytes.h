/*
 * Numbers as the formats of pictures hold them, in their own byte order, at any address. Pure.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdint.h>

static inline uint32_t bytes_big16(const unsigned char *b)
{
    return (uint32_t)b[0] << 8 | b[1];
}

static inline uint32_t bytes_big32(const unsigned char *b)
{
    return bytes_big16(b) << 16 | bytes_big16(b + 2);
}

static inline uint32_t bytes_little16(const unsigned char *b)
{
    return (uint32_t)b[1] << 8 | b[0];
}

static inline uint32_t bytes_little24(const unsigned char *b)
{
    return (uint32_t)b[2] << 16 | bytes_little16(b);
}

static inline uint32_t bytes_little32(const unsigned char *b)
{
    return bytes_little16(b + 2) << 16 | bytes_little16(b);
}

#endif
