/*
 * A mail server of the fuzzer's own, and our callbacks in place of libmilter's other side. Told
 * about any message, the milter names only fields that are there, and what the mail server then has
 * is what the rewriter made. Called in any order, it keeps its memory, and never refuses a message.
 *
 * Input: what the mail server can, how it is asked, whom for; from the fourth byte the message, or
 * the calls.
 */
#include "fuzz_office.h"

#include "milter/recipient.h"
#include "milter/session.h"

#include <libmilter/mfapi.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define FIELDS_MAX 256

struct field_text {
    char *name;  /* without blanks at its end */
    char *value; /* with what stands behind the colon, and LF */
};

static struct mta {
    struct smfiDesc calls;
    void *private;
    const char *mailer;
    bool exact;
    bool anyhow; /* it tells of fields that it does not have */
    struct field_text fields[FIELDS_MAX];
    size_t count;
    struct buf body;
    bool replaced;
} mta;

/* ---- libmilter, as far as a session needs it ---- */

int smfi_register(struct smfiDesc description)
{
    mta.calls = description;
    return MI_SUCCESS;
}

int smfi_setpriv(SMFICTX *ctx, void *private)
{
    (void)ctx;
    mta.private = private;
    return MI_SUCCESS;
}

void *smfi_getpriv(SMFICTX *ctx)
{
    (void)ctx;
    return mta.private;
}

char *smfi_getsymval(SMFICTX *ctx, char *name)
{
    (void)ctx;
    return strcmp(name, "{rcpt_mailer}") == 0 ? (char *)(uintptr_t)mta.mailer : NULL;
}

int smfi_progress(SMFICTX *ctx)
{
    (void)ctx;
    return MI_SUCCESS;
}

int smfi_replacebody(SMFICTX *ctx, unsigned char *bytes, int len)
{
    (void)ctx;
    must(len >= 0);
    if (!mta.replaced)
        buf_clear(&mta.body);
    mta.replaced = true;
    return buf_add(&mta.body, (const char *)bytes, (size_t)len) == 0 ? MI_SUCCESS : MI_FAILURE;
}

/* As a mail server writes a value: with the blank that it keeps to itself, unless it was told. */
static char *value_taken(const char *value)
{
    char *text;
    must(asprintf(&text, "%s%s", mta.exact ? "" : " ", value) >= 0);
    return text;
}

static void field_add(const char *name, char *value)
{
    if (mta.count == FIELDS_MAX) {
        free(value);
        return;
    }
    mta.fields[mta.count++] = (struct field_text){strdup(name), value};
}

int smfi_addheader(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx;
    field_add(name, value_taken(value));
    return MI_SUCCESS;
}

int smfi_chgheader(SMFICTX *ctx, char *name, int number, char *value)
{
    (void)ctx;
    size_t at = 0;
    while (at < mta.count && (strcasecmp(mta.fields[at].name, name) != 0 || --number > 0))
        at++;
    if (mta.anyhow)
        return MI_SUCCESS;
    must(at < mta.count && number == 0);
    free(mta.fields[at].value);
    mta.fields[at].value = NULL;
    if (value) {
        mta.fields[at].value = value_taken(value);
        return MI_SUCCESS;
    }
    free(mta.fields[at].name);
    memmove(&mta.fields[at], &mta.fields[at + 1], (--mta.count - at) * sizeof(mta.fields[0]));
    return MI_SUCCESS;
}

/* ---- what the message is, apart from the milter ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A field with its further lines; "\r" at the end of a line is part of the end. Nothing at the end
 * of the header, or of the text. */
