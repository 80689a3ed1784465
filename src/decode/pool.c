#include "decode/pool.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/list.h"
#include "decode/memory.h"
#include "decode/sniff.h"
#include "decode/team.h"
#include "sys/fd.h"

/* One class of workers and what waits for it: no class holds up another. */
struct lane {
    struct pool *pool;
    struct team team;
    struct list waiting; /* for a worker */
    unsigned pending;    /* waiting, or with a worker */
    unsigned idle_ms;    /* its processes start with its first picture, and are ended when it had
                          * none for so long; 0: they always stand */
    struct loop_timer idle;
};

struct pool {
    struct lane lanes[WIRE_CLASSES];
    struct loop *loop;
    struct wire_job job; /* what all jobs have in common */
    char *program;
    struct list given;    /* to a worker */
    struct list finished; /* for their callback */
    struct loop_timer deliver;
    struct pool_figures figures;
    char jail_text[160];
};

struct decode {
    struct list link; /* on waiting, given or finished */
    struct pool *pool;
    struct lane *lane;     /* until it is finished; NULL: refused */
    struct worker *worker; /* while one has it */
    bool waits;
    enum image_type type;
    const void *bytes; /* borrowed */
    size_t len;
    decode_done_fn *done;
    void *ctx;
    struct decode_result result; /* when finished */
};

/* ---- lanes ---- */

static void enter(struct decode *decode, struct lane *lane)
{
    decode->lane = lane;
    lane->pending++;
    if (lane->idle_ms == 0)
        return;
    loop_timer_cancel(lane->pool->loop, &lane->idle);
    team_wake(&lane->team);
}

static void leave(struct decode *decode)
{
    struct lane *lane = decode->lane;
    if (decode->waits)
        decode->pool->figures.waiting--;
    decode->waits = false;
    decode->lane = NULL;
    /* Out of memory for a timer: then the next picture sets it. */
    if (lane && --lane->pending == 0 && lane->idle_ms > 0)
        (void)!loop_timer_set(lane->pool->loop, &lane->idle, lane->idle_ms);
}

static void rest(struct loop_timer *timer)
{
    team_stop(&container_of(timer, struct lane, idle)->team);
}

static void decode_free(struct decode *decode)
{
    if (!decode)
        return;
    leave(decode);
    list_remove(&decode->link);
    free(decode->result.bytes);
    free(decode);
}

/* ---- results ---- */

static void count(struct pool_figures *figures, enum decode_outcome outcome)
{
    if (outcome == DECODE_OK)
        figures->decoded++;
    else
        figures->failed++;
    if (outcome == DECODE_CRASHED)
        figures->crashed++;
    if (outcome == DECODE_TIMEOUT)
        figures->timeouts++;
}

static void finish(struct decode *decode, const struct decode_result *result)
{
    struct pool *pool = decode->pool;
    leave(decode);
    decode->worker = NULL;
    decode->result = *result;
    count(&pool->figures, result->outcome);
    list_remove(&decode->link);
    list_add_tail(&pool->finished, &decode->link);
}

/* From the loop only. A callback may start and cancel others: the list is read anew each time. */
static void deliver_all(struct pool *pool)
{
    while (!list_empty(&pool->finished)) {
        struct decode *decode = container_of(list_pop(&pool->finished), struct decode, link);
        decode->done(decode->ctx, &decode->result);
        decode_free(decode);
    }
}

static void deliver(struct loop_timer *timer)
{
    deliver_all(container_of(timer, struct pool, deliver));
}

/* ---- giving out work ---- */

/* 0: a worker has it. DECODE_WAITS: none is idle. -errno. */
enum { DECODE_WAITS = 1 };

static int give(struct decode *decode)
{
    struct pool *pool = decode->pool;
    struct wire_job job = pool->job;
    job.type = (uint32_t)decode->type;
    job.in_len = decode->len;
    CLEANUP_FD int fd = -1;
    struct team *team = &decode->lane->team;
    for (struct worker *worker = team_idle(team); worker; worker = team_idle(team)) {
        int r = fd < 0 ? memory_of_original(decode->bytes, decode->len, &fd) : 0;
        if (r == 0)
            r = team_give(worker, &job, fd, decode);
        if (r == TEAM_LOST)
            continue;
        if (r < 0)
            return r;
        decode->worker = worker;
        list_remove(&decode->link);
        list_add_tail(&pool->given, &decode->link);
        return 0;
    }
    return DECODE_WAITS;
}

