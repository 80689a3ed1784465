#include "serve/http.h"

#include "base/buf.h"
#include "base/limits.h"
#include "serve/listener.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <errno.h>
#include <poll.h>

/* A listening socket with its daemon, its thread and its front. */
struct door {
    struct front front;
    struct MHD_Daemon *daemon;
    int fd; /* until the daemon has it */
};

#define MAX_FRONTS 256 /* as the configuration allows */

struct http {
    struct request_env *env;
    struct watch *watch;
    struct readers *readers;
    bool inherited; /* the sockets */
    size_t answers_held;
    struct door *doors;
    size_t doors_count;
    struct buf addresses;
};

/*
 * libmicrohttpd calls the handler twice for each request, and only an answer at the second call
 * lets the connection live on. What the first call saw is kept as a pointer to one of these, so
 * that a hit allocates nothing; a parked request puts its own memory there.
 */
enum mark {
    FIRST_BAD_IMAGE,
    FIRST_OTHER,
    SECOND_BAD_IMAGE,
    SECOND_OTHER,
    SECOND_PLAIN,
    SECOND_CONDITIONAL,
    MARKS
};
static const char marks[MARKS];

static bool is_mark(const void *context)
{
    return context == NULL ||
           ((const char *)context >= marks && (const char *)context < marks + MARKS);
}

static void *mark(enum mark which)
{
    return (void *)(uintptr_t)&marks[which];
}

/* What our paths are made of: base64url, kids, form letters, a suffix. */
static const bool in_path[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true,
    ['_'] = true,         ['/'] = true,         ['.'] = true,
};

/* The raw request target, before libmicrohttpd decodes it: our paths need no decoding, so what
 * needs it is not one of ours. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    (void)cls;
    (void)connection;
    if (target[0] != '/' || (target[1] != 'i' && target[1] != 's') || target[2] != '/')
        return mark(FIRST_OTHER);
    const char *at = target;
    while (in_path[(unsigned char)*at])
        at++;
    return *at != '\0' || at - target > SHOJI_PATH_MAX ? mark(FIRST_BAD_IMAGE) : NULL;
}

/* In its place: nothing that is looked at has anything to decode. */
static size_t leave_as_it_is(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

struct head {
    unsigned lengths; /* Content-Length fields */
    bool length_not_zero;
    bool transfer_encoding;
    bool conditional;
};

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    (void)kind;
    struct head *head = cls;
    switch (name[0] | 0x20) {
    case 'c':
        if (strcasecmp(name, "Content-Length") == 0) {
            head->lengths++;
            head->length_not_zero |= !value || strcmp(value, "0") != 0;
        }
        break;
    case 't':
        head->transfer_encoding |= strcasecmp(name, "Transfer-Encoding") == 0;
        break;
    case 'i':
        head->conditional |=
            strcasecmp(name, "If-None-Match") == 0 || strcasecmp(name, "If-Range") == 0;
        break;
    case 'r':
        head->conditional |= strcasecmp(name, "Range") == 0;
        break;
    }
    return MHD_YES;
}

static enum MHD_Result send_constant(struct door *door, struct MHD_Connection *connection,
                                     enum reply_constant which)
{
    struct reply *reply = reply_constant(which);
    tally_add(&door->front.tally, TALLY_http, reply_status(reply));
    return reply_send(connection, reply);
}

static bool is_first(const void *context)
{
    return context == NULL || context == mark(FIRST_BAD_IMAGE) || context == mark(FIRST_OTHER);
}

/*
 * First call: the header is read, the body is not. An answer given here makes libmicrohttpd close
 * the connection, which is what a request with a body deserves: 0.9.75 takes the second of two
 * Content-Length fields for the truth (fixed in 1.0.4), and a proxy before us may take the first.
 * Else the context is that of the second call.
 */
static enum MHD_Result first_call(struct door *door, struct MHD_Connection *connection,
                                  const char *method, void **context)
{
    bool known = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    struct head head = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_field, &head);
    if (head.transfer_encoding || head.lengths > 1 || head.length_not_zero)
        return send_constant(door, connection, REPLY_BAD);
    if (!known)
        return send_constant(door, connection, REPLY_METHOD);
    if (*context == NULL)
        *context = mark(head.conditional ? SECOND_CONDITIONAL : SECOND_PLAIN);
    else
        *context = mark(*context == mark(FIRST_BAD_IMAGE) ? SECOND_BAD_IMAGE : SECOND_OTHER);
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **context)
{
    (void)version;
    (void)body;
    struct door *door = cls;
    if (is_first(*context)) {
        enum MHD_Result result = first_call(door, connection, method, context);
        /* While we drain, all is answered at the first call: that ends the connection, and says so
         * to the reader. */
        if (is_first(*context) || !atomic_load(&door->front.env->draining))
            return result;
    }
    if (*context == mark(SECOND_BAD_IMAGE))
        return send_constant(door, connection, REPLY_REFUSED);
    if (*context == mark(SECOND_OTHER))
        return send_constant(door, connection, REPLY_MISSING);
    if (*body_len != 0)
        return MHD_NO;
    const struct request_line line = {
        .path = url,
        .head = method[0] == 'H',
        .conditional = *context == mark(SECOND_CONDITIONAL),
    };
    struct request *state = is_mark(*context) ? NULL : *context;
    enum MHD_Result result = request_handle(&door->front, connection, &line, &state);
    if (state && *context != state) { /* parked: what it waits for has a deadline of its own */
        *context = state;
        watch_pause(watch_find(connection));
    }
    return result;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)code;
    if (!is_mark(*context))
        request_forget(*context);
    *context = NULL;
    watch_header(watch_find(connection));
}