static bool next_field(struct span *rest, struct span *ret_name, struct buf *value)
{
    struct span line;
    bool first = true;
    buf_clear(value);
    while (rest->len > 0) {
        const char *end = memchr(rest->ptr, '\n', rest->len);
        size_t whole = end ? (size_t)(end - rest->ptr) + 1 : rest->len;
        line = span_part(*rest, 0, end ? whole - 1 : whole);
        while (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (!first && (line.len == 0 || !is_blank(line.ptr[0])))
            break;
        *rest = span_part(*rest, whole, rest->len);
        if (first && line.len == 0)
            return false;
        if (first) {
            const char *colon = memchr(line.ptr, ':', line.len);
            must(colon);
            *ret_name = span_part(line, 0, (size_t)(colon - line.ptr));
            while (ret_name->len > 0 && is_blank(ret_name->ptr[ret_name->len - 1]))
                ret_name->len--;
            line = span_part(line, (size_t)(colon + 1 - line.ptr), line.len);
        } else {
            buf_add_char(value, '\n');
        }
        for (size_t i = 0; i < line.len; i++)
            if (line.ptr[i] != '\r')
                buf_add_char(value, line.ptr[i]);
        first = false;
    }
    must(buf_add_char(value, '\0') == 0);
    return !first;
}

static bool is_without_cr(const char *value, const char *wanted)
{
    while (*value == '\r')
        value++;
    for (; *wanted; wanted++) {
        if (*value != *wanted)
            return false;
        do
            value++;
        while (*value == '\r');
    }
    return *value == '\0';
}

/* Fields of one name keep their order; among different names it is the mail server's own. */
static void check_fields(struct span *rest)
{
    bool seen[FIELDS_MAX] = {false};
    struct buf value = BUF_INIT(1 << 20);
    struct span name = {0};
    size_t count = 0;
    while (next_field(rest, &name, &value)) {
        size_t at = 0;
        while (at < mta.count &&
               (seen[at] || !span_equal_nocase(span_of(mta.fields[at].name), name)))
            at++;
        must(at < mta.count);
        must(is_without_cr(mta.fields[at].value, value.ptr));
        seen[at] = true;
        count++;
    }
    must(count == mta.count);
    buf_free(&value);
}

static void message_write(struct buf *ret)
{
    for (size_t i = 0; i < mta.count; i++) {
        buf_add_text(ret, mta.fields[i].name);
        buf_add_char(ret, ':');
        for (const char *c = mta.fields[i].value; *c; c++) {
            if (*c == '\n')
                buf_add_char(ret, '\r');
            if (*c != '\r' || (c[1] != '\n' && c[1] != '\0'))
                buf_add_char(ret, *c);
        }
        buf_add_text(ret, "\r\n");
    }
    buf_add_text(ret, "\r\n");
    buf_add_span(ret, buf_span(&mta.body));
    must(buf_error(ret) == 0);
}

/* ---- a mail server with a message ---- */

/* Names are printable and values are folded, as mail servers see to it (RFC 5322, 2.2). */
static void field_take(struct span line)
{
    char name[80];
    size_t at = 0, len = 0;
    for (; at < line.len && line.ptr[at] != ':' && len < sizeof(name) - 1; at++)
        if (line.ptr[at] > ' ' && line.ptr[at] < 0x7f)
            name[len++] = line.ptr[at];
    name[len] = '\0';
    if (len == 0)
        return;
    struct buf value = BUF_INIT(1 << 20);
    if (!mta.exact)
        buf_add_char(&value, ' ');
    for (at++; at < line.len; at++) {
        char c = line.ptr[at] ? line.ptr[at] : '?';
        buf_add_char(&value, c == '\v' ? '\n' : c); /* a vertical tab folds */
        if (c == '\v')
            buf_add_char(&value, ' ');
    }
    must(buf_add_char(&value, '\0') == 0);
    field_add(name, value.ptr);
}

static void message_take(struct span text)
{
    while (text.len > 0 && mta.count < FIELDS_MAX / 2) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        struct span line = span_part(text, 0, len);
        text = span_part(text, len + 1, text.len);
        if (len == 0)
            break;
        field_take(line);
    }
    must(buf_add_span(&mta.body, text) == 0);
}

