/*
 * CSS text written so that it reads back as the tokens it came from, here and in clients that know
 * less of CSS than the standard: one spelling, no comment, no '<', strings without anything that
 * could be taken for syntax. Pure functions.
 */
#ifndef LIB_CSS_WRITE_H
#define LIB_CSS_WRITE_H

#include "lib/css_token.h"

/* An identifier, escaped where it must be. False (nothing written) for one that cannot be. */
bool css_write_ident(struct buf *out, struct span name);

/* May this stand in a string? No quotes, brackets, ampersands, controls, and nothing that
 * begins a comment or ends a scheme: some filters look for both without minding quotes
 * (CVE-2026-26079). */
bool css_string_safe(struct span text);

/* A string that css_string_safe() lets pass. */
void css_write_string(struct buf *out, struct span text);

/* Letters only, or with digits and '-' behind them ("px", "n-1"), and nothing like an exponent. */
bool css_unit_safe(struct span unit);

/* A number, percentage or dimension whose unit is safe. */
void css_write_number(struct buf *out, const struct css_token *token);

void css_write_lower(struct buf *out, struct span name);

#endif
