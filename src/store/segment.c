#include "store/segment.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>

/* Before the bytes of a picture; 16 bytes, so that these start aligned. */
struct head {
    uint32_t magic;
    uint32_t len;
    uint64_t sum;
};

#define MAGIC     0x326a6873 /* "shj2" */
#define MAGIC_OLD 0x316a6873 /* "shj1": its checksum was SipHash-2-4; read, no longer written */

/* A page copied and one split a picture, and the way down to it once a transaction. */
#define PAGES_A_PICTURE 3
#define PAGES_A_COMMIT  32

/* Against accidents, not against forgers: whoever can write here can serve what he likes. So it is
 * the fastest that finds every flipped bit; SipHash took a sixth of a whole warm hit. */
static uint64_t sum_of(const struct segment *segment, const uint8_t content[32], const void *bytes,
                       size_t len)
{
    uint64_t seed, name;
    memcpy(&seed, segment->secret->sum, sizeof(seed));
    memcpy(&name, content, sizeof(name)); /* itself a keyed hash, so this binds the two */
    return XXH3_64bits_withSeed(bytes, len, le64toh(seed)) ^ le64toh(name);
}

static uint64_t old_sum_of(const struct segment *segment, const uint8_t content[32],
                           const void *bytes, size_t len)
{
    uint8_t sum[crypto_shorthash_BYTES];
    uint64_t bytes_sum, name;
    crypto_shorthash(sum, bytes, len, segment->secret->sum);
    memcpy(&bytes_sum, sum, sizeof(bytes_sum));
    memcpy(&name, content, sizeof(name));
    return bytes_sum ^ name;
}

/* Are these the bytes that the head speaks of? */
static bool sum_holds(const struct segment *segment, const struct head *head,
                      const uint8_t content[32], const void *bytes)
{
    size_t len = le32toh(head->len);
    uint64_t sum = le32toh(head->magic) == MAGIC ? sum_of(segment, content, bytes, len)
                                                 : old_sum_of(segment, content, bytes, len);
    return sum == le64toh(head->sum);
}

/* The bytes inside a stored value, or NULL when they are not what was stored under this name. The
 * checksum is left to the caller, who reads the bytes anyway. */
static const void *body_of(const MDB_val *value, struct head *ret)
{
    if (value->mv_size < sizeof(*ret))
        return NULL;
    memcpy(ret, value->mv_data, sizeof(*ret));
    uint32_t magic = le32toh(ret->magic);
    if ((magic != MAGIC && magic != MAGIC_OLD) ||
        le32toh(ret->len) != value->mv_size - sizeof(*ret))
        return NULL;
    return (const char *)value->mv_data + sizeof(*ret);
}

static int open_once(const struct segment_conf *conf, struct segment *segment)
{
    /* What exists keeps its size: the file's, since a damaged one may claim anything. */
    struct env_conf env_conf = {.dir = segment->dir,
                                .size = conf->may_make ? conf->size : env_file_bytes(segment->dir),
                                .closed = conf->closed,
                                .flags = MDB_NOMETASYNC};
    if (env_conf.size == 0)
        return -EBADMSG;
    int r = env_open(&env_conf, &segment->env);
    if (r < 0)
        return r;
    MDB_txn *txn;
    r = env_read_begin(segment->env, &txn);
    if (r < 0)
        return r;
    r = env_error(mdb_dbi_open(txn, NULL, 0, &segment->dbi));
    env_read_end(segment->env, txn);
    return r;
}

int segment_open(const struct segment_conf *conf, struct segment **ret)
{
    struct segment *segment = calloc(1, sizeof(*segment));
    if (!segment)
        return -ENOMEM;
    segment->generation = conf->generation;
    segment->secret = conf->secret;
    int r = 0;
    if (asprintf(&segment->dir, "%s/seg-%llu", conf->dir, (unsigned long long)conf->generation) <
        0) {
        segment->dir = NULL;
        r = -ENOMEM;
    }
    if (r == 0)
        r = open_once(conf, segment);
    if (r == -EBADMSG || (r == -ENOSPC && conf->may_make)) {
        env_close(take(segment->env));
        (void)env_remove(segment->dir);
        if (r == -EBADMSG && conf->may_make)
            r = open_once(conf, segment);
    }
    if (r < 0) {
        segment_close(segment);
        return r;
    }
    struct env_space space;
    env_space(segment->env, &space);
    segment->size = space.pages * space.page;
    *ret = segment;
    return 0;
}

void segment_close(struct segment *segment)
{
    if (!segment)
        return;
    segment_abort(segment);
    env_close(segment->env);
    free(segment->dir);
    free(segment);
}

void segment_remove(struct segment *segment)
{
    segment_abort(segment);
    env_close(take(segment->env));
    (void)env_remove(segment->dir); /* what stays is found and removed at the next opening */
    segment_close(segment);
}

/* ---- reading ---- */

static int copy_checked(const struct segment *segment, const uint8_t content[32],
                        const MDB_val *value, void **ret)
{
    struct head head;
    const void *body = body_of(value, &head);
    if (!body)
        return -ENOENT;
    size_t len = le32toh(head.len);
    void *copy = malloc(len ? len : 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, body, len);
    if (!sum_holds(segment, &head, content, copy)) {
        free(copy);
        return -ENOENT;
    }
    *ret = copy;
    return 0;
}

