#include "lmtp/envelope.h"

#include <errno.h>

/* Where the ">" stands that ends a path; a local part in quotes may hold others (RFC 5321, 4.1.2).
 * s.len where none does. */
static size_t path_end(struct span s)
{
    bool quoted = false;
    for (size_t i = 0; i < s.len; i++) {
        if (quoted && s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            quoted = !quoted;
        else if (s.ptr[i] == '>' && !quoted)
            return i;
    }
    return s.len;
}

/* The path behind "MAIL FROM:" or "RCPT TO:", without its brackets. Some MTAs write a blank before
 * it. */
static bool read_path(struct span line, struct span command, struct span *ret)
{
    if (!span_equal_nocase(span_part(line, 0, command.len), command))
        return false;
    struct span rest = span_part(line, command.len, line.len);
    while (rest.len > 0 && rest.ptr[0] == ' ')
        rest = span_part(rest, 1, rest.len);
    if (rest.len == 0 || rest.ptr[0] != '<')
        return false;
    rest = span_part(rest, 1, rest.len);
    size_t len = path_end(rest);
    if (len == rest.len || (len + 1 < rest.len && rest.ptr[len + 1] != ' '))
        return false;
    *ret = span_part(rest, 0, len);
    return true;
}

/* Behind a source route, which RFC 5321 says to ignore (appendix C). */
static struct span without_route(struct span path)
{
    const char *colon = path.len > 0 && path.ptr[0] == '@' ? memchr(path.ptr, ':', path.len) : NULL;
    return colon ? span_part(path, (size_t)(colon + 1 - path.ptr), path.len) : path;
}

int envelope_set_sender(struct envelope *envelope, struct span line)
{
    struct span unused;
    if (!read_path(line, SPAN("MAIL FROM:"), &unused))
        return ENVELOPE_BAD_LINE;
    envelope->sender = strndup(line.ptr, line.len);
    return envelope->sender ? 0 : -ENOMEM;
}

int envelope_add(struct envelope *envelope, struct span line)
{
    struct span path;
    if (!read_path(line, SPAN("RCPT TO:"), &path))
        return ENVELOPE_BAD_LINE;
    path = without_route(path);
    if (path.len == 0)
        return ENVELOPE_BAD_LINE;
    struct recipient *grown =
        reallocarray(envelope->recipients, envelope->count + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    envelope->recipients = grown;
    struct recipient one = {.line = strndup(line.ptr, line.len),
                            .mailbox = strndup(path.ptr, path.len)};
    grown[envelope->count++] = one;
    if (one.line && one.mailbox)
        return 0;
    envelope_drop_last(envelope);
    return -ENOMEM;
}

void envelope_drop_last(struct envelope *envelope)
{
    struct recipient *last = &envelope->recipients[--envelope->count];
    free(last->line);
    free(last->mailbox);
}

void envelope_clear(struct envelope *envelope)
{
    while (envelope->count > 0)
        envelope_drop_last(envelope);
    free(envelope->recipients);
    free(envelope->sender);
    *envelope = (struct envelope){0};
}
