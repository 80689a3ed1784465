/*
 * One LMDB environment in a folder of its own: opening, its space, and a few read transactions kept
 * ready. Everything that is LMDB's own manner is here and in the three files that use it (index,
 * queue, segment); its codes become errnos in env_error.
 *
 * Reading is for any thread; writing is for one thread at a time. A read transaction belongs to a
 * call and never outlives it. env_close must find no transaction open: who shares an environment
 * between threads counts its users (ring.c). Nothing here follows a fork.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "base/err.h"

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

struct env;

/* When everything was closed as it should be; zero: never. A data file that is older than that
 * needs no checking (sound.h) before it is opened; nor one whose trail (trail.h) says so. */
struct env_closed {
    int64_t s;
    int64_t ns;
};

struct env_conf {
    const char *dir; /* made 0700 when missing */
    uint64_t size;   /* bytes of the map; an environment that is larger already stays so */
    unsigned flags;  /* MDB_..., added to what all of ours have */
    struct env_closed closed;
    unsigned databases; /* named ones; 0: only the unnamed */
    bool trail;         /* one (trail.h) may be made, if there is none */
};

/* 0; -ENOSPC when the space cannot be had now; -EBADMSG when the files cannot be read; -errno. */
MUST_CHECK int env_open(const struct env_conf *conf, struct env **ret);

/* Takes NULL. */
void env_close(struct env *env);

/* 0, or -errno for a code of LMDB's: -ENOENT not found, -EEXIST, -ENOSPC full, -EBADMSG damaged. */
int env_error(int code);

/* Moves the cursor to the first entry behind the key `after`, which need not be there; NULL: to the
 * first of all. 0, -ENOENT or -errno. */
MUST_CHECK int env_seek(MDB_cursor *cursor, const MDB_val *after, MDB_val *ret_key,
                        MDB_val *ret_value);

MUST_CHECK int env_read_begin(struct env *env, MDB_txn **ret);
void env_read_end(struct env *env, MDB_txn *txn);

/* env_commit ends `txn`, also when it fails: 0 or -errno. */
MUST_CHECK int env_write_begin(struct env *env, MDB_txn **ret);
MUST_CHECK int env_commit(struct env *env, MDB_txn *txn);

struct env_space {
    uint64_t page;       /* bytes */
    uint64_t pages;      /* in the map */
    uint64_t pages_used; /* from the start to the last one ever used */
};

void env_space(struct env *env, struct env_space *ret);

/* Pages inside the used part that are free again. 0 or -errno. */
MUST_CHECK int env_free_pages(struct env *env, uint64_t *ret);

/* Puts zeros behind the last page in use, to the end of the file: there may be what stood there
 * before env_renew. No write transaction may be open. Durable when 0, as commits are; -errno. */
MUST_CHECK int env_clear_rest(struct env *env);

/* Length of the data file; 0 when there is none. */
uint64_t env_file_bytes(const char *dir);

/* Bytes that the folder's files take on disk; 0 when there are none. */
uint64_t env_disk_bytes(const char *dir);

/* Empties what is there and not open, and keeps its space: for a file system, to give back hundreds
 * of megabytes and to find as many takes long enough for writers to notice; and what has been
 * written once is written anew without a word in its journal. What it held stays on the disk until
 * it is written over, or env_clear_rest. `size`: of the map, as it was made. Durable when 0; after
 * -errno it is as it was, or damaged. */
MUST_CHECK int env_renew(const char *dir, uint64_t size);

/* Removes the folder and what LMDB and slots.h put there. 0 (also when there was none) or -errno.
 */
int env_remove(const char *dir);

#endif
