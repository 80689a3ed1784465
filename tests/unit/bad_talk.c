#include "bad_acts.h"

#include "base/image.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

unsigned char bad_picture[BAD_PICTURE_ALL] = {0xff, 0xd8, 0xff, 0xc0, 0, 11, 8,
                                              0,    2,    0,    3,    1, 1,  0x11};

#define WORN (UINT64_C(1) << 40) /* bytes that no worker may have held */

static struct wire_done honest(const struct wire_job *job)
{
    return (struct wire_done){
        .kind = WIRE_DONE,
        .id = job->id,
        .type = IMAGE_JPEG,
        .width = 3,
        .height = 2,
        .frames = 1,
        .out_len = BAD_PICTURE,
    };
}

static void say(const struct wire_done *done)
{
    (void)!wire_send(WIRE_WORKER_FD, done, sizeof(*done), NULL);
}

/* Of the descriptors that came with the job it is the one that can be written. */
static unsigned char *map_result(int *ret_fd)
{
    for (int fd = WIRE_WORKER_FD + 1; fd < 16; fd++) {
        void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
            continue;
        *ret_fd = fd;
        return map;
    }
    __builtin_trap();
}

static void write_result(void)
{
    int fd;
    memcpy(map_result(&fd), bad_picture, BAD_PICTURE);
}

/* ---- lies in one field; the honest answer that follows must not be taken ---- */

static void lie(const struct wire_job *job, const char *about)
{
    struct wire_done done = honest(job);
    static const struct {
        const char *about;
        size_t offset;
        uint32_t value;
    } lies[] = {
        {"kind", offsetof(struct wire_done, kind), WIRE_READY},
        {"outcome", offsetof(struct wire_done, outcome), 77},
        {"no-memory", offsetof(struct wire_done, outcome), 6},
        {"crashed", offsetof(struct wire_done, outcome), 4},
        {"type", offsetof(struct wire_done, type), IMAGE_PNG},
        {"no-type", offsetof(struct wire_done, type), IMAGE_NONE},
        {"far-type", offsetof(struct wire_done, type), UINT32_MAX},
        {"width", offsetof(struct wire_done, width), 30000},
        {"no-width", offsetof(struct wire_done, width), 0},
        {"height", offsetof(struct wire_done, height), 3},
        {"huge", offsetof(struct wire_done, height), UINT32_MAX},
        {"frames", offsetof(struct wire_done, frames), 100000},
        {"no-frames", offsetof(struct wire_done, frames), 0},
        {"transparent", offsetof(struct wire_done, transparent), 2},
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
        if (strcmp(about, lies[i].about) == 0)
            memcpy((char *)&done + lies[i].offset, &lies[i].value, sizeof(uint32_t));
    if (strcmp(about, "id") == 0)
        done.id++;
    else if (strcmp(about, "length") == 0)
        done.out_len = job->out_max + 1;
    else if (strcmp(about, "endless") == 0)
        done.out_len = UINT64_MAX;
    else if (strcmp(about, "nothing") == 0)
        done.out_len = 0;
    else if (strcmp(about, "header") == 0)
        bad_picture[8]++; /* the picture is one higher than the answer says */
    if (strcmp(about, "empty") != 0)
        write_result();
    say(&done);
    bad_sleep();
}

/* ---- rubbish ---- */

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 32);
}

/* All of it at random, but for a kind and an id that are right in every second message. */
static void rave(const struct wire_job *job, uint64_t seed)
{
    struct wire_done done;
    uint32_t words[sizeof(done) / sizeof(uint32_t)];
    uint64_t state = seed;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        words[i] = next_random(&state);
    memcpy(&done, words, sizeof(done));
    if (seed % 2) {
        done.kind = WIRE_DONE;
        done.id = job->id;
    }
    if (seed % 4 == 3)
        done.outcome = 0;
    write_result();
    say(&done);
    bad_sleep();
}

/* The honest answer with two of its fields at an edge of their range. It says that it is worn, so
 * that it is replaced even if the answer is taken. */
static void exaggerate(const struct wire_job *job, uint64_t seed)
{
    static const uint32_t edges[] = {0,      1,      2,       3,          0x7f,       0xff,
                                     0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, UINT32_MAX};
    struct wire_done done = honest(job);
    uint32_t words[offsetof(struct wire_done, rss) / sizeof(uint32_t)];
    uint64_t state = seed;
    done.rss = WORN;
    memcpy(words, &done, sizeof(words));
    for (int i = 0; i < 2; i++) {
        uint32_t field = 2 + next_random(&state) % (sizeof(words) / sizeof(words[0]) - 2);
        words[field] = edges[next_random(&state) % (sizeof(edges) / sizeof(edges[0]))];
    }
    memcpy(&done, words, sizeof(words));
    write_result();
    say(&done);
    bad_sleep();
}

/* ---- timing ---- */

static _Atomic(unsigned char *) flipped;

static void *flip(void *arg)
{
    (void)arg;
    for (;;) {
        unsigned char *map = atomic_load(&flipped);
        for (int i = 0; i < 1000; i++) {
            *(volatile unsigned char *)(map + 7) = 0x20; /* 8,194 high */
            *(volatile unsigned char *)map = 0x3c;
            *(volatile unsigned char *)map = 0xff;
            *(volatile unsigned char *)(map + 7) = 0;
        }
    }
    return NULL;
}

/* Goes on writing into the result after the answer: now as it says, now another size or no picture.
 */
static void race(void)
{
    static bool started;
    pthread_t thread;
    int fd;
    atomic_store(&flipped, map_result(&fd));
    if (!started && pthread_create(&thread, NULL, flip, NULL) != 0)
        __builtin_trap();
    started = true;
}

/* The own answer, and at once one for a picture that has not come yet. */
static void answer_ahead(const struct wire_job *job)
{
    struct wire_done done = honest(job);
    write_result();
    say(&done);
    done.id++;
    say(&done);
    bad_sleep();
}

static void pass_descriptors(const struct wire_job *job)
{
    struct wire_done done = honest(job);
    int fd;
    done.rss = WORN;
    memcpy(map_result(&fd), bad_picture, BAD_PICTURE);
    struct wire_fds fds = {.count = 2, .fd = {fd, WIRE_WORKER_FD}};
    (void)!wire_send(WIRE_WORKER_FD, &done, sizeof(done), &fds);
    bad_sleep();
}

bool bad_talk(const struct wire_job *job, const char *word)
{
    struct wire_done done = honest(job);
    if (strncmp(word, "lie-", 4) == 0) {
        lie(job, word + 4);
    } else if (strncmp(word, "rave-", 5) == 0) {
        rave(job, strtoull(word + 5, NULL, 10));
    } else if (strncmp(word, "edge-", 5) == 0) {
        exaggerate(job, strtoull(word + 5, NULL, 10));
    } else if (strcmp(word, "race") == 0) {
        race();
    } else if (strcmp(word, "twice") == 0) {
        write_result();
        say(&done);
    } else if (strcmp(word, "ahead") == 0) {
        answer_ahead(job);
    } else if (strcmp(word, "pass") == 0) {
        pass_descriptors(job);
    } else if (strcmp(word, "close") == 0) {
        close(WIRE_WORKER_FD);
        bad_sleep();
    } else {
        return false;
    }
    return true;
}
