/* Many lookups of one resolver: how many are under way, whose turn it is, what they share. */
#include "test.h"

#include "net/resolve.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMES   64
#define LOOKUPS 8 /* and two of one domain */
#define IN_TURN 20
#define DIFFERENT                                                                                  \
    15 /* of IN_TURN draws from 28,000 ports, or 65,536 numbers; by chance never less */

struct question {
    unsigned char packet[128];
    size_t len;
    struct sockaddr_in from;
};

struct asked {
    char name[64];
    struct question questions[2]; /* A and AAAA, not those that are asked again */
    size_t count;
};

/* A server on the loop itself, which answers when it is told to: that there is no such name. */
struct world {
    struct loop *loop;
    struct resolver *resolver;
    struct egress egress;
    struct loop_fd server;
    char address[32];
    struct asked asked[NAMES]; /* in the order in which names came first */
    size_t count;
    bool at_once;
    struct resolve *resolves[NAMES];
    size_t ended;
};

static void read_name(const unsigned char *packet, char ret[64])
{
    size_t out = 0;
    for (size_t at = 12; packet[at] != 0; at += 1U + packet[at])
        out += (size_t)snprintf(ret + out, 64 - out, "%.*s.", packet[at], packet + at + 1);
    ret[out > 0 ? out - 1 : 0] = '\0';
}

static struct asked *asked_find(struct world *world, const char *name)
{
    for (size_t i = 0; i < world->count; i++)
        if (strcmp(world->asked[i].name, name) == 0)
            return &world->asked[i];
    return NULL;
}

static void deny(const struct world *world, struct question *question)
{
    question->packet[2] |= 0x80; /* an answer, RFC 1035, 4.1.1 ... */
    question->packet[3] = 0x83;  /* ... with recursion: no such name */
    ssize_t n =
        sendto(world->server.fd, question->packet, question->len, 0,
               (const struct sockaddr *)(const void *)&question->from, sizeof(question->from));
    assert_int_equal(n, question->len);
}

static void server_ready(struct loop_fd *fd, uint32_t events)
{
    struct world *world = (struct world *)(void *)((char *)fd - offsetof(struct world, server));
    struct question question = {0};
    socklen_t from_len = sizeof(question.from);
    ssize_t n;
    (void)events;
    while ((n = recvfrom(fd->fd, question.packet, sizeof(question.packet) - 1, 0,
                         (struct sockaddr *)(void *)&question.from, &from_len)) > 12) {
        char name[64];
        question.len = (size_t)n;
        read_name(question.packet, name);
        struct asked *asked = asked_find(world, name);
        if (!asked) {
            asked = &world->asked[world->count++];
            snprintf(asked->name, sizeof(asked->name), "%s", name);
        }
        if (asked->count < 2)
            asked->questions[asked->count++] = question;
        if (world->at_once)
            deny(world, &question);
    }
    loop_stop(world->loop);
}

static int setup(void **state)
{
    static struct world world;
    char why[256];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    world = (struct world){.server.ready = server_ready};
    world.server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(world.server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(world.server.fd, (struct sockaddr *)&at, &len), 0);
    snprintf(world.address, sizeof(world.address), "127.0.0.1:%u", ntohs(at.sin_port));
    world.egress.resolvers = world.address;
    assert_int_equal(loop_new(&world.loop), 0);
    assert_int_equal(loop_fd_add(world.loop, &world.server, EPOLLIN), 0);
    const struct resolver_conf conf = {.loop = world.loop,
                                       .egress = &world.egress,
                                       .connect_timeout_ms = 2000,
                                       .lookups = LOOKUPS};
    assert_int_equal(resolver_new(&conf, why, &world.resolver), 0);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < NAMES; i++)
        resolve_cancel(world->resolves[i]);
    resolver_free(world->resolver);
    loop_fd_remove(world->loop, &world->server);
    close(world->server.fd);
    loop_free(world->loop);
    return 0;
}

struct waiter {
    struct world *world;
    size_t number;
};

