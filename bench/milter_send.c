/*
 * milter_send SOCKET CONNECTIONS MILLISECONDS CORPUS: gives a milter the messages of a corpus
 * (rewrite_corpus.h) in turn, as a mail server does: a connection a message, what needs no answer
 * in one piece with what does. So many connections at once, each in a thread. Prints one JSON
 * object: messages, seconds, p50_us and p99_us from connecting to the last word, and how many had
 * their body replaced. Ends with a sentence when a message is not passed on.
 */
#include "rewrite_corpus.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmilter/mfdef.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK   65535
#define SAMPLES 100000

static struct {
    const char *path;
    struct corpus corpus;
    int64_t end_ns;
    atomic_size_t next, replaced, done;
    uint32_t took_us[SAMPLES];
} bench;

struct line {
    int fd;
    uint32_t steps;
    struct buf out; /* not sent yet */
    struct buf in;  /* the answer that came last */
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void put(struct line *line, char kind, const void *data, size_t len)
{
    uint32_t size = htonl((uint32_t)len + 1);
    buf_add(&line->out, (const char *)&size, sizeof(size));
    buf_add_char(&line->out, kind);
    buf_add(&line->out, data, len);
}

static void flush(struct line *line)
{
    struct span rest = buf_span(&line->out);
    while (rest.len > 0) {
        ssize_t sent = send(line->fd, rest.ptr, rest.len, MSG_NOSIGNAL);
        if (sent <= 0)
            bench_die("send: %s", strerror(errno));
        rest = span_part(rest, (size_t)sent, rest.len);
    }
    buf_clear(&line->out);
}

static void receive(struct line *line, void *ret, size_t len)
{
    if (len > 0 && recv(line->fd, ret, len, MSG_WAITALL) != (ssize_t)len)
        bench_die("the milter hung up");
}

/* The kind of the answer; what else there is of it in `line`. */
static char answer(struct line *line)
{
    uint32_t size;
    flush(line);
    receive(line, &size, sizeof(size));
    char bytes[CHUNK + 1];
    size = ntohl(size);
    if (size == 0 || size > sizeof(bytes))
        bench_die("an answer of %u bytes", size);
    receive(line, bytes, size);
    buf_clear(&line->in);
    buf_add(&line->in, bytes + 1, size - 1);
    return bytes[0];
}

static void expect(struct line *line)
{
    char kind = answer(line);
    if (kind != SMFIR_CONTINUE)
        bench_die("the milter answers %c", kind);
}

static void negotiate(struct line *line)
{
    uint32_t offer[3] = {htonl(6), htonl(SMFI_CURR_ACTS), htonl(SMFI_CURR_PROT)};
    put(line, SMFIC_OPTNEG, offer, sizeof(offer));
    if (answer(line) != SMFIC_OPTNEG || line->in.len < sizeof(offer))
        bench_die("no negotiation");
    memcpy(offer, line->in.ptr, sizeof(offer));
    line->steps = ntohl(offer[2]);
    if (!(line->steps & SMFIP_NR_HDR) || !(line->steps & SMFIP_HDR_LEADSPC))
        bench_die("the milter wants fields in another way");
}

/* Fields of a message that was made for this: CRLF, folded lines, a colon in each. */
static struct span put_fields(struct line *line, struct span rest)
{
    CLEANUP(buf_free) struct buf field = BUF_INIT(CHUNK);
    while (rest.len > 2 && memcmp(rest.ptr, "\r\n", 2) != 0) {
        const char *colon = memchr(rest.ptr, ':', rest.len);
        buf_clear(&field);
        buf_add(&field, rest.ptr, (size_t)(colon - rest.ptr));
        buf_add_char(&field, '\0');
        rest = span_part(rest, (size_t)(colon + 1 - rest.ptr), rest.len);
        for (bool more = true; more;) {
            const char *end = memmem(rest.ptr, rest.len, "\r\n", 2);
            if (!end)
                bench_die("a message without a body");
            buf_add(&field, rest.ptr, (size_t)(end - rest.ptr));
            rest = span_part(rest, (size_t)(end + 2 - rest.ptr), rest.len);
            more = rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t');
            buf_add_char(&field, more ? '\n' : '\0');
        }
        put(line, SMFIC_HEADER, field.ptr, field.len);
    }
    return span_part(rest, 2, rest.len);
}

#define PUT(line, kind, text) put(line, kind, text, sizeof(text)) /* its last 0, too */

static void send_message(struct line *line, struct span message)
{
    negotiate(line);
    PUT(line, SMFIC_MACRO,
        "Mi\0"
        "4XYZ\0{mail_addr}\0news@sender.example");
    PUT(line, SMFIC_MAIL, "<news@sender.example>");
    expect(line);
    PUT(line, SMFIC_MACRO, "R{rcpt_mailer}\0virtual");
    PUT(line, SMFIC_RCPT, "<anna@example.org>");
    expect(line);
    struct span rest = put_fields(line, message);
    put(line, SMFIC_EOH, NULL, 0);
    expect(line);
    while (rest.len > 0) {
        struct span chunk = span_part(rest, 0, CHUNK < rest.len ? CHUNK : rest.len);
        put(line, SMFIC_BODY, chunk.ptr, chunk.len);
        expect(line);
        rest = span_part(rest, chunk.len, rest.len);
    }
    put(line, SMFIC_BODYEOB, NULL, 0);
    bool replaced = false;
    for (char kind; (kind = answer(line)) != SMFIR_CONTINUE;) {
        if (kind != SMFIR_PROGRESS && kind != SMFIR_REPLBODY && kind != SMFIR_ADDHEADER &&
            kind != SMFIR_CHGHEADER)
            bench_die("the milter answers %c", kind);
        replaced |= kind == SMFIR_REPLBODY;
    }
    bench.replaced += replaced;
    put(line, SMFIC_QUIT, NULL, 0);
    flush(line);
}

static void *work(void *ctx)
{
    (void)ctx;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    strncpy(to.sun_path, bench.path, sizeof(to.sun_path) - 1);
    struct line line = {.out = BUF_INIT(SIZE_MAX / 2), .in = BUF_INIT(SIZE_MAX / 2)};
    for (int64_t began; (began = now_ns()) < bench.end_ns;) {
        struct span message = bench.corpus.documents[bench.next++ % bench.corpus.count];
        line.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (line.fd < 0 || connect(line.fd, (struct sockaddr *)&to, sizeof(to)) < 0)
            bench_die("%s: %s", bench.path, strerror(errno));
        send_message(&line, message);
        close(line.fd);
        size_t at = bench.done++;
        if (at < SAMPLES)
            bench.took_us[at] = (uint32_t)((now_ns() - began) / 1000);
    }
    buf_free(&line.out);
    buf_free(&line.in);
    return NULL;
}

static int compare(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;
    return *left < *right ? -1 : *left > *right;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        bench_die("usage: milter_send SOCKET CONNECTIONS MILLISECONDS CORPUS");
    size_t connections = strtoul(argv[2], NULL, 10);
    bench.path = argv[1];
    corpus_load(argv[4], &bench.corpus);
    int64_t began = now_ns();
    bench.end_ns = began + strtol(argv[3], NULL, 10) * 1000000;
    pthread_t threads[256];
    if (connections < 1 || connections > sizeof(threads) / sizeof(threads[0]))
        bench_die("1 to 256 connections");
    for (size_t i = 0; i < connections; i++)
        if (pthread_create(&threads[i], NULL, work, NULL) != 0)
            bench_die("no thread");
    for (size_t i = 0; i < connections; i++)
        pthread_join(threads[i], NULL);
    size_t done = bench.done, kept = done < SAMPLES ? done : SAMPLES;
    if (kept == 0)
        bench_die("no message went through");
    qsort(bench.took_us, kept, sizeof(uint32_t), compare);
    printf("{\"messages\": %zu, \"replaced\": %zu, \"seconds\": %.6f, \"p50_us\": %u, "
           "\"p99_us\": %u}\n",
           done, (size_t)bench.replaced, (double)(now_ns() - began) / 1e9, bench.took_us[kept / 2],
           bench.took_us[kept * 99 / 100]);
    corpus_free(&bench.corpus);
    return 0;
}
