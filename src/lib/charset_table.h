/* The rows of known character sets, for charset.c alone; static memory. UTF-8 is the first row and
 * windows-1252 the second. */
#ifndef LIB_CHARSET_TABLE_H
#define LIB_CHARSET_TABLE_H

#include "lib/charset.h"

const struct charset *charset_rows(size_t *ret_count);

#endif
