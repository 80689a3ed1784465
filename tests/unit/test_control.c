/*
 * The admin socket while purges take their time: here because the back loop stands still.
 */
#include "cache_fixture.h"

#include "admin/control.h"
#include "sys/clock.h"

#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_MS 12000 /* for what must come */

struct world {
    struct fixture *store;
    struct request_env requests;
    struct control *control;
    struct loop_task stand_still;
    int go_on[2]; /* closed by the test: the loop turns again */
};

static void stand_still(struct loop_task *self)
{
    const struct world *w = container_of(self, struct world, stand_still);
    struct pollfd closed = {.fd = w->go_on[0], .events = POLLIN};
    poll(&closed, 1, -1);
}

static struct world *world_new(unsigned purge_wait_ms)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->store = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    w->requests = (struct request_env){.back = w->store->loop, .cache = w->store->cache};
    assert_int_equal(pipe(w->go_on), 0);
    w->stand_still.run = stand_still;
    loop_post(w->store->loop, &w->stand_still);
    char path[96], why[256];
    snprintf(path, sizeof(path), "%s/admin.sock", w->store->dir);
    const struct control_conf conf = {.address = path, .purge_wait_ms = purge_wait_ms};
    assert_int_equal(control_new(&conf, why, &w->control), 0);
    const struct control_env env = {.requests = &w->requests};
    control_open(w->control, &env);
    return w;
}

static void world_free(struct world *w)
{
    control_close(w->control);
    control_stop(w->control);
    close(w->go_on[1]);
    fixture_free(w->store);
    control_free(w->control);
    close(w->go_on[0]);
    free(w);
}

static int ask(const struct world *w, const char *request)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, control_address(w->control));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    return fd;
}

/* The status, or -1 when none comes in time. */
static int status_of(int fd, int ms)
{
    char head[1024];
    int status = -1;
    struct pollfd come = {.fd = fd, .events = POLLIN};
    if (poll(&come, 1, ms) == 1) {
        ssize_t n = recv(fd, head, sizeof(head) - 1, 0);
        assert_true(n > 0);
        head[n] = '\0';
        assert_int_equal(sscanf(head, "HTTP/1.1 %d", &status), 1);
    }
    close(fd);
    return status;
}

#define READY "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"
#define PURGE                                                                                      \
    "POST /v1/purge HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n"                             \
    "{\"all\":true}"

/* Of more purges than there may be connections some are turned away, and health is told. */
static void test_purges_that_wait_leave_room_for_others(void **state)
{
    (void)state;
    struct world *w = world_new(0);
    int purges[LIMIT_ADMIN_CLIENTS - 1];
    const size_t count = sizeof(purges) / sizeof(purges[0]);
    for (size_t i = 0; i < count; i++)
        purges[i] = ask(w, PURGE);
    size_t turned_away = 0;
    for (size_t i = 0; turned_away < count - LIMIT_PURGES_AWAITED; i = (i + 1) % count) {
        if (purges[i] < 0)
            continue;
        struct pollfd come = {.fd = purges[i], .events = POLLIN};
        if (poll(&come, 1, PATIENCE_MS / (int)count) == 1) {
            assert_int_equal(status_of(purges[i], 0), 503);
            purges[i] = -1;
            turned_away++;
        }
    }
    assert_int_equal(status_of(ask(w, READY), PATIENCE_MS), 200);
    /* The rest was begun, and is answered when the loop turns again. */
    assert_int_equal(write(w->go_on[1], "x", 1), 1);
    size_t purged = 0;
    for (size_t i = 0; i < count; i++)
        if (purges[i] >= 0)
            purged += status_of(purges[i], PATIENCE_MS) == 200;
    assert_int_equal(purged, LIMIT_PURGES_AWAITED);
    assert_int_equal(status_of(ask(w, PURGE), PATIENCE_MS), 200);
    world_free(w);
}

static void test_a_wait_for_a_purge_has_an_end(void **state)
{
    (void)state;
    struct world *w = world_new(200);
    assert_int_equal(status_of(ask(w, PURGE), PATIENCE_MS), 504);
    assert_int_equal(write(w->go_on[1], "x", 1), 1);
    int64_t began_ms = clock_ms();
    int status = 504; /* again, should this machine take that long */
    while (status == 504 && clock_ms() - began_ms < PATIENCE_MS)
        status = status_of(ask(w, PURGE), PATIENCE_MS);
    assert_int_equal(status, 200);
    world_free(w);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_purges_that_wait_leave_room_for_others),
        cmocka_unit_test(test_a_wait_for_a_purge_has_an_end),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
