#include "lmtp/session.h"

#include "base/limits.h"
#include "sys/log.h"

#include <errno.h>
#include <unistd.h>

#define REPLIES_AT_ONCE (4 * KiB) /* bytes of answers to what was sent ahead, before they go */

struct session {
    const struct lmtp *lmtp;
    struct stream client;
    struct store store;
    struct envelope envelope;
    struct buf replies; /* not sent yet (RFC 2920) */
    bool greeted;
    bool over;
};

/* ---- answers ---- */

static int flush(struct session *session)
{
    int r = buf_error(&session->replies);
    if (r == 0)
        r = stream_write(&session->client, buf_span(&session->replies), LIMIT_LMTP_COMMAND_MS);
    buf_clear(&session->replies);
    return r;
}

static int say_span(struct session *session, struct span text)
{
    buf_add_span(&session->replies, text);
    return session->replies.len < REPLIES_AT_ONCE ? buf_error(&session->replies) : flush(session);
}

static int say(struct session *session, const char *text)
{
    return say_span(session, span_of(text));
}

static int hang_up(struct session *session, const char *text)
{
    session->over = true;
    return say(session, text);
}

/* The store's answer to what the MTA asked; after its end there is nothing to be done here. */
static int pass_on(struct session *session, int r, const struct reply *reply)
{
    if (r < 0) {
        log_error("the mail store went away: %s", strerror(-r));
        return hang_up(session, "421 4.4.2 The mail store went away; try again later\r\n");
    }
    session->over = session->store.lost;
    return say_span(session, buf_span(&reply->text));
}

/* ---- commands ---- */

static int greet(struct session *session)
{
    char host[256] = "localhost";
    CLEANUP(buf_free) struct buf text = BUF_INIT(KiB);
    gethostname(host, sizeof(host) - 1);
    buf_add_format(&text, "220 %s LMTP Shoji\r\n", host);
    return say_span(session, buf_span(&text));
}

static int say_keywords(struct session *session)
{
    const struct store *store = &session->store;
    CLEANUP(buf_free) struct buf text = BUF_INIT(KiB);
    buf_add_text(&text, "250-Shoji\r\n");
    if (store->eight_bit)
        buf_add_text(&text, "250-8BITMIME\r\n");
    if (store->enhanced)
        buf_add_text(&text, "250-ENHANCEDSTATUSCODES\r\n");
    if (store->smtputf8)
        buf_add_text(&text, "250-SMTPUTF8\r\n");
    if (store->sizes && store->size > 0)
        buf_add_format(&text, "250-SIZE %llu\r\n", (unsigned long long)store->size);
    else if (store->sizes)
        buf_add_text(&text, "250-SIZE\r\n");
    buf_add_text(&text, "250 PIPELINING\r\n");
    return say_span(session, buf_span(&text));
}

static int reset(struct session *session, struct reply *ret)
{
    envelope_clear(&session->envelope);
    return store_ask(&session->store, &STORE_LINE(SPAN("RSET"), LIMIT_LMTP_COMMAND_MS, 2), ret);
}

static int do_lhlo(struct session *session, struct span line, struct reply *reply)
{
    struct span name = span_trim(span_part(line, 4, line.len));
    if (name.len == 0 || memchr(name.ptr, ' ', name.len))
        return say(session, "501 5.5.4 LHLO needs a name\r\n");
    if (session->greeted) {
        int r = reset(session, reply);
        return r == 0 ? say_keywords(session) : pass_on(session, r, reply);
    }
    int r = store_open(&session->store, session->lmtp->to, name);
    if (r < 0) {
        log_error("the mail store does not take messages now: %s", strerror(-r));
        return hang_up(session,
                       "421 4.4.1 The mail store does not take messages now; try again later\r\n");
    }
    session->greeted = true;
    return say_keywords(session);
}

static int do_mail(struct session *session, struct span line, struct reply *reply)
{
    if (session->envelope.sender)
        return say(session, "503 5.5.1 There is a sender already\r\n");
    int r = envelope_set_sender(&session->envelope, line);
    if (r != 0)
        return r < 0 ? r : say(session, "501 5.5.4 MAIL FROM:<address> is wanted\r\n");
    r = store_ask(&session->store, &STORE_LINE(line, LIMIT_LMTP_COMMAND_MS, 2), reply);
    if (r != 0)
        envelope_clear(&session->envelope);
    return pass_on(session, r, reply);
}

static int do_rcpt(struct session *session, struct span line, struct reply *reply)
{
    if (!session->envelope.sender)
        return say(session, "503 5.5.1 MAIL comes first\r\n");
    if (session->envelope.count == LIMIT_LMTP_RECIPIENTS)
        return say(session, "452 4.5.3 Too many recipients\r\n");
    int r = envelope_add(&session->envelope, line);
    if (r != 0)
        return r < 0 ? r : say(session, "501 5.5.4 RCPT TO:<address> is wanted\r\n");
    r = store_ask(&session->store, &STORE_LINE(line, LIMIT_LMTP_COMMAND_MS, 2), reply);
    if (r != 0)
        envelope_drop_last(&session->envelope);
    return pass_on(session, r, reply);
}

