/*
 * The tracker rules in use, exchanged at a reload while others still look things up in the old
 * ones.
 *
 * A struct ruleset holds one set and knows where it came from. ruleset_get gives the set of now,
 * which stays valid until ruleset_put; ruleset_blocks is for one question. Any thread. The
 * generation grows with every exchange: whoever remembers an answer asks again when the number
 * changes. All functions but ruleset_free and ruleset_new take a NULL set and then say no: nothing
 * is blocked.
 */
#ifndef SERVE_RULESET_H
#define SERVE_RULESET_H

#include "base/err.h"

#include <shoji/rules.h>

struct ruleset;
struct ruleset_use;

/* Loads `source`, whose texts are copied. 0 or what shoji_rules_load answers, with
 * `why` (SHOJI_RULES_WHY_SIZE bytes). */
MUST_CHECK int ruleset_new(const struct shoji_rules_source *source, char *why,
                           struct ruleset **ret);
void ruleset_free(struct ruleset *set); /* takes NULL; all uses must have been put back */

/* Reads the files again. On failure the old rules stay. */
MUST_CHECK int ruleset_reload(struct ruleset *set, char *why);

struct ruleset_use *ruleset_get(struct ruleset *set); /* NULL for NULL */
const struct shoji_rules *ruleset_rules(const struct ruleset_use *use);
void ruleset_put(struct ruleset_use *use);

/* shoji_rules_blocks, by the rules of now. */
bool ruleset_blocks(struct ruleset *set, const char *url, size_t len);

unsigned ruleset_generation(const struct ruleset *set);

#endif
