/*
 * A mail server and a store of the fuzzer's own, and `shoji lmtp` between them. The text of a
 * message is what an independent, simpler reading of RFC 5321 (4.5.2, and 2.3.8) says, whatever the
 * pieces in which it comes; what goes on is a legal dialogue to the last byte; and behind a message
 * the mail server hears, recipient by recipient, what the store said of it, or that it is put off.
 *
 * Input: which of it, the size of pieces; then what the mail server says. In a dialogue, the
 * store's answers stand first, a byte each, up to a zero.
 */
#include "fuzz_office.h"

#include "base/limits.h"
#include "lmtp/address.h"
#include "lmtp/dots.h"
#include "lmtp/message.h"
#include "lmtp/session.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* ---- a simpler reading ---- */

/* The line that begins there ends with CRLF at the length given back; false: there is none. */
static bool find_crlf(struct span s, size_t *ret)
{
    const char *end = memmem(s.ptr, s.len, "\r\n", 2);
    if (end)
        *ret = (size_t)(end - s.ptr);
    return end != NULL;
}

/* The text up to the end of the message, and how many bytes of `wire` that was; false: no end. */
static bool simple_read(struct span wire, struct buf *ret, size_t *ret_len)
{
    size_t at = 0, len;
    while (find_crlf(span_part(wire, at, wire.len), &len)) {
        struct span line = span_part(wire, at, len);
        at += len + 2;
        *ret_len = at;
        if (span_equal(line, SPAN(".")))
            return true;
        for (size_t i = 0; i < line.len; i++)
            if (i > 0 || line.ptr[i] != '.')
                buf_add_char(ret, line.ptr[i] == '\r' || line.ptr[i] == '\n' ? ' ' : line.ptr[i]);
        buf_add_text(ret, "\r\n");
    }
    return false;
}

/* With a dot before each that begins a line, and the end. `text` has whole lines only. */
static void simple_write(struct span text, struct buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '.' && (i == 0 || text.ptr[i - 1] == '\n'))
            buf_add_char(ret, '.');
        buf_add_char(ret, text.ptr[i]);
    }
    buf_add_text(ret, ".\r\n");
}

/* No CR and no LF stands alone in what leaves us (RFC 5321, 2.3.8). */
static void check_line_ends(struct span wire)
{
    for (size_t i = 0; i < wire.len; i++) {
        must(wire.ptr[i] != '\n' || (i > 0 && wire.ptr[i - 1] == '\r'));
        must(wire.ptr[i] != '\r' || (i + 1 < wire.len && wire.ptr[i + 1] == '\n'));
    }
}

static struct buf room(void)
{
    return BUF_INIT(64 * MiB);
}

static void check_dots(struct span wire, size_t piece)
{
    struct buf wanted = room(), text = room(), again = room(), written = room(), simple = room();
    struct dots in = {0}, out = {0}, back = {0};
    size_t wanted_len = 0, at = 0;
    bool ends = simple_read(wire, &wanted, &wanted_len);
    while (at < wire.len && in.at != DOTS_END)
        at += dots_read(&in, span_part(wire, at, piece), &text);
    must(ends == (in.at == DOTS_END));
    must(text.len >= wanted.len && (!ends || (text.len == wanted.len && at == wanted_len)));
    must(span_equal(span_part(buf_span(&text), 0, wanted.len), buf_span(&wanted)));
    if (ends) {
        for (at = 0; at < text.len; at += piece)
            dots_write(&out, span_part(buf_span(&text), at, piece), &written);
        dots_finish(&out, &written);
        simple_write(buf_span(&text), &simple);
        must(span_equal(buf_span(&written), buf_span(&simple)));
    }
    /* Any text at all, as the rewriter may hand it over, becomes one legal message. */
    buf_clear(&written);
    buf_clear(&text);
    out = (struct dots){0};
    dots_write(&out, wire, &written);
    dots_finish(&out, &written);
    must(dots_read(&back, buf_span(&written), &text) == written.len && back.at == DOTS_END);
    must(simple_read(buf_span(&written), &again, &wanted_len) && wanted_len == written.len);
    must(span_equal(buf_span(&text), buf_span(&again)));
    check_line_ends(buf_span(&written));
    buf_free(&wanted);
    buf_free(&text);
    buf_free(&again);
    buf_free(&written);
    buf_free(&simple);
}

