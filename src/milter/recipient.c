#include "milter/recipient.h"

#include <shoji/url.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Is the word in the list, whose items are parted by commas and blanks? */
static bool is_listed(const char *list, struct span word)
{
    static const char parts[] = ", \t";
    for (const char *at = list ? list : ""; *at; at += strcspn(at, parts)) {
        at += strspn(at, parts);
        if (span_equal_nocase((struct span){at, strcspn(at, parts)}, word))
            return true;
    }
    return false;
}

static struct span address_of(const char *argument)
{
    struct span address = span_trim(span_of(argument));
    if (address.len >= 2 && address.ptr[0] == '<' && address.ptr[address.len - 1] == '>')
        address = span_part(address, 1, address.len - 2);
    return address;
}

static bool is_local(const struct conf *conf, struct span address, const char *mailer)
{
    const char *at = memrchr(address.ptr, '@', address.len);
    struct span domain =
        at ? span_part(address, (size_t)(at + 1 - address.ptr), address.len) : SPAN("");
    bool domains = conf->milter.domains && conf->milter.domains[0];
    if (domains && is_listed(conf->milter.domains, domain))
        return true;
    if (!mailer || !mailer[0])
        return !domains || !at;
    return is_listed(conf->milter.mailers, span_of(mailer)) || is_listed("error", span_of(mailer));
}

int recipients_add(struct recipients *recipients, const struct conf *conf, const char *argument,
                   const char *mailer)
{
    struct span address = address_of(argument ? argument : "");
    if (!is_local(conf, address, mailer)) {
        recipients->outside = true;
        return 0;
    }
    char **grown =
        reallocarray(recipients->local, recipients->local_count + 1, sizeof(*recipients->local));
    if (!grown)
        return -ENOMEM;
    recipients->local = grown;
    char *copy = strndup(address.ptr, address.len);
    if (!copy)
        return -ENOMEM;
    shoji_mailbox_fold(copy, conf->rewrite.recipient_delimiter);
    recipients->local[recipients->local_count++] = copy;
    return 0;
}

bool recipients_concern(const struct recipients *recipients, const struct conf *conf)
{
    return conf->milter.deliver == CONF_DELIVER_UNREWRITE ? recipients->outside
                                                          : recipients->local_count > 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int recipients_mailbox(struct recipients *recipients, struct buf *ret)
{
    if (recipients->local_count > 1) /* none: there is no array to sort */
        qsort(recipients->local, recipients->local_count, sizeof(*recipients->local), compare);
    for (size_t i = 0; i < recipients->local_count; i++) {
        if (i > 0 && strcmp(recipients->local[i - 1], recipients->local[i]) == 0)
            continue;
        if (i > 0)
            buf_add_char(ret, ',');
        buf_add_text(ret, recipients->local[i]);
    }
    return buf_add_char(ret, '\0');
}

void recipients_free(struct recipients *recipients)
{
    for (size_t i = 0; i < recipients->local_count; i++)
        free(recipients->local[i]);
    free(recipients->local);
    *recipients = (struct recipients){0};
}
