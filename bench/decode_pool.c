/*
 * The decoder as shojid uses it: a pool of one sandboxed worker on a loop, and the CPU time of all
 * its processes; see decode_turns.h. SHOJI_DECODE names the program.
 */
#include "decode_turns.h"

#include "base/limits.h"
#include "decode/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MOST_PROCESSES 4096 /* of one run: a worker is replaced now and then */
#define DEADLINE_MS    60000
#define MEMORY         (768 * MiB) /* as in src/sys/conf.c */
#define SIDES          2

static struct loop *loop;
static struct decode_result result;

/* ---- processes ---- */

/* What each was last seen to have spent: one that ended keeps it. */
static struct {
    pid_t pid;
    uint64_t ns;
} processes[MOST_PROCESSES];
static size_t process_count;

static void note(pid_t pid)
{
    clockid_t clock;
    struct timespec spent;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &spent) != 0)
        return;
    uint64_t ns = (uint64_t)spent.tv_sec * 1000000000 + (uint64_t)spent.tv_nsec;
    for (size_t i = process_count; i-- > 0;)
        if (processes[i].pid == pid) {
            processes[i].ns = ns;
            return;
        }
    if (process_count == MOST_PROCESSES)
        bench_fail("too many processes");
    processes[process_count].pid = pid;
    processes[process_count++].ns = ns;
}

/* All descendants: zygotes, and their workers. */
static void note_children(pid_t pid, unsigned depth)
{
    char path[64];
    pid_t child;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fscanf(file, "%d", &child) == 1) {
        note(child);
        if (depth > 0)
            note_children(child, depth - 1);
    }
    fclose(file);
}

uint64_t subject_others_ns(void)
{
    uint64_t total = 0;
    note_children(getpid(), 2);
    for (size_t i = 0; i < process_count; i++)
        total += processes[i].ns;
    return total;
}

/* ---- pictures ---- */

/* A pool has one max_side for its life: so one pool for each that is asked for. */
static struct pool *pool_for(unsigned max_side)
{
    static struct {
        unsigned side;
        struct pool *pool;
    } pools[SIDES];
    char why[256];
    size_t i = 0;
    while (i < SIDES && pools[i].pool && pools[i].side != max_side)
        i++;
    if (i == SIDES)
        bench_fail("too many different sides");
    if (!pools[i].pool) {
        const struct pool_conf conf = {
            .program = getenv("SHOJI_DECODE"),
            .workers = 1,
            .deadline_ms = DEADLINE_MS,
            .memory = MEMORY,
            .max_pixels = LIMIT_PIXELS,
            .max_frames = LIMIT_FRAMES,
            .max_side = max_side,
        };
        if (!conf.program || pool_new(loop, &conf, why, &pools[i].pool) < 0)
            bench_fail(conf.program ? why : "SHOJI_DECODE names no program");
        pools[i].side = max_side;
    }
    return pools[i].pool;
}

void subject_start(void)
{
    if (loop_new(&loop) < 0)
        bench_fail("no loop");
    pool_for(0);
}

void subject_ready(unsigned max_side)
{
    pool_for(max_side);
}

static void done(void *ctx, struct decode_result *came)
{
    (void)ctx;
    result = *came;
    came->bytes = NULL;
    loop_stop(loop);
}

void subject_make(const struct original *original, unsigned max_side, struct made *ret)
{
    struct decode *decode;
    if (decode_start(pool_for(max_side), original->bytes, original->len, done, NULL, &decode) < 0 ||
        loop_run(loop) < 0)
        bench_fail("the pool does not run");
    if (result.outcome != DECODE_OK)
        bench_fail("a picture cannot be decoded");
    *ret = (struct made){result.bytes, result.len};
}

void subject_release(struct made *made)
{
    free(made->bytes);
}