/* ---- files in memory: nobody waits ---- */

static int file_of(struct span bytes)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len);
    must(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

static void file_read(int fd, struct buf *ret)
{
    off_t len = lseek(fd, 0, SEEK_END);
    char *to = buf_reserve(ret, (size_t)len + 1);
    must(len >= 0 && to && pread(fd, to, (size_t)len, 0) == len);
    buf_commit(ret, (size_t)len);
}

/* As it came, to a store that takes everything. */
static void check_message(struct span wire)
{
    static struct stream from;
    static struct store store;
    int in = file_of(wire), out = file_of(SPAN(""));
    struct buf wanted = room(), went = room(), simple = room();
    size_t wanted_len;
    bool ends = simple_read(wire, &wanted, &wanted_len);
    struct message message = {.text = BUF_INIT(1 * MiB)};
    must(stream_open(&from, in, in) == 0 && stream_open(&store.stream, out, out) == 0);
    store.open = true;
    must(message_receive(&message, &from, &store) == (ends ? 0 : -ECONNRESET));
    if (ends) {
        must(!message.cut && !message.crowded && message.held == message.text.len);
        must(span_equal(buf_span(&message.text), buf_span(&wanted)));
        must(store_send(&store, SPAN(".\r\n")) == 0);
        file_read(out, &went);
        simple_write(buf_span(&wanted), &simple);
        must(span_equal(buf_span(&went), buf_span(&simple)));
    }
    message_free(&message);
    close(in);
    close(out);
    buf_free(&wanted);
    buf_free(&went);
    buf_free(&simple);
}

/* ---- lists of texts ---- */

static void list_add(struct buf *list, struct span text)
{
    buf_add_span(list, text);
    buf_add_char(list, '\0');
}

/* The first one, and the list without it; empty: there is none. */
static struct span list_take(struct span *list)
{
    struct span text = span_part(*list, 0, list->len > 0 ? strnlen(list->ptr, list->len) : 0);
    *list = span_part(*list, text.len + 1, list->len);
    return text;
}

static bool list_has(struct span list, struct span text)
{
    while (list.len > 0)
        if (span_equal(list_take(&list), text))
            return true;
    return false;
}

/* ---- the store of a dialogue ---- */

/* What is none ends the dialogue: who would go on waits for minutes. */
static const struct answer {
    const char *text;
    char digit; /* '\0': it is none */
} answers[] = {
    {"250 2.0.0 fine\r\n", '2'},
    {"250-one\r\n250 two\r\n", '2'},
    {"450 4.2.0 later\r\n", '4'},
    {"550 5.1.1 never\r\n", '5'},
    {"421 4.3.2 bye\r\n", '\0'},
    {"354 go on\r\n", '3'},
    {"250\r\n", '2'},
    {"250-8BITMIME\r\n250-SIZE 99\r\n250 SMTPUTF8\r\n", '2'},
    {"250-one\r\n251 two\r\n", '\0'},
    {"what?\r\n", '\0'},
    {"250 fine\n", '\0'},
    {"250-more\r\n", '\0'},
    {"\r\n", '\0'},
    {"", '\0'},
};
#define ANSWERS (sizeof(answers) / sizeof(answers[0]))

static struct {
    int fd; /* -1: nobody has come */
    pthread_t thread;
    struct span script;
    struct buf got; /* what it has read and not yet looked at */
    size_t at;
    struct buf said; /* each of its answers */
    struct buf ends; /* behind messages: each recipient's line, and its answer */
    unsigned saved;  /* which makes its usual ones differ */
} behind = {.fd = -1};

/* In place of lmtp/address.c: the other end of a pair. */
static void *store_main(void *unused);

int address_connect(const char *text)
{
    int pair[2];
    must(behind.fd < 0 && text);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    behind.fd = pair[1];
    must(pthread_create(&behind.thread, NULL, store_main, NULL) == 0);
    return pair[0];
}

int address_listen(const char *text)
{
    (void)text;
    return -EINVAL;
}

unsigned address_port(int listening)
{
    (void)listening;
    return 0;
}

bool address_valid(const char *text)
{
    return text != NULL;
}

/* The first digit, or '\0': it ends here. `usual` where the script is over. */
static char store_says(const char *usual)
{
    struct answer answer = {usual, usual[0]};
    if (behind.script.len > 0) {
        answer = answers[(uint8_t)behind.script.ptr[0] % ANSWERS];
        behind.script = span_part(behind.script, 1, behind.script.len);
    }
    struct span text = span_of(answer.text);
    list_add(&behind.said, text);
    return send(behind.fd, text.ptr, text.len, MSG_NOSIGNAL) == (ssize_t)text.len ? answer.digit
                                                                                  : '\0';
}

static bool store_reads(void)
{
    char *to = buf_reserve(&behind.got, 16 * KiB);
    ssize_t got = to ? recv(behind.fd, to, 16 * KiB, 0) : 0;
    if (got <= 0)
        return false;
    buf_commit(&behind.got, (size_t)got);
    return true;
}

static struct span store_rest(void)
{
    return span_part(buf_span(&behind.got), behind.at, behind.got.len);
}

/* A command line, which is one in every byte. */
static bool store_line(struct span *ret)
{
    size_t len;
    while (!find_crlf(store_rest(), &len))
        if (!store_reads())
            return false;
    *ret = span_part(store_rest(), 0, len);
    behind.at += len + 2;
    must(len > 0 && len <= LIMIT_LMTP_LINE);
    for (size_t i = 0; i < len; i++)
        must((unsigned char)ret->ptr[i] >= ' ' || ret->ptr[i] == '\t');
    return true;
}

/* Behind 354: to the dot, without a CR or LF that stands alone. */
static bool store_message(void)
{
    struct buf text = room();
    size_t len = 0;
    bool whole = true;
    while (whole && !simple_read(store_rest(), &text, &len)) {
        buf_clear(&text);
        whole = store_reads();
    }
    check_line_ends(span_part(store_rest(), 0, len));
    behind.at += len;
    buf_free(&text);
    return whole;
}

static bool begins(struct span line, const char *word)
{
    return span_equal_nocase(span_part(line, 0, strlen(word)), span_of(word));
}

/* One word for each that it took, and true while it goes on. */
static bool store_takes(struct span recipients)
{
    bool on = store_message();
    while (on && recipients.len > 0) {
        char usual[32];
        snprintf(usual, sizeof(usual), "250 saved %u\r\n", ++behind.saved);
        struct span recipient = list_take(&recipients);
        size_t before = behind.said.len;
        char digit = store_says(usual);
        on = digit != '\0' && digit != '3'; /* no answer to a message: all is over */
        if (on) {
            struct span said = span_part(buf_span(&behind.said), before, behind.said.len);
            list_add(&behind.ends, recipient);
            list_add(&behind.ends, list_take(&said));
        }
    }
    return on;
}

/* In the order of RFC 2033 and RFC 5321. */
static void store_talks(void)
{
    struct span line;
    struct buf recipients = room();
    bool sender = false, on = store_says("220 store.example LMTP\r\n") != '\0';
    while (on && store_line(&line) && !begins(line, "QUIT")) {
        bool mail = begins(line, "MAIL FROM:"), rcpt = begins(line, "RCPT TO:");
        bool data = span_equal_nocase(line, SPAN("DATA"));
        must(mail || rcpt || data || begins(line, "RSET") || begins(line, "LHLO "));
        must(!mail || !sender);
        must(!rcpt || sender);
        must(!data || recipients.len > 0);
        char digit = store_says(data ? "354 go on\r\n" : "250 store.example\r\n");
        on = digit != '\0';
        if (data && digit == '3')
            on = store_takes(buf_span(&recipients));
        if (rcpt && digit == '2')
            list_add(&recipients, line);
        sender = sender || (mail && digit == '2');
        if ((data && digit == '3') || (!mail && !rcpt && !data)) {
            buf_clear(&recipients);
            sender = false;
        }
    }
    buf_free(&recipients);
}

static void *store_main(void *unused)
{
    store_talks();
    shutdown(behind.fd, SHUT_RDWR);
    return unused;
}

/* ---- the mail server of a dialogue ---- */

/* One answer, which is whole, of all its lines. */
static struct span answer_take(struct span *said)
{
    size_t at = 0, len;
    struct span line;
    do {
        must(find_crlf(span_part(*said, at, said->len), &len));
        line = span_part(*said, at, len);
        at += len + 2;
        must(line.len >= 3 && line.ptr[0] >= '2' && line.ptr[0] <= '5');
        must(isdigit((unsigned char)line.ptr[1]) && isdigit((unsigned char)line.ptr[2]));
        must(line.len == 3 || line.ptr[3] == ' ' || line.ptr[3] == '-');
        must(!memchr(line.ptr, '\n', line.len) && !memchr(line.ptr, '\r', line.len));
        must(memcmp(line.ptr, said->ptr, 3) == 0);
    } while (line.len > 3 && line.ptr[3] == '-');
    struct span answer = span_part(*said, 0, at);
    *said = span_part(*said, at, said->len);
    return answer;
}

/* Behind a message: to each recipient what the store said of his. Where it came to none of that,
 * our own word can only be that it is put off; another's is the store's, from a step before. */
static void check_ends(struct span recipients, struct span *said, struct span *ends)
{
    while (recipients.len > 0) {
        struct span recipient = list_take(&recipients), answer = answer_take(said), rest = *ends;
        if (span_equal(list_take(&rest), recipient) && span_equal(list_take(&rest), answer)) {
            *ends = rest;
            continue;
        }
        must(answer.ptr[0] == '4' || answer.ptr[0] == '5');
        must(begins(answer, "451 ") || begins(answer, "452 ") ||
             list_has(buf_span(&behind.said), answer));
    }
}

/* Everything is answered in its order, as often as was asked. Whom it is said for, this follows
 * from the answers alone: 500 to 503 are those to a line that changes nothing. */
static void check_answers(struct span input, struct span said)
{
    struct buf recipients = room(), text = room();
    struct span ends = buf_span(&behind.ends);
    must(begins(answer_take(&said), "220 "));
    while (said.len > 0) {
        const char *end = memchr(input.ptr, '\n', input.len);
        must(end);
        struct span line = span_part(input, 0, (size_t)(end - input.ptr));
        struct span answer = answer_take(&said);
        bool ends_all = begins(line, "RSET") || begins(line, "LHLO") || begins(line, "DATA");
        size_t len;
        input = span_part(input, line.len + 1, input.len);
        if (begins(line, "RCPT ") && answer.ptr[0] == '2')
            list_add(&recipients, span_part(line, 0, line.len - 1));
        if (begins(answer, "354")) {
            must(span_equal_nocase(line, SPAN("DATA\r")));
            buf_clear(&text);
            if (simple_read(input, &text, &len)) {
                check_ends(buf_span(&recipients), &said, &ends);
                input = span_part(input, len, input.len);
            } else {
                must(said.len == 0);
            }
        }
        if (ends_all && !begins(answer, "50"))
            buf_clear(&recipients);
    }
    must(ends.len == 0);
    buf_free(&recipients);
    buf_free(&text);
}

static void check_dialogue(struct span input, bool as_it_came)
{
    const char *end = memchr(input.ptr, '\0', input.len);
    size_t script = end ? (size_t)(end - input.ptr) : 0;
    behind.script = span_part(input, 0, script);
    behind.got = room();
    behind.said = room();
    behind.ends = room();
    behind.at = behind.saved = 0;
    struct lmtp lmtp = {.to = "/store", .as_it_came = as_it_came, .stop = -1};
    struct span asked = span_part(input, script + (end != NULL), input.len);
    int in = file_of(asked), out = file_of(SPAN(""));
    struct buf said = room();
    int r = session_run(&lmtp, in, out);
    must(r <= 0 && r != -ETIMEDOUT && r != -ENOMEM);
    if (behind.fd >= 0) {
        must(pthread_join(behind.thread, NULL) == 0);
        close(behind.fd);
        behind.fd = -1;
    }
    file_read(out, &said);
    check_answers(asked, buf_span(&said));
    close(in);
    close(out);
    buf_free(&said);
    buf_free(&behind.got);
    buf_free(&behind.said);
    buf_free(&behind.ends);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len < 2)
        return 0;
    struct span input = {(const char *)bytes + 2, len - 2};
    fuzz_office_open();
    switch (bytes[0] % 4) {
    case 0:
        check_dots(input, 1U + bytes[1]);
        break;
    case 1:
        check_message(input);
        break;
    default:
        check_dialogue(input, bytes[0] & 1);
    }
    return 0;
}
