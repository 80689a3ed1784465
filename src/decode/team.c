/*
 * One file, though long: the life of a worker is one machine of three states, whose every change,
 * by what it says, by its death or by the clock, touches the same struct that nobody else may see.
 */
#include "decode/team.h"

#include "base/limits.h"
#include "decode/answer.h"
#include "decode/memory.h"
#include "decode/schedule.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define RETRY_FIRST_MS 100
#define RETRY_MOST_MS  5000
#define LOOK_MS        1000 /* how often it is asked whether to wait for the first worker */
#define TRIES          4    /* some 1.5 s, or 40 of waiting: then what waits is answered */

enum worker_state { WORKER_STARTING, WORKER_IDLE, WORKER_BUSY };

struct worker {
    struct list link;
    struct team *team;
    struct loop_fd socket;
    struct loop_timer deadline;
    enum worker_state state;
    uint32_t id;
    unsigned late; /* WORKER_STARTING: so many times more was waited for it */
    int pid_fd;    /* -1 until the zygote has told */
    struct schedule schedule;
    bool sealed;
    struct wire_job job; /* WORKER_BUSY, as the next two */
    int out_fd;
    void *duty; /* NULL: forgotten */
    uint32_t jobs;
};

static void fill(struct team *team);

/* ---- the end of a worker ---- */

static void worker_kill(struct worker *worker)
{
    if (worker->pid_fd >= 0)
        syscall(SYS_pidfd_send_signal, worker->pid_fd, SIGKILL, NULL, 0);
}

static void worker_free(struct worker *worker)
{
    struct team *team = worker->team;
    worker_kill(worker);
    loop_fd_remove(team->loop, &worker->socket);
    loop_timer_cancel(team->loop, &worker->deadline);
    fd_close(&worker->socket.fd);
    fd_close(&worker->pid_fd);
    fd_close(&worker->out_fd);
    list_remove(&worker->link);
    team->count--;
    free(worker);
}

/* A try to have a worker failed: the next one comes later each time. */
static void failed(struct team *team, const char *step, int error)
{
    if (error < 0)
        snprintf(team->why, sizeof(team->why), "%s: %s", step, strerror(-error));
    else
        snprintf(team->why, sizeof(team->why), "%s", step);
    int64_t delay = RETRY_FIRST_MS << (team->failures < 6 ? team->failures : 6);
    team->failures++;
    /* Out of memory for a timer: then the next lost or finished worker fills up again. */
    if (!loop_timer_running(&team->retry))
        (void)!loop_timer_set(team->loop, &team->retry,
                              delay < RETRY_MOST_MS ? delay : RETRY_MOST_MS);
}

/* The worker is gone, its duty (if it has one) answered with `outcome`. */
static void worker_end(struct worker *worker, enum decode_outcome outcome)
{
    struct team *team = worker->team;
    struct decode_result result = {.outcome = outcome};
    void *duty = worker->duty;
    worker_free(worker);
    if (duty)
        team->events->done(team, duty, &result);
}

static void worker_lost(struct worker *worker, enum decode_outcome outcome)
{
    struct team *team = worker->team;
    worker_end(worker, outcome);
    fill(team);
    team->events->changed(team);
}

/* All workers die with it, and no picture is to blame. */
static void decoder_lost(struct team *team, const char *step, int error)
{
    loop_fd_remove(team->loop, &team->control);
    decoder_stop(&team->decoder);
    failed(team, step, error);
    /* First those without a duty, lest one of them is given one by an event. */
    list_for_each_safe (link, &team->workers) {
        struct worker *worker = container_of(link, struct worker, link);
        if (!worker->duty)
            worker_free(worker);
    }
    while (!list_empty(&team->workers))
        worker_end(container_of(team->workers.next, struct worker, link), DECODE_NO_MEMORY);
    team->events->changed(team);
}

static void worker_died(struct worker *worker, enum pool_loss loss)
{
    struct team *team = worker->team;
    if (decoder_gone(&team->decoder)) {
        decoder_lost(team, "the decoder process died", 0);
        return;
    }
    team->lost[loss]++;
    if (worker->state == WORKER_STARTING)
        failed(team, "a decoder worker died at its start", 0);
    worker_lost(worker, DECODE_CRASHED);
}

/* What lives is not begun anew because it is slow: a machine that does too much at once would have
 * to begin for ever. */
static bool start_goes_on(struct worker *worker)
{
    struct team *team = worker->team;
    if (worker->late + 1 >= LIMIT_WORKER_STARTS ||
        loop_timer_set(team->loop, &worker->deadline, team->start_ms) < 0)
        return false;
    worker->late++;
    int64_t now_ms = clock_ms();
    if (team->slow && now_ms - team->said_ms >= team->start_ms) {
        team->said_ms = now_ms;
        team->slow((int64_t)worker->late * team->start_ms);
    }
    team->events->changed(team); /* it may be hopeless now */
    return true;
}

