/*
 * What we take from the head of an answer: its status, its length, where a redirect points. Fed
 * line by line, as libcurl cuts them, interim (1xx) answers and trailers included; every line
 * counts towards one ceiling. It owns the Location. One thread at a time.
 */
#ifndef NET_HEAD_H
#define NET_HEAD_H

#include "base/err.h"
#include "base/span.h"
#include "net/fetch.h"

struct head {
    size_t bytes;     /* of all heads and trailers */
    unsigned interim; /* 1xx answers so far */
    bool started;     /* the status line of the present head has come */
    bool complete;    /* of the real answer; what follows is a trailer */
    long status;      /* 0 before the first status line */
    bool has_length;
    size_t length;
    bool chunked;
    bool coded;     /* an encoding that was not asked for */
    bool confusing; /* contradicts itself */
    bool ours;      /* the last line was one of the fields above */
    char *location; /* NULL: none */
};

enum head_answer {
    HEAD_MORE = 0,
    HEAD_COMPLETE,  /* this line ended the head of the real answer */
    HEAD_TOO_LARGE, /* LIMIT_ORIGIN_HEADERS, LIMIT_LOCATION */
    HEAD_BROKEN,
};

/* An enum head_answer or -ENOMEM. After anything but HEAD_MORE and HEAD_COMPLETE, stop. */
MUST_CHECK int head_line(struct head *head, struct span line);

/* Of a complete head: FETCH_OK when its body is wanted, otherwise what it comes to. */
enum fetch_outcome head_outcome(const struct head *head);

/* May it be that this body of `len` bytes, which ended without an error, is all of it? */
bool head_agrees(const struct head *head, size_t len);

void head_free(struct head *head);

#endif