static void forget(void)
{
    while (mta.count > 0) {
        mta.count--;
        free(mta.fields[mta.count].name);
        free(mta.fields[mta.count].value);
    }
    buf_free(&mta.body);
    mta.body = BUF_INIT(64 << 20);
    mta.replaced = false;
}

static void negotiate(unsigned can)
{
    unsigned long actions, steps, unused;
    unsigned long offered = (can & 1 ? SMFIP_HDR_LEADSPC : 0) | (can & 2 ? SMFIP_SKIP : 0) |
                            (can & 4 ? SMFIP_NR_HDR : 0);
    must(mta.calls.xxfi_negotiate(NULL, 0x1ff, offered, 0, 0, &actions, &steps, &unused, &unused) ==
         SMFIS_CONTINUE);
    must((steps & ~offered) == 0);
    mta.exact = (can & 1) != 0;
    mta.anyhow = false;
}

static sfsistat say_recipient(char *address)
{
    char *arguments[] = {address, NULL};
    return mta.calls.xxfi_envrcpt(NULL, arguments);
}

static sfsistat say_field(const struct field_text *field)
{
    return mta.calls.xxfi_header(NULL, field->name, field->value + (mta.exact ? 0 : 1));
}

static sfsistat say_body(size_t chunk)
{
    sfsistat said = SMFIS_CONTINUE;
    for (size_t at = 0; at < mta.body.len && said == SMFIS_CONTINUE; at += chunk) {
        size_t left = mta.body.len - at;
        said = mta.calls.xxfi_body(NULL, (unsigned char *)mta.body.ptr + at,
                                   left < chunk ? left : chunk);
    }
    return said;
}

/* The same, without a mail server between. */
static void rewrite(const struct office *office, struct span message, bool back,
                    struct delivered *ret)
{
    struct deliver_job job = office_job(office);
    must(shoji_address_salt(job.how.signer.key, "anna@example.org",
                            job.config->conf.rewrite.recipient_delimiter,
                            job.how.options.mailbox) == 0);
    if (back)
        must(shoji_unrewrite_mail(&job.how, message.ptr, message.len, &ret->text, &ret->len) == 0);
    else
        must(deliver_rewrite(&job, message, ret) == 0);
}

static void send_message(unsigned how, size_t chunk, struct span text)
{
    char *sender[] = {(char[]){"<>"}, NULL};
    char anna[] = "<Anna+list@EXAMPLE.org>", rolf[] = "<rolf@elsewhere.example>";
    struct office *office = office_take();
    uint64_t what = how % 3;
    office->config.conf.milter.deliver = what;
    bool back = what == CONF_DELIVER_UNREWRITE;
    forget();
    message_take(text);
    struct buf before = BUF_INIT(64 << 20);
    message_write(&before);
    mta.mailer = back ? "smtp" : "virtual";
    must(mta.calls.xxfi_envfrom(NULL, sender) == SMFIS_CONTINUE);
    must(say_recipient(back ? rolf : anna) == SMFIS_CONTINUE);
    for (size_t i = 0; i < mta.count; i++) {
        sfsistat said = say_field(&mta.fields[i]);
        must(said == SMFIS_CONTINUE || said == SMFIS_NOREPLY);
    }
    must(mta.calls.xxfi_eoh(NULL) == SMFIS_CONTINUE);
    must(say_body(chunk) == SMFIS_CONTINUE);
    must(mta.calls.xxfi_eom(NULL) == SMFIS_CONTINUE);
    struct delivered wanted = {0};
    if (what == CONF_DELIVER_PREFETCH) {
        must(!mta.replaced);
        wanted = (struct delivered){.text = strdup(""), .len = 0};
    } else {
        rewrite(office, buf_span(&before), back, &wanted);
    }
    struct span rest = {wanted.text, wanted.len};
    if (what == CONF_DELIVER_PREFETCH)
        rest = buf_span(&before);
    check_fields(&rest);
    must(span_equal(rest, buf_span(&mta.body)));
    delivered_free(&wanted);
    buf_free(&before);
    office_give_back(office);
}

