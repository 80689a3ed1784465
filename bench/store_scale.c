/*
 * Scale: what many entries cost. One line of JSON each.
 *
 * store_scale pictures DIR COUNT: stores COUNT small pictures; then, closed well and opened anew,
 * how long opening takes, how many lookups and reads of random ones a second of CPU there are, what
 * memory is private; then opening once more without the mark of having been closed well.
 * store_scale index DIR COUNT: the index alone, of originals that were no pictures.
 * store_scale same DIR COUNT: COUNT addresses of 1,000 pictures between them.
 */
#include "store_drive.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DISTINCT 1000
#define READS    200000U

/* 200 to 1,200 bytes: icons and spacers, and lines of small pictures. */
static size_t small_size(uint64_t number)
{
    return 200 + drive_mix(number) % 1001;
}

static size_t mail_size(uint64_t number)
{
    return drive_mail_size(number);
}

/* Memory of our own: not what is mapped from files. */
static unsigned long anonymous_bytes(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    char line[256];
    unsigned long kib = 0;
    while (file && fgets(line, sizeof(line), file) && sscanf(line, "Anonymous: %lu", &kib) != 1)
        continue;
    if (file)
        fclose(file);
    return kib * 1024;
}

static void fill(struct drive *drive, uint64_t count, size_t (*size)(uint64_t), uint64_t distinct,
                 uint64_t *ret_bytes)
{
    double took_s;
    *ret_bytes = 0;
    for (uint64_t at = 0; at < count; at += DRIVE_BATCH) {
        const struct drive_batch batch = {
            .first = at,
            .count = count - at < DRIVE_BATCH ? (unsigned)(count - at) : DRIVE_BATCH,
            .size = size,
            .distinct = distinct,
        };
        *ret_bytes += drive_store(drive, &batch, &took_s);
    }
}

/* Pairs a second of this thread's CPU, the best of three: once everything is in memory. */
static double reads_a_second(struct drive *drive, uint64_t count)
{
    double best = 0;
    for (unsigned round = 0; round < 3; round++) {
        unsigned found = 0;
        double before = drive_cpu_s();
        for (unsigned i = 0; i < READS; i++)
            found += drive_read(drive, drive_mix(i + round) % count);
        double rate = READS / (drive_cpu_s() - before);
        best = rate > best ? rate : best;
        if (found != READS) {
            fprintf(stderr, "store_scale: %u of %u are gone\n", READS - found, READS);
            exit(1);
        }
    }
    return best;
}

static void measure(struct cache_conf *conf, uint64_t count, bool pictures)
{
    double start_s, crashed_s;
    char mark[4096];
    struct drive *drive = drive_open(conf, &start_s);
    drive_close(drive);
    snprintf(mark, sizeof(mark), "%s/clean", conf->dir);
    (void)unlink(mark);
    drive = drive_open(conf, &crashed_s);
    struct cache_usage usage;
    cache_usage(drive_cache(drive), &usage);
    printf("\"start_s\":%.4f,\"start_crashed_s\":%.4f,\"records\":%llu,\"pictures\":%llu,", start_s,
           crashed_s, (unsigned long long)usage.records, (unsigned long long)usage.pictures);
    if (pictures)
        printf("\"reads_per_cpu_s\":%.0f,", reads_a_second(drive, count));
    unsigned found = 0;
    double before = drive_cpu_s();
    for (unsigned i = 0; i < READS; i++) {
        struct cache_key key = drive_key(drive, drive_mix(i) % count);
        struct cache_record record;
        found += cache_lookup(drive_cache(drive), &key, &record) == 0;
    }
    printf("\"lookups_per_cpu_s\":%.0f,\"found\":%u,", READS / (drive_cpu_s() - before), found);
    printf("\"anon_bytes\":%lu,", anonymous_bytes());
    drive_close(drive);
    printf("\"index_used\":%llu,\"segments_used\":%llu}\n",
           (unsigned long long)drive_used_bytes(conf->dir, "index"),
           (unsigned long long)drive_used_bytes(conf->dir, "seg-"));
}

static size_t no_size(uint64_t number)
{
    (void)number;
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: store_scale pictures|index|same DIR COUNT\n");
        return 2;
    }
    const char *what = argv[1];
    uint64_t count = strtoull(argv[3], NULL, 10), bytes;
    char dir[4096];
    snprintf(dir, sizeof(dir), "%s/store", argv[2]);
    bool same = strcmp(what, "same") == 0, index = strcmp(what, "index") == 0;
    struct cache_conf conf = {.dir = dir, .index_size = 64 * MiB + count * 400};
    conf.size = conf.index_size + 128 * MiB;
    conf.size += same ? 256 * MiB : index ? 0 : count * 1600;
    double ignored;
    struct drive *drive = drive_open(&conf, &ignored);
    double before = drive_now_s();
    fill(drive, count,
         index  ? no_size
         : same ? mail_size
                : small_size,
         same ? DISTINCT : 0, &bytes);
    printf("{\"case\":\"%s\",\"count\":%llu,\"bytes\":%llu,\"fill_s\":%.1f,", what,
           (unsigned long long)count, (unsigned long long)bytes, drive_now_s() - before);
    drive_close(drive);
    measure(&conf, count, !index);
    return 0;
}
