#include "store/content.h"

#include "base/list.h"
#include "store/beside.h"
#include "store/little.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* On disk: what is not counted has only the generation, as in format 2, and the mark in it. */
enum { AT_GENERATION = 0, PLAIN = 8, AT_SLOT = PLAIN, AT_HOLDERS = 12, COUNTED = 16 };

#define LASTING (UINT64_C(1) << 63)

struct entry {
    struct content_place place; /* generation 0: gone */
    uint32_t holders;
    bool counted;
};

static MDB_val name_of(const uint8_t content[32])
{
    return (MDB_val){.mv_size = 32, .mv_data = (void *)(uintptr_t)content};
}

/* 0, CACHE_NONE or -errno. */
static int get(const struct index *index, MDB_txn *txn, const uint8_t content[32],
               struct entry *ret)
{
    MDB_val k = name_of(content), v;
    int r = env_error(mdb_get(txn, index->contents, &k, &v));
    if (r < 0)
        return r == -ENOENT ? CACHE_NONE : r;
    if (v.mv_size != PLAIN && v.mv_size != COUNTED)
        return -EBADMSG;
    const uint8_t *at = v.mv_data;
    uint64_t generation = little_get64(at + AT_GENERATION);
    *ret =
        (struct entry){.place = {generation & ~LASTING, SLOTS_NONE, (generation & LASTING) != 0}};
    if (v.mv_size == COUNTED) {
        ret->counted = true;
        ret->place.slot = little_get32(at + AT_SLOT);
        ret->holders = little_get32(at + AT_HOLDERS);
    }
    return 0;
}

static int set(const struct index *index, MDB_txn *txn, const uint8_t content[32],
               const struct entry *entry)
{
    uint8_t bytes[COUNTED];
    little_put64(bytes + AT_GENERATION,
                 entry->place.generation | (entry->place.lasting ? LASTING : 0));
    little_put32(bytes + AT_SLOT, entry->place.slot);
    little_put32(bytes + AT_HOLDERS, entry->holders);
    MDB_val k = name_of(content);
    MDB_val v = {.mv_size = entry->counted ? COUNTED : PLAIN, .mv_data = bytes};
    return env_error(mdb_put(txn, index->contents, &k, &v, 0));
}

static int unset(struct index *index, MDB_txn *txn, const uint8_t content[32])
{
    MDB_val k = name_of(content);
    int r = env_error(mdb_del(txn, index->contents, &k, NULL));
    return r == -ENOENT ? 0 : r;
}

/* ---- shreds ---- */

/* By generation, the highest byte first, so that those of one segment come together. */
#define SHRED 12

static void pack_shred(const struct content_place *place, uint8_t ret[SHRED])
{
    uint64_t generation = htobe64(place->generation);
    uint32_t slot = htobe32(place->slot);
    memcpy(ret, &generation, sizeof(generation));
    memcpy(ret + sizeof(generation), &slot, sizeof(slot));
}

static int add_shred(struct index *index, MDB_txn *txn, const struct content_place *place)
{
    if (place->generation == 0 || place->slot == SLOTS_NONE)
        return 0;
    uint8_t bytes[SHRED];
    pack_shred(place, bytes);
    MDB_val k = {.mv_size = sizeof(bytes), .mv_data = bytes}, nothing = {0};
    return env_error(mdb_put(txn, index->shreds, &k, &nothing, 0));
}

int content_shred_next(const struct index *index, MDB_txn *txn, const struct content_place *after,
                       struct content_place *ret)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->shreds, &cursor));
    if (r < 0)
        return r;
    uint8_t bytes[SHRED];
    MDB_val from = {.mv_size = sizeof(bytes), .mv_data = bytes}, k, v;
    if (after)
        pack_shred(after, bytes);
    r = env_seek(cursor, after ? &from : NULL, &k, &v);
    if (r == 0 && k.mv_size != SHRED)
        r = -EBADMSG;
    if (r == 0) {
        uint64_t generation;
        uint32_t slot;
        memcpy(&generation, k.mv_data, sizeof(generation));
        memcpy(&slot, (const uint8_t *)k.mv_data + sizeof(generation), sizeof(slot));
        *ret = (struct content_place){be64toh(generation), be32toh(slot), false};
    }
    mdb_cursor_close(cursor);
    return r == -ENOENT ? CACHE_NONE : r;
}

int content_shred_remove(const struct index *index, MDB_txn *txn, const struct content_place *place)
{
    uint8_t bytes[SHRED];
    pack_shred(place, bytes);
    MDB_val k = {.mv_size = sizeof(bytes), .mv_data = bytes};
    int r = env_error(mdb_del(txn, index->shreds, &k, NULL));
    return r == -ENOENT ? 0 : r;
}

/* ---- places ---- */

int content_find(const struct index *index, MDB_txn *txn, const uint8_t content[32],
                 struct content_place *ret)
{
    struct entry entry;
    int r = get(index, txn, content, &entry);
    if (r != 0)
        return r;
    if (entry.place.generation == 0)
        return CACHE_NONE;
    *ret = entry.place;
    return 0;
}

