/* SPDX-License-Identifier: MIT */
/*
 * What may wait for others, done in helper threads, so that no I/O thread ever blocks in it: name
 * resolution, and steps of a security mechanism that ask a key distribution centre or a disk.
 *
 * What: one job per attempt or step; the thread posts a work bit to the link when done. Each kind
 *   has threads of its own, so that a silent centre holds up no name and the reverse.
 * Owner: a job is shared by its link (under the word) and its thread, by a count.
 * Life: start, then take (after the work bit) or cancel. Threads end when no job waits;
 *   one stuck in another's library outlives its link, not its job.
 * Never: holds a link: a cancelled job forgets it at once, and is not begun any more.
 */
#ifndef ZX_CORE_BACKGROUND_H
#define ZX_CORE_BACKGROUND_H

struct zx_addr;
struct zx_job;
struct zx_link;
struct zx_mech_work;

/* In a forked child: forgets the parent's helper threads and jobs. */
void zx_background_after_fork(void);
/* Forgets and clears the job; *job may be NULL. */
void zx_background_cancel(struct zx_job **job);

/* Resolves the link's endpoint; ZX_WORK_RESOLVED tells. -ENOMEM, -EAGAIN. */
int zx_background_resolve(struct zx_link *l, struct zx_job **job);
/* The result: count or -errno; -EAGAIN while it is not there. Frees and clears the job. */
int zx_background_take_addrs(struct zx_job **job, struct zx_addr *out, int max);

/* Runs a step of the link's mechanism, which is the job's from now on, also if this fails;
 * ZX_WORK_STEP_DONE tells. -ENOMEM, -EAGAIN. */
int zx_background_step(struct zx_link *l, struct zx_mech_work *work, struct zx_job **job);
/* The step that was run; NULL while it was not. Frees and clears the job. */
struct zx_mech_work *zx_background_take_step(struct zx_job **job);

#endif
