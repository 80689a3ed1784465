/*
 * What the tests of the store share: a private folder, a loop on a thread of its own, and writes
 * that one waits for. A fixture belongs to the test that made it; fixture_free removes its folder.
 */
#ifndef TESTS_CACHE_FIXTURE_H
#define TESTS_CACHE_FIXTURE_H

#include "test.h"

#include "base/span.h"
#include "store/cache.h"

#include <pthread.h>

struct fixture {
    char dir[64];
    struct cache_conf conf;
    struct cache *cache;
    struct loop *loop;
    pthread_t thread;
};

#define FIXTURE_SIZE  (32 * MiB)
#define FIXTURE_INDEX (8 * MiB)

struct fixture *fixture_new(uint64_t size, uint64_t index_size);
void fixture_free(struct fixture *f);

/* Opens what is in the folder, or closes it, as often as one likes. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* Starts a copy of the write and waits for its `done`; the result, which with the record is also
 * copied back. Any thread. */
int fixture_write(struct fixture *f, struct cache_write *write);

/* Starts a purge, or a turn of forgetting, and waits for its `done`. The result. */
int fixture_purge(struct fixture *f, struct cache_purge *purge);
int fixture_sweep(struct fixture *f, struct cache_sweep *sweep);

struct cache_key fixture_key(const struct fixture *f, const char *url);

/* Store (from any state), claim, queue: the usual writes by URL. */
int fixture_store(struct fixture *f, const char *url, const void *bytes, size_t len);
int fixture_claim(struct fixture *f, const char *url, uint8_t seen);
int fixture_enqueue(struct fixture *f, const char *url, int64_t due_s);

/* cache_lookup and cache_read by URL: 0 when the picture is there and is `bytes`, else the answer;
 * -EILSEQ when other bytes come. */
int fixture_check(struct fixture *f, const char *url, const void *bytes, size_t len);

/* Calls `visit` for every file under the folder. */
void fixture_files(const struct fixture *f, void (*visit)(const char *path, void *ctx), void *ctx);

/* The same with what is in each that is not empty; it lives until `see` returns. */
void fixture_contents(const struct fixture *f, void (*see)(struct span all, void *ctx), void *ctx);

/* Bytes on disk of the whole folder, as du counts. */
uint64_t fixture_disk_bytes(const struct fixture *f);

/* Bytes that depend on the seed alone. */
void fixture_fill(uint64_t seed, void *bytes, size_t len);

#endif
