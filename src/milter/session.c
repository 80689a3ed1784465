#include "milter/session.h"

#include "base/buf.h"
#include "base/limits.h"
#include "deliver/deliver.h"
#include "deliver/office.h"
#include "milter/fields.h"
#include "milter/recipient.h"
#include "sys/log.h"

#include <errno.h>
#include <libmilter/mfapi.h>

#define ACTIONS (SMFIF_CHGBODY | SMFIF_CHGHDRS | SMFIF_ADDHDRS)
/* Among them: fields with the blanks behind the colon, or else those of a field that is written
 * again would be lost. */
#define WANTED                                                                                     \
    (SMFIP_HDR_LEADSPC | SMFIP_SKIP | SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NOCONNECT |           \
     SMFIP_NODATA | SMFIP_NR_HDR)

/* From MAIL FROM to the end of the message; a connection may carry several. */
struct session {
    bool exact; /* the MTA tells the blanks behind the colon */
    bool skips; /* it can be told that no more of a body is wanted */
    bool quiet; /* it waits for no word on a single field */
    struct office *office;
    struct recipients recipients;
    struct buf message; /* with CRLF line ends */
    bool cut;           /* more came than is worth keeping: the result is text in any case */
};

static void forget_message(struct session *session)
{
    office_give_back(session->office);
    session->office = NULL;
    recipients_free(&session->recipients);
    buf_free(&session->message);
    session->cut = false;
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long unused1, unsigned long unused2,
                             unsigned long *ret_actions, unsigned long *ret_steps,
                             unsigned long *ret_unused1, unsigned long *ret_unused2)
{
    (void)unused1, (void)unused2;
    if ((actions & ACTIONS) != ACTIONS) {
        log_error("the mail server does not let a milter change messages");
        return SMFIS_REJECT;
    }
    struct session *session = calloc(1, sizeof(*session));
    if (!session)
        return SMFIS_REJECT;
    session->exact = (steps & SMFIP_HDR_LEADSPC) != 0;
    session->skips = (steps & SMFIP_SKIP) != 0;
    session->quiet = (steps & SMFIP_NR_HDR) != 0;
    smfi_setpriv(ctx, session);
    *ret_actions = ACTIONS;
    *ret_steps = steps & WANTED;
    *ret_unused1 = 0;
    *ret_unused2 = 0;
    return SMFIS_CONTINUE;
}

static sfsistat on_sender(SMFICTX *ctx, char **arguments)
{
    (void)arguments;
    struct session *session = smfi_getpriv(ctx);
    if (!session)
        return SMFIS_TEMPFAIL;
    forget_message(session);
    session->office = office_take();
    session->message = BUF_INIT(deliver_room(&session->office->config));
    return SMFIS_CONTINUE;
}

static sfsistat on_recipient(SMFICTX *ctx, char **arguments)
{
    struct session *session = smfi_getpriv(ctx);
    if (!session || !session->office)
        return SMFIS_TEMPFAIL;
    char rcpt_mailer[] = "{rcpt_mailer}";
    const char *mailer = smfi_getsymval(ctx, rcpt_mailer);
    int r =
        recipients_add(&session->recipients, &session->office->config.conf, arguments[0], mailer);
    return r < 0 ? SMFIS_TEMPFAIL : SMFIS_CONTINUE;
}

/* What is beyond the ceiling is not kept: the message is too large to be rewritten, and the
 * rewriter says so of what was kept. */
static void keep(struct session *session, const char *bytes, size_t len)
{
    if (session->cut)
        return;
    size_t room = session->message.max - session->message.len;
    session->cut = len > room;
    buf_add(&session->message, bytes, len < room ? len : room);
}

static sfsistat kept(const struct session *session)
{
    return buf_error(&session->message) ? SMFIS_TEMPFAIL : SMFIS_CONTINUE;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    struct session *session = smfi_getpriv(ctx);
    if (!session || !session->office)
        return session && session->quiet ? SMFIS_NOREPLY : SMFIS_TEMPFAIL;
    keep(session, name, strlen(name));
    keep(session, ": ", session->exact ? 1 : 2);
    for (const char *line = value;; line++) {
        size_t len = strcspn(line, "\n");
        size_t shown = len > 0 && line[len - 1] == '\r' ? len - 1 : len;
        keep(session, line, shown);
        keep(session, "\r\n", 2);
        line += len;
        if (!*line) /* what could not be kept is noticed at the end */
            return session->quiet ? SMFIS_NOREPLY : kept(session);
    }
}

static sfsistat on_header_end(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    if (!session || !session->office)
        return SMFIS_TEMPFAIL;
    if (!recipients_concern(&session->recipients, &session->office->config.conf))
        return SMFIS_ACCEPT;
    keep(session, "\r\n", 2);
    return kept(session);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t len)
{
    struct session *session = smfi_getpriv(ctx);
    if (!session || !session->office)
        return SMFIS_TEMPFAIL;
    keep(session, (const char *)bytes, len);
    return session->cut && session->skips ? SMFIS_SKIP : kept(session);
}

/* ---- the end of a message ---- */

