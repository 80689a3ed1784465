#include "worker/work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static uint64_t most_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) < 0 ? 0 : (uint64_t)usage.ru_maxrss * 1024;
}

static int put(int fd, const void *bytes, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, len - done, (off_t)done);
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

static void work(const struct wire_job *job, int in, int out, const struct trade *trade)
{
    void *bytes = mmap(NULL, job->in_len, PROT_READ, MAP_SHARED | MAP_POPULATE, in, 0);
    if (bytes == MAP_FAILED)
        _exit(1);
    struct worked worked = {.outcome = WORKED_BROKEN};
    trade->work(job, bytes, &worked);
    if (worked.outcome == WORKED_OK && worked.len > job->out_max)
        worked.outcome = WORKED_TOO_LARGE;
    struct wire_done done = {.kind = WIRE_DONE, .id = job->id, .outcome = worked.outcome};
    if (worked.outcome == WORKED_OK) {
        if (put(out, worked.bytes, worked.len) < 0)
            _exit(1);
        done.type = worked.type;
        done.width = worked.width;
        done.height = worked.height;
        done.frames = worked.frames;
        done.transparent = worked.transparent;
        done.out_len = worked.len;
    }
    trade->release(&worked);
    munmap(bytes, job->in_len);
    done.rss = most_memory();
    if (wire_send(WIRE_WORKER_FD, &done, sizeof(done), NULL) < 0)
        _exit(0);
}

void work_run(const struct wire_fork *order, struct jail *jail, const struct trade *trade)
{
    struct wire_state ready = {.kind = WIRE_READY, .version = WIRE_VERSION, .id = order->id};
    ready.error = trade->warm((enum wire_class)order->class);
    if (ready.error < 0) {
        strncpy(ready.text, "warming up the picture libraries", sizeof(ready.text) - 1);
    } else {
        jail_seal(jail, order);
        if (jail->failed)
            snprintf(ready.text, sizeof(ready.text), "%s: error %d", jail->failed, -jail->error);
    }
    ready.jail = jail->reached;
    ready.landlock_abi = jail->landlock_abi;
    if (wire_send(WIRE_WORKER_FD, &ready, sizeof(ready), NULL) < 0)
        _exit(0);
    for (;;) {
        struct wire_job job;
        struct wire_fds fds;
        if (wire_receive(WIRE_WORKER_FD, &job, sizeof(job), &fds) != 0 || job.kind != WIRE_JOB ||
            fds.count != 2)
            _exit(0);
        work(&job, fds.fd[0], fds.fd[1], trade);
        wire_close(&fds);
    }
}
