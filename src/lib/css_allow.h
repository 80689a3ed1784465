/*
 * What of CSS comes through: names of properties, functions and pseudo-classes that cannot load
 * anything, and the few that may show an image. What is not listed is not written. Static tables.
 */
#ifndef LIB_CSS_ALLOW_H
#define LIB_CSS_ALLOW_H

#include "base/span.h"

enum css_property {
    CSS_NOT_ALLOWED,
    CSS_PLAIN,    /* any value of allowed tokens and functions */
    CSS_IMAGE,    /* may hold url(); `none` stands for an image that is dropped */
    CSS_CONTENT,  /* may hold url(); an empty string stands for an image that is dropped */
    CSS_POSITION, /* static or relative: nothing may leave its place in the mail */
};

/* `name` in lower case. */
enum css_property css_property_find(struct span name);

/* Functions in values whose arguments are numbers, colours, names and strings. Without case. */
bool css_function_allowed(struct span name);

/* Pseudo-classes with arguments. Without case. */
enum css_pseudo { CSS_PSEUDO_NONE, CSS_PSEUDO_SELECTORS, CSS_PSEUDO_WORDS };
enum css_pseudo css_pseudo_find(struct span name);

#endif
