/*
 * What the store's benchmarks share: a cache in a folder, batches of writes that are waited for,
 * and pictures that a number stands for. One thread asks; the loop turns on another one.
 */
#ifndef BENCH_STORE_DRIVE_H
#define BENCH_STORE_DRIVE_H

#include "store/cache.h"

#define DRIVE_BATCH   256       /* writes under way at most */
#define DRIVE_LARGEST (2 * MiB) /* bytes of a picture */

struct drive;

/* Ends the program with a word when it cannot; so do all of these. *ret_start_s: how long
 * cache_open took. */
struct drive *drive_open(const struct cache_conf *conf, double *ret_start_s);
void drive_close(struct drive *drive);
struct cache *drive_cache(struct drive *drive);

struct cache_key drive_key(struct drive *drive, uint64_t number);

/* Bytes that the seed alone decides. */
void drive_fill(uint64_t seed, void *bytes, size_t len);
uint64_t drive_mix(uint64_t number);

/* As mail's pictures are: lognormal, median 12 KB, 1 KB to 2 MB. */
size_t drive_mail_size(uint64_t number);

/* Stores the numbers from `first` on, or those that stand there in `order`, and waits for all of
 * them. */
struct drive_batch {
    uint64_t first;
    unsigned count; /* at most DRIVE_BATCH */
    size_t (*size)(uint64_t number);
    uint64_t distinct; /* number modulo this is the picture; 0: each has its own */
    const uint32_t *order;
};

/* How many bytes of pictures that were. *ret_s: how long. */
uint64_t drive_store(struct drive *drive, const struct drive_batch *batch, double *ret_s);

/* Of the last drive_store, since a batch may become several commits: the one that took longest, and
 * the bytes of pictures in it. */
struct drive_commit {
    double s;
    uint64_t bytes;
};

struct drive_commit drive_longest(const struct drive *drive);

/* Is it there, right to the last byte? It reads it. */
bool drive_read(struct drive *drive, uint64_t number);

/* Bytes of the folder's files on disk, as du counts; and how much of its LMDB files is in use. */
uint64_t drive_disk_bytes(const char *dir);
uint64_t drive_used_bytes(const char *dir, const char *prefix);

double drive_now_s(void);
double drive_cpu_s(void); /* of this thread */

#endif
