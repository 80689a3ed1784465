/*
 * Scale: what many entries cost. One line of JSON each.
 *
 * store_scale fill WHAT DIR COUNT makes a store, through the store's own writer, but without
 * flushing. WHAT: `pictures`, COUNT small ones; `index`, the index alone, of originals that were no
 * pictures; `ordered`, the same in the order of their keys, for counts that take hours in any
 * other; `same`, COUNT addresses of 1,000 pictures between them.
 *
 * store_scale measure WHAT DIR COUNT, in a process of its own, so that its memory is the store's:
 * how long opening takes, well closed (start_s), after a writer was killed (killed_s), and when all
 * must be walked through (walked_s), as after a power loss; how many lookups and reads of random
 * ones a second of CPU there are; what memory is private; how much of the files is in use. It adds
 * some thousand entries.
 */
#include "store_drive.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DISTINCT 1000
#define READS    200000U
#define BATCHES  20 /* of writes, until the writer is killed */

/* 200 to 1,200 bytes: icons and spacers, and lines of small pictures. */
static size_t small_size(uint64_t number)
{
    return 200 + drive_mix(number) % 1001;
}

static size_t mail_size(uint64_t number)
{
    return drive_mail_size(number);
}

static size_t no_size(uint64_t number)
{
    (void)number;
    return 0;
}

static const struct what {
    const char *name;
    size_t (*size)(uint64_t number);
    uint64_t distinct;
    uint64_t record; /* bytes of the index for each, and a quarter more */
    uint64_t room;   /* of the segments, for each */
    bool ordered;
} kinds[] = {
    {"pictures", small_size, 0, 400, 1600, false},
    {"index", no_size, 0, 250, 0, false},
    {"ordered", no_size, 0, 160, 0, true},
    {"same", mail_size, DISTINCT, 400, 0, false},
};

static struct cache_conf conf_of(const struct what *what, const char *dir, uint64_t count)
{
    struct cache_conf conf = {.dir = dir, .index_size = 64 * MiB + count * what->record};
    conf.size = conf.index_size + 128 * MiB + count * what->room;
    conf.size += what->distinct ? 256 * MiB : 0;
    return conf;
}

/* ---- filling ---- */

struct place {
    uint32_t number;
    uint8_t key[8];
};

static int by_key(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return memcmp(x->key, y->key, sizeof(x->key));
}

static void *allocate(size_t len)
{
    void *bytes = malloc(len);
    if (!bytes) {
        fprintf(stderr, "store_scale: no memory\n");
        exit(1);
    }
    return bytes;
}

static uint32_t *order_of_keys(struct drive *drive, uint64_t count)
{
    struct place *places = allocate(count * sizeof(*places));
    for (uint64_t i = 0; i < count; i++) {
        struct cache_key key = drive_key(drive, i);
        places[i].number = (uint32_t)i;
        memcpy(places[i].key, key.bytes, sizeof(places[i].key));
    }
    qsort(places, count, sizeof(*places), by_key);
    uint32_t *order = allocate(count * sizeof(*order));
    for (uint64_t i = 0; i < count; i++)
        order[i] = places[i].number;
    free(places);
    return order;
}

static void fill(const struct what *what, const char *dir, uint64_t count)
{
    struct cache_conf conf = conf_of(what, dir, count);
    conf.unsynced = true;
    double took_s;
    struct drive *drive = drive_open(&conf, &took_s);
    uint32_t *order = what->ordered ? order_of_keys(drive, count) : NULL;
    uint64_t bytes = 0;
    double before = drive_now_s();
    for (uint64_t at = 0; at < count; at += DRIVE_BATCH) {
        const struct drive_batch batch = {
            .first = at,
            .count = count - at < DRIVE_BATCH ? (unsigned)(count - at) : DRIVE_BATCH,
            .size = what->size,
            .distinct = what->distinct,
            .order = order,
        };
        bytes += drive_store(drive, &batch, &took_s);
    }
    printf("{\"count\":%llu,\"bytes\":%llu,\"fill_s\":%.1f,\"size\":%llu,\"index_size\":%llu}\n",
           (unsigned long long)count, (unsigned long long)bytes, drive_now_s() - before,
           (unsigned long long)conf.size, (unsigned long long)conf.index_size);
    free(order);
    drive_close(drive);
}

/* ---- measuring ---- */

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

static bool look_up(struct drive *drive, uint64_t number)
{
    struct cache_key key = drive_key(drive, number);
    struct cache_record record;
    return cache_lookup(drive_cache(drive), &key, &record) == 0;
}

