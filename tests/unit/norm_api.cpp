/* SPDX-License-Identifier: MIT */
/* Two declarations of one function with C linkage must agree, or this does not compile; numbers
 * and sizes are compared below. norm_api.h leaves its types to the library's header here. */
#include <normApi.h>

#include "transports/norm_api.h"

static_assert(NORM_FLUSH_ACTIVE == 2, "NormFlushMode");
static_assert(NORM_SYNC_STREAM == 1, "NormSyncPolicy");
static_assert(NORM_OBJECT_STREAM == 3, "NormObjectType");
static_assert(NORM_TX_QUEUE_EMPTY == 2 && NORM_TX_FLUSH_COMPLETED == 3, "NormEventType");
static_assert(NORM_RX_OBJECT_NEW == 17 && NORM_RX_OBJECT_UPDATED == 19 &&
                  NORM_RX_OBJECT_COMPLETED == 20 && NORM_RX_OBJECT_ABORTED == 21,
              "NormEventType");
static_assert(sizeof(NormNodeId) == 4 && sizeof(NormSessionId) == 2 &&
                  sizeof(NormDescriptor) == sizeof(int),
              "types");
static_assert(sizeof(NormEvent) == 4 * sizeof(void *), "NormEvent");
