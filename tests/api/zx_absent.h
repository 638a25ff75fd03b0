/* SPDX-License-Identifier: MIT */
#ifndef ZX_ABSENT_H
#define ZX_ABSENT_H

/*
 * What it is: absent.txt, the cases and checks that need what this version of the project's
 *   library does not have yet, and a probe of each such feature.
 * Owner: the main thread of a test program, used by the frame and by absent.c.
 * Life: read once by the first call for the library under test; freed by zx_absent_finish.
 * Never: asked of another library than ours; it never believes a line without the probe.
 */

/* The feature that this check or case ("program/case[/label]") needs and the library lacks, or
 * NULL. A line whose feature answers is told, and counted by zx_absent_stale. */
const char *zx_absent(const char *key);

int zx_absent_stale(void);                        /* how many lines were found stale so far */
int zx_absent_unmet(const char *program);         /* lines of a program that nothing met */
void zx_absent_finish(void);

#endif
