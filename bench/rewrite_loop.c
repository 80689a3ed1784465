/*
 * Does one thing to every document of a corpus, again and again, in one process, and says what CPU
 * time that took. The driver asks for a turn by writing a line with milliseconds; a turn is as many
 * whole passes over the corpus as it takes to spend them, at least one, and is answered by a line
 * of JSON: {"passes":N,"cpu_ns":N,"out_bytes":N}, the bytes being those of one pass. It ends with
 * its input. The other subjects of bench/rewrite.py (Rust, JavaScript, PHP) speak the same.
 *
 * usage: rewrite_loop SUBJECT CORPUS
 */
#include "rewrite_corpus.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static size_t one_pass(const struct subject *subject, const struct corpus *corpus)
{
    size_t out_bytes = 0;
    for (size_t i = 0; i < corpus->count; i++) {
        size_t len;
        subject->run(subject->ctx, corpus->documents[i], &len);
        out_bytes += len;
    }
    return out_bytes;
}

static void turn(const struct subject *subject, const struct corpus *corpus, uint64_t budget_ns)
{
    uint64_t start = cpu_ns(), spent;
    unsigned long passes = 0;
    size_t out_bytes;
    do {
        out_bytes = one_pass(subject, corpus);
        spent = cpu_ns() - start;
        passes++;
    } while (spent < budget_ns);
    printf("{\"passes\":%lu,\"cpu_ns\":%" PRIu64 ",\"out_bytes\":%zu}\n", passes, spent, out_bytes);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        bench_die("usage: rewrite_loop SUBJECT CORPUS");
    struct subject subject = subject_find(argv[1]);
    struct corpus corpus;
    corpus_load(argv[2], &corpus);
    char line[32];
    while (fgets(line, sizeof(line), stdin))
        turn(&subject, &corpus, strtoull(line, NULL, 10) * 1000000);
    corpus_free(&corpus);
    return 0;
}
