/* Calendar days as people write them, 2026-01-31. Pure functions, any thread. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Days from 1970-01-01 to the date `text`, YYYY-MM-DD; false where it is none or earlier. */
bool date_days(const char *text, int32_t *ret);

#define DATE_TEXT 16 /* bytes: room for a date of five-digit years, and the terminator */

/* The other way round; "?" where the year has more digits than that. Returns `ret`. */
const char *date_text(int32_t days, char ret[DATE_TEXT]);

#endif
