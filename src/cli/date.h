/* Dates on the command line. A pure function, any thread. */
#ifndef CLI_DATE_H
#define CLI_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Days from 1970-01-01 to the date `text`, YYYY-MM-DD; false where it is none or earlier. */
bool date_days(const char *text, int32_t *ret);

#endif