static int do_data(struct session *session, struct span line, struct reply *reply)
{
    if (line.len > 4)
        return say(session, "501 5.5.4 DATA takes nothing\r\n");
    if (session->envelope.count == 0)
        return say(session, "503 5.5.1 There is no recipient\r\n");
    struct office *office = office_take();
    const struct delivery delivery = {.lmtp = session->lmtp,
                                      .client = &session->client,
                                      .store = &session->store,
                                      .envelope = &session->envelope,
                                      .office = office};
    int r = flush(session);
    if (r == 0)
        r = delivery_run(&delivery);
    office_give_back(office);
    if (r < 0)
        return r;
    /* The store is not at its beginning where it refused something on the way. */
    r = session->store.lost ? -ENOTCONN : reset(session, reply);
    envelope_clear(&session->envelope);
    session->over = r != 0;
    return 0;
}

static int do_rset(struct session *session, struct span line, struct reply *reply)
{
    (void)line;
    if (!session->greeted)
        return say(session, "250 2.0.0 OK\r\n");
    int r = reset(session, reply);
    return pass_on(session, r, reply);
}

static int do_noop(struct session *session, struct span line, struct reply *reply)
{
    (void)line, (void)reply;
    return say(session, "250 2.0.0 OK\r\n");
}

static int do_vrfy(struct session *session, struct span line, struct reply *reply)
{
    (void)line, (void)reply;
    return say(session, "252 2.1.5 Try to deliver to it\r\n");
}

static int do_quit(struct session *session, struct span line, struct reply *reply)
{
    (void)line, (void)reply;
    return hang_up(session, "221 2.0.0 Bye\r\n");
}

static const struct {
    struct span name;
    bool first; /* also before LHLO */
    int (*run)(struct session *session, struct span line, struct reply *reply);
} commands[] = {
    {{"LHLO", 4}, true, do_lhlo},  {{"MAIL", 4}, false, do_mail}, {{"RCPT", 4}, false, do_rcpt},
    {{"DATA", 4}, false, do_data}, {{"RSET", 4}, true, do_rset},  {{"NOOP", 4}, true, do_noop},
    {{"VRFY", 4}, true, do_vrfy},  {{"QUIT", 4}, true, do_quit},
};

static int obey(struct session *session, struct span line)
{
    CLEANUP(reply_free) struct reply reply = REPLY_INIT;
    const char *blank = memchr(line.ptr, ' ', line.len);
    struct span name = span_part(line, 0, blank ? (size_t)(blank - line.ptr) : line.len);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (!span_equal_nocase(name, commands[i].name))
            continue;
        if (!session->greeted && !commands[i].first)
            return say(session, "503 5.5.1 LHLO comes first\r\n");
        return commands[i].run(session, line, &reply);
    }
    return say(session, "500 5.5.1 No such command in LMTP\r\n"); /* HELO, EHLO: RFC 2033, 4.1 */
}

/* ---- the dialogue ---- */

static bool is_whole_line_there(const struct session *session)
{
    struct span rest = stream_rest(&session->client);
    return memchr(rest.ptr, '\n', rest.len) != NULL;
}

/* Between two messages the end may come at once; within one, the MTA says how it goes on. */
static int next(struct session *session)
{
    struct span line;
    int r = is_whole_line_there(session) ? 0 : flush(session);
    if (r < 0)
        return r;
    session->client.stop = session->envelope.sender ? -1 : session->lmtp->stop;
    r = stream_line(&session->client, LIMIT_LMTP_COMMAND_MS, &line);
    if (r == STREAM_TOO_LONG)
        return say(session, "500 5.5.2 The line is too long\r\n");
    if (r == STREAM_NOT_CRLF)
        return say(session, "500 5.5.2 A line ends with CRLF, and has no control characters\r\n");
    if (r == -ETIMEDOUT)
        return hang_up(session, "421 4.4.2 Nothing came for too long\r\n");
    if (r == -ECANCELED)
        return hang_up(session, "421 4.3.2 The service is going down\r\n");
    return r < 0 ? r : obey(session, line);
}

static void session_free(struct session *session)
{
    store_close(&session->store);
    envelope_clear(&session->envelope);
    buf_free(&session->replies);
}

int session_run(const struct lmtp *lmtp, int in, int out)
{
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return -ENOMEM;
    session->lmtp = lmtp;
    session->replies = BUF_INIT(REPLIES_AT_ONCE + LIMIT_LMTP_REPLY);
    int r = stream_open(&session->client, in, out);
    if (r == 0)
        r = greet(session);
    while (r == 0 && !session->over)
        r = next(session);
    int flushed = flush(session);
    session_free(session);
    free(session);
    if (r == -ECONNRESET || r == -EPIPE)
        return 0;
    return r < 0 ? r : flushed;
}
