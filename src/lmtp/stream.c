#include "lmtp/stream.h"

#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static int unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

int stream_open(struct stream *stream, int in, int out)
{
    stream->in = in;
    stream->out = out;
    stream->stop = -1;
    stream->from = stream->to = 0;
    int r = unblock(in);
    return r < 0 || out == in ? r : unblock(out);
}

static int wait_until(const struct stream *stream, int64_t end_ms)
{
    struct pollfd fds[] = {{.fd = stream->in, .events = POLLIN},
                           {.fd = stream->stop, .events = POLLIN}};
    int64_t left = end_ms - clock_ms();
    int ready = poll(fds, 2, left > 0 ? (int)left : 0);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    if (ready == 0)
        return -ETIMEDOUT;
    return fds[0].revents ? 0 : -ECANCELED;
}

/* Some more bytes behind those that are there; there is room for one at least. */
static int read_more(struct stream *stream, int64_t end_ms)
{
    for (;;) {
        ssize_t got = read(stream->in, stream->bytes + stream->to, LIMIT_LMTP_BLOCK - stream->to);
        if (got > 0) {
            stream->to += (size_t)got;
            return 0;
        }
        if (got == 0)
            return -ECONNRESET;
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        int r = wait_until(stream, end_ms);
        if (r < 0)
            return r;
    }
}

int stream_fill(struct stream *stream, unsigned timeout_ms)
{
    if (stream->from < stream->to)
        return 0;
    stream->from = stream->to = 0;
    return read_more(stream, clock_ms() + timeout_ms);
}

static bool is_plain(struct span line)
{
    for (size_t i = 0; i < line.len; i++)
        if (((unsigned char)line.ptr[i] < ' ' && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
            return false;
    return true;
}

int stream_line(struct stream *stream, unsigned timeout_ms, struct span *ret)
{
    int64_t end_ms = clock_ms() + timeout_ms;
    bool too_long = false;
    size_t seen = 0;
    for (;;) {
        struct span rest = stream_rest(stream);
        const char *found = memchr(rest.ptr + seen, '\n', rest.len - seen);
        if (found) {
            struct span line = {rest.ptr, (size_t)(found - rest.ptr)};
            stream_took(stream, line.len + 1);
            if (too_long || line.len > LIMIT_LMTP_LINE)
                return STREAM_TOO_LONG;
            if (line.len == 0 || line.ptr[line.len - 1] != '\r')
                return STREAM_NOT_CRLF;
            line.len--;
            if (!is_plain(line))
                return STREAM_NOT_CRLF;
            *ret = line;
            return 0;
        }
        too_long = too_long || rest.len > LIMIT_LMTP_LINE;
        if (too_long)
            rest.len = 0;
        memmove(stream->bytes, rest.ptr, rest.len);
        stream->from = 0;
        stream->to = seen = rest.len;
        int r = read_more(stream, end_ms);
        if (r < 0)
            return r;
    }
}

int stream_write(struct stream *stream, struct span bytes, unsigned timeout_ms)
{
    while (bytes.len > 0) {
        ssize_t sent = write(stream->out, bytes.ptr, bytes.len);
        if (sent >= 0) {
            bytes = span_part(bytes, (size_t)sent, bytes.len);
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return -errno;
        struct pollfd fd = {.fd = stream->out, .events = POLLOUT};
        if (poll(&fd, 1, (int)timeout_ms) == 0)
            return -ETIMEDOUT;
    }
    return 0;
}