static void dispatch(struct lane *lane)
{
    struct decode_result failed = {.outcome = DECODE_NO_MEMORY};
    while (!list_empty(&lane->waiting)) {
        struct decode *decode = container_of(lane->waiting.next, struct decode, link);
        int r = team_hopeless(&lane->team) ? -EAGAIN : give(decode);
        if (r == DECODE_WAITS)
            break;
        if (r < 0) {
            finish(decode, &failed);
        } else {
            decode->waits = false;
            lane->pool->figures.waiting--;
        }
    }
}

static void team_done(struct team *team, void *duty, struct decode_result *result)
{
    finish(duty, result);
    deliver_all(container_of(team, struct lane, team)->pool);
}

static void team_changed(struct team *team)
{
    struct lane *lane = container_of(team, struct lane, team);
    dispatch(lane);
    deliver_all(lane->pool);
}

static const struct team_events team_events = {.done = team_done, .changed = team_changed};

/* ---- the pool ---- */

static void describe_jail(struct pool *pool)
{
    static const struct {
        enum wire_jail part;
        const char *name;
    } parts[] = {
        {WIRE_JAIL_SECCOMP, "seccomp"},
        {WIRE_JAIL_NO_NEW_PRIVS, "no new privileges"},
        {WIRE_JAIL_LIMITS, "limits"},
        {WIRE_JAIL_NO_CAPS, "no capabilities"},
        {WIRE_JAIL_NAMESPACES, "own namespaces"},
        {WIRE_JAIL_EMPTY_ROOT, "empty root"},
        {WIRE_JAIL_LANDLOCK, "Landlock"},
    };
    const struct team *team = &pool->lanes[WIRE_CLASS_RASTER].team;
    CLEANUP(buf_free) struct buf text = BUF_INIT(sizeof(pool->jail_text) - 1);
    for (int there = 1; there >= 0; there--) {
        const char *before = there ? "" : "; without: ";
        for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
            if (!!(team->jail & parts[i].part) != there)
                continue;
            buf_add_format(&text, "%s%s", before, parts[i].name);
            if (there && parts[i].part == WIRE_JAIL_LANDLOCK)
                buf_add_format(&text, " (ABI %u)", team->landlock_abi);
            before = ", ";
        }
    }
    snprintf(pool->jail_text, sizeof(pool->jail_text), "%s", text.ptr ? text.ptr : "");
}

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (unsigned)n : 1;
}

static void lanes_init(struct pool *pool, const struct pool_conf *conf)
{
    unsigned workers = conf->workers ? conf->workers : processors();
    size_t memory = conf->memory;
    for (unsigned i = 0; i < WIRE_CLASSES; i++) {
        struct lane *lane = &pool->lanes[i];
        bool svg = i == WIRE_CLASS_SVG;
        if (svg && workers > LIMIT_SVG_WORKERS)
            workers = LIMIT_SVG_WORKERS;
        if (svg && (memory == 0 || memory > LIMIT_SVG_MEMORY))
            memory = LIMIT_SVG_MEMORY;
        if (svg)
            lane->idle_ms = conf->svg_idle_ms ? conf->svg_idle_ms : LIMIT_SVG_IDLE_MS;
        lane->pool = pool;
        lane->idle.fire = rest;
        list_init(&lane->waiting);
        lane->team = (struct team){
            .loop = pool->loop,
            .events = &team_events,
            .program = pool->program,
            .size = workers,
            .class = (enum wire_class)i,
            .memory = memory,
            .deadline_ms = conf->deadline_ms,
            .without_sandbox = conf->without_sandbox,
            .slow = conf->slow,
            .start_ms = conf->start_ms ? conf->start_ms : LIMIT_WORKER_START,
        };
        team_init(&lane->team);
    }
}

