#include "base/span.h"

#include <shoji/url.h>

#include <string.h>

void shoji_mailbox_fold(char *address, const char *delimiters)
{
    char *at = strrchr(address, '@');
    if (!at)
        at = address + strlen(address);
    /* The first byte parts nothing: there would be no mailbox before it. */
    char *end = address;
    while (end < at && (end == address || !delimiters || !strchr(delimiters, *end)))
        end++;
    memmove(end, at, strlen(at) + 1);
    for (char *c = address; *c; c++)
        *c = ascii_lower(*c);
}
