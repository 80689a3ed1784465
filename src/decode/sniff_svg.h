/*
 * Is it an SVG document? Not a parser of XML: just far enough into the bytes to see that the first
 * element is <svg>, or to give up. Before it may stand what XML allows there: a byte order mark,
 * white space, processing instructions, comments and a document type that names svg as well. HTML
 * with an <svg> somewhere in it is none, nor is anything compressed.
 *
 * Looks at the first LIMIT_SNIFF_SVG bytes only, as UTF-8 (or another encoding that holds ASCII)
 * or, after its mark, as UTF-16. No allocation, no state; any thread.
 */
#ifndef DECODE_SNIFF_SVG_H
#define DECODE_SNIFF_SVG_H

#include <stdbool.h>
#include <stddef.h>

bool sniff_svg(const void *bytes, size_t len);

#endif