int segment_has(struct segment *segment, const uint8_t content[32])
{
    MDB_txn *txn;
    int r = env_read_begin(segment->env, &txn);
    if (r < 0)
        return r;
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)content}, v;
    r = env_error(mdb_get(txn, segment->dbi, &k, &v));
    env_read_end(segment->env, txn);
    return r;
}

/* Asks for 256 pages at a time: a megabyte. What the kernel will not tell counts as resident. */
static bool is_resident(const MDB_val *value)
{
    enum { PAGE = 4096, MOST = 256 };
    uintptr_t at = (uintptr_t)value->mv_data & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = (uintptr_t)value->mv_data + value->mv_size;
    while (at < end) {
        UNCLEARED unsigned char pages[MOST];
        size_t count = (end - at + PAGE - 1) / PAGE;
        count = count < MOST ? count : MOST;
        if (mincore((void *)at, count * PAGE, pages) < 0)
            return true;
        for (size_t i = 0; i < count; i++)
            if (!(pages[i] & 1))
                return false;
        at += count * PAGE;
    }
    return true;
}

int segment_read(struct segment *segment, const struct segment_want *want, void **ret,
                 size_t *ret_len)
{
    MDB_txn *txn;
    int r = env_read_begin(segment->env, &txn);
    if (r < 0)
        return r;
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)want->content}, v;
    r = env_error(mdb_get(txn, segment->dbi, &k, &v));
    if (r == 0 && want->resident && !is_resident(&v))
        r = SEGMENT_AWAY;
    if (r == 0)
        r = copy_checked(segment, want->content, &v, ret);
    if (r == 0)
        *ret_len = v.mv_size - sizeof(struct head);
    env_read_end(segment->env, txn);
    return r == -EBADMSG ? -ENOENT : r;
}

bool segment_holds(struct segment *segment, const uint8_t content[32], const void *bytes,
                   size_t len)
{
    MDB_txn *txn = segment->txn;
    if (!txn && env_read_begin(segment->env, &txn) < 0)
        return false;
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)content}, v;
    struct head head;
    bool same = false;
    if (mdb_get(txn, segment->dbi, &k, &v) == 0) {
        const void *body = body_of(&v, &head);
        same = body && le32toh(head.len) == len && memcmp(body, bytes, len) == 0 &&
               sum_holds(segment, &head, content, bytes);
    }
    if (txn != segment->txn)
        env_read_end(segment->env, txn);
    return same;
}

int segment_each(struct segment *segment, struct segment_visitor *visitor)
{
    MDB_txn *txn;
    int r = env_read_begin(segment->env, &txn);
    if (r < 0)
        return r;
    MDB_cursor *cursor;
    r = env_error(mdb_cursor_open(txn, segment->dbi, &cursor));
    if (r == 0) {
        MDB_val k, v;
        while ((r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT))) == 0) {
            if (k.mv_size == 32 && v.mv_size >= sizeof(struct head))
                r = visitor->visit(visitor, k.mv_data, v.mv_size - sizeof(struct head));
            if (r != 0)
                break;
        }
        mdb_cursor_close(cursor);
    }
    env_read_end(segment->env, txn);
    return r == -ENOENT ? 0 : r;
}

/* ---- appending ---- */

static uint64_t pages_of(const struct env_space *space, size_t len)
{
    return (16 + sizeof(struct head) + len + space->page - 1) / space->page + PAGES_A_PICTURE;
}

bool segment_fits(struct segment *segment, size_t len)
{
    struct env_space space;
    env_space(segment->env, &space); /* as of the last commit */
    uint64_t pending = segment->pages_pending ? segment->pages_pending : PAGES_A_COMMIT;
    return space.pages_used + pending + pages_of(&space, len) <= space.pages;
}

uint64_t segment_room(uint64_t size)
{
    uint64_t lost = (2 + PAGES_A_COMMIT + PAGES_A_PICTURE + 1) * 4096;
    return size > lost ? size - lost : 0;
}

int segment_append(struct segment *segment, const uint8_t content[32], const void *bytes,
                   size_t len)
{
    if (!segment->txn) {
        int r = env_write_begin(segment->env, &segment->txn);
        if (r < 0) {
            segment->txn = NULL;
            return r;
        }
        segment->pages_pending = PAGES_A_COMMIT;
    }
    struct env_space space;
    env_space(segment->env, &space);
    segment->pages_pending += pages_of(&space, len);

    struct head head = {
        .magic = htole32(MAGIC),
        .len = htole32((uint32_t)len),
        .sum = htole64(sum_of(segment, content, bytes, len)),
    };
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)content};
    MDB_val v = {.mv_size = sizeof(head) + len};
    int r = env_error(mdb_put(segment->txn, segment->dbi, &k, &v, MDB_RESERVE | MDB_NOOVERWRITE));
    if (r == -EEXIST && segment_holds(segment, content, bytes, len))
        return 0; /* from a commit whose index part failed */
    if (r < 0)
        return r;
    memcpy(v.mv_data, &head, sizeof(head));
    memcpy((char *)v.mv_data + sizeof(head), bytes, len);
    return 0;
}

int segment_commit(struct segment *segment)
{
    if (!segment->txn)
        return 0;
    segment->pages_pending = 0;
    return env_error(mdb_txn_commit(take(segment->txn)));
}

void segment_abort(struct segment *segment)
{
    segment->pages_pending = 0;
    if (segment->txn)
        mdb_txn_abort(take(segment->txn));
}