int pool_new(struct loop *loop, const struct pool_conf *conf, char *why, struct pool **ret)
{
    struct pool *pool = calloc(1, sizeof(*pool));
    char *program = strdup(conf->program);
    if (!pool || !program) {
        free(pool);
        free(program);
        snprintf(why, TEAM_WHY, "out of memory");
        return -ENOMEM;
    }
    pool->program = program;
    pool->loop = loop;
    lanes_init(pool, conf);
    pool->job = (struct wire_job){
        .webp = conf->webp,
        .out_max = LIMIT_DECODED_BYTES,
        .max_pixels = conf->max_pixels,
        .max_total_pixels = LIMIT_TOTAL_PIXELS,
        .max_frames = conf->max_frames,
        .max_side = conf->max_side,
    };
    pool->deliver.fire = deliver;
    list_init(&pool->given);
    list_init(&pool->finished);
    struct team *first = &pool->lanes[WIRE_CLASS_RASTER].team;
    int r = team_start(first, conf->waits, conf->ctx);
    if (r < 0) {
        snprintf(why, TEAM_WHY, "%s", first->why);
        free(program);
        free(pool);
        return r;
    }
    describe_jail(pool);
    *ret = pool;
    return 0;
}

static void free_all(struct list *list)
{
    while (!list_empty(list))
        decode_free(container_of(list->next, struct decode, link));
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    for (unsigned i = 0; i < WIRE_CLASSES; i++) {
        team_stop(&pool->lanes[i].team);
        free_all(&pool->lanes[i].waiting);
    }
    free_all(&pool->given);
    free_all(&pool->finished);
    /* Last, since what is freed may have set one. */
    for (unsigned i = 0; i < WIRE_CLASSES; i++)
        loop_timer_cancel(pool->loop, &pool->lanes[i].idle);
    loop_timer_cancel(pool->loop, &pool->deliver);
    free(pool->program);
    free(pool);
}

/* ---- one image ---- */

/* Answered in the loop's next turn. */
static int refuse(struct decode *decode)
{
    struct decode_result result = {.outcome = DECODE_NOT_IMAGE};
    struct pool *pool = decode->pool;
    int r = loop_timer_set(pool->loop, &pool->deliver, 0);
    if (r == 0)
        finish(decode, &result);
    return r;
}

static struct lane *lane_of(struct pool *pool, enum image_type type)
{
    return &pool->lanes[type == IMAGE_SVG ? WIRE_CLASS_SVG : WIRE_CLASS_RASTER];
}

static int accept_original(struct decode *decode)
{
    decode->type = sniff_type(decode->bytes, decode->len);
    if (decode->type == IMAGE_NONE)
        return refuse(decode);
    struct lane *lane = lane_of(decode->pool, decode->type);
    enter(decode, lane);
    /* Whoever waits goes first. */
    int r = list_empty(&lane->waiting) ? give(decode) : DECODE_WAITS;
    if (r == DECODE_WAITS) {
        list_add_tail(&lane->waiting, &decode->link);
        decode->waits = true;
        decode->pool->figures.waiting++;
        r = 0;
    }
    return r;
}

int decode_start(struct pool *pool, const void *bytes, size_t len, decode_done_fn *done, void *ctx,
                 struct decode **ret)
{
    struct decode *decode = calloc(1, sizeof(*decode));
    if (!decode)
        return -ENOMEM;
    *decode = (struct decode){.pool = pool, .bytes = bytes, .len = len, .done = done, .ctx = ctx};
    list_init(&decode->link);
    int r = accept_original(decode);
    if (r < 0) {
        decode_free(decode);
        return r;
    }
    *ret = decode;
    return 0;
}

void decode_cancel(struct decode *decode)
{
    if (!decode)
        return;
    if (decode->worker)
        team_forget(decode->worker);
    decode_free(decode);
}

void pool_change_deadline(struct pool *pool, unsigned deadline_ms)
{
    for (size_t i = 0; i < sizeof(pool->lanes) / sizeof(pool->lanes[0]); i++)
        pool->lanes[i].team.deadline_ms = deadline_ms;
}

const char *pool_jail_text(const struct pool *pool)
{
    return pool->jail_text;
}

bool pool_hopeless(const struct pool *pool)
{
    return team_hopeless(&pool->lanes[WIRE_CLASS_RASTER].team);
}

void pool_figures(const struct pool *pool, struct pool_figures *ret)
{
    *ret = pool->figures;
    for (unsigned i = 0; i < WIRE_CLASSES; i++) {
        const struct team *team = &pool->lanes[i].team;
        ret->workers_alive += team_alive(team);
        for (unsigned loss = 0; loss < POOL_LOSSES; loss++)
            ret->lost[loss] += team->lost[loss];
    }
}
