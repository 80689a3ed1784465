#include "store/beside.h"

#include <errno.h>
#include <stdint.h>

#define PAGE 4096 /* LMDB's are no smaller; where they are larger, less is seen */

/* LMDB does not tell where a page ends. What lies near the key, but in another page, is one that
 * was copied too: those are in the heap, and all others in the map. */
static bool is_near(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;
    return (x > y ? x - y : y - x) < PAGE;
}

static int go(MDB_cursor *cursor, const uint8_t key[32], MDB_cursor_op step,
              struct beside_visitor *visitor)
{
    MDB_val k = {.mv_size = 32, .mv_data = (void *)(uintptr_t)key}, v;
    int r = env_error(mdb_cursor_get(cursor, &k, &v, MDB_SET_KEY));
    const void *at = k.mv_data;
    for (unsigned i = 0; i < BESIDE_MOST && r == 0; i++) {
        r = env_error(mdb_cursor_get(cursor, &k, &v, step));
        if (r == 0 && !is_near(k.mv_data, at))
            return 0;
        if (r == 0)
            r = visitor->visit(visitor, &k, &v);
    }
    return r == -ENOENT ? 0 : r;
}

int beside_each(MDB_txn *txn, MDB_dbi dbi, const uint8_t key[32], struct beside_visitor *visitor)
{
    MDB_cursor *cursor;
    int r = env_error(mdb_cursor_open(txn, dbi, &cursor));
    if (r < 0)
        return r;
    r = go(cursor, key, MDB_NEXT, visitor);
    if (r == 0)
        r = go(cursor, key, MDB_PREV, visitor);
    mdb_cursor_close(cursor);
    return r;
}
