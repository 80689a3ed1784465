/*
 * The DNS of bench/origin.c: every name has one IPv4 address, the same for all, and no IPv6
 * address. Stateless; the caller owns the socket, and calls when it is readable. For benchmarks
 * only: what is no plain question is not answered.
 */
#ifndef BENCH_ORIGIN_NAMES_H
#define BENCH_ORIGIN_NAMES_H

/* Answers all questions that have come; `fd` is a UDP socket that does not block. */
void names_answer(int fd, const char *address);

#endif
