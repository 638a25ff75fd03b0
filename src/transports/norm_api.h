/* SPDX-License-Identifier: MIT */
/*
 * The functions of the NORM library that we use, declared for C: its own header is C++.
 *
 * What: declarations, numbers and types as in normApi.h 1.5. tests/unit/norm_api.cpp includes both
 *   and so proves that they agree.
 * Owner: the library. All functions may be called by any thread; an instance has a thread of
 *   its own.
 * Life: an instance holds sessions, a session its sender and receiver, those their objects.
 * Never: is included by anything but norm*.c.
 */
#ifndef ZX_TRANSPORTS_NORM_API_H
#define ZX_TRANSPORTS_NORM_API_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef _NORM_API
typedef const void *NormInstanceHandle;
typedef const void *NormSessionHandle;
typedef const void *NormNodeHandle;
typedef const void *NormObjectHandle;
typedef uint32_t NormNodeId;
typedef uint16_t NormSessionId;
typedef int NormDescriptor;

typedef enum NormFlushMode {
    NORM_FLUSH_NONE,
    NORM_FLUSH_PASSIVE,
    NORM_FLUSH_ACTIVE
} NormFlushMode;

typedef enum NormSyncPolicy { NORM_SYNC_CURRENT, NORM_SYNC_STREAM, NORM_SYNC_ALL } NormSyncPolicy;

typedef enum NormObjectType {
    NORM_OBJECT_NONE,
    NORM_OBJECT_DATA,
    NORM_OBJECT_FILE,
    NORM_OBJECT_STREAM
} NormObjectType;

typedef enum NormEventType {
    NORM_EVENT_INVALID = 0,
    NORM_TX_QUEUE_VACANCY,
    NORM_TX_QUEUE_EMPTY,
    NORM_TX_FLUSH_COMPLETED,
    NORM_RX_OBJECT_NEW = 17,
    NORM_RX_OBJECT_INFO,
    NORM_RX_OBJECT_UPDATED,
    NORM_RX_OBJECT_COMPLETED,
    NORM_RX_OBJECT_ABORTED
} NormEventType;

typedef struct {
    NormEventType type;
    NormSessionHandle session;
    NormNodeHandle sender;
    NormObjectHandle object;
} NormEvent;

extern const NormNodeId NORM_NODE_ANY;
#endif

NormInstanceHandle NormCreateInstance(bool priorityBoost);
void NormDestroyInstance(NormInstanceHandle instanceHandle);
NormDescriptor NormGetDescriptor(NormInstanceHandle instanceHandle);
bool NormGetNextEvent(NormInstanceHandle instanceHandle, NormEvent *theEvent, bool waitForEvent);

NormSessionHandle NormCreateSession(NormInstanceHandle instanceHandle, const char *sessionAddress,
                                    uint16_t sessionPort, NormNodeId localNodeId);
void NormDestroySession(NormSessionHandle sessionHandle);
void NormSetRxPortReuse(NormSessionHandle sessionHandle, bool enableReuse,
                        const char *rxBindAddress, const char *senderAddress,
                        uint16_t senderPort);
void NormSetTxOnly(NormSessionHandle sessionHandle, bool txOnly, bool connectToSessionAddress);
bool NormSetMulticastInterface(NormSessionHandle sessionHandle, const char *interfaceName);
bool NormIsUnicastAddress(const char *address);
bool NormSetTTL(NormSessionHandle sessionHandle, unsigned char ttl);
bool NormSetTOS(NormSessionHandle sessionHandle, unsigned char tos);
bool NormSetLoopback(NormSessionHandle sessionHandle, bool loopback);
bool NormSetMulticastLoopback(NormSessionHandle sessionHandle, bool loopback);
void NormSetEcnSupport(NormSessionHandle sessionHandle, bool ecnEnable, bool ignoreLoss,
                       bool tolerateLoss);

NormSessionId NormGetRandomSessionId(void);
bool NormStartSender(NormSessionHandle sessionHandle, NormSessionId instanceId,
                     uint32_t bufferSpace, uint16_t segmentSize, uint16_t numData,
                     uint16_t numParity, uint8_t fecId);
void NormSetTxRate(NormSessionHandle sessionHandle, double bitsPerSecond);
void NormSetCongestionControl(NormSessionHandle sessionHandle, bool enable, bool adjustRate);
void NormSetAutoParity(NormSessionHandle sessionHandle, unsigned char autoParity);
double NormGetGrttEstimate(NormSessionHandle sessionHandle);
NormObjectHandle NormStreamOpen(NormSessionHandle sessionHandle, uint32_t bufferSize,
                                const char *infoPtr, unsigned int infoLen);
unsigned int NormStreamWrite(NormObjectHandle streamHandle, const char *buffer,
                             unsigned int numBytes);
void NormStreamFlush(NormObjectHandle streamHandle, bool eom, NormFlushMode flushMode);
void NormStreamMarkEom(NormObjectHandle streamHandle);
void NormStreamSetPushEnable(NormObjectHandle streamHandle, bool pushEnable);

bool NormStartReceiver(NormSessionHandle sessionHandle, uint32_t bufferSpace);
void NormSetDefaultUnicastNack(NormSessionHandle sessionHandle, bool unicastNacks);
void NormSetDefaultSyncPolicy(NormSessionHandle sessionHandle, NormSyncPolicy syncPolicy);
bool NormStreamRead(NormObjectHandle streamHandle, char *buffer, unsigned int *numBytes);
bool NormStreamSeekMsgStart(NormObjectHandle streamHandle);
NormObjectType NormObjectGetType(NormObjectHandle objectHandle);
void NormObjectSetUserData(NormObjectHandle objectHandle, const void *userData);
const void *NormObjectGetUserData(NormObjectHandle objectHandle);

#ifdef __cplusplus
}
#endif

#endif
