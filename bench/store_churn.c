/*
 * Churn: store_churn DIR MIB TURNS on|off. Fills a cache of MIB MiB over and over, TURNS times its
 * size, with pictures as mail has them, and reads one in eight of what was stored lately meanwhile.
 * One line of JSON a turn: the rate, and that of the floor, which writes as many bytes to a file in
 * place after each batch, with one fdatasync; the largest the folder was; how much of `size` were
 * pictures that can be read; the longest commit; and how much longer than the floor's write of as
 * many bytes, its part of that of the batch, the longest commit of a batch took at most, and of 999
 * in 1000 batches.
 */
#include "store_drive.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BATCH 64

struct churn {
    struct drive *drive;
    const char *dir;
    uint64_t size;
    uint64_t next; /* number */
    int raw_fd;
    uint64_t raw_size;
    char *raw;
};

#define BATCHES 65536 /* a turn; not of more than that many is told what 999 of 1000 took */

struct turn {
    uint64_t bytes;
    double write_s;
    double raw_s;
    double worst_s;
    double raw_worst_s;
    uint64_t disk;
    unsigned count;
    double excess_s[BATCHES]; /* of a batch's longest commit over a raw write of its bytes */
};

/* Written in place, within a file that has its blocks: less cannot be done for so many bytes. */
static double write_raw(struct churn *c, uint64_t bytes)
{
    if (bytes > c->raw_size)
        bytes = c->raw_size;
    drive_fill(c->next, c->raw, 4096);
    double before = drive_now_s();
    if (pwrite(c->raw_fd, c->raw, bytes, 0) != (ssize_t)bytes || fdatasync(c->raw_fd) < 0)
        exit(1);
    return drive_now_s() - before;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void run_turn(struct churn *c, struct turn *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (unsigned i = 0; ret->bytes < c->size; i++) {
        const struct drive_batch batch = {
            .first = c->next, .count = BATCH, .size = drive_mail_size};
        double took_s;
        uint64_t bytes = drive_store(c->drive, &batch, &took_s);
        const struct drive_commit longest = drive_longest(c->drive);
        double raw_s = write_raw(c, bytes);
        ret->bytes += bytes;
        ret->write_s += took_s;
        ret->raw_s += raw_s;
        ret->worst_s = longest.s > ret->worst_s ? longest.s : ret->worst_s;
        ret->raw_worst_s = raw_s > ret->raw_worst_s ? raw_s : ret->raw_worst_s;
        if (ret->count < BATCHES)
            ret->excess_s[ret->count++] = longest.s - raw_s * (double)longest.bytes / (double)bytes;
        c->next += BATCH;
        for (unsigned j = 0; j < BATCH / 8; j++)
            (void)drive_read(c->drive,
                             c->next - 1 - drive_mix(c->next + j) % (c->next + 1) % 20000);
        uint64_t disk = i % 16 == 0 ? drive_disk_bytes(c->dir) : 0;
        ret->disk = disk > ret->disk ? disk : ret->disk;
    }
    qsort(ret->excess_s, ret->count, sizeof(ret->excess_s[0]), by_size);
}

/* Of all that may still be there, asking for each without reading it. */
static uint64_t live_bytes(struct churn *c)
{
    uint64_t seen = 0, live = 0;
    for (uint64_t number = c->next; number > 0 && seen < 3 * c->size; number--) {
        struct cache_key key = drive_key(c->drive, number - 1);
        struct cache_record record;
        size_t len = drive_mail_size(number - 1);
        seen += len;
        if (cache_lookup(drive_cache(c->drive), &key, &record) == 0 &&
            cache_has_picture(drive_cache(c->drive), &record) == 0)
            live += len;
    }
    return live;
}

static void print_turn(struct churn *c, unsigned number)
{
    static struct turn turn;
    double cpu_s = drive_cpu_s();
    run_turn(c, &turn);
    printf("{\"turn\":%u,\"mb_per_s\":%.2f,\"raw_mb_per_s\":%.2f,\"disk_bytes\":%llu,"
           "\"live_bytes\":%llu,\"worst_ms\":%.2f,\"raw_worst_ms\":%.2f,\"excess_ms\":%.2f,"
           "\"excess_999_ms\":%.2f,\"cpu_s\":%.3f}\n",
           number, (double)turn.bytes / turn.write_s / 1e6, (double)turn.bytes / turn.raw_s / 1e6,
           (unsigned long long)turn.disk, (unsigned long long)live_bytes(c), turn.worst_s * 1e3,
           turn.raw_worst_s * 1e3, turn.excess_s[turn.count - 1] * 1e3,
           turn.excess_s[(turn.count - 1) * 999ULL / 1000] * 1e3, drive_cpu_s() - cpu_s);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: store_churn DIR MIB TURNS on|off\n");
        return 2;
    }
    char path[4096];
    snprintf(path, sizeof(path), "%s/store", argv[1]);
    struct churn c = {.dir = path, .size = strtoul(argv[2], NULL, 10) * MiB, .raw_size = 16 * MiB};
    struct cache_conf conf = {.dir = path,
                              .size = c.size,
                              .index_size = c.size / 16,
                              .encrypt = strcmp(argv[4], "on") == 0};
    double start_s;
    c.drive = drive_open(&conf, &start_s);
    c.raw = calloc(1, c.raw_size);
    char raw_path[4096];
    snprintf(raw_path, sizeof(raw_path), "%s/raw", argv[1]);
    c.raw_fd = open(raw_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (!c.raw || c.raw_fd < 0 || write(c.raw_fd, c.raw, c.raw_size) != (ssize_t)c.raw_size ||
        fsync(c.raw_fd) < 0)
        return 1;
    unsigned turns = (unsigned)strtoul(argv[3], NULL, 10);
    for (unsigned i = 1; i <= turns; i++)
        print_turn(&c, i);
    drive_close(c.drive);
    return 0;
}
