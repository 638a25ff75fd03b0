/* SPDX-License-Identifier: MIT */
/* HTTP heads and addresses of ws: [what is offered][cut pattern][bytes of a peer]. */
#include "fuzz.h"

#include <errno.h>

#include "transports/ws_address.h"
#include "transports/ws_http.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* The size of the head as it arrives: the same however it is cut. */
static int head_size(const struct fuzz_input *in, uint8_t pattern, const char *start) {
    size_t seen = 0, have = 0;
    int rc = 0;
    for (size_t turn = 0; have < in->left && !rc; turn++) {
        have += fuzz_piece(pattern, turn, in->left - have);
        uint8_t *copy = fuzz_copy(in->data, have);
        rc = zx_ws_head_size((const char *)copy, have, &seen, start);
        free(copy);
    }
    return rc;
}

static void check_request(const char *head, size_t size, const struct zx_ws_offer *offer) {
    struct zx_ws_request r;
    char text[ZX_WS_HTTP_OUT_MAX], accept[ZX_WS_ACCEPT_TEXT];
    enum zx_ws_chosen chosen = ZX_WS_NOTHING;
    zx_ws_request_parse(&r, head, size, offer);
    FUZZ_CHECK(r.status == 101 || r.status == 400 || r.status == 426);
    FUZZ_CHECK((r.status == 101) == (r.chosen != ZX_WS_NOTHING));
    int n = zx_ws_response_write(text, &r, offer->mechanism);
    FUZZ_CHECK(n > 0);
    zx_ws_accept(accept, r.status == 101 ? r.key : KEY);
    int rc = zx_ws_response_parse(text, (size_t)n, offer, accept, &chosen);
    FUZZ_CHECK(rc == (r.status == 101 ? 0 : -EAGAIN));
    FUZZ_CHECK(rc || chosen == r.chosen);
}

static void check_address(const struct fuzz_input *in) {
    struct zx_ws_address a;
    char text[300], out[ZX_WS_HTTP_OUT_MAX];
    size_t n = in->left < sizeof text - 1 ? in->left : sizeof text - 1;
    memcpy(text, in->data, n);
    text[n] = '\0';
    bool binds = !zx_ws_address_parse(&a, text, true);
    bool connects = !zx_ws_address_parse(&a, text, false);
    FUZZ_CHECK(connects || !binds);
    if (!connects)
        return;
    FUZZ_CHECK(a.path[0] == '/' && strlen(a.place) <= strlen(text));
    FUZZ_CHECK(strlen(zx_ws_address_host(&a)) <= strlen(a.place));
    FUZZ_CHECK(zx_ws_request_write(out, "localhost", a.path, KEY,
                                   &(struct zx_ws_offer){"NULL", true}) > 0);
    FUZZ_CHECK(!strchr(a.path, '\r') && !strchr(a.path, ' '));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct zx_ws_offer offers[] = {
        {"NULL", true}, {"NULL", false}, {NULL, true}, {"CURVE", false}};
    struct fuzz_input in = {data, size};
    const struct zx_ws_offer *offer = &offers[fuzz_byte(&in) % 4];
    uint8_t pattern = fuzz_byte(&in);
    char accept[ZX_WS_ACCEPT_TEXT];
    enum zx_ws_chosen chosen;
    check_address(&in);
    for (int i = 0; i < 2; i++) {
        const char *start = i ? "HTTP/1." : "GET ";
        int n = head_size(&in, 0, start), cut = head_size(&in, pattern, start);
        FUZZ_CHECK(n == cut || (n < 0 && cut < 0) || in.left > ZX_WS_HTTP_MAX);
        if (n <= 0)
            continue;
        FUZZ_CHECK((size_t)n <= in.left);
        uint8_t *head = fuzz_copy(in.data, (size_t)n);
        zx_ws_accept(accept, KEY);
        if (i)
            (void)zx_ws_response_parse((const char *)head, (size_t)n, offer, accept, &chosen);
        else
            check_request((const char *)head, (size_t)n, offer);
        free(head);
    }
    return 0;
}
