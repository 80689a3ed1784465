#include "base/span.h"

#include <shoji/url.h>

#include <errno.h>
#include <stdlib.h>
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

int shoji_address_salt(const struct shoji_key *key, const char *address, const char *delimiters,
                       char ret[SHOJI_SALT_LEN + 1])
{
    char *mailbox = strdup(address);
    if (!mailbox)
        return -ENOMEM;
    shoji_mailbox_fold(mailbox, delimiters);
    shoji_mailbox_salt(key, mailbox, ret);
    free(mailbox);
    return 0;
}
