/*
 * Standard input as a whole, for the commands that take a document or a message.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include "base/buf.h"
#include "base/limits.h"

#define INPUT_MAX GiB /* far beyond max_message: what is larger still becomes text up to here */

/* Appends it to `ret`, whose ceiling should be INPUT_MAX. An enum cmd_exit, having said why. */
int input_read(struct buf *ret);

#endif
