#include "lmtp/store.h"

#include "lmtp/address.h"
#include "sys/fd.h"

#include <errno.h>

void reply_free(struct reply *reply)
{
    buf_free(&reply->text);
    reply->code = 0;
}

static int lose(struct store *store, int r)
{
    store->lost = true;
    return r;
}

static bool is_usable(const struct store *store)
{
    return store->open && !store->lost;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* "250-…" or "250 …" or "250": its code, or 0. */
static int code_of(struct span line)
{
    if (line.len < 3 || line.ptr[0] < '2' || line.ptr[0] > '5' || !is_digit(line.ptr[1]) ||
        !is_digit(line.ptr[2]) || (line.len > 3 && line.ptr[3] != ' ' && line.ptr[3] != '-'))
        return 0;
    return (line.ptr[0] - '0') * 100 + (line.ptr[1] - '0') * 10 + (line.ptr[2] - '0');
}

static int hear(struct store *store, unsigned timeout_ms, struct reply *ret)
{
    buf_clear(&ret->text);
    ret->code = 0;
    for (;;) {
        struct span line;
        int r = stream_line(&store->stream, timeout_ms, &line);
        if (r != 0)
            return r < 0 ? r : -EPROTO;
        int code = code_of(line);
        if (code == 0 || (ret->code != 0 && code != ret->code))
            return -EPROTO;
        ret->code = code;
        buf_add_span(&ret->text, line);
        buf_add(&ret->text, "\r\n", 2);
        if (buf_error(&ret->text))
            return buf_error(&ret->text) == -E2BIG ? -EPROTO : -ENOMEM;
        if (line.len < 4 || line.ptr[3] == ' ')
            return 0;
    }
}

int store_send(struct store *store, struct span bytes)
{
    if (!is_usable(store))
        return -ENOTCONN;
    int r = stream_write(&store->stream, bytes, LIMIT_LMTP_BLOCK_MS);
    return r < 0 ? lose(store, r) : 0;
}

int store_want(struct store *store, unsigned timeout_ms, int want, struct reply *ret)
{
    if (!is_usable(store))
        return -ENOTCONN;
    int r = hear(store, timeout_ms, ret);
    if (r < 0)
        return lose(store, r);
    if (ret->code == 421) /* it says so, and hangs up */
        store->lost = true;
    if (ret->code / 100 == want)
        return 0;
    return ret->code >= 400 ? STORE_REFUSED : lose(store, -EPROTO);
}

int store_ask(struct store *store, const struct store_line *line, struct reply *ret)
{
    CLEANUP(buf_free) struct buf whole = BUF_INIT(LIMIT_LMTP_LINE + 2);
    buf_add_span(&whole, line->text);
    buf_add(&whole, "\r\n", 2);
    if (buf_error(&whole))
        return buf_error(&whole);
    int r = store_send(store, buf_span(&whole));
    return r < 0 ? r : store_want(store, line->timeout_ms, line->want, ret);
}

/* ---- the greeting ---- */

static bool is_word(struct span words, struct span word, struct span *ret_rest)
{
    if (!span_equal_nocase(span_part(words, 0, word.len), word))
        return false;
    *ret_rest = span_part(words, word.len, words.len);
    return ret_rest->len == 0 || ret_rest->ptr[0] == ' ';
}

static void note_keyword(struct store *store, struct span words)
{
    struct span rest;
    if (is_word(words, SPAN("8BITMIME"), &rest))
        store->eight_bit = true;
    if (is_word(words, SPAN("SMTPUTF8"), &rest))
        store->smtputf8 = true;
    if (is_word(words, SPAN("ENHANCEDSTATUSCODES"), &rest))
        store->enhanced = true;
    if (is_word(words, SPAN("SIZE"), &rest)) {
        store->sizes = true;
        store->size = rest.len > 1 ? strtoull(rest.ptr + 1, NULL, 10) : 0; /* up to the CR */
    }
}

/* Every line but the first holds a keyword. */
static void note_keywords(struct store *store, struct span text)
{
    bool first = true;
    while (text.len > 0) {
        size_t len = (size_t)((const char *)memchr(text.ptr, '\r', text.len) - text.ptr);
        if (!first && len > 4)
            note_keyword(store, span_part(text, 4, len - 4));
        first = false;
        text = span_part(text, len + 2, text.len);
    }
}

static int greet(struct store *store, struct span name)
{
    CLEANUP(reply_free) struct reply reply = REPLY_INIT;
    CLEANUP(buf_free) struct buf text = BUF_INIT(LIMIT_LMTP_LINE);
    int r = store_want(store, LIMIT_LMTP_COMMAND_MS, 2, &reply);
    if (r == 0) {
        buf_add_text(&text, "LHLO ");
        buf_add_span(&text, name);
        if (buf_error(&text))
            return buf_error(&text);
        r = store_ask(store, &STORE_LINE(buf_span(&text), LIMIT_LMTP_COMMAND_MS, 2), &reply);
    }
    if (r == STORE_REFUSED)
        return reply.code < 500 ? -EBUSY : -EPROTO;
    if (r == 0)
        note_keywords(store, buf_span(&reply.text));
    return r;
}

int store_open(struct store *store, const char *address, struct span name)
{
    store_close(store);
    CLEANUP_FD int fd = address_connect(address);
    if (fd < 0)
        return fd;
    int r = stream_open(&store->stream, fd, fd);
    if (r < 0)
        return r;
    fd_take(&fd);
    store->open = true;
    r = greet(store, name);
    if (r < 0)
        store_close(store);
    return r;
}

void store_close(struct store *store)
{
    if (store->open) {
        int said = store->lost ? 0 : store_send(store, SPAN("QUIT\r\n"));
        (void)said; /* politeness: nobody waits for the answer */
        close(store->stream.in);
    }
    store->open = store->lost = false;
    store->eight_bit = store->smtputf8 = store->enhanced = store->sizes = false;
    store->size = 0;
}