/* ---- starting and stopping ---- */

static unsigned connections_of_a_door(const struct http *http, const struct http_conf *conf)
{
    return conf->max_connections / (unsigned)http->doors_count + 1;
}

static int door_open(struct door *door, struct http *http, const struct http_conf *conf)
{
    int r = front_init(&door->front, http->env);
    if (r < 0)
        return r;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, door->fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, connections_of_a_door(http, conf), NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, LIMIT_CONNECTION_POOL, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, LIMIT_IDLE_S, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, NULL},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_as_it_is, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)watch_notify, http->watch},
        {MHD_OPTION_END, 0, NULL},
    };
    door->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         on_request, door, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!door->daemon)
        return -EIO;
    door->fd = -1;
    return 0;
}

/* Opens the sockets of one address for the doors from `first` on. */
static int open_address(struct http *http, const struct http_conf *conf, const char *address,
                        size_t first, char *why)
{
    int fds[MAX_FRONTS];
    char text[LISTENER_TEXT];
    int r = listener_open(address, conf->fronts, fds, text);
    if (r < 0) {
        snprintf(why, 256, "cannot listen on %.100s: %s", address,
                 r == -EINVAL ? "not an address with a port" : strerror(-r));
        return r;
    }
    buf_add_format(&http->addresses, "%slisten=%s", http->addresses.len ? " " : "", text);
    for (unsigned i = 0; i < conf->fronts; i++)
        http->doors[first + i].fd = fds[i];
    return 0;
}

/* One door for each, and for each address as many as there are to be fronts: those share a socket,
 * as far as there are too few of them. */
static int open_inherited(struct http *http, const struct http_conf *conf, char *why,
                          size_t *ret_doors)
{
    UNCLEARED char texts[MAX_FRONTS][LISTENER_TEXT];
    size_t count = conf->sockets_count, doors = count;
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        r = listener_adopt(conf->sockets[i], texts[i]);
    for (size_t i = 0; i < count; i++)
        http->doors[i].fd = fd_take(&conf->sockets[i]);
    for (size_t i = 0; i < count && r == 0; i++) {
        unsigned same = 0;
        size_t first = count;
        for (size_t j = count; j-- > 0;) {
            if (strcmp(texts[i], texts[j]) == 0) {
                same++;
                first = j;
            }
        }
        if (first != i)
            continue;
        buf_add_format(&http->addresses, "%slisten=%s", http->addresses.len ? " " : "", texts[i]);
        for (; same < conf->fronts && r == 0; same++) {
            int fd = fcntl(http->doors[i].fd, F_DUPFD_CLOEXEC, 0);
            http->doors[doors++].fd = fd;
            r = fd < 0 ? -errno : 0;
        }
    }
    if (r < 0)
        snprintf(why, 256, "cannot use the sockets that were handed over: %s",
                 r == -EINVAL ? "one does not listen for connections" : strerror(-r));
    *ret_doors = doors;
    return r;
}

static int open_addresses(struct http *http, const struct http_conf *conf, char *list, char *why,
                          size_t *ret_doors)
{
    size_t doors = 0;
    char *rest = NULL;
    for (char *at = strtok_r(list, ", ", &rest); at; at = strtok_r(NULL, ", ", &rest)) {
        int r = open_address(http, conf, at, doors, why);
        if (r < 0)
            return r;
        doors += conf->fronts;
    }
    *ret_doors = doors;
    return 0;
}

/* All sockets before any thread: a later address that cannot be had must not find requests parked.
 */
static int open_all(struct http *http, const struct http_conf *conf, char *list, char *why)
{
    size_t doors = 0;
    int r = conf->sockets_count > 0 ? open_inherited(http, conf, why, &doors)
                                    : open_addresses(http, conf, list, why, &doors);
    if (r < 0)
        return r;
    http->doors_count = doors;
    http->answers_held = conf->answers_held ? conf->answers_held : LIMIT_ANSWERS_HELD;
    http_set_hot_memory(http, conf->hot_memory);
    struct watch_conf watch = conf->watch;
    watch.max = doors * connections_of_a_door(http, conf);
    r = watch_new(&watch, &http->watch);
    if (r == 0)
        r = readers_new(LIMIT_READERS, LIMIT_READS, &http->readers);
    http->env->readers = http->readers;
    for (size_t i = 0; r == 0 && i < doors; i++)
        r = door_open(&http->doors[i], http, conf);
    if (r < 0)
        snprintf(why, 256, "cannot start a front thread: %s", strerror(-r));
    return r;
}

