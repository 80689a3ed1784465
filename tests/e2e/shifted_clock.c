/*
 * A clock that a test can move on, put in front of the C library's (LD_PRELOAD): all of the
 * process's clocks run ahead of the real ones by as many seconds as the file SHOJI_TEST_CLOCK says,
 * a 64-bit number in the machine's order. The file is mapped, so that moving it takes effect at
 * once; who is asleep finds out when something else wakes it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real)(clockid_t, struct timespec *);
static const volatile int64_t *ahead_s;

/* Before the decoder's sandbox closes: later, neither file nor symbol could be looked up. Other
 * libraries' constructors may ask for the time before this one runs. */
__attribute__((constructor)) static void begin(void)
{
    if (real)
        return;
    const char *path = getenv("SHOJI_TEST_CLOCK");
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof(*ahead_s), PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        ahead_s = mapped;
}

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    begin();
    int r = real(clock, ret);
    if (r == 0 && ahead_s && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID)
        ret->tv_sec += *ahead_s;
    return r;
}

time_t time(time_t *ret)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (ret)
        *ret = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret, void *restrict zone)
{
    (void)zone;
    struct timespec now = {0};
    int r = clock_gettime(CLOCK_REALTIME, &now);
    *ret = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return r;
}
