#include "lib/url_usual.h"

#include <shoji/url.h>

/* Where a byte may stand as it is. */
enum { HOST = 1, PATH = 2, QUERY = 4 };

#define ALL       (HOST | PATH | QUERY)
#define TARGET    (PATH | QUERY)
#define RUN4(c)   [c] = ALL, [c + 1] = ALL, [c + 2] = ALL, [c + 3] = ALL
#define UPPER4(c) [c] = TARGET, [c + 1] = TARGET, [c + 2] = TARGET, [c + 3] = TARGET

static const unsigned char classes[256] = {
    RUN4('a'),      RUN4('e'),      RUN4('i'),      RUN4('m'),      RUN4('q'),      RUN4('u'),
    ['y'] = ALL,    ['z'] = ALL,    RUN4('0'),      RUN4('4'),      ['8'] = ALL,    ['9'] = ALL,
    ['-'] = ALL,    ['.'] = ALL,    UPPER4('A'),    UPPER4('E'),    UPPER4('I'),    UPPER4('M'),
    UPPER4('Q'),    UPPER4('U'),    ['Y'] = TARGET, ['Z'] = TARGET, ['_'] = TARGET, ['~'] = TARGET,
    ['!'] = TARGET, ['$'] = TARGET, ['&'] = TARGET, ['('] = TARGET, [')'] = TARGET, ['*'] = TARGET,
    ['+'] = TARGET, [','] = TARGET, [';'] = TARGET, ['='] = TARGET, [':'] = TARGET, ['@'] = TARGET,
    ['%'] = TARGET, ['/'] = TARGET, ['?'] = QUERY,
};

static size_t past(struct span s, size_t at, unsigned class)
{
    while (at < s.len && classes[(unsigned char)s.ptr[at]] & class)
        at++;
    return at;
}

/* A name in lower case, whose last label does not begin as a number of an IPv4 address does. */
static bool is_name(struct span host)
{
    size_t last = host.len;
    while (last > 0 && host.ptr[last - 1] != '.')
        last--;
    return last < host.len && (host.ptr[last] < '0' || host.ptr[last] > '9');
}

/* From the '/' at `at`: where the path ends, or 0 when a segment may be "." or "..". */
static size_t path_end(struct span s, size_t at)
{
    for (size_t i = at; i < s.len && classes[(unsigned char)s.ptr[i]] & PATH; at = ++i)
        if (s.ptr[i] == '/' && i + 1 < s.len && (s.ptr[i + 1] == '.' || s.ptr[i + 1] == '%'))
            return 0;
    return at;
}

size_t url_usual(struct span url)
{
    size_t from = span_starts(url, SPAN("https://"))  ? 8
                  : span_starts(url, SPAN("http://")) ? 7
                                                      : 0;
    if (from == 0)
        return 0;
    size_t at = past(url, from, HOST);
    if (at == url.len || url.ptr[at] != '/' || !is_name(span_part(url, from, at - from)))
        return 0;
    at = path_end(url, at);
    if (at > 0 && at < url.len && url.ptr[at] == '?')
        at = past(url, at, QUERY);
    bool ends = at == url.len || url.ptr[at] == '#';
    return ends && at <= SHOJI_URL_MAX ? at : 0;
}