/* A second of this thread's CPU, the best of three: once everything is in memory, and mapped. */
static double a_second(struct drive *drive, bool (*ask)(struct drive *drive, uint64_t number),
                       uint64_t count)
{
    double best = 0;
    for (unsigned round = 0; round < 3; round++) {
        unsigned found = 0;
        double before = drive_cpu_s();
        for (unsigned i = 0; i < READS; i++)
            found += ask(drive, drive_mix(i) % count);
        double rate = READS / (drive_cpu_s() - before);
        best = rate > best ? rate : best;
        if (found != READS) {
            fprintf(stderr, "store_scale: %u of %u are gone\n", READS - found, READS);
            exit(1);
        }
    }
    return best;
}

/* Never ends by itself. A byte for each batch. */
__attribute__((noreturn)) static void
write_on(const struct what *what, const struct cache_conf *conf, uint64_t first, int told)
{
    double took_s;
    struct drive *drive = drive_open(conf, &took_s);
    for (;; first += DRIVE_BATCH) {
        const struct drive_batch batch = {
            .first = first, .count = DRIVE_BATCH, .size = what->size, .distinct = what->distinct};
        drive_store(drive, &batch, &took_s);
        if (write(told, "", 1) != 1)
            _exit(1);
    }
}

static void kill_a_writer(const struct what *what, const struct cache_conf *conf, uint64_t first)
{
    int ends[2];
    char byte;
    if (pipe(ends) < 0)
        exit(1);
    pid_t pid = fork();
    if (pid < 0)
        exit(1);
    if (pid == 0)
        write_on(what, conf, first, ends[1]);
    close(ends[1]);
    for (unsigned i = 0; i < BATCHES; i++)
        if (read(ends[0], &byte, 1) != 1)
            exit(1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ends[0]);
}

/* As if it had never been closed, and nothing said who wrote last. */
static void forget_who_wrote(const struct cache_conf *conf)
{
    static const char *const names[] = {"clean", "checked", "index/trail"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[4096];
        snprintf(path, sizeof(path), "%s/%s", conf->dir, names[i]);
        (void)unlink(path);
    }
}

static double process_cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void measure_starts(const struct what *what, const struct cache_conf *conf, uint64_t count)
{
    double start_s, killed_s, walked_s;
    drive_close(drive_open(conf, &start_s));
    kill_a_writer(what, conf, count);
    drive_close(drive_open(conf, &killed_s));
    forget_who_wrote(conf);
    double before = process_cpu_s();
    struct drive *drive = drive_open(conf, &walked_s);
    double walked_cpu_s = process_cpu_s() - before;
    drive_close(drive);
    printf("{\"start_s\":%.4f,\"killed_s\":%.4f,\"walked_s\":%.4f,\"walked_cpu_s\":%.4f,", start_s,
           killed_s, walked_s, walked_cpu_s);
}

static void measure(const struct what *what, const char *dir, uint64_t count)
{
    struct cache_conf conf = conf_of(what, dir, count);
    double start_s;
    measure_starts(what, &conf, count);
    struct drive *drive = drive_open(&conf, &start_s);
    unsigned long memory = anonymous_bytes();
    struct cache_usage usage;
    cache_usage(drive_cache(drive), &usage);
    printf("\"records\":%llu,\"pictures\":%llu,", (unsigned long long)usage.records,
           (unsigned long long)usage.pictures);
    if (what->size != no_size)
        printf("\"reads_per_cpu_s\":%.0f,", a_second(drive, drive_read, count));
    printf("\"lookups_per_cpu_s\":%.0f,", a_second(drive, look_up, count));
    unsigned long after = anonymous_bytes();
    printf("\"anon_bytes\":%lu,", after > memory ? after : memory);
    drive_close(drive);
    printf("\"index_used\":%llu,\"segments_used\":%llu}\n",
           (unsigned long long)drive_used_bytes(conf.dir, "index"),
           (unsigned long long)drive_used_bytes(conf.dir, "seg-"));
}

int main(int argc, char **argv)
{
    const struct what *what = NULL;
    for (size_t i = 0; argc == 5 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(argv[2], kinds[i].name) == 0)
            what = &kinds[i];
    bool fills = argc == 5 && strcmp(argv[1], "fill") == 0;
    if (!what || (!fills && strcmp(argv[1], "measure") != 0)) {
        fprintf(stderr, "usage: store_scale fill|measure pictures|index|ordered|same DIR COUNT\n");
        return 2;
    }
    uint64_t count = strtoull(argv[4], NULL, 10);
    (fills ? fill : measure)(what, argv[3], count);
    return 0;
}
