/* SPDX-License-Identifier: MIT */
/*
 * zmq_utils.h - empty, kept for programs that still include it.
 *
 * What it is: a stand-in. The utilities (stopwatch, sleep, threads, counters) are declared in
 * zmq.h.
 * Which thread: none. How it lives and dies: kept as long as programs name it.
 * What it never does: declare anything, or include zmq.h on its own.
 */
#ifndef ZMQ_UTILS_H_INCLUDED
#define ZMQ_UTILS_H_INCLUDED

#if defined _MSC_VER
#    pragma message("zmq_utils.h is deprecated, include zmq.h instead")
#elif defined __GNUC__
#    pragma message "zmq_utils.h is deprecated, include zmq.h instead"
#endif

#endif
