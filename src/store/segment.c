#include "store/segment.h"

#include "store/body.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* A page copied and one split a picture, and the way down to it once a transaction. */
#define PAGES_A_PICTURE 3
#define PAGES_A_COMMIT  32

/* What splits for the next picture, and LMDB's own list of free pages. */
#define PAGES_SPARE 6

#define PAGE 4096 /* the least that a system has */

static struct body body_of(const struct segment *segment, const uint8_t content[32], uint32_t slot)
{
    return (struct body){segment->secret, &segment->slots, content, slot};
}

static struct span span_in(const MDB_val *value)
{
    return (struct span){value->mv_data, value->mv_size};
}

bool segment_encrypts(const struct segment *segment)
{
    return segment->slots.fd >= 0;
}

/* ---- opening ---- */

static int open_once(const struct segment_conf *conf, struct segment *segment)
{
    /* What exists keeps its size: the file's, since a damaged one may claim anything. */
    struct env_conf env_conf = {.dir = segment->dir,
                                .size = conf->may_make ? conf->size : env_file_bytes(segment->dir),
                                .trail = conf->may_make,
                                .flags = conf->unsynced ? MDB_NOSYNC : 0,
                                .closed = conf->closed};
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

/* What stays of it is found and removed at the next opening. */
static void discard(struct segment *segment)
{
    env_close(take(segment->env));
    slots_close(&segment->slots);
    slots_wipe(segment->dir);
    (void)env_remove(segment->dir);
}

static int open_slots(const struct segment_conf *conf, struct segment *segment)
{
    struct env_space space;
    env_space(segment->env, &space);
    segment->size = space.pages * space.page;
    int r =
        slots_open(segment->dir, segment->size, conf->may_make && conf->encrypt, &segment->slots);
    if (r < 0 && conf->may_make)
        discard(segment);
    else if (r < 0 && r != -EMFILE && r != -ENFILE)
        r = 0; /* what is encrypted cannot be read then, which is as if it were damaged */
    segment->bytes = segment->size + (segment_encrypts(segment) ? slots_bytes(segment->size) : 0);
    return r;
}

static char *path_of(const struct segment_conf *conf)
{
    char *path;
    int n = asprintf(&path, "%s/seg-%llu", conf->dir, (unsigned long long)conf->generation);
    return n < 0 ? NULL : path;
}

/* Nothing is added to the folder, or taken out of it, afterwards. */
static void note_age(struct segment *segment)
{
    struct stat st;
    if (stat(segment->dir, &st) == 0)
        segment->made_s = st.st_mtim.tv_sec;
}

int segment_open(const struct segment_conf *conf, struct segment **ret)
{
    struct segment *segment = calloc(1, sizeof(*segment));
    if (!segment)
        return -ENOMEM;
    segment->generation = conf->generation;
    segment->secret = conf->secret;
    segment->slots.fd = -1;
    segment->dir = path_of(conf);
    int r = segment->dir ? open_once(conf, segment) : -ENOMEM;
    if (r == -EBADMSG || (r == -ENOSPC && conf->may_make)) {
        discard(segment);
        if (r == -EBADMSG && conf->may_make)
            r = open_once(conf, segment);
    }
    if (r == 0)
        r = open_slots(conf, segment);
    if (r < 0) {
        segment_close(segment);
        return r;
    }
    note_age(segment);
    *ret = segment;
    return 0;
}

void segment_close(struct segment *segment)
{
    if (!segment)
        return;
    segment_abort(segment);
    env_close(segment->env);
    slots_close(&segment->slots);
    free(segment->dir);
    free(segment);
}

void segment_remove(struct segment *segment)
{
    segment_abort(segment);
    discard(segment);
    segment_close(segment);
}

/* Whatever a crash leaves of this is sound: until the end it has the name of a segment that goes,
 * and then it is empty. */
static int empty(struct segment *segment, const struct segment_conf *conf)
{
    int r = 0;
    if (segment_encrypts(segment))
        r = slots_renew(&segment->slots, 0, segment->slots.filled);
    if (r == 0 && segment_encrypts(segment))
        r = slots_sync(&segment->slots);
    if (r == 0)
        r = env_renew(segment->dir, segment->size);
    if (r < 0)
        return r;
    char *path = path_of(conf);
    if (!path)
        return -ENOMEM;
    if (rename(segment->dir, path) < 0) {
        r = -errno;
        free(path);
        return r;
    }
    free(segment->dir);
    segment->dir = path;
    if (utimensat(AT_FDCWD, path, NULL, 0) < 0) /* as if it had been made now: see note_age */
        return -errno;
    return fd_sync_name(path);
}

int segment_renew(struct segment *segment, const struct segment_conf *conf)
{
    segment_abort(segment);
    env_close(take(segment->env));
    int r = empty(segment, conf);
    if (r == 0)
        r = open_once(conf, segment);
    if (r < 0) {
        segment_remove(segment);
        return r;
    }
    segment->generation = conf->generation;
    segment->slot_next = segment->slot_confirmed = 0;
    segment->rest_cleared = false;
    note_age(segment);
    return 0;
}

/* Tried once: a disk that errs keeps those bytes until the files are filled the next time. */
void segment_seal(struct segment *segment)
{
    if (segment_encrypts(segment) || segment->rest_cleared)
        return;
    segment->rest_cleared = true;
    (void)!env_clear_rest(segment->env);
}

/* ---- reading ---- */

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
static bool is_resident(struct span packed)
{
    enum { MOST = 256 };
    uintptr_t at = (uintptr_t)packed.ptr & ~(uintptr_t)(PAGE - 1);
    uintptr_t end = (uintptr_t)packed.ptr + packed.len;
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

static int unpack(struct segment *segment, const struct segment_want *want, struct span packed,
                  struct span *ret)
{
    const struct body body = body_of(segment, want->content, want->slot);
    return want->resident && !is_resident(packed) ? SEGMENT_AWAY : body_unpack(&body, packed, ret);
}

static int look_up(struct segment *segment, struct segment_want *want, struct span *ret)
{
    MDB_txn *txn;
    int r = env_read_begin(segment->env, &txn);
    if (r < 0)
        return r;
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)want->content}, v;
    r = env_error(mdb_get(txn, segment->dbi, &k, &v));
    if (r == 0)
        r = unpack(segment, want, span_in(&v), ret);
    env_read_end(segment->env, txn);
    if (r == 0 && v.mv_size > PAGE)
        want->lies = span_in(&v);
    return r == -EBADMSG ? -ENOENT : r;
}

