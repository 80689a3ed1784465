/*
 * What stands in the same page of a database as a key that was just written. A transaction has
 * copied that page, and its commit writes it; so whatever else has to be changed in there costs no
 * page of its own, which is most of what a change costs. Keys that are hashes stand beside each
 * other by chance: who looks around each one that is written gets a fair sample of all, and sees
 * each page about as often as something is put into it.
 *
 * The writer's thread, in its transaction. Changes nothing.
 */
#ifndef STORE_BESIDE_H
#define STORE_BESIDE_H

#include "store/env.h"

#define BESIDE_MOST 128 /* keys: more than a page holds with something behind each */

struct beside_visitor {
    int (*visit)(struct beside_visitor *self, const MDB_val *key, const MDB_val *value);
};

/* Calls `visit` for the entries in the page of `key`, but for that one, until it returns other than
 * 0, which is then the result. `visit` changes nothing in the database. 0, also when `key` is not
 * there; or -errno. */
MUST_CHECK int beside_each(MDB_txn *txn, MDB_dbi dbi, const uint8_t key[32],
                           struct beside_visitor *visitor);

#endif