static void start_overdue(struct worker *worker)
{
    struct team *team = worker->team;
    if (start_goes_on(worker))
        return;
    team->lost[POOL_LOSS_OVERDUE]++;
    if (worker->pid_fd < 0) {
        decoder_lost(team, "the decoder process does not answer", 0);
        return;
    }
    failed(team, "a decoder worker did not get ready", 0);
    worker_lost(worker, DECODE_TIMEOUT);
}

static void worker_overdue(struct loop_timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, deadline);
    struct team *team = worker->team;
    if (decoder_gone(&team->decoder)) {
        decoder_lost(team, "the decoder process died", 0);
        return;
    }
    if (worker->state == WORKER_STARTING) {
        start_overdue(worker);
        return;
    }
    int64_t more_ms = schedule_excuse_ms(&worker->schedule);
    if (more_ms > 0 && loop_timer_set(team->loop, timer, more_ms) == 0)
        return;
    team->lost[POOL_LOSS_OVERDUE]++;
    worker_lost(worker, DECODE_TIMEOUT);
}

/* ---- what workers say ---- */

static void worker_stands(struct worker *worker)
{
    if (!worker->sealed || worker->pid_fd < 0)
        return;
    schedule_worker(&worker->schedule, worker->pid_fd); /* its start had a time of its own */
    worker->state = WORKER_IDLE;
    loop_timer_cancel(worker->team->loop, &worker->deadline);
    worker->team->events->changed(worker->team);
}

static void hear_start(struct worker *worker)
{
    struct team *team = worker->team;
    struct wire_state state;
    int r = wire_receive(worker->socket.fd, &state, sizeof(state), NULL);
    if (r == -EAGAIN)
        return;
    if (r != 0 || state.kind != WIRE_READY) {
        worker_died(worker, POOL_LOSS_DIED);
        return;
    }
    state.text[WIRE_TEXT - 1] = '\0';
    bool jailed = (state.jail & WIRE_JAIL_REQUIRED) == WIRE_JAIL_REQUIRED;
    if (state.error < 0 || (!jailed && !team->without_sandbox)) {
        char step[TEAM_WHY / 2 + WIRE_TEXT];
        snprintf(step, sizeof(step), "%s: %s",
                 state.error < 0 ? "the decoder cannot start" : "the sandbox cannot be entered",
                 state.text);
        failed(team, step, state.error);
        worker_lost(worker, DECODE_NO_MEMORY);
        return;
    }
    team->jail = state.jail;
    team->landlock_abi = state.landlock_abi;
    worker->sealed = true;
    worker_stands(worker);
}

static bool is_worn(const struct worker *worker, const struct wire_done *done,
                    enum decode_outcome outcome)
{
    /* "Too large" is found in the header; after any other refusal a decoder has been led astray. */
    return (outcome != DECODE_OK && outcome != DECODE_TOO_LARGE) ||
           worker->jobs >= LIMIT_WORKER_IMAGES || done->rss > LIMIT_WORKER_RSS;
}

static void hear_answer(struct worker *worker)
{
    struct team *team = worker->team;
    struct wire_done done;
    struct decode_result result = {.outcome = DECODE_NO_MEMORY};
    int r = wire_receive(worker->socket.fd, &done, sizeof(done), NULL);
    if (r == -EAGAIN)
        return;
    if (r == 0 && done.kind == WIRE_DONE && done.id < worker->job.id) {
        /* Once more about a picture that it has answered: not this one's fault. */
        team->lost[POOL_LOSS_IDLE]++;
        worker_lost(worker, DECODE_NO_MEMORY);
        return;
    }
    enum pool_loss loss = r == WIRE_CLOSED ? POOL_LOSS_DIED : POOL_LOSS_FALSE;
    if (r == 0)
        r = answer_take(&worker->job, &done, worker->out_fd, &result);
    if (r != 0 && r != -ENOMEM) {
        worker_died(worker, loss);
        return;
    }
    team->failures = 0;
    void *duty = worker->duty;
    worker->state = WORKER_IDLE;
    worker->duty = NULL;
    fd_close(&worker->out_fd);
    loop_timer_cancel(team->loop, &worker->deadline);
    if (is_worn(worker, &done, result.outcome)) {
        worker_free(worker);
        fill(team);
    }
    if (duty)
        team->events->done(team, duty, &result);
    else
        free(result.bytes);
    team->events->changed(team);
}

static void worker_ready(struct loop_fd *self, uint32_t events)
{
    struct worker *worker = container_of(self, struct worker, socket);
    (void)events;
    if (worker->state == WORKER_STARTING)
        hear_start(worker);
    else if (worker->state == WORKER_BUSY)
        hear_answer(worker);
    else
        worker_died(worker, POOL_LOSS_IDLE);
}

