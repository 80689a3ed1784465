#include "lmtp/delivery.h"

#include "base/limits.h"
#include "deliver/deliver.h"
#include "lmtp/dots.h"
#include "lmtp/message.h"
#include "sys/log.h"

#include <errno.h>

static const char *const go_on = "354 End data with <CR><LF>.<CR><LF>\r\n";
static const char *const gone = "451 4.4.2 The mail store went away; try again later\r\n";
static const char *const no_room = "452 4.3.1 Too many messages at once; try again later\r\n";
static const char *const not_made = "451 4.3.0 The message could not be rewritten; try again "
                                    "later\r\n";

static int say(const struct delivery *delivery, struct span text)
{
    return stream_write(delivery->client, text, LIMIT_LMTP_COMMAND_MS);
}

static int say_text(const struct delivery *delivery, const char *text)
{
    return say(delivery, span_of(text));
}

/* What the store said of a message; a 421 would be taken for our own. */
static int pass_on(const struct delivery *delivery, int r, const struct reply *reply)
{
    if (r < 0 || reply->code == 421)
        return say_text(delivery, r == -ENOMEM ? not_made : gone);
    return say(delivery, buf_span(&reply->text));
}

static struct message new_message(const struct delivery *delivery)
{
    return (struct message){.text = BUF_INIT(deliver_room(&delivery->office->config))};
}

/* ---- each recipient his own ---- */

/* The store has all recipients in one transaction; who is not alone needs one of his own. */
static int ask_again(const struct delivery *delivery, const struct recipient *recipient,
                     struct reply *ret)
{
    struct store *store = delivery->store;
    const struct span lines[] = {SPAN("RSET"), span_of(delivery->envelope->sender),
                                 span_of(recipient->line)};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        int r = store_ask(store, &STORE_LINE(lines[i], LIMIT_LMTP_COMMAND_MS, 2), ret);
        if (r != 0)
            return r;
    }
    return 0;
}

static int send_text(struct store *store, struct span text)
{
    CLEANUP(buf_free) struct buf wire = BUF_INIT(3 * LIMIT_LMTP_BLOCK);
    struct dots dots = {0};
    int r = 0;
    for (size_t at = 0; at < text.len && r == 0; at += LIMIT_LMTP_BLOCK) {
        buf_clear(&wire);
        dots_write(&dots, span_part(text, at, LIMIT_LMTP_BLOCK), &wire);
        r = buf_error(&wire) ? buf_error(&wire) : store_send(store, buf_span(&wire));
    }
    buf_clear(&wire);
    dots_finish(&dots, &wire);
    if (r == 0)
        r = buf_error(&wire) ? buf_error(&wire) : store_send(store, buf_span(&wire));
    if (r < 0)
        store->lost = true; /* in the middle of a message it is of no more use */
    return r;
}

static int hand_to_store(const struct delivery *delivery, const struct recipient *recipient,
                         struct span text, struct reply *ret)
{
    struct store *store = delivery->store;
    int r = delivery->envelope->count > 1 ? ask_again(delivery, recipient, ret) : 0;
    if (r == 0)
        r = store_ask(store, &STORE_LINE(SPAN("DATA"), LIMIT_LMTP_DATA_MS, 3), ret);
    if (r == 0)
        r = send_text(store, text);
    return r == 0 ? store_want(store, LIMIT_LMTP_END_MS, 2, ret) : r;
}

/* Ends with what the MTA is told of this recipient. */
static int deliver_one(const struct delivery *delivery, const struct recipient *recipient,
                       struct span text)
{
    CLEANUP(delivered_free) struct delivered delivered = {0};
    CLEANUP(reply_free) struct reply reply = REPLY_INIT;
    if (delivery->store->lost)
        return say_text(delivery, gone);
    struct deliver_job job = office_job(delivery->office);
    int r =
        shoji_address_salt(job.how.signer.key, recipient->mailbox,
                           job.config->conf.rewrite.recipient_delimiter, job.how.options.mailbox);
    if (r == 0)
        r = deliver_rewrite(&job, text, &delivered);
    if (r < 0) {
        log_error("a message is put off: %s", strerror(-r));
        return say_text(delivery, not_made);
    }
    if (delivered.why[0])
        log_warning("%s", delivered.why);
    r = hand_to_store(delivery, recipient, (struct span){delivered.text, delivered.len}, &reply);
    return pass_on(delivery, r, &reply);
}

static int deliver_each(const struct delivery *delivery)
{
    CLEANUP(message_free) struct message message = new_message(delivery);
    const struct envelope *envelope = delivery->envelope;
    int r = say_text(delivery, go_on);
    if (r == 0)
        r = message_receive(&message, delivery->client, NULL);
    for (size_t i = 0; i < envelope->count && r == 0; i++)
        r = message.crowded
                ? say_text(delivery, no_room)
                : deliver_one(delivery, &envelope->recipients[i], buf_span(&message.text));
    return r;
}

/* ---- as it came ---- */

static void hand_images_over(const struct delivery *delivery, const struct message *message)
{
    CLEANUP(delivered_free) struct delivered delivered = {0};
    if (message->cut) /* it would become text, and has no images */
        return;
    const struct deliver_job job = office_job(delivery->office);
    int r =
        message->crowded ? -ENOMEM : deliver_prefetch(&job, buf_span(&message->text), &delivered);
    if (r < 0)
        log_error("the images of a message are not prefetched: %s", strerror(-r));
    else if (delivered.why[0])
        log_warning("%s", delivered.why);
}

/* The images are fetched for a message that was taken, and are in the queue before the MTA knows
 * that it was: a crash between the two would leave them behind. */
static int answer_each(const struct delivery *delivery, const struct message *message)
{
    CLEANUP(reply_free) struct reply reply = REPLY_INIT;
    bool handed_over = false;
    int r = 0;
    for (size_t i = 0; i < delivery->envelope->count && r == 0; i++) {
        int said = store_want(delivery->store, LIMIT_LMTP_END_MS, 2, &reply);
        if (said == 0 && !handed_over) {
            hand_images_over(delivery, message);
            handed_over = true;
        }
        r = pass_on(delivery, said, &reply);
    }
    return r;
}

static int deliver_as_it_came(const struct delivery *delivery)
{
    CLEANUP(message_free) struct message message = new_message(delivery);
    CLEANUP(reply_free) struct reply reply = REPLY_INIT;
    struct store *store = delivery->store;
    int r = store_ask(store, &STORE_LINE(SPAN("DATA"), LIMIT_LMTP_DATA_MS, 3), &reply);
    if (r != 0)
        return pass_on(delivery, r, &reply);
    r = say_text(delivery, go_on);
    if (r == 0)
        r = message_receive(&message, delivery->client, store);
    if (r < 0) { /* what the store has got of it must not end */
        store->lost = true;
        return r;
    }
    r = store_send(store, SPAN(".\r\n"));
    if (r < 0)
        log_error("the mail store went away: %s", strerror(-r));
    return answer_each(delivery, &message);
}

int delivery_run(const struct delivery *delivery)
{
    return delivery->lmtp->as_it_came ? deliver_as_it_came(delivery) : deliver_each(delivery);
}
