/* SPDX-License-Identifier: MIT */
/*
 * The reasons a handshake can fail for, as a monitor reports them.
 *
 * What: the numbers carried by HANDSHAKE_FAILED_PROTOCOL events and the pair
 *   (kind of event, value) that an engine hands to its link. The numbers are
 *   those of ZMQ_PROTOCOL_ERROR_* in zmq.h; a unit test compares the two.
 * Owner: constants and a plain value, nobody's.
 * Life: none.
 * Never: raises an event itself.
 */
#ifndef ZX_ZMTP_PROTO_ERROR_H
#define ZX_ZMTP_PROTO_ERROR_H

#include <stdint.h>

enum {
    ZX_PERR_ZMTP_UNSPECIFIED = 0x10000000,
    ZX_PERR_ZMTP_UNEXPECTED_COMMAND = 0x10000001,
    ZX_PERR_ZMTP_INVALID_SEQUENCE = 0x10000002,
    ZX_PERR_ZMTP_KEY_EXCHANGE = 0x10000003,
    ZX_PERR_ZMTP_MALFORMED_UNSPECIFIED = 0x10000011,
    ZX_PERR_ZMTP_MALFORMED_MESSAGE = 0x10000012,
    ZX_PERR_ZMTP_MALFORMED_HELLO = 0x10000013,
    ZX_PERR_ZMTP_MALFORMED_INITIATE = 0x10000014,
    ZX_PERR_ZMTP_MALFORMED_ERROR = 0x10000015,
    ZX_PERR_ZMTP_MALFORMED_READY = 0x10000016,
    ZX_PERR_ZMTP_MALFORMED_WELCOME = 0x10000017,
    ZX_PERR_ZMTP_INVALID_METADATA = 0x10000018,
    ZX_PERR_ZMTP_CRYPTOGRAPHIC = 0x11000001,
    ZX_PERR_ZMTP_MECHANISM_MISMATCH = 0x11000002,
    ZX_PERR_ZAP_UNSPECIFIED = 0x20000000,
    ZX_PERR_ZAP_MALFORMED_REPLY = 0x20000001,
    ZX_PERR_ZAP_BAD_REQUEST_ID = 0x20000002,
    ZX_PERR_ZAP_BAD_VERSION = 0x20000003,
    ZX_PERR_ZAP_INVALID_STATUS_CODE = 0x20000004,
    ZX_PERR_ZAP_INVALID_METADATA = 0x20000005,
    ZX_PERR_WS_UNSPECIFIED = 0x30000000,
};

/* Which HANDSHAKE_FAILED event goes with a failure; NONE raises no event. */
enum zx_hs_error_kind {
    ZX_HS_ERROR_NONE,
    ZX_HS_ERROR_NO_DETAIL, /* value: an errno number */
    ZX_HS_ERROR_PROTOCOL,  /* value: ZX_PERR_* */
    ZX_HS_ERROR_AUTH,      /* value: 300, 400 or 500 */
};

struct zx_hs_error {
    enum zx_hs_error_kind kind;
    uint32_t value;
};

#endif
