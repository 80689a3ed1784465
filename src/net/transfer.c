#include "net/transfer.h"

#include "base/limits.h"
#include "base/list.h"

#include <errno.h>
#include <linux/tcp.h>
#include <unistd.h>

/* ---- what is sent ---- */

/*
 * The request head, in this order and these bytes:
 *
 *     GET <target> HTTP/1.1
 *     Host: <host, and the port unless it is the scheme's own>
 *     User-Agent: <configured, one for all installations>
 *     Accept: ...
 *     Accept-Encoding: identity
 *
 * Accept names what the decoder reads, and takes the rest for what it is worth, so that no server
 * answers 406. Accept-Encoding is sent because its absence means "anything" (RFC 9110, 12.5.3), and
 * pictures are compressed already: there is no decompressor to attack.
 */
int transfer_fields(struct curl_slist **ret)
{
    struct curl_slist *fields = curl_slist_append(
        NULL, "Accept: image/webp,image/png,image/jpeg,image/gif,image/*;q=0.8,*/*;q=0.5");
    struct curl_slist *longer =
        fields ? curl_slist_append(fields, "Accept-Encoding: identity") : NULL;
    if (!longer) {
        curl_slist_free_all(fields);
        return -ENOMEM;
    }
    *ret = longer;
    return 0;
}

/* ---- what libcurl asks us on the way ---- */

static void decide(struct transfer *transfer, enum fetch_outcome outcome)
{
    if (!transfer->decided)
        transfer->outcome = outcome;
    transfer->decided = true;
}

static bool permitted(struct transfer *transfer, const struct server *to)
{
    if (address_equal(&to->address, &transfer->to.address) && to->port == transfer->to.port &&
        policy_permits_address(transfer->shared->policy, &to->address) &&
        policy_permits_port(transfer->shared->policy, to->port))
        return true;
    decide(transfer, FETCH_REFUSED);
    return false;
}

