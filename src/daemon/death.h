/*
 * The last word of a process that dies of an error of its own (SIGSEGV, SIGBUS, SIGABRT, SIGILL,
 * SIGFPE): the store is not to be believed before it was walked through (cache_distrust). Damage on
 * the disk may be why, and would be why at each start. The signal goes on to its default: status
 * and core dump are as without this. What kills from outside (SIGKILL, a power loss) says nothing.
 *
 * On a stack of its own for the main thread alone: another one that has run out of its stack dies
 * without a word, which the store notices when it happens twice (store/trust.h).
 */
#ifndef DAEMON_DEATH_H
#define DAEMON_DEATH_H

/* For the whole process, for good; once, on the main thread. A handler that stands there already,
 * of a sanitizer, stays. */
void death_watch(void);

#endif
