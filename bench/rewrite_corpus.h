/*
 * A corpus is a file of documents, each as a line with its length in decimal and then so many
 * bytes; a subject is what bench/rewrite.py may ask to be done to each of them. The corpus owns
 * its bytes and must outlive whoever reads them. For benchmarks only: it trusts its file, and
 * ends the program where something is wrong with it.
 */
#ifndef BENCH_REWRITE_CORPUS_H
#define BENCH_REWRITE_CORPUS_H

#include "base/span.h"

struct corpus {
    char *bytes;
    struct span *documents;
    size_t count;
};

void corpus_load(const char *path, struct corpus *ret);
void corpus_free(struct corpus *corpus);

/* Ends the program with one sentence. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);

/* What is done to a document; `ret_len` is what came out of it, which stays nobody's. */
typedef void subject_fn(const void *ctx, struct span in, size_t *ret_len);

struct subject {
    subject_fn *run;
    const void *ctx;
};

/* "html", "mail", the same with the second scanner behind them ("html-check", "mail-check") or with
 * the rules of the file that BENCH_RULES names ("html-rules", "mail-rules"), or "floor"; ends the
 * program for another name. */
struct subject subject_find(const char *name);

#endif