static curl_socket_t egress_open(struct transfer *transfer, int family)
{
    int fd = transfer->tunnel_fd;
    if (egress_is_proxy(transfer->egress)) {
        transfer->tunnel_fd = -1;
        return fd >= 0 ? fd : CURL_SOCKET_BAD;
    }
    fd = egress_socket(transfer->egress, family, SOCK_STREAM);
    if (fd == -EADDRNOTAVAIL)
        decide(transfer, FETCH_EGRESS);
    else if (fd < 0 && fd != -EAFNOSUPPORT)
        decide(transfer, FETCH_NO_MEMORY);
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/* The last gate before a packet: the very address that connect() will be given, or that the proxy
 * was given. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct transfer *transfer = ctx;
    struct server server;
    if (purpose != CURLSOCKTYPE_IPCXN || to->socktype != SOCK_STREAM ||
        address_from_sockaddr(&to->addr, to->addrlen, &server.address) < 0) {
        decide(transfer, FETCH_REFUSED);
        return CURL_SOCKET_BAD;
    }
    in_port_t port = to->family == AF_INET6
                         ? ((const struct sockaddr_in6 *)(const void *)&to->addr)->sin6_port
                         : ((const struct sockaddr_in *)(const void *)&to->addr)->sin_port;
    server.port = ntohs(port);
    if (!permitted(transfer, &server))
        return CURL_SOCKET_BAD;
    curl_socket_t fd = egress_open(transfer, to->family);
    transfer->asked |= fd != CURL_SOCKET_BAD;
    transfer->fd = fd;
    return fd;
}

static int socket_opened(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
    const struct transfer *transfer = ctx;
    (void)fd;
    (void)purpose;
    return egress_is_proxy(transfer->egress) ? CURL_SOCKOPT_ALREADY_CONNECTED : CURL_SOCKOPT_OK;
}

/* Before the request is sent, also where a connection were reused against our orders: the socket's
 * other end is the address, or the proxy that leads there. The port is the one libcurl asked for,
 * not the peer's; open_socket has seen that. */
static int before_request(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
    struct transfer *transfer = ctx;
    struct server server = {.port = (unsigned)peer_port};
    (void)local;
    (void)local_port;
    bool known = address_parse(span_of(peer), &server.address) == 0;
    if (known && egress_is_proxy(transfer->egress)) {
        known = address_equal(&server.address, &transfer->egress->proxy.address);
        server.address = transfer->to.address;
    }
    if (!known)
        decide(transfer, FETCH_REFUSED);
    return known && permitted(transfer, &server) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* Any other number than `len` makes libcurl stop. */
#define STOP 0

static size_t head_came(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *transfer = ctx;
    size_t len = size * count;
    int r = head_line(&transfer->head, (struct span){bytes, len});
    if (r == HEAD_MORE)
        return len;
    enum fetch_outcome outcome = FETCH_BROKEN;
    if (r == HEAD_TOO_LARGE)
        outcome = FETCH_TOO_LARGE;
    else if (r == -ENOMEM)
        outcome = FETCH_NO_MEMORY;
    else if (r == HEAD_COMPLETE)
        outcome = head_outcome(&transfer->head);
    if (outcome == FETCH_OK) {
        const struct head *head = &transfer->head;
        if (head->chunked || !head->has_length || head->length <= transfer->shared->max_bytes)
            return len;
        outcome = FETCH_TOO_LARGE;
    }
    /* The body of an error page or a redirect is not waited for. */
    decide(transfer, outcome);
    return STOP;
}

static size_t body_came(char *bytes, size_t size, size_t count, void *ctx)
{
    struct transfer *transfer = ctx;
    size_t len = size * count;
    if (len > LIMIT_BODIES_HELD - transfer->shared->held_bytes) {
        decide(transfer, FETCH_NO_MEMORY);
        return STOP;
    }
    int r = buf_add(&transfer->body, bytes, len);
    if (r < 0) {
        decide(transfer, r == -E2BIG ? FETCH_TOO_LARGE : FETCH_NO_MEMORY);
        return STOP;
    }
    transfer->shared->held_bytes += len;
    return len;
}

/*
 * What the body callback does not see: chunk extensions without end, or a byte a record. libcurl
 * calls this whenever it has read something.
 */
static int progressed(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total,
                      curl_off_t up)
{
    struct transfer *transfer = ctx;
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    (void)total;
    (void)now;
    (void)up_total;
    (void)up;
    size_t most = LIMIT_WIRE_FACTOR * transfer->shared->max_bytes + LIMIT_WIRE_EXTRA;
    if (transfer->fd < 0 || getsockopt(transfer->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
        info.tcpi_bytes_received <= most)
        return 0;
    decide(transfer, FETCH_TOO_LARGE);
    return 1;
}

/* ---- what it comes to ---- */

static enum fetch_outcome translate(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return FETCH_OK;
    case CURLE_OUT_OF_MEMORY:
        return FETCH_NO_MEMORY;
    case CURLE_OPERATION_TIMEDOUT:
        return FETCH_TIMEOUT;
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_INTERFACE_FAILED:
        return FETCH_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
        return FETCH_TLS;
    default:
        /* Cut off, reset, not HTTP, nothing at all. */
        return FETCH_BROKEN;
    }
}

static void ended(struct multi_transfer *link, CURLcode code)
{
    struct transfer *transfer = container_of(link, struct transfer, link);
    curl_off_t connect_us = 0;
    curl_easy_getinfo(link->easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    transfer->connected = connect_us > 0;
    /* libcurl's error may have come from a router far away, for the sender's address alone. */
    if (code == CURLE_COULDNT_CONNECT && !transfer->connected &&
        !egress_is_proxy(transfer->egress) && !egress_reaches(transfer->egress, &transfer->to)) {
        transfer->no_way = true;
        transfer->asked = false;
    }
    if (!transfer->decided) {
        transfer->outcome = translate(code);
        /* What libcurl says of a header line beyond its own 100 KB, or trailers beyond 64 KB: a
         * memory that is really out shows while a transfer is set up, not while it reads. */
        if (code == CURLE_OUT_OF_MEMORY && transfer->connected)
            transfer->outcome = FETCH_TOO_LARGE;
        if (transfer->outcome == FETCH_OK && !head_agrees(&transfer->head, transfer->body.len))
            transfer->outcome = FETCH_BROKEN;
    }
    curl_easy_cleanup(link->easy);
    link->easy = NULL;
    transfer_stop(transfer);
    transfer->done(transfer);
}

/* ---- a transfer ---- */

static int set_target(struct transfer *transfer, const struct transfer_target *target)
{
    CURL *easy = transfer->link.easy;
    char literal[ADDRESS_TEXT];
    char text[300]; /* a host of at most 253 bytes, or an address */
    address_format(&target->to.address, literal);
    snprintf(text, sizeof(text), target->to.address.v6 ? "::[%s]:%u" : "::%s:%u", literal,
             target->to.port);
    transfer->connect_to = curl_slist_append(NULL, text);
    if (!transfer->connect_to)
        return -ENOMEM;
    /* The path goes out as it is (REQUEST_TARGET); libcurl parses only what cannot be misread. */
    snprintf(text, sizeof(text), "%s://%.*s:%u/", target->https ? "https" : "http",
             (int)target->host.len, target->host.ptr, target->to.port);
    if (curl_easy_setopt(easy, CURLOPT_URL, text) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_REQUEST_TARGET, target->target) != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, target->https ? "https" : "http") != CURLE_OK)
        return -ENOMEM;
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
    return 0;
}

static int set_manner(struct transfer *transfer)
{
    CURL *easy = transfer->link.easy;
    const struct transfer_shared *shared = transfer->shared;
    if (curl_easy_setopt(easy, CURLOPT_USERAGENT, shared->user_agent) != CURLE_OK ||
        (shared->ca_file && curl_easy_setopt(easy, CURLOPT_CAINFO, shared->ca_file) != CURLE_OK) ||
        /* Set, and empty: otherwise http_proxy and its kin count. */
        curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK ||
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") != CURLE_OK)
        return -ENOMEM;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, shared->fields);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)LIMIT_READ_BUFFER);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)LIMIT_SEND_BUFFER);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, progressed);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, transfer);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    /* HTTP/2 of 7.88 takes aborted bodies for complete ones (curl commits 48cd0326, 544a7f80). */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    /* Nothing links one request to another. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    /* One store of the system's certificates for all, read again now and then: libcurl shares it
     * only where no directory is set, and one each is 700 KB and tens of milliseconds. */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)LIMIT_CA_CACHE_S);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)shared->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, (long)LIMIT_SLOW_BYTES);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)LIMIT_SLOW_S);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, socket_opened);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, head_came);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body_came);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    return 0;
}