static void done(void *ctx, const struct resolve_result *result)
{
    const struct waiter *waiter = ctx;
    assert_int_equal(result->answer, RESOLVE_NO_NAME);
    waiter->world->resolves[waiter->number] = NULL;
    waiter->world->ended++;
    loop_stop(waiter->world->loop);
}

static void start(struct world *world, size_t number, const char *name)
{
    static struct waiter waiters[NAMES];
    waiters[number] = (struct waiter){world, number};
    assert_int_equal(resolve_start(world->resolver, span_of(name), done, &waiters[number],
                                   &world->resolves[number]),
                     0);
}

/* Each question that comes, and each lookup that ends, makes loop_run return. */
static void run_until(struct world *world, const size_t *figure, size_t value)
{
    while (*figure < value)
        assert_int_equal(loop_run(world->loop), 0);
    assert_int_equal(*figure, value);
}

static struct asked *asked_known(struct world *world, const char *name)
{
    struct asked *asked = asked_find(world, name);
    assert_non_null(asked);
    return asked ? asked : &world->asked[0]; /* the compiler does not know the line above */
}

static void answer(struct world *world, const char *name)
{
    struct asked *asked = asked_known(world, name);
    size_t ended = world->ended;
    run_until(world, &asked->count, 2);
    deny(world, &asked->questions[0]);
    deny(world, &asked->questions[1]);
    run_until(world, &world->ended, ended + 1);
}

static void test_turns(void **state)
{
    struct world *world = *state;
    char name[64];
    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "s%zu.slow.example", i);
        start(world, i, name);
    }
    for (size_t i = 0; i < 7; i++) {
        snprintf(name, sizeof(name), "www.n%zu.example", i);
        start(world, 5 + i, name);
    }
    /* A name of each domain, though one came with five before the others. */
    run_until(world, &world->count, LOOKUPS);
    assert_non_null(asked_find(world, "s0.slow.example"));
    assert_non_null(asked_find(world, "www.n6.example"));
    assert_null(asked_find(world, "s1.slow.example"));
    /* Then its second, ... */
    answer(world, "www.n0.example");
    run_until(world, &world->count, LOOKUPS + 1);
    assert_non_null(asked_find(world, "s1.slow.example"));
    /* ... but no third: what comes later from elsewhere goes first. */
    answer(world, "www.n1.example");
    start(world, 12, "www.late.example");
    run_until(world, &world->count, LOOKUPS + 2);
    assert_non_null(asked_find(world, "www.late.example"));
    /* The third when one of its own has ended, or is given up. */
    resolve_cancel(world->resolves[4]); /* before it had its turn */
    world->resolves[4] = NULL;
    answer(world, "s0.slow.example");
    run_until(world, &world->count, LOOKUPS + 3);
    assert_non_null(asked_find(world, "s2.slow.example"));
    resolve_cancel(world->resolves[1]);
    world->resolves[1] = NULL;
    run_until(world, &world->count, LOOKUPS + 4);
    assert_non_null(asked_find(world, "s3.slow.example"));
    assert_null(asked_find(world, "s4.slow.example"));
}

static size_t different(const unsigned *values, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (values[j] != values[i])
            j++;
        found += j == i;
    }
    return found;
}

/* Lookups one after the other have the same channel, but ports and numbers of their own. */
static void test_ports(void **state)
{
    struct world *world = *state;
    unsigned ports[IN_TURN];
    unsigned ids[IN_TURN];
    world->at_once = true;
    for (size_t i = 0; i < IN_TURN; i++) {
        char name[64];
        snprintf(name, sizeof(name), "n%zu.example", i);
        start(world, i, name);
        run_until(world, &world->ended, i + 1);
        const struct question *first = &asked_known(world, name)->questions[0];
        ports[i] = ntohs(first->from.sin_port);
        ids[i] = (unsigned)first->packet[0] << 8 | first->packet[1];
    }
    assert_true(different(ports, IN_TURN) >= DIFFERENT);
    assert_true(different(ids, IN_TURN) >= DIFFERENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ports, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
