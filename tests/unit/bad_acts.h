/*
 * What a decoder in bad hands does (bad_decode.c), by the word of its "picture". An act that the
 * jail should have stopped traps or comes back; the honest answer that follows then tells the test.
 * One thread, and those that an act starts.
 */
#ifndef TESTS_BAD_ACTS_H
#define TESTS_BAD_ACTS_H

#include "decode/wire.h"

#include <stdbool.h>

/* The honest answer: SOI and a frame header, 3 wide, 2 high. */
#define BAD_PICTURE     15
#define BAD_PICTURE_ALL 79 /* ... and room for what "confess" tells */
extern unsigned char bad_picture[BAD_PICTURE_ALL];

/* Whatever the calls and resources of the process can do. False: not a word of these. */
bool bad_call(const struct wire_job *job, const char *word);

/* Whatever can be said, or written into the result. False: not a word of these. */
bool bad_talk(const struct wire_job *job, const char *word);

/* Sleeps until the process is killed. */
__attribute__((noreturn)) void bad_sleep(void);

#endif
