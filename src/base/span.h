/*
 * A span is a borrowed run of bytes: a pointer and a length, not terminated, any bytes legal.
 * It owns nothing and is valid as long as what it points into. Passed by value.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const char *ptr;
    size_t len;
};

/* A span over a string literal (its terminator excluded). */
#define SPAN(literal) ((struct span){"" literal, sizeof(literal) - 1})

static inline struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

/* The first and the last bytes of a run of up to 16, as numbers: together with its length they are
 * the run. */
struct span_words {
    uint64_t first, last;
};

static inline struct span_words span_words_of(const char *ptr, size_t len)
{
    struct span_words words = {0, 0};
    if (len >= 8) {
        memcpy(&words.first, ptr, 8);
        memcpy(&words.last, ptr + len - 8, 8);
    } else if (len >= 4) {
        memcpy(&words.first, ptr, 4);
        memcpy(&words.last, ptr + len - 4, 4);
    } else if (len > 0) {
        words.first = (unsigned char)ptr[0];
        words.last = (uint64_t)(unsigned char)ptr[len / 2] << 8 | (unsigned char)ptr[len - 1];
    }
    return words;
}

/* Of its first and last bytes, 16 at most of each: as good as what differs there, and no defence
 * against somebody who looks for collisions. The upper bits are the best ones. */
static inline uint64_t span_hash(struct span s)
{
    size_t half = s.len / 2 < 16 ? s.len / 2 : 16;
    struct span_words first = span_words_of(s.ptr, half);
    struct span_words last = span_words_of(s.ptr + s.len - half, half);
    uint64_t sum = first.first + 3 * first.last + 5 * last.first + 7 * last.last + s.len;
    return sum * 0x9E3779B97F4A7C15;
}

/* Most of what is compared is short: a call costs more than it does. */
static inline bool span_equal(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    if (__builtin_constant_p(b.len) || a.len > 16)
        return a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0;
    struct span_words left = span_words_of(a.ptr, a.len), right = span_words_of(b.ptr, a.len);
    return left.first == right.first && left.last == right.last;
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Equal when ASCII letters are compared without case; all other bytes must match. */
static inline bool span_equal_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
            return false;
    return true;
}

static inline bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool span_ends(struct span s, struct span suffix)
{
    return s.len >= suffix.len &&
           (suffix.len == 0 || memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) == 0);
}

/* The part of `s` from `from` on, at most `len` bytes; out of range gives an empty span. */
static inline struct span span_part(struct span s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (struct span){s.ptr + from, len};
}

static inline bool ascii_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static inline struct span span_trim(struct span s)
{
    while (s.len > 0 && ascii_is_space(s.ptr[0]))
        s = span_part(s, 1, s.len - 1);
    while (s.len > 0 && ascii_is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

#endif
