/*
 * How much memory does a rewrite take beyond its input and its output? Every allocation of this
 * program goes through here; for each document of a corpus a line of JSON tells the highest sum of
 * bytes in use while it was rewritten, less what was in use before (the input) and the length of
 * the result: {"in":N,"out":N,"beyond":N}. Buffers count with all the room they asked for, whether
 * or not it was touched. One thread.
 *
 * usage: rewrite_heap SUBJECT CORPUS
 */
#include "rewrite_corpus.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What glibc calls its own allocator, for programs that stand in front of it. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static size_t in_use, peak;

static void *counted(void *memory)
{
    in_use += memory ? malloc_usable_size(memory) : 0;
    if (in_use > peak)
        peak = in_use;
    return memory;
}

void *malloc(size_t size)
{
    return counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
    return counted(__libc_calloc(count, size));
}

/* A large block that grows is moved by the kernel, not copied: it never exists twice. */
void *realloc(void *old, size_t size)
{
    size_t before = old ? malloc_usable_size(old) : 0;
    void *grown = __libc_realloc(old, size);
    if (grown || size == 0)
        in_use -= before;
    return counted(grown);
}

void *memalign(size_t alignment, size_t size)
{
    return counted(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **ret, size_t alignment, size_t size)
{
    void *memory = memalign(alignment, size);
    if (!memory)
        return ENOMEM;
    *ret = memory;
    return 0;
}

void free(void *memory)
{
    in_use -= memory ? malloc_usable_size(memory) : 0;
    __libc_free(memory);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        bench_die("usage: rewrite_heap SUBJECT CORPUS");
    struct subject subject = subject_find(argv[1]);
    struct corpus corpus;
    corpus_load(argv[2], &corpus);
    for (size_t i = 0; i < corpus.count; i++) {
        size_t len, before = in_use;
        peak = in_use;
        subject.run(subject.ctx, corpus.documents[i], &len);
        size_t most = peak - before;
        printf("{\"in\":%zu,\"out\":%zu,\"beyond\":%zu}\n", corpus.documents[i].len, len,
               most > len ? most - len : 0);
    }
    corpus_free(&corpus);
    return 0;
}
