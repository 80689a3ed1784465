#include "net/turns.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>

#define IDLE_MS 3600000 /* nothing is due; the timer only keeps its place */

struct turn_site {
    char *host;
    unsigned running;
    struct list waiting;
    struct list ready; /* in turns->ready while something waits and may begin; else empty */
};

struct turns {
    struct turns_conf conf;
    struct loop_timer pump; /* always running, so that moving it needs no memory */
    void *sites;            /* a tsearch(3) tree by host: balanced, whoever chooses the names */
    struct list ready;
    unsigned running;
};

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct turn_site *)a)->host, ((const struct turn_site *)b)->host);
}

static struct turn_site *site_get(struct turns *turns, struct span host)
{
    char *name = strndup(host.ptr, host.len);
    struct turn_site key = {.host = name};
    struct turn_site **found = name ? tfind(&key, &turns->sites, compare) : NULL;
    if (found) {
        free(name);
        return *found;
    }
    struct turn_site *site = name ? calloc(1, sizeof(*site)) : NULL;
    if (!site) {
        free(name);
        return NULL;
    }
    site->host = name;
    list_init(&site->waiting);
    list_init(&site->ready);
    if (!tsearch(site, &turns->sites, compare)) {
        free(name);
        free(site);
        return NULL;
    }
    return site;
}

/* Puts the site into the line, or takes it out. */
static void site_line_up(struct turns *turns, struct turn_site *site)
{
    if (list_empty(&site->waiting) || site->running >= turns->conf.per_host)
        list_remove(&site->ready);
    else if (list_empty(&site->ready))
        list_add_tail(&turns->ready, &site->ready);
}

/* After a change: and forgets it when nothing is left there. */
static void site_settle(struct turns *turns, struct turn_site *site)
{
    site_line_up(turns, site);
    if (list_empty(&site->waiting) && site->running == 0) {
        tdelete(site, &turns->sites, compare);
        free(site->host);
        free(site);
    }
}

static void pump_soon(struct turns *turns)
{
    must(loop_timer_set(turns->conf.loop, &turns->pump, 0) == 0);
}

static bool may_begin(const struct turns *turns)
{
    const struct turns_conf *conf = &turns->conf;
    return turns->running < conf->total && (!conf->may_begin || conf->may_begin(conf->ctx));
}

static void pump(struct loop_timer *timer)
{
    struct turns *turns = container_of(timer, struct turns, pump);
    must(loop_timer_set(turns->conf.loop, timer, IDLE_MS) == 0);
    while (!list_empty(&turns->ready) && may_begin(turns)) {
        struct turn_site *site = container_of(turns->ready.next, struct turn_site, ready);
        struct turn *turn = container_of(site->waiting.next, struct turn, link);
        list_remove(&site->ready); /* to the end of the line, if it stays in it */
        list_remove(&turn->link);
        turn->begun = true;
        site->running++;
        turns->running++;
        site_settle(turns, site);
        turns->conf.begin(turn);
    }
}

void turns_again(struct turns *turns)
{
    pump_soon(turns);
}

int turn_wait(struct turns *turns, struct turn *turn, struct span host)
{
    turn->site = site_get(turns, host);
    if (!turn->site)
        return -ENOMEM;
    list_add_tail(&turn->site->waiting, &turn->link);
    site_settle(turns, turn->site);
    pump_soon(turns);
    return 0;
}

void turn_leave(struct turns *turns, struct turn *turn)
{
    struct turn_site *site = turn->site;
    if (!site)
        return;
    turn->site = NULL;
    if (turn->begun) {
        site->running--;
        turns->running--;
        pump_soon(turns);
    } else {
        list_remove(&turn->link);
    }
    turn->begun = false;
    site_settle(turns, site);
}

const char *turn_host(const struct turn *turn)
{
    return turn->site->host;
}

int turns_new(const struct turns_conf *conf, struct turns **ret)
{
    struct turns *turns = calloc(1, sizeof(*turns));
    if (!turns)
        return -ENOMEM;
    turns->conf = *conf;
    turns->pump.fire = pump;
    list_init(&turns->ready);
    if (loop_timer_set(conf->loop, &turns->pump, IDLE_MS) < 0) {
        free(turns);
        return -ENOMEM;
    }
    *ret = turns;
    return 0;
}

static void line_up(const void *node, VISIT visit, void *turns)
{
    struct turn_site *const *site = node;
    if (visit == postorder || visit == leaf)
        site_line_up(turns, *site);
}

void turns_change(struct turns *turns, unsigned per_host, unsigned total)
{
    must(per_host > 0 && total > 0);
    turns->conf.per_host = per_host;
    turns->conf.total = total;
    twalk_r(turns->sites, line_up, turns);
    pump_soon(turns);
}

void turns_free(struct turns *turns)
{
    if (!turns)
        return;
    must(!turns->sites);
    loop_timer_cancel(turns->conf.loop, &turns->pump);
    free(turns);
}