int http_new(const struct http_conf *conf, struct request_env *env, char *why, struct http **ret)
{
    must(conf->fronts > 0 && conf->fronts <= MAX_FRONTS);
    must(conf->sockets_count <= MAX_FRONTS);
    size_t addresses = 1 + conf->sockets_count;
    for (const char *at = conf->listen; *at; at++)
        addresses += *at == ',' || *at == ' ';
    struct http *http = calloc(1, sizeof(*http));
    char *list = strdup(conf->listen);
    size_t doors_size = addresses * conf->fronts * sizeof(struct door);
    struct door *doors = aligned_alloc(_Alignof(struct door), doors_size);
    if (!http || !list || !doors) {
        free(http);
        free(list);
        free(doors);
        return -ENOMEM;
    }
    *http = (struct http){.env = env,
                          .inherited = conf->sockets_count > 0,
                          .doors = doors,
                          .doors_count = addresses * conf->fronts};
    memset(doors, 0, doors_size);
    for (size_t i = 0; i < http->doors_count; i++)
        doors[i].fd = -1;
    http->addresses = BUF_INIT(64 * KiB);
    int r = open_all(http, conf, list, why);
    free(list);
    if (r < 0) {
        if (http->doors[0].daemon)
            http_drain(http);
        http_free(http);
        return r;
    }
    *ret = http;
    return 0;
}

const char *http_addresses(const struct http *http)
{
    return buf_span(&http->addresses).ptr;
}

static void add_front(const struct front *front, struct http_figures *ret)
{
    for (size_t step = 0; step < TALLY_STEPS_COUNT; step++)
        for (size_t i = 0; i < TALLY_STATUSES; i++)
            ret->answers[step][i] +=
                atomic_load_explicit(&front->tally.answers[step][i], memory_order_relaxed);
    ret->hot_bytes += atomic_load_explicit(&front->tally.hot_bytes, memory_order_relaxed);
    ret->parked += atomic_load_explicit(&front->parked, memory_order_relaxed);
}

void http_set_hot_memory(struct http *http, size_t bytes)
{
    atomic_store(&http->env->hot_memory, bytes / http->doors_count);
    atomic_store(&http->env->most_held, bytes + http->answers_held);
}

void http_figures(const struct http *http, struct http_figures *ret)
{
    *ret = (struct http_figures){.fronts = (unsigned)http->doors_count};
    for (size_t i = 0; i < http->doors_count; i++) {
        const struct door *door = &http->doors[i];
        const union MHD_DaemonInfo *info =
            MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        add_front(&door->front, ret);
        if (info)
            ret->connections += info->num_connections;
    }
}

/* Who reads an answer reads it to its end; a kept connection has a moment to bring a request. */
static void await_readers(struct http *http)
{
    int64_t began_ms = clock_ms();
    struct http_figures figures;
    for (;;) {
        http_figures(http, &figures);
        int64_t took_ms = clock_ms() - began_ms;
        if (figures.connections == 0 || took_ms >= LIMIT_DRAIN_MS ||
            (took_ms >= LIMIT_DRAIN_IDLE_MS && watch_answers(http->watch) == 0))
            return;
        poll(NULL, 0, 5);
    }
}

void http_drain(struct http *http)
{
    atomic_store(&http->env->draining, true);
    for (size_t i = 0; i < http->doors_count; i++) {
        struct door *door = &http->doors[i];
        if (!door->daemon)
            continue;
        /* libmicrohttpd's thread may look at it once more, so it is closed when that has ended.
         * Until then, who comes is refused; but for a socket that was handed over to us, and on
         * which another server may listen, too. */
        door->fd = MHD_quiesce_daemon(door->daemon);
        if (!http->inherited)
            shutdown(door->fd, SHUT_RD);
    }
    /* libmicrohttpd aborts the process when it is stopped with a connection suspended. */
    for (size_t i = 0; i < http->doors_count; i++)
        while (atomic_load(&http->doors[i].front.parked) > 0)
            poll(NULL, 0, 1);
    await_readers(http);
}

void http_free(struct http *http)
{
    if (!http)
        return;
    for (size_t i = 0; i < http->doors_count; i++) {
        if (http->doors[i].daemon)
            MHD_stop_daemon(http->doors[i].daemon);
        fd_close(&http->doors[i].fd);
        front_finish(&http->doors[i].front);
    }
    readers_free(http->readers);
    watch_free(http->watch);
    buf_free(&http->addresses);
    free(http->doors);
    free(http);
}