/* What is larger than a page has pages of its own, which its map shows at the same place: whoever
 * comes again needs no transaction. Nothing else is written there while the segment lives, but that
 * an encrypted picture which is put once more leaves its old pages to others. It is checked as
 * always: what others wrote is not what its key opens; and what larger pages than ours would let
 * move is found, too. */
int segment_read(struct segment *segment, struct segment_want *want, void **ret, size_t *ret_len)
{
    struct span copy;
    int r = want->lies.ptr ? unpack(segment, want, want->lies, &copy) : -ENOENT;
    if (r == -ENOENT) {
        want->lies = (struct span){0};
        r = look_up(segment, want, &copy);
    }
    if (r != 0)
        return r;
    *ret = (void *)(uintptr_t)copy.ptr;
    *ret_len = copy.len;
    return 0;
}

bool segment_holds(struct segment *segment, const uint8_t content[32], uint32_t slot,
                   struct span bytes)
{
    MDB_txn *txn = segment->txn;
    if (!txn && env_read_begin(segment->env, &txn) < 0)
        return false;
    struct span copy;
    const struct body body = body_of(segment, content, slot);
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)content}, v;
    bool same =
        mdb_get(txn, segment->dbi, &k, &v) == 0 && body_unpack(&body, span_in(&v), &copy) == 0;
    if (same) {
        same = span_equal(copy, bytes);
        free((void *)(uintptr_t)copy.ptr);
    }
    if (txn != segment->txn)
        env_read_end(segment->env, txn);
    return same;
}

uint64_t segment_count(struct segment *segment)
{
    MDB_txn *txn;
    MDB_stat stat = {0};
    if (env_read_begin(segment->env, &txn) < 0)
        return 0;
    if (mdb_stat(txn, segment->dbi, &stat) != 0)
        stat.ms_entries = 0;
    env_read_end(segment->env, txn);
    return stat.ms_entries;
}

double segment_filled(struct segment *segment)
{
    struct env_space space;
    env_space(segment->env, &space);
    return (double)space.pages_used / (double)space.pages;
}

int segment_each(struct segment *segment, const uint8_t after[32], struct segment_visitor *visitor)
{
    MDB_txn *txn;
    int r = env_read_begin(segment->env, &txn);
    if (r < 0)
        return r;
    MDB_cursor *cursor;
    r = env_error(mdb_cursor_open(txn, segment->dbi, &cursor));
    if (r == 0) {
        MDB_val from = {.mv_size = 32, .mv_data = (void *)(uintptr_t)after}, k, v;
        for (r = env_seek(cursor, &from, &k, &v); r == 0;
             r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT))) {
            size_t len;
            if (k.mv_size == 32 && body_len(span_in(&v), &len) == 0)
                r = visitor->visit(visitor, k.mv_data, len);
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
    return (16 + BODY_HEAD_MAX + len + space->page - 1) / space->page;
}

