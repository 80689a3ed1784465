#include "lmtp/message.h"

#include "lmtp/dots.h"

#include <errno.h>
#include <stdatomic.h>

static _Atomic size_t held_by_all;

static void keep(struct message *message, struct span bytes)
{
    size_t room = message->text.max - message->text.len;
    message->cut = message->cut || bytes.len > room;
    bytes = span_part(bytes, 0, room);
    if (message->crowded || bytes.len == 0)
        return;
    if (atomic_fetch_add(&held_by_all, bytes.len) + bytes.len > LIMIT_LMTP_HELD ||
        buf_add_span(&message->text, bytes) < 0) {
        atomic_fetch_sub(&held_by_all, bytes.len);
        message->crowded = true;
        return;
    }
    message->held += bytes.len;
}

int message_receive(struct message *message, struct stream *from, struct store *store)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(3 * LIMIT_LMTP_BLOCK);
    CLEANUP(buf_free) struct buf wire = BUF_INIT(3 * LIMIT_LMTP_BLOCK);
    struct dots in = {0};
    struct dots out = {0};
    while (in.at != DOTS_END) {
        int r = stream_fill(from, LIMIT_LMTP_BLOCK_MS);
        if (r < 0)
            return r;
        buf_clear(&text);
        stream_took(from, dots_read(&in, stream_rest(from), &text));
        keep(message, buf_span(&text));
        buf_clear(&wire);
        if (store)
            dots_write(&out, buf_span(&text), &wire);
        if (buf_error(&text) || buf_error(&wire))
            return -ENOMEM;
        if (store && !store->lost)
            r = store_send(store, buf_span(&wire)); /* a lost store is seen at the end */
    }
    return 0;
}

void message_free(struct message *message)
{
    buf_free(&message->text);
    atomic_fetch_sub(&held_by_all, message->held);
    message->held = 0;
}
