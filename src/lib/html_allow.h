/*
 * What of HTML comes through: elements and attributes that load nothing, with what their values may
 * be. What is not listed is not written. Names are lower case. Static tables.
 */
#ifndef LIB_HTML_ALLOW_H
#define LIB_HTML_ALLOW_H

#include "base/span.h"

enum html_element {
    HTML_UNKNOWN,   /* the tags go, what is between them stays */
    HTML_KEPT,      /* nothing special */
    HTML_VOID,      /* has no end tag */
    HTML_IMG,       /* also <image>, which browsers take for it */
    HTML_SOURCE,    /* of <picture> */
    HTML_LINK,      /* <a>, <area>: go where the reader clicks */
    HTML_BOX,       /* takes a background attribute */
    HTML_ROOT,      /* <html> */
    HTML_HEAD,      /* <head> */
    HTML_META,      /* only some names */
    HTML_BASE,      /* read, never written */
    HTML_STYLE,     /* its text is rewritten as CSS */
    HTML_TITLE,     /* its text stays, in the head only */
    HTML_TEXT_ONLY, /* its raw text is shown: xmp, textarea, plaintext */
    HTML_SILENT,    /* its raw text is not shown: script, iframe, ... */
    HTML_FOREIGN,   /* another namespace: svg, math; goes with all that is in it */
};

enum html_element html_element_find(struct span name);

enum html_attribute_rule {
    HTML_ATTR_UNKNOWN,
    HTML_ATTR_TEXT,       /* any text */
    HTML_ATTR_PLAIN,      /* nothing that could be syntax in CSS, where clients may copy it */
    HTML_ATTR_CONDITION,  /* media queries and sizes */
    HTML_ATTR_FRAGMENT,   /* a '#name' */
    HTML_ATTR_STYLE,      /* CSS declarations */
    HTML_ATTR_HREF,       /* of links */
    HTML_ATTR_REL,        /* ours where there is a link */
    HTML_ATTR_TARGET,     /* _blank where there is a link */
    HTML_ATTR_SRC,        /* an image, on <img> */
    HTML_ATTR_SRCSET,     /* images, on <img> and <source> */
    HTML_ATTR_BACKGROUND, /* an image, on boxes */
    HTML_ATTR_HELD_SRC,   /* data-shoji-src */
    HTML_ATTR_HELD_STYLE, /* data-shoji-style */
    HTML_ATTR_TRACKER,    /* data-shoji-tracker */
};

#define HTML_ATTRIBUTE_OPEN 24 /* bytes: a name of up to 21, a blank, '=' and '"' */

/* What is known of an attribute by its name. */
struct html_attribute_kind {
    unsigned char rule; /* enum html_attribute_rule */
    unsigned char open_len;
    char open[HTML_ATTRIBUTE_OPEN]; /* ` name="`, and zeros */
};

/* Never NULL: a name that is not listed has HTML_ATTR_UNKNOWN, and nothing in `open`. Lives as long
 * as the program. */
const struct html_attribute_kind *html_attribute_find(struct span name);

/* May the value stand under rule PLAIN, CONDITION or FRAGMENT? */
bool html_value_allowed(enum html_attribute_rule rule, struct span value);

/* Names of <meta> that tell a client how to lay out, and nothing else. */
bool html_meta_allowed(struct span name);

/* A start tag that ends svg and math around it (13.2.6.5); <font> does so only with attributes. */
bool html_breaks_out(struct span name);

#endif