/* How many pages the transaction has taken, at most. Those of pictures are counted; of the tree's,
 * each has been copied once, or not at all. In a large tree it is so many that the other bound, by
 * how many pictures there are, is the lower one. */
static uint64_t pages_pending(const struct segment *segment)
{
    MDB_stat stat;
    if (!segment->txn)
        return 0;
    uint64_t tree = PAGES_A_COMMIT + PAGES_A_PICTURE * segment->pending;
    if (mdb_stat(segment->txn, segment->dbi, &stat) != 0)
        return UINT32_MAX; /* then nothing fits */
    if (stat.ms_branch_pages + stat.ms_leaf_pages < tree)
        tree = stat.ms_branch_pages + stat.ms_leaf_pages;
    return tree + stat.ms_overflow_pages - segment->overflow_begun;
}

bool segment_fits(struct segment *segment, size_t len)
{
    struct env_space space;
    if (segment_encrypts(segment) && segment->slot_next >= segment->slots.limit)
        return false;
    env_space(segment->env, &space); /* as of the last commit */
    return space.pages_used + pages_pending(segment) + PAGES_SPARE + pages_of(&space, len) <=
           space.pages;
}

uint64_t segment_room(uint64_t size)
{
    uint64_t lost = (2 + PAGES_A_COMMIT + PAGES_A_PICTURE + 1) * 4096;
    return size > lost ? size - lost : 0;
}

static int begin(struct segment *segment)
{
    MDB_stat stat;
    if (segment->txn)
        return 0;
    int r = env_write_begin(segment->env, &segment->txn);
    if (r < 0) {
        segment->txn = NULL;
        return r;
    }
    segment->pending = 0;
    segment->overflow_begun =
        mdb_stat(segment->txn, segment->dbi, &stat) == 0 ? stat.ms_overflow_pages : 0;
    return 0;
}

/* Over what has this name already, when that is encrypted: it was shredded, or the index does not
 * know it. */
static int put(struct segment *segment, const struct body *body, struct span bytes)
{
    unsigned flags = MDB_RESERVE | (body->slot == SLOTS_NONE ? MDB_NOOVERWRITE : 0);
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)body->content};
    MDB_val v = {.mv_size = body_size(body, bytes.len)};
    int r = env_error(mdb_put(segment->txn, segment->dbi, &k, &v, flags));
    if (r == -EEXIST && segment_holds(segment, body->content, SLOTS_NONE, bytes))
        return 0; /* from a commit whose index part failed */
    return r < 0 ? r : body_pack(body, bytes, v.mv_data);
}

int segment_append(struct segment *segment, const uint8_t content[32], struct span bytes,
                   uint32_t *ret_slot)
{
    int r = begin(segment);
    if (r < 0)
        return r;
    segment->pending++;
    struct body body = body_of(segment, content, SLOTS_NONE);
    if (segment_encrypts(segment)) {
        body.slot = segment->slot_next;
        r = slots_fill(&segment->slots, body.slot);
    }
    if (r == 0)
        r = put(segment, &body, bytes);
    if (r < 0)
        return r;
    *ret_slot = body.slot;
    segment->slot_next += body.slot != SLOTS_NONE;
    return 0;
}

int segment_commit(struct segment *segment)
{
    if (!segment->txn)
        return 0;
    return env_commit(segment->env, take(segment->txn));
}

/* The keys that were used get others. Should that fail, those slots are not used again; what has
 * reached the disk stays readable for who has the disk and the secret, until the segment goes. */
void segment_abort(struct segment *segment)
{
    if (segment->txn)
        mdb_txn_abort(take(segment->txn));
    if (segment->slot_next == segment->slot_confirmed)
        return;
    if (slots_renew(&segment->slots, segment->slot_confirmed, segment->slot_next) == 0 &&
        slots_sync(&segment->slots) == 0)
        segment->slot_next = segment->slot_confirmed;
}

/* ---- slots ---- */

void segment_confirm(struct segment *segment)
{
    segment->slot_confirmed = segment->slot_next;
}

int segment_begin_slots(struct segment *segment, uint32_t slot)
{
    if (!segment_encrypts(segment))
        return 0;
    segment->slot_next = segment->slot_confirmed = slot;
    if (slot >= segment->slots.filled)
        return 0;
    int r = slots_renew(&segment->slots, slot, segment->slots.filled);
    return r < 0 ? r : slots_sync(&segment->slots);
}

int segment_shred(struct segment *segment, uint32_t slot)
{
    if (!segment_encrypts(segment) || slot >= segment->slots.filled)
        return 0;
    return slots_renew(&segment->slots, slot, slot + 1);
}

int segment_shred_sync(struct segment *segment)
{
    return segment_encrypts(segment) ? slots_sync(&segment->slots) : 0;
}
