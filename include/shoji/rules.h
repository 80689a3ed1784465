/*
 * Tracker rules: which image counts who opened a mail, which link counts who clicked, and whose
 * they are.
 *
 * A set is read from files: ours (the format is described at the head of
 * deploy/rules/trackers.rules) and Adblock-syntax lists as published, told apart by their first
 * line. Once loaded it is immutable, so any number of threads may use it; what it names lives as
 * long as it. Memory is bounded (base/limits.h); the time of a look-up grows with the length of the
 * URL, not with the number of rules, and no pattern can make it go back and forth. Nothing here
 * logs or touches the network.
 */
#ifndef SHOJI_RULES_H
#define SHOJI_RULES_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shoji_rules;

#define SHOJI_RULES_WHY_SIZE 512 /* bytes: room for file, line and a sentence */

struct shoji_rules_source {
    const char *files; /* paths, separated by commas */
    const char *allow; /* partners: "host" or "dkim-domain/host", separated by commas; or NULL */
    const char *authserv_id; /* whose Authentication-Results are believed (names parted by commas
                              * or blanks); NULL: nobody's */
};

/*
 * Reads the files. 0; -EINVAL for a wrong line of our own format or a wrong partner, -E2BIG, or the
 * errno of opening a file, with a sentence in `why` (SHOJI_RULES_WHY_SIZE bytes). A rule of an
 * Adblock list that we cannot honour is skipped and counted. The caller frees *ret.
 */
int shoji_rules_load(const struct shoji_rules_source *source, char *why, struct shoji_rules **ret);

/* Takes NULL. */
void shoji_rules_free(struct shoji_rules *rules);

struct shoji_rules_figures {
    size_t vendors;
    size_t rules;
    size_t skipped; /* of Adblock lists: nothing for mail, or options that we do not know */
};

void shoji_rules_figures(const struct shoji_rules *rules, struct shoji_rules_figures *ret);

/* Is this original (a canonical URL) a tracker that no partner entry lets through for any sender?
 * False where `rules` is NULL. */
bool shoji_rules_blocks(const struct shoji_rules *rules, const char *url, size_t len);

#ifdef __cplusplus
}
#endif

#endif