/* ---- one that does not know what it does ---- */

static sfsistat call(uint8_t which, char *text, size_t len)
{
    char *arguments[] = {text, NULL};
    char *colon = strchr(text, ':');
    switch (which % 8) {
    case 0:
        return mta.calls.xxfi_envfrom(NULL, arguments);
    case 1:
        mta.mailer = which & 8 ? colon : which & 16 ? "local" : NULL;
        return mta.calls.xxfi_envrcpt(NULL, arguments);
    case 2:
    case 3:
        if (colon)
            *colon = '\0';
        return mta.calls.xxfi_header(NULL, text, colon ? colon + 1 : text);
    case 4:
        return mta.calls.xxfi_eoh(NULL);
    case 5:
        return mta.calls.xxfi_body(NULL, (unsigned char *)text, len);
    case 6:
        return mta.calls.xxfi_eom(NULL);
    default:
        return mta.calls.xxfi_abort(NULL);
    }
}

/* Each call: which, how long its text is, the text. Fields that are named then may be none. */
static void call_anyhow(struct span calls)
{
    char text[256];
    while (calls.len >= 2) {
        uint8_t which = (uint8_t)calls.ptr[0];
        size_t len = (uint8_t)calls.ptr[1];
        calls = span_part(calls, 2, calls.len);
        struct span given = span_part(calls, 0, len);
        calls = span_part(calls, len, calls.len);
        memcpy(text, given.ptr, given.len);
        text[given.len] = '\0';
        sfsistat said = call(which, text, given.len);
        must(said == SMFIS_CONTINUE || said == SMFIS_ACCEPT || said == SMFIS_TEMPFAIL ||
             said == SMFIS_NOREPLY || said == SMFIS_SKIP);
    }
}

/* ---- whom for ---- */

static void check_recipients(struct span text)
{
    struct recipients recipients = {0};
    struct buf name = BUF_INIT(1 << 20);
    struct office *office = office_take();
    char line[128];
    size_t told = 0;
    while (text.len > 0 && told < 50) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end ? (size_t)(end - text.ptr) : text.len;
        snprintf(line, sizeof(line), "%.*s", (int)(len < 127 ? len : 127), text.ptr);
        text = span_part(text, len + 1, text.len);
        must(recipients_add(&recipients, &office->config.conf, line, told % 2 ? "virtual" : "") ==
             0);
        told++;
    }
    must(recipients.local_count == told && !recipients.outside);
    must(recipients_mailbox(&recipients, &name) == 0);
    must(name.len > 0 && name.ptr[name.len - 1] == '\0');
    for (const char *c = name.ptr; *c; c++)
        must(*c < 'A' || *c > 'Z');
    for (size_t i = 1; i < recipients.local_count; i++)
        must(strcmp(recipients.local[i - 1], recipients.local[i]) <= 0);
    recipients_free(&recipients);
    buf_free(&name);
    office_give_back(office);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char name[] = "fuzz";
    if (len < 4)
        return 0;
    fuzz_office_open();
    must(session_register(name) == 0);
    struct span text = {(const char *)bytes + 3, len - 3};
    negotiate(bytes[0]);
    if (bytes[1] < 192) {
        send_message(bytes[1], 1 + bytes[2] * 7U, text);
        if (bytes[1] & 8) /* one more on the same connection */
            send_message(bytes[1] / 2, 1 + bytes[2], text);
    } else if (bytes[1] < 240) {
        mta.anyhow = true;
        call_anyhow(text);
    } else {
        check_recipients(text);
    }
    must(mta.calls.xxfi_close(NULL) == SMFIS_CONTINUE && !mta.private);
    forget();
    return 0;
}
