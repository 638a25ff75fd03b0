/* SPDX-License-Identifier: MIT */
/*
 * zmqx.h - what this library has and libzmq never had.
 *
 * What it is: own option numbers, from 10000 upwards, and the library's own version. It stands
 *   beside zmq.h, which alone is the drop-in interface; a program that includes this header runs on
 *   this library only. zmq_has("zmqx") tells at run time whether it does.
 * Which thread: as zmq.h says; everything here may be called from any thread.
 * How it lives and dies: numbers are part of the binary interface. They are never changed and never
 *   used again for something else.
 * What it never does: redefine or shadow anything of zmq.h.
 */
#ifndef ZMQX_H_INCLUDED
#define ZMQX_H_INCLUDED

#ifdef __cplusplus
extern "C" {
#endif

#if defined ZMQ_NO_EXPORT
#    define ZMQX_EXPORT
#elif defined _WIN32
#    if defined ZMQ_STATIC
#        define ZMQX_EXPORT
#    elif defined DLL_EXPORT
#        define ZMQX_EXPORT __declspec(dllexport)
#    else
#        define ZMQX_EXPORT __declspec(dllimport)
#    endif
#elif defined __GNUC__
#    define ZMQX_EXPORT __attribute__((visibility("default")))
#else
#    define ZMQX_EXPORT
#endif

/* Version of this library itself; zmq_version() tells the libzmq version it stands for. */
#define ZMQX_VERSION_MAJOR 0
#define ZMQX_VERSION_MINOR 1
#define ZMQX_VERSION_PATCH 0

/*
 * The lowest number of an own option. Below it every number is libzmq's.
 */
#define ZMQX_OPTION_BASE 10000

/*
 * Socket option and context option, int, get and set; microseconds.
 * How long a call that has to wait may poll for work before it sleeps in the kernel. It is an upper
 * bound: the time really spent adjusts itself downwards when waits turn out long, and is 0 on a
 * machine with one processor.
 * Range 0 (never spin) to 1000000, else EINVAL. Default 30.
 * On a context: the value that sockets created afterwards start with. On a socket: takes effect
 * with the next wait.
 */
#define ZMQX_SPIN_US 10000

/*
 * Socket option, int, get and set; connections.
 * How many connections of one zmq_bind may be shaking hands at a time. One more, and the one that
 * has been at it for longest is closed, as if ZMQ_HANDSHAKE_IVL were over for it.
 * Range 1 to the largest int, else EINVAL. Default 16384. Takes effect with the next zmq_bind.
 */
#define ZMQX_HANDSHAKES_MAX 10001

/*
 * Socket option, uint64_t, get only; datagrams.
 * How many datagrams the present udp endpoints of the socket have refused: received ones that were
 * malformed or longer than 8192 bytes, and those to be sent that were too long or that the system
 * would not take. 0 for a socket without udp.
 */
#define ZMQX_DATAGRAMS_REFUSED 10002

/*
 * Stores the version of this library, the three numbers above, as the library was built.
 * Any of the pointers may be NULL; that number is skipped. Never fails. Thread-safe.
 */
ZMQX_EXPORT void zmqx_version(int *major, int *minor, int *patch);

#undef ZMQX_EXPORT

#ifdef __cplusplus
}
#endif

#endif
