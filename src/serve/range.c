#include "serve/range.h"

#include "base/span.h"

#include <stdint.h>

/* Digits at *text; a number too large for us is as good as the largest. False without a digit. */
static bool read_digits(const char **text, size_t *ret)
{
    const char *at = *text;
    size_t value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        size_t digit = (size_t)(*at - '0');
        value = value > (SIZE_MAX - digit) / 10 ? SIZE_MAX : value * 10 + digit;
    }
    bool any = at != *text;
    *text = at;
    *ret = value;
    return any;
}

enum range_answer range_parse(const char *text, size_t size, struct range *ret)
{
    if (!span_equal_nocase(span_part(span_of(text), 0, 6), SPAN("bytes=")))
        return RANGE_WHOLE;
    const char *at = text + 6;
    while (*at == ' ' || *at == '\t')
        at++;
    size_t first = 0, last = 0;
    bool has_first = read_digits(&at, &first);
    if (*at++ != '-')
        return RANGE_WHOLE;
    bool has_last = read_digits(&at, &last);
    while (*at == ' ' || *at == '\t')
        at++;
    if (*at != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
        return RANGE_WHOLE;
    if (!has_first) { /* the last bytes */
        if (last == 0 || size == 0)
            return RANGE_UNSATISFIABLE;
        size_t len = last < size ? last : size;
        *ret = (struct range){size - len, len};
        return RANGE_PART;
    }
    if (first >= size)
        return RANGE_UNSATISFIABLE;
    size_t end = has_last && last < size - 1 ? last : size - 1;
    *ret = (struct range){first, end - first + 1};
    return RANGE_PART;
}
