#include "serve/upkeep.h"

#include "base/list.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define TURN_MS    1000 /* with LIMIT_SWEEP_TURN records a turn, a hundred million take a day */
#define LOOK_TURNS 60   /* between two looks at the figures */
#define SAY_S      3600

struct upkeep {
    struct upkeep_conf conf;
    struct loop_timer timer;
    struct cache_sweep sweep;
    unsigned turns;
    uint64_t early; /* forgotten before their time, when it was last said */
    int64_t said_ms;
};

static void again(struct upkeep *upkeep)
{
    if (loop_timer_set(upkeep->conf.loop, &upkeep->timer, TURN_MS) < 0)
        log_error("no memory for the timer that has old records forgotten: they stay");
}

/* The figures count what the writer forgot of itself, too. */
static void say(struct upkeep *upkeep)
{
    struct cache_usage usage;
    int64_t now_ms = clock_ms();
    if (upkeep->said_ms && now_ms - upkeep->said_ms < SAY_S * 1000LL)
        return;
    cache_usage(upkeep->conf.cache, &usage);
    if (usage.forgotten_early == upkeep->early)
        return;
    log_warning("the index is full: %" PRIu64 " originals were forgotten before their time and may "
                "be fetched once more; [cache] index_size should be larger",
                usage.forgotten_early - upkeep->early);
    upkeep->early = usage.forgotten_early;
    upkeep->said_ms = now_ms;
}

static void on_swept(struct cache_sweep *sweep)
{
    struct upkeep *upkeep = container_of(sweep, struct upkeep, sweep);
    if (sweep->result < 0)
        log_warning("sweep: %s", strerror(-sweep->result));
    if (++upkeep->turns % LOOK_TURNS == 0)
        say(upkeep);
    again(upkeep);
}

static void on_timer(struct loop_timer *timer)
{
    struct upkeep *upkeep = container_of(timer, struct upkeep, timer);
    const struct plan_terms terms = plan_terms(upkeep->conf.plan);
    upkeep->sweep = (struct cache_sweep){
        .now_s = clock_wall_s(),
        .retention_s = terms.retention_s,
        .fetch_window_s = terms.fetch_window_s,
        .done = on_swept,
    };
    cache_sweep_start(upkeep->conf.cache, &upkeep->sweep);
}

int upkeep_new(const struct upkeep_conf *conf, struct upkeep **ret)
{
    struct upkeep *upkeep = calloc(1, sizeof(*upkeep));
    if (!upkeep)
        return -ENOMEM;
    upkeep->conf = *conf;
    struct cache_usage usage;
    cache_usage(conf->cache, &usage);
    upkeep->early = usage.forgotten_early;
    upkeep->timer.fire = on_timer;
    int r = loop_timer_set(conf->loop, &upkeep->timer, TURN_MS);
    if (r < 0) {
        free(upkeep);
        return r;
    }
    *ret = upkeep;
    return 0;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    loop_timer_cancel(upkeep->conf.loop, &upkeep->timer);
    free(upkeep);
}
