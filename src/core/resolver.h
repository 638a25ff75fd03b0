/* SPDX-License-Identifier: MIT */
/*
 * Name resolution in helper threads, so that no I/O thread ever blocks in it.
 *
 * What: one job per attempt; the thread posts ZX_WORK_RESOLVED to the link when done.
 * Owner: a job is shared by its link (under the word) and its thread, by a count.
 * Life: start, then take (after the work bit) or cancel. Threads end when no job waits;
 *   one stuck in the system's resolver outlives its link, not its job.
 * Never: holds a link: a cancelled job forgets it at once.
 */
#ifndef ZX_CORE_RESOLVER_H
#define ZX_CORE_RESOLVER_H

struct zx_addr;
struct zx_link;
struct zx_resolve_job;

/* In a forked child: forgets the parent's helper threads and jobs. */
void zx_resolver_after_fork(void);
int zx_resolver_start(struct zx_link *l, struct zx_resolve_job **job); /* -ENOMEM, -EAGAIN */
void zx_resolver_cancel(struct zx_resolve_job **job);
/* The result: count or -errno; -EAGAIN while it is not there. Frees and clears the job. */
int zx_resolver_take(struct zx_resolve_job **job, struct zx_addr *out, int max);

#endif
