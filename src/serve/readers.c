#include "serve/readers.h"

#include <errno.h>
#include <pthread.h>

struct readers {
    pthread_mutex_t lock; /* of all below; not held while a job runs */
    pthread_cond_t wake;
    struct readers_job *first;
    struct readers_job **last;
    size_t places; /* taken, by jobs that are or will be posted */
    size_t most;
    bool ends;
    unsigned count;
    pthread_t threads[];
};

static struct readers_job *take_job(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    while (!readers->first && !readers->ends)
        pthread_cond_wait(&readers->wake, &readers->lock);
    struct readers_job *job = readers->first;
    if (job) {
        readers->first = job->next;
        readers->places--;
        if (!readers->first)
            readers->last = &readers->first;
    }
    pthread_mutex_unlock(&readers->lock);
    return job;
}

static void *reader_main(void *arg)
{
    struct readers *readers = arg;
    pthread_setname_np(pthread_self(), "shoji-reader");
    for (struct readers_job *job; (job = take_job(readers));)
        job->run(job);
    return NULL;
}

bool readers_reserve(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    bool room = readers->places < readers->most;
    readers->places += room;
    pthread_mutex_unlock(&readers->lock);
    return room;
}

void readers_release(struct readers *readers)
{
    pthread_mutex_lock(&readers->lock);
    readers->places--;
    pthread_mutex_unlock(&readers->lock);
}

void readers_post(struct readers *readers, struct readers_job *job)
{
    pthread_mutex_lock(&readers->lock);
    job->next = NULL;
    *readers->last = job;
    readers->last = &job->next;
    pthread_cond_signal(&readers->wake);
    pthread_mutex_unlock(&readers->lock);
}

int readers_new(unsigned threads, size_t most, struct readers **ret)
{
    struct readers *readers = calloc(1, sizeof(*readers) + threads * sizeof(pthread_t));
    if (!readers)
        return -ENOMEM;
    pthread_mutex_init(&readers->lock, NULL);
    pthread_cond_init(&readers->wake, NULL);
    readers->last = &readers->first;
    readers->most = most;
    int r = 0;
    while (r == 0 && readers->count < threads) {
        r = -pthread_create(&readers->threads[readers->count], NULL, reader_main, readers);
        readers->count += r == 0;
    }
    if (r < 0) {
        readers_free(readers);
        return r;
    }
    *ret = readers;
    return 0;
}

void readers_free(struct readers *readers)
{
    if (!readers)
        return;
    pthread_mutex_lock(&readers->lock);
    readers->ends = true;
    pthread_cond_broadcast(&readers->wake);
    pthread_mutex_unlock(&readers->lock);
    for (unsigned i = 0; i < readers->count; i++)
        pthread_join(readers->threads[i], NULL);
    pthread_cond_destroy(&readers->wake);
    pthread_mutex_destroy(&readers->lock);
    free(readers);
}
