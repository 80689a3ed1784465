#include "deliver/office.h"

#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#define LOOK_MS 1000

/* What tells a file from what it was: replaced or written to, one of these changes. */
struct mark {
    dev_t device;
    ino_t number;
    off_t size;
    struct timespec changed;
};

static struct {
    pthread_mutex_t lock;
    const struct config_source *source;
    const char *deliver;
    struct office *current;
    struct mark marks[2]; /* of the configuration and the keys */
    int64_t looked_ms;
} in_force = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct mark mark_of(const char *path)
{
    struct stat found;
    if (!path || stat(path, &found) < 0)
        return (struct mark){0};
    return (struct mark){.device = found.st_dev,
                         .number = found.st_ino,
                         .size = found.st_size,
                         .changed = found.st_ctim};
}

static bool mark_equal(const struct mark *a, const struct mark *b)
{
    return a->device == b->device && a->number == b->number && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

static void mark_all(struct mark ret[2])
{
    const struct config_source *source = in_force.source;
    const struct office *current = in_force.current;
    ret[0] = mark_of(source->file ? source->file : CONF_PATH);
    ret[1] = mark_of(source->keys ? source->keys
                     : current    ? current->config.conf.server.keys
                                  : NULL);
}

static int read_office(char *why, struct office **ret)
{
    struct office *office = calloc(1, sizeof(*office));
    if (!office)
        return -ENOMEM;
    int r = config_read_rewriting(in_force.source, why, &office->config, &office->how);
    if (r == 0 && in_force.deliver)
        r = conf_set(&office->config.conf, "milter", "deliver", in_force.deliver, why);
    if (r < 0) {
        config_free(&office->config);
        free(office);
        return r;
    }
    office->holders = 1;
    *ret = office;
    return 0;
}

static void drop(struct office *office)
{
    if (--office->holders > 0)
        return;
    config_free(&office->config);
    free(office);
}

int office_open(const struct config_source *source, const char *deliver, char *why)
{
    in_force.source = source;
    in_force.deliver = deliver;
    int r = read_office(why, &in_force.current);
    if (r < 0)
        return r;
    mark_all(in_force.marks);
    in_force.looked_ms = clock_ms();
    return 0;
}

/* Under the lock. */
static void look_again(void)
{
    struct mark marks[2];
    char why[CONFIG_WHY_SIZE];
    struct office *fresh;
    int64_t now = clock_ms();
    if (now - in_force.looked_ms < LOOK_MS)
        return;
    in_force.looked_ms = now;
    mark_all(marks);
    if (mark_equal(&marks[0], &in_force.marks[0]) && mark_equal(&marks[1], &in_force.marks[1]))
        return;
    memcpy(in_force.marks, marks, sizeof(marks)); /* also when it fails: it is said once */
    if (read_office(why, &fresh) < 0) {
        log_error("configuration and keys not read again, the old ones stay: %s", why);
        return;
    }
    /* The marks stay those from before the reading: what was replaced meanwhile is read next time.
     */
    drop(in_force.current);
    in_force.current = fresh;
    log_info("configuration, keys and rules read again");
}

struct office *office_take(void)
{
    pthread_mutex_lock(&in_force.lock);
    look_again();
    struct office *office = in_force.current;
    office->holders++;
    pthread_mutex_unlock(&in_force.lock);
    return office;
}

void office_give_back(struct office *office)
{
    if (!office)
        return;
    pthread_mutex_lock(&in_force.lock);
    drop(office);
    pthread_mutex_unlock(&in_force.lock);
}

struct deliver_job office_job(const struct office *office)
{
    return (struct deliver_job){.config = &office->config,
                                .how = office->how,
                                .prefetch = office->config.conf.prefetch.enabled != 0,
                                .delivered = SHOJI_NOT_DELIVERED};
}

void office_close(void)
{
    office_give_back(in_force.current);
    in_force.current = NULL;
}
