#include "worker/icc.h"

#include "base/bytes.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* ICC.1:2010, section 7: a header of 128 bytes, the number of tags, 12 bytes a tag. */
#define HEADER   128
#define TAG      12
#define TAGS_MAX 100

/* IEC 61966-2-1's primaries, adapted to D50 as profiles hold them. */
static const struct {
    const char *tag;
    double xyz[3];
} primaries[] = {
    {"rXYZ", {0.4360, 0.2225, 0.0139}},
    {"gXYZ", {0.3851, 0.7169, 0.0971}},
    {"bXYZ", {0.1431, 0.0606, 0.7141}},
};

#define PRIMARY_TOLERANCE 0.002
#define HALF_LIGHT        0.2140 /* sRGB's linear value of one half */
#define HALF_TOLERANCE    0.002

struct tag {
    const unsigned char *bytes;
    size_t len;
};

static double fixed(const unsigned char *b)
{
    return (int32_t)bytes_big32(b) / 65536.0;
}

static bool find(const unsigned char *profile, size_t len, const char *name, struct tag *ret)
{
    uint32_t count = bytes_big32(profile + HEADER);
    if (count > TAGS_MAX || HEADER + 4 + (size_t)count * TAG > len)
        return false;
    for (const unsigned char *t = profile + HEADER + 4; count > 0; t += TAG, count--) {
        uint32_t at = bytes_big32(t + 4);
        uint32_t size = bytes_big32(t + 8);
        if (memcmp(t, name, 4) == 0 && at <= len && size <= len - at) {
            *ret = (struct tag){profile + at, size};
            return true;
        }
    }
    return false;
}

static bool has_primary(struct tag tag, const double xyz[3])
{
    if (tag.len < 20 || memcmp(tag.bytes, "XYZ ", 4) != 0)
        return false;
    for (size_t i = 0; i < 3; i++)
        if (fabs(fixed(tag.bytes + 8 + 4 * i) - xyz[i]) > PRIMARY_TOLERANCE)
            return false;
    return true;
}

/* By its value at one half: no plain gamma that is in use meets it, 2.2 misses by 0.004. */
static bool has_curve(struct tag tag)
{
    if (tag.len >= 28 && memcmp(tag.bytes, "para", 4) == 0 && tag.bytes[9] == 3) {
        double gamma = fixed(tag.bytes + 12);
        double a = fixed(tag.bytes + 16);
        double b = fixed(tag.bytes + 20);
        return fabs(pow(a * 0.5 + b, gamma) - HALF_LIGHT) < HALF_TOLERANCE;
    }
    if (tag.len < 12 || memcmp(tag.bytes, "curv", 4) != 0)
        return false;
    uint32_t count = bytes_big32(tag.bytes + 8);
    if (count < 256 || count > (tag.len - 12) / 2)
        return false;
    const unsigned char *middle = tag.bytes + 12 + (size_t)(count / 2) * 2;
    double at = (count / 2) / (double)(count - 1);
    double value = (middle[0] << 8 | middle[1]) / 65535.0;
    return fabs(value - pow((at + 0.055) / 1.055, 2.4)) < HALF_TOLERANCE;
}

bool icc_is_of(const void *profile, size_t len, const char space[static 4])
{
    const char *bytes = profile;
    return len >= HEADER + 4 && memcmp(bytes + 16, space, 4) == 0 &&
           memcmp(bytes + 36, "acsp", 4) == 0;
}

bool icc_is_srgb(const void *profile, size_t len)
{
    static const char *const curves[] = {"rTRC", "gTRC", "bTRC"};
    const unsigned char *bytes = profile;
    struct tag tag;
    if (len < HEADER + 4 || memcmp(bytes + 16, "RGB XYZ ", 8) != 0)
        return false;
    if (find(bytes, len, "A2B0", &tag)) /* a table goes before the matrix */
        return false;
    for (size_t i = 0; i < 3; i++)
        if (!find(bytes, len, primaries[i].tag, &tag) || !has_primary(tag, primaries[i].xyz) ||
            !find(bytes, len, curves[i], &tag) || !has_curve(tag))
            return false;
    return true;
}
