/*
 * Numbers in memory as they lie on disk: little-endian values, and times of 40 bits in an order
 * that bytes compare in. Pure; any thread.
 */
#ifndef STORE_LITTLE_H
#define STORE_LITTLE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline void little_put16(uint8_t *to, uint16_t value)
{
    value = htole16(value);
    memcpy(to, &value, sizeof(value));
}

static inline void little_put32(uint8_t *to, uint32_t value)
{
    value = htole32(value);
    memcpy(to, &value, sizeof(value));
}

static inline void little_put64(uint8_t *to, uint64_t value)
{
    value = htole64(value);
    memcpy(to, &value, sizeof(value));
}

static inline uint16_t little_get16(const uint8_t *from)
{
    uint16_t value;
    memcpy(&value, from, sizeof(value));
    return le16toh(value);
}

static inline uint32_t little_get32(const uint8_t *from)
{
    uint32_t value;
    memcpy(&value, from, sizeof(value));
    return le32toh(value);
}

static inline uint64_t little_get64(const uint8_t *from)
{
    uint64_t value;
    memcpy(&value, from, sizeof(value));
    return le64toh(value);
}

/* Seconds, 17,000 years to both sides of 1970; what lies beyond is put at the end. The first byte
 * is the highest, and the sign is turned round: byte order is time order. */
#define LITTLE_TIME     5
#define LITTLE_TIME_MAX ((INT64_C(1) << 39) - 1)

static inline void little_put_time(uint8_t to[LITTLE_TIME], int64_t value_s)
{
    if (value_s > LITTLE_TIME_MAX)
        value_s = LITTLE_TIME_MAX;
    if (value_s < -LITTLE_TIME_MAX - 1)
        value_s = -LITTLE_TIME_MAX - 1;
    uint64_t shifted = (uint64_t)(value_s + LITTLE_TIME_MAX + 1);
    for (int i = 0; i < LITTLE_TIME; i++)
        to[i] = (uint8_t)(shifted >> (8 * (LITTLE_TIME - 1 - i)));
}

static inline int64_t little_get_time(const uint8_t from[LITTLE_TIME])
{
    uint64_t shifted = 0;
    for (int i = 0; i < LITTLE_TIME; i++)
        shifted = shifted << 8 | from[i];
    return (int64_t)shifted - LITTLE_TIME_MAX - 1;
}

/* Days since 1970 in 16 bits: until the year 2149. */
static inline uint16_t little_day(int64_t time_s)
{
    int64_t day = time_s / 86400;
    return day < 0 ? 0 : day > UINT16_MAX ? UINT16_MAX : (uint16_t)day;
}

#endif