int transfer_start(struct transfer *transfer, const struct transfer_target *target)
{
    transfer->to = target->to;
    transfer->egress = target->egress;
    transfer->tunnel_fd = target->tunnel_fd;
    transfer->fd = -1;
    transfer->body = BUF_INIT(transfer->shared->max_bytes);
    transfer->link = (struct multi_transfer){.easy = curl_easy_init(), .done = ended};
    int r = transfer->link.easy ? set_target(transfer, target) : -ENOMEM;
    if (r == 0)
        r = set_manner(transfer);
    if (r == 0)
        r = multi_add(transfer->shared->multi, &transfer->link);
    if (r < 0)
        transfer_stop(transfer);
    return r;
}

void transfer_stop(struct transfer *transfer)
{
    if (transfer->link.easy) {
        multi_remove(transfer->shared->multi, &transfer->link);
        curl_easy_cleanup(transfer->link.easy);
        transfer->link.easy = NULL;
    }
    curl_slist_free_all(transfer->connect_to);
    transfer->connect_to = NULL;
    if (transfer->tunnel_fd >= 0)
        close(transfer->tunnel_fd);
    transfer->tunnel_fd = -1;
}

void transfer_clear(struct transfer *transfer)
{
    transfer_stop(transfer);
    head_free(&transfer->head);
    transfer->shared->held_bytes -= transfer->body.len;
    buf_free(&transfer->body);
    transfer->decided = false;
    transfer->connected = false;
    transfer->no_way = false;
    transfer->asked = false;
    transfer->outcome = FETCH_OK;
}