/* ---- what the zygote says ---- */

static void hear_hello(struct team *team)
{
    struct wire_state hello;
    int r = wire_receive(team->decoder.control, &hello, sizeof(hello), NULL);
    if (r == -EAGAIN)
        return;
    if (r != 0 || hello.kind != WIRE_HELLO || hello.version != WIRE_VERSION) {
        decoder_lost(team, "the decoder program does not start, or is of another version", 0);
        return;
    }
    hello.text[WIRE_TEXT - 1] = '\0';
    if (hello.error < 0) {
        decoder_lost(team, hello.text, hello.error);
        return;
    }
    team->greeted = true;
}

static struct worker *find(struct team *team, uint32_t id)
{
    list_for_each (link, &team->workers) {
        struct worker *worker = container_of(link, struct worker, link);
        if (worker->id == id)
            return worker;
    }
    return NULL;
}

static void hear_forked(struct team *team)
{
    struct wire_forked forked;
    struct wire_fds fds;
    int r = wire_receive(team->decoder.control, &forked, sizeof(forked), &fds);
    if (r == -EAGAIN)
        return;
    if (r != 0 || forked.kind != WIRE_FORKED) {
        if (r == 0)
            wire_close(&fds);
        decoder_lost(team, "the decoder process died", 0);
        return;
    }
    struct worker *worker = find(team, forked.id);
    if (!worker || worker->pid_fd >= 0 || fds.count != 1) {
        wire_close(&fds); /* given up meanwhile: its closed socket ends it */
        if (worker && worker->pid_fd < 0) {
            failed(team, "a decoder worker cannot be forked", forked.error);
            worker_lost(worker, DECODE_NO_MEMORY);
        }
        return;
    }
    worker->pid_fd = fds.fd[0];
    worker_stands(worker);
}

static void control_ready(struct loop_fd *self, uint32_t events)
{
    struct team *team = container_of(self, struct team, control);
    (void)events;
    if (team->greeted)
        hear_forked(team);
    else
        hear_hello(team);
}

/* ---- asking for workers ---- */

static int start_decoder(struct team *team)
{
    int r = decoder_start(team->program, &team->decoder);
    if (r < 0)
        return r;
    team->greeted = false;
    team->control = (struct loop_fd){.fd = team->decoder.control, .ready = control_ready};
    r = loop_fd_add(team->loop, &team->control, EPOLLIN);
    if (r < 0)
        decoder_stop(&team->decoder);
    return r;
}

static int watch(struct team *team, struct worker *worker)
{
    int r = loop_fd_add(team->loop, &worker->socket, EPOLLIN);
    if (r == 0)
        r = loop_timer_set(team->loop, &worker->deadline, team->start_ms);
    return r;
}

static int ask_worker(struct team *team)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    CLEANUP_FD int theirs = pair[1];
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
        close(pair[0]);
        free(worker);
        return -ENOMEM;
    }
    *worker = (struct worker){
        .team = team,
        .socket = {.fd = pair[0], .ready = worker_ready},
        .deadline = {.fire = worker_overdue},
        .id = ++team->last_id,
        .pid_fd = -1,
        .out_fd = -1,
    };
    list_add_tail(&team->workers, &worker->link);
    team->count++;
    struct wire_fork order = {
        .kind = WIRE_FORK, .id = worker->id, .memory = team->memory, .class = team->class};
    struct wire_fds fds = {.count = 1, .fd = {theirs}};
    int r = watch(team, worker);
    if (r == 0)
        r = wire_send(team->decoder.control, &order, sizeof(order), &fds);
    if (r < 0)
        worker_free(worker);
    return r;
}

/* Asks for as many as are missing. A failure is noted, and tried again later. */
static void fill(struct team *team)
{
    if (loop_timer_running(&team->retry))
        return;
    while (team->count < team->size) {
        int r = decoder_running(&team->decoder) ? 0 : start_decoder(team);
        if (r < 0) {
            failed(team, "the decoder program cannot be run", r);
            return;
        }
        r = ask_worker(team);
        if (r < 0) {
            failed(team, "a decoder worker cannot be asked for", r);
            return;
        }
    }
}

static void retry(struct loop_timer *timer)
{
    struct team *team = container_of(timer, struct team, retry);
    unsigned before = team->failures;
    fill(team);
    if (team->failures != before)
        team->events->changed(team);
}

/* ---- for the pool ---- */

static bool wait_a_little(void *ctx, int64_t waited_ms)
{
    (void)ctx;
    return waited_ms < LIMIT_WORKER_START;
}

