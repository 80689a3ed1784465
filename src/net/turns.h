/*
 * Whose turn it is: so many at once in all, so many a host, and hosts served in turn, so that one
 * with a thousand waiting pictures delays the others no more than one with a single picture does.
 *
 * A struct turn is embedded in what waits. `begin` comes from the loop, never from inside
 * turn_wait, and not at all after turn_leave; a turn that has begun lasts until turn_leave. One
 * thread at a time. All turns must have left before turns_free.
 */
#ifndef NET_TURNS_H
#define NET_TURNS_H

#include "base/list.h"
#include "base/span.h"
#include "sys/loop.h"

struct turn_site;

struct turn {
    struct turn_site *site; /* NULL: not waiting, nor begun */
    struct list link;
    bool begun;
};

struct turns_conf {
    struct loop *loop;
    unsigned per_host;
    unsigned total;
    void (*begin)(struct turn *turn);
    /* Asked with `ctx` before each turn; false: none begins until a turn leaves, or turns_again.
     * NULL: any may. */
    bool (*may_begin)(void *ctx);
    void *ctx;
};

struct turns;

/* 0 or -ENOMEM. */
MUST_CHECK int turns_new(const struct turns_conf *conf, struct turns **ret);

/* Takes NULL. */
void turns_free(struct turns *turns);

/* `turn` is zeroed. 0 or -ENOMEM. */
MUST_CHECK int turn_wait(struct turns *turns, struct turn *turn, struct span host);

/* may_begin may say something else now. */
void turns_again(struct turns *turns);

/* Other figures: what has begun goes on, however few may begin now. */
void turns_change(struct turns *turns, unsigned per_host, unsigned total);

/* At any time; also when it never waited. */
void turn_leave(struct turns *turns, struct turn *turn);

/* As it was given, terminated, until turn_leave. */
const char *turn_host(const struct turn *turn);

#endif
