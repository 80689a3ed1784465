/*
 * The gamma of a PNG (third edition, section 11.3.2.2), which libvips does not look at. Any bytes;
 * nothing is taken.
 */
#ifndef WORKER_PNG_GAMMA_H
#define WORKER_PNG_GAMMA_H

#include <stddef.h>
#include <stdint.h>

/* The gamma, times 100,000, by which the samples were stored and a reader must undo it (section
 * 13.13); 0 when there is nothing to do: none is said, it is a screen's own within the 5 % that
 * libpng and with it browsers let pass, or a profile says more. */
uint32_t png_gamma(const void *file, size_t len);

#endif
