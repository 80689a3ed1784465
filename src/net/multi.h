/*
 * libcurl's multi handle on the loop.
 *
 * One multi lives on one loop and only its thread may call. Easy handles belong to the callers;
 * `done` comes from the loop, never from inside a libcurl callback, so it may add, remove and clean
 * up any handle. By then its own has been removed.
 */
#ifndef NET_MULTI_H
#define NET_MULTI_H

#include "sys/loop.h"

#include <curl/curl.h>

struct multi;

struct multi_transfer {
    CURL *easy; /* its CURLOPT_PRIVATE is set by multi_add */
    void (*done)(struct multi_transfer *self, CURLcode code);
};

/* 0 or -ENOMEM. */
MUST_CHECK int multi_new(struct loop *loop, struct multi **ret);

/* Every handle must be out. Not from inside `done`. Takes NULL. */
void multi_free(struct multi *multi);

/* 0 or -ENOMEM. */
MUST_CHECK int multi_add(struct multi *multi, struct multi_transfer *transfer);

/* Before it is done; there will be no `done`. */
void multi_remove(struct multi *multi, struct multi_transfer *transfer);

#endif
