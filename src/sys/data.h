/*
 * Files that are installed with the programs and only read: where they are.
 */
#ifndef SYS_DATA_H
#define SYS_DATA_H

#include <stddef.h>

/* The path of data file `name`: of the build tree that the program runs from, else where it was
 * installed. NULL when there is none. The result stands in `room`. */
const char *data_path(const char *name, char *room, size_t size);

#endif