struct answer {
    SMFICTX *ctx;
    const struct session *session;
};

static int change_field(void *ctx, const struct field_change *change)
{
    const struct answer *answer = ctx;
    CLEANUP(buf_free) struct buf name = BUF_INIT(LIMIT_HEADER_BLOCK);
    CLEANUP(buf_free) struct buf value = BUF_INIT(2 * LIMIT_HEADER_BLOCK);
    struct span text = change->value;
    if (!answer->session->exact && text.len > 0 && text.ptr[0] == ' ')
        text = span_part(text, 1, text.len);
    buf_add_span(&name, change->name);
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '\r' && text.ptr[i] != '\0')
            buf_add_char(&value, text.ptr[i]);
    buf_add_char(&name, '\0');
    buf_add_char(&value, '\0');
    if (buf_error(&name) || buf_error(&value))
        return -ENOMEM;
    int told = change->number == 0 ? smfi_addheader(answer->ctx, name.ptr, value.ptr)
                                   : smfi_chgheader(answer->ctx, name.ptr, (int)change->number,
                                                    change->value.ptr ? value.ptr : NULL);
    return told == MI_SUCCESS ? 0 : -EIO;
}

/* Tells the MTA what is other than it was. */
static int tell(SMFICTX *ctx, const struct session *session, struct span after)
{
    CLEANUP(fields_free) struct fields from = {0};
    CLEANUP(fields_free) struct fields to = {0};
    struct answer answer = {.ctx = ctx, .session = session};
    struct span before = buf_span(&session->message);
    size_t from_body, to_body;
    int r = fields_read(before, &from, &from_body);
    if (r == 0)
        r = fields_read(after, &to, &to_body);
    if (r < 0)
        return r;
    struct span body = span_part(after, to_body, after.len);
    if (session->cut || !span_equal(span_part(before, from_body, before.len), body)) {
        char *bytes =
            (char *)(uintptr_t)body.ptr; /* libmilter does not say const, and only reads */
        if (smfi_replacebody(ctx, (unsigned char *)bytes, (int)body.len) != MI_SUCCESS)
            return -EIO;
    }
    return fields_difference(&from, &to, change_field, &answer);
}

static int go_back(SMFICTX *ctx, const struct session *session)
{
    char *text;
    size_t len;
    struct span message = buf_span(&session->message);
    if (session->cut) /* nothing is given back rather than half of it */
        return 0;
    int r = shoji_unrewrite_mail(&session->office->how, message.ptr, message.len, &text, &len);
    if (r < 0)
        return r;
    r = tell(ctx, session, (struct span){text, len});
    free(text);
    return r;
}

static int deliver(SMFICTX *ctx, struct session *session, bool rewrite)
{
    CLEANUP(delivered_free) struct delivered delivered = {0};
    struct deliver_job job = office_job(session->office);
    CLEANUP(buf_free) struct buf mailbox = BUF_INIT(SIZE_MAX / 2);
    int r = recipients_mailbox(&session->recipients, &mailbox);
    if (r < 0)
        return r;
    shoji_mailbox_salt(job.how.signer.key, mailbox.ptr, job.how.options.mailbox);
    smfi_progress(ctx); /* handing over may take some seconds */
    r = rewrite ? deliver_rewrite(&job, buf_span(&session->message), &delivered)
                : deliver_prefetch(&job, buf_span(&session->message), &delivered);
    if (r < 0)
        return r;
    if (delivered.why[0])
        log_warning("%s", delivered.why);
    return rewrite ? tell(ctx, session, (struct span){delivered.text, delivered.len}) : 0;
}

static sfsistat on_message_end(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    if (!session || !session->office || buf_error(&session->message))
        return SMFIS_TEMPFAIL;
    uint64_t what = session->office->config.conf.milter.deliver;
    int r = what == CONF_DELIVER_UNREWRITE ? go_back(ctx, session)
                                           : deliver(ctx, session, what == CONF_DELIVER_REWRITE);
    if (r < 0 && what == CONF_DELIVER_PREFETCH) {
        /* It stays as it is in any case, and its images come when it is opened. */
        log_error("the images of a message are not prefetched: %s", strerror(-r));
        r = 0;
    }
    if (r < 0)
        log_error("a message is put off: %s", strerror(-r));
    forget_message(session);
    return r < 0 ? SMFIS_TEMPFAIL : SMFIS_CONTINUE;
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    if (session)
        forget_message(session);
    return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct session *session = smfi_getpriv(ctx);
    if (session)
        forget_message(session);
    free(session);
    smfi_setpriv(ctx, NULL);
    return SMFIS_CONTINUE;
}

int session_register(char *name)
{
    const struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = ACTIONS,
        .xxfi_envfrom = on_sender,
        .xxfi_envrcpt = on_recipient,
        .xxfi_header = on_field,
        .xxfi_eoh = on_header_end,
        .xxfi_body = on_body,
        .xxfi_eom = on_message_end,
        .xxfi_abort = on_abort,
        .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };
    return smfi_register(description) == MI_SUCCESS ? 0 : -EINVAL;
}