/* What was counted stays so, whatever becomes of the picture. */
static int change(struct index *index, MDB_txn *txn, const uint8_t content[32],
                  const struct content_place *place, bool shred)
{
    static const struct content_place gone = {0, SLOTS_NONE, false};
    struct entry entry = {.place = gone};
    int r = get(index, txn, content, &entry);
    if (r < 0)
        return r;
    bool was_gone = r == 0 && entry.place.generation == 0;
    if (r == 0 && shred) {
        index->shreds_moved++;
        r = add_shred(index, txn, &entry.place);
    }
    if (r < 0)
        return r;
    if (!place && !entry.counted)
        return unset(index, txn, content);
    entry.place = place ? *place : gone;
    entry.counted |= entry.place.slot != SLOTS_NONE;
    index->figures.gone += (place == NULL) - (uint64_t)was_gone;
    return set(index, txn, content, &entry);
}

int content_put(struct index *index, MDB_txn *txn, const uint8_t content[32],
                const struct content_place *place)
{
    return change(index, txn, content, place, true);
}

int content_move(struct index *index, MDB_txn *txn, const uint8_t content[32],
                 const struct content_place *place)
{
    return change(index, txn, content, place, false);
}

/* ---- cleaning ---- */

#define CLEAN_TURN 1024 /* names, at most */

struct names {
    unsigned count;
    uint8_t names[CLEAN_TURN][32];
};

static bool is_old(const MDB_val *name, const MDB_val *value, uint64_t oldest)
{
    uint64_t generation =
        value->mv_size >= PLAIN ? little_get64(value->mv_data) & ~LASTING : oldest;
    return name->mv_size == 32 && generation != 0 && generation < oldest;
}

/* Collects, since what changes a table moves the cursor. */
static int find_old(const struct index *index, MDB_txn *txn, uint64_t oldest, unsigned limit,
                    uint8_t at[32], struct names *ret)
{
    static const uint8_t beginning[32];
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, index->contents, &cursor));
    if (r < 0)
        return r;
    MDB_val from = name_of(at), k, v;
    r = env_seek(cursor, &from, &k, &v);
    for (unsigned i = 0; r == 0; i++) {
        if (is_old(&k, &v, oldest))
            memcpy(ret->names[ret->count++], k.mv_data, 32);
        if (k.mv_size == 32)
            memcpy(at, k.mv_data, 32);
        if (i + 1 >= limit)
            break;
        r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
    }
    mdb_cursor_close(cursor);
    if (r == -ENOENT)
        memcpy(at, beginning, 32);
    return r == -ENOENT ? 0 : r;
}

int content_clean(struct index *index, MDB_txn *txn, uint64_t oldest, unsigned limit,
                  uint8_t at[32])
{
    UNCLEARED struct names names;
    names.count = 0;
    if (limit == 0)
        return 0;
    int r = find_old(index, txn, oldest, limit < CLEAN_TURN ? limit : CLEAN_TURN, at, &names);
    for (unsigned i = 0; i < names.count && r == 0; i++)
        r = content_move(index, txn, names.names[i], NULL);
    return r;
}

struct old_beside {
    struct beside_visitor visitor;
    uint64_t oldest;
    struct names names;
};

static int visit_beside(struct beside_visitor *self, const MDB_val *k, const MDB_val *v)
{
    struct old_beside *old = container_of(self, struct old_beside, visitor);
    if (old->names.count < CLEAN_TURN && is_old(k, v, old->oldest))
        memcpy(old->names.names[old->names.count++], k->mv_data, 32);
    return 0;
}

int content_clean_beside(struct index *index, MDB_txn *txn, uint64_t oldest,
                         const uint8_t content[32])
{
    UNCLEARED struct old_beside old;
    old.visitor.visit = visit_beside;
    old.oldest = oldest;
    old.names.count = 0;
    int r = beside_each(txn, index->contents, content, &old.visitor);
    for (unsigned i = 0; i < old.names.count && r == 0; i++)
        r = content_move(index, txn, old.names.names[i], NULL);
    return r;
}

/* ---- holders ---- */

int content_hold(struct index *index, MDB_txn *txn, const uint8_t content[32])
{
    struct entry entry;
    int r = get(index, txn, content, &entry);
    if (r != 0 || !entry.counted)
        return r < 0 ? r : 0;
    entry.holders++;
    r = set(index, txn, content, &entry);
    return r < 0 ? r : 1;
}

int content_release(struct index *index, MDB_txn *txn, const uint8_t content[32])
{
    struct entry entry;
    int r = get(index, txn, content, &entry);
    if (r != 0 || !entry.counted)
        return r < 0 ? r : 0;
    if (entry.holders > 1) {
        entry.holders--;
        r = set(index, txn, content, &entry);
        return r < 0 ? r : 1;
    }
    index->figures.gone -= entry.place.generation == 0;
    index->shreds_due |= entry.place.generation != 0;
    r = add_shred(index, txn, &entry.place);
    if (r == 0)
        r = unset(index, txn, content);
    return r < 0 ? r : 1;
}
