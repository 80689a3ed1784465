/*
 * SVG documents, drawn by librsvg on a surface of cairo's. Only workers of their class get them.
 *
 * Nothing outside the document is followed. librsvg resolves references against a base URL, is
 * given none, and then takes data: URLs only (url_resolver.rs); its XML parser loads no external
 * entity or document type. What is left are pictures in data: URLs: of the loaders that gdk-pixbuf
 * would have, PNG and JPEG, which are built into it. Should any of this fail, there is the jail.
 *
 * Size: width and height, at 96 dots an inch; where one is missing or in per cent, by the other and
 * the viewBox; where both are, the viewBox; else 300x150 (CSS 2.2, section 10.3.2). With max_side
 * the document is drawn at the smaller size at once.
 *
 * Text is left out: fonts are files. librsvg's own ceilings are 1,000,000 elements and 500,000
 * references drawn, libxml2's are 256 levels of elements and 10 MB of text; what is below them and
 * still too much meets the deadline or the limit of memory.
 */
#ifndef WORKER_SVG_H
#define WORKER_SVG_H

#include "worker/picture.h"

/* In a worker, before it is sealed: fontconfig and what else opens files when it is first used. A
 * document that uses most of them, to be drawn once, is svg_sample. */
void svg_warm(void);

extern const char svg_sample[];

/* Parses the document and, within the ceilings, draws it: sets image, width, height and frames. */
enum worked_outcome svg_load(struct picture *picture);

#endif
