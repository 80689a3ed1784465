/*
 * Nearly every URL in mail is canonical as its sender wrote it. This recognises those in one pass,
 * so that the parser is left with the rest. It may say no to any URL, and says yes to none that the
 * parser would write otherwise. Pure; any thread.
 */
#ifndef LIB_URL_USUAL_H
#define LIB_URL_USUAL_H

#include "base/span.h"

/* The bytes before the fragment, which are the canonical URL; 0: ask the parser. */
size_t url_usual(struct span url);

#endif