static int not_awaited(struct team *team, int error)
{
    snprintf(team->why, sizeof(team->why), "the decoder does not get ready%s%s",
             error == -ECANCELED ? "" : ": ", error == -ECANCELED ? "" : strerror(-error));
    return error;
}

/* The loop does not run yet: what it would do for these two descriptors is done here. 0,
 * -ECANCELED, or another -errno: -ECHILD when the worker failed. */
static int first_stands(struct team *team, bool (*waits)(void *ctx, int64_t waited_ms), void *ctx)
{
    int64_t began_ms = clock_ms();
    while (team->failures == 0 && !team_idle(team) && !list_empty(&team->workers)) {
        struct worker *worker = container_of(team->workers.next, struct worker, link);
        struct pollfd polled[] = {{.fd = team->control.fd, .events = POLLIN},
                                  {.fd = worker->socket.fd, .events = POLLIN}};
        int n = poll(polled, 2, LOOK_MS);
        if (n < 0 && errno != EINTR)
            return not_awaited(team, -errno);
        /* Nothing was heard for a while, and nobody died: a machine that does too much at once. */
        if (n <= 0 && !waits(ctx, clock_ms() - began_ms))
            return not_awaited(team, -ECANCELED);
        /* One event at a time, since it may end the other's subject; first who may say why. */
        if (polled[0].revents && (!team->greeted || !polled[1].revents))
            control_ready(&team->control, EPOLLIN);
        else if (polled[1].revents)
            worker_ready(&worker->socket, EPOLLIN);
    }
    return team_idle(team) ? 0 : -ECHILD;
}

void team_init(struct team *team)
{
    list_init(&team->workers);
    team->decoder = DECODER_INIT;
    team->retry = (struct loop_timer){.fire = retry};
}

int team_start(struct team *team, bool (*waits)(void *ctx, int64_t waited_ms), void *ctx)
{
    unsigned size = team->size;
    team->size = 1;
    fill(team);
    int r = first_stands(team, waits ? waits : wait_a_little, ctx);
    if (r < 0) {
        team_stop(team);
        return r;
    }
    team->size = size;
    fill(team);
    return 0;
}

void team_wake(struct team *team)
{
    fill(team);
}

void team_stop(struct team *team)
{
    team->failures = 0;
    loop_timer_cancel(team->loop, &team->retry);
    while (!list_empty(&team->workers))
        worker_free(container_of(team->workers.next, struct worker, link));
    if (decoder_running(&team->decoder))
        loop_fd_remove(team->loop, &team->control);
    decoder_stop(&team->decoder);
}

struct worker *team_idle(struct team *team)
{
    list_for_each (link, &team->workers) {
        struct worker *worker = container_of(link, struct worker, link);
        if (worker->state == WORKER_IDLE)
            return worker;
    }
    return NULL;
}

/* An idle worker has nothing to say, and its socket is silent. */
static bool has_spoken(const struct worker *worker)
{
    struct pollfd polled = {.fd = worker->socket.fd, .events = POLLIN};
    return poll(&polled, 1, 0) != 0;
}

int team_give(struct worker *worker, const struct wire_job *job, int in_fd, void *duty)
{
    struct team *team = worker->team;
    must(worker->state == WORKER_IDLE);
    if (has_spoken(worker)) {
        team->lost[POOL_LOSS_IDLE]++;
        worker_free(worker);
        fill(team);
        return TEAM_LOST;
    }
    CLEANUP_FD int out_fd = -1;
    int r = memory_for_result(job->out_max, &out_fd);
    if (r == 0)
        r = loop_timer_set(team->loop, &worker->deadline, team->deadline_ms);
    if (r < 0)
        return r;
    schedule_job(&worker->schedule);
    worker->job = *job;
    worker->job.kind = WIRE_JOB;
    worker->job.id = ++worker->jobs;
    struct wire_fds fds = {.count = 2, .fd = {in_fd, out_fd}};
    if (wire_send(worker->socket.fd, &worker->job, sizeof(worker->job), &fds) < 0) {
        worker_free(worker);
        fill(team);
        return TEAM_LOST;
    }
    worker->state = WORKER_BUSY;
    worker->duty = duty;
    worker->out_fd = fd_take(&out_fd);
    return 0;
}

void team_forget(struct worker *worker)
{
    worker->duty = NULL;
}

bool team_hopeless(const struct team *team)
{
    bool hopeless = team->failures >= TRIES;
    list_for_each (link, &team->workers) {
        const struct worker *worker = container_of(link, struct worker, link);
        if (worker->state != WORKER_STARTING)
            return false;
        hopeless = hopeless || worker->late >= TRIES;
    }
    return hopeless;
}

unsigned team_alive(const struct team *team)
{
    unsigned alive = 0;
    list_for_each (link, &team->workers)
        alive += container_of(link, struct worker, link)->state != WORKER_STARTING;
    return alive;
}
