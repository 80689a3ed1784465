/*
 * Who wrote a data file last? The file `trail` beside it is written, in place and without a flush,
 * before each commit and after it. When the process is killed and opens the file again, that tells
 * whether anybody else has changed the file meanwhile: then it must be walked through (sound.h)
 * before LMDB may have it; else not, for LMDB's own commits survive a kill at any point. The walk
 * grows with the file; this does not.
 *
 * After a commit the file's time of change is noted and has to be the same. A kill within a commit
 * leaves a time that could not be noted; it has to lie within TRAIL_COMMIT_S of the commit's
 * beginning. So what somebody breaks in that moment is not seen here, and may bring the process
 * down. Therefore a trail is believed once in TRAIL_PAUSE_S: who dies twice in that time is walked
 * through. Nor is there any left to believe when the process has died of an error of its own
 * (trust.h). A trail of another boot is never believed: a power loss is no kill.
 *
 * What cannot be read or written costs a walk. Opening and writing: one thread at a time.
 */
#ifndef STORE_TRAIL_H
#define STORE_TRAIL_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#define TRAIL_COMMIT_S 1   /* longer ones are rare, and cost a walk only when killed; not tuned */
#define TRAIL_PAUSE_S  600 /* longer than a service manager takes to try again; not tuned */

struct trail {
    int fd;               /* -1: there is none */
    long long believed_s; /* when, by the clock that runs since booting; 0: not lately */
    unsigned char boot[16];
    struct timespec last; /* the data file's time after the last commit */
};

/* The trail in the folder `dir`, made when missing and `make`. */
void trail_open(const char *dir, bool make, struct trail *ret);
void trail_close(struct trail *trail);

/* Was the data file, of which `data` is the state, written by us alone? When that is believed,
 * trail_end is to follow. */
bool trail_proves(struct trail *trail, const struct stat *data);

/* Around each commit. `data_fd` is the data file; trail_end also says at opening that the file as
 * it is now is ours. */
void trail_begin(const struct trail *trail);
void trail_end(struct trail *trail, int data_fd);

/* Nothing is known any more: a commit has failed half-way. */
void trail_lose(const struct trail *trail);

#endif
