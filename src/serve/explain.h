/*
 * Why an original is shown, or why it is not: the way of a request, walked without being one.
 *
 * Nothing is written, fetched, counted or moved by asking, but that a picture which is looked at
 * counts as read when its segment goes. Any thread may call, but not a front:
 * it reads the disk. The answer is plain values and belongs to the caller; it is as old as the
 * call. It is for operators: it names no mailbox and no other original, and what it says of ours
 * never reaches the public listener. Sentences are English, for a person who helps a user.
 */
#ifndef SERVE_EXPLAIN_H
#define SERVE_EXPLAIN_H

#include "serve/request.h"

#define EXPLAIN_STEPS    8   /* there are six; room for two more */
#define EXPLAIN_SENTENCE 320 /* bytes, terminator included */

struct explain_step {
    const char *step;    /* "verify", "policy", "queue", "record", "picture", "plan": in this order;
                            one that ends the way is the last, and "picture" is left out where
                            there cannot be one */
    const char *verdict; /* one word, the same for the same cause: for programs */
    char sentence[EXPLAIN_SENTENCE];
};

struct explanation {
    bool shown; /* a reader who asks now sees the original */
    size_t count;
    struct explain_step steps[EXPLAIN_STEPS];
};

struct explain_ask {
    const char *url;      /* a signed URL of ours, whole or only its path; or an original */
    const char *base_url; /* ours: what stands below it and does not open is refused; or NULL */
};

void request_explain(const struct request_env *env, const struct explain_ask *ask,
                     struct explanation *ret);

#endif
