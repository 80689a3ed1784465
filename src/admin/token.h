/*
 * The bearer token of a TCP socket for programs: one line of a file that only its owner can read.
 * Compared by its hash, in constant time, so that neither length nor prefix can be guessed. Any
 * thread may compare; the token is wiped when it is freed.
 */
#ifndef ADMIN_TOKEN_H
#define ADMIN_TOKEN_H

#include "base/err.h"

#include <stdbool.h>

struct token;

#define TOKEN_MIN 16 /* characters: fewer can be guessed */
#define TOKEN_MAX 512

/* 0; -EACCES when others than the owner may read or write the file, -EINVAL when it does not hold
 * one line of TOKEN_MIN to TOKEN_MAX visible ASCII characters, or -errno: with a sentence in `why`
 * (256 bytes), never with the token. */
MUST_CHECK int token_load(const char *path, char *why, struct token **ret);
void token_free(struct token *token); /* takes NULL */

/* Does this value of an Authorization header carry it? NULL does not. */
bool token_matches(const struct token *token, const char *authorization);

#endif
