/*
 * Errors and ownership: the rules that every file here follows.
 *
 * An `int` result is 0 (done), positive (an answer that the header names and the direct caller must
 * handle) or a negative errno (passed on unchanged). Outputs are called `ret`, stand last, and are
 * untouched on failure. Codes of foreign libraries are translated in one function a dependency.
 *
 * must() is for our own mistakes only, never for anything that came over a wire or from a file:
 * it stops the process. It stays on in release builds.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdio.h>
#include <stdlib.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* Runs `free_fn(&variable)` when the variable leaves its scope. Hand over with take(). */
#define CLEANUP(free_fn) __attribute__((cleanup(free_fn)))

/*
 * The build clears every local variable at its birth. For a buffer of kilobytes that is written
 * before it is read, and whose filled part alone is looked at, that would be most of the work.
 */
#define UNCLEARED __attribute__((uninitialized))

/* Moves a pointer out of a CLEANUP variable: `*ret = take(thing);` */
#define take(ptr)                                                                                  \
    ({                                                                                             \
        __auto_type taken_ = (ptr);                                                                \
        (ptr) = NULL;                                                                              \
        taken_;                                                                                    \
    })

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            must_failed(#condition, __FILE__, __LINE__);                                           \
    } while (0)

__attribute__((noreturn, cold)) static inline void must_failed(const char *what, const char *file,
                                                               int line)
{
    fprintf(stderr, "shoji: broken invariant: %s (%s:%d)\n", what, file, line);
    abort();
}

#endif
