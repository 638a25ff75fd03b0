/* SPDX-License-Identifier: MIT */
/* Scenes of the draft types. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fault.h"
#include "kit.h"
#include "scenes.h"

enum { LARGE = 20000, MESSAGES = 6 };

/* Message i of a few sizes; its number comes first. */
static void make(zmq_msg_t *msg, uint32_t i) {
    size_t size = sizeof i + (i % 3 == 2 ? LARGE : i % 3 * 300);
    while (zmq_msg_init_size(msg, size) == -1)
        kit_refused("zmq_msg_init_size");
    memset(zmq_msg_data(msg), (int)i, size);
    memcpy(zmq_msg_data(msg), &i, sizeof i);
}

/* False: not now, or to nobody, for which a fault is the reason. Closes the message. */
static bool send_and_close(void *sock, zmq_msg_t *msg) {
    int rc;
    while ((rc = zmq_msg_send(msg, sock, ZMQ_DONTWAIT)) == -1 && errno != EAGAIN) {
        if (errno == EHOSTUNREACH && fault_has_fired())
            break;
        kit_refused("zmq_msg_send");
    }
    zmq_msg_close(msg);
    return rc != -1;
}

/* Its number, -1: nothing came. The message is the caller's to close in any case. */
static int64_t receive(void *sock, zmq_msg_t *msg) {
    uint32_t i;
    kit_set(sock, ZMQ_RCVTIMEO, 5);
    zmq_msg_init(msg);
    while (zmq_msg_recv(msg, sock, 0) == -1) {
        if (errno == EAGAIN)
            return -1;
        kit_refused("zmq_msg_recv");
    }
    if (zmq_msg_size(msg) < sizeof i)
        kit_fail("a message of %zu bytes", zmq_msg_size(msg));
    memcpy(&i, zmq_msg_data(msg), sizeof i);
    return i;
}

/* Sends back what comes, by its number. */
static void answer(void *server) {
    zmq_msg_t msg;
    if (receive(server, &msg) < 0) {
        zmq_msg_close(&msg);
        return;
    }
    if (!zmq_msg_routing_id(&msg))
        kit_fail("a message from nobody");
    (void)send_and_close(server, &msg);
}

/* What is lost with its connection is asked again. id: to whom, 0: need not be said. */
static void ask(void *client, uint32_t id, void *server, uint32_t i) {
    int64_t got;
    for (bool asked = false;;) {
        zmq_msg_t msg;
        if (!asked || fault_has_fired()) {
            make(&msg, i);
            if (id)
                zmq_msg_set_routing_id(&msg, id);
            asked = send_and_close(client, &msg);
        }
        answer(server);
        got = receive(client, &msg);
        zmq_msg_close(&msg);
        if (got == (int64_t)i)
            return;
        if (got > (int64_t)i)
            kit_fail("answer %lld to %u", (long long)got, (unsigned)i);
    }
}

void scene_client_server(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *server = kit_socket(ctx, ZMQ_SERVER),
         *client = kit_socket(ctx, ZMQ_CLIENT);
    kit_bind(server, transport, at);
    MUST(zmq_connect(client, at));
    for (uint32_t i = 0; i < MESSAGES; i++)
        ask(client, 0, server, i);
    kit_close(client);
    kit_close(server);
    kit_term(ctx);
}

void scene_peers(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *a = kit_socket(ctx, ZMQ_PEER), *b = kit_socket(ctx, ZMQ_PEER);
    uint32_t id;
    kit_bind(a, transport, at);
    while (!(id = zmq_connect_peer(b, at)))
        kit_refused("zmq_connect_peer");
    for (uint32_t i = 0; i < MESSAGES; i++)
        ask(b, id, a, i);
    MUST(zmq_disconnect_peer(b, id));
    if (zmq_disconnect_peer(b, id) != -1 || errno != EHOSTUNREACH)
        kit_fail("a peer is there after it was disconnected");
    kit_close(a);
    kit_close(b);
    kit_term(ctx);
}

static void broadcast(void *radio, const char *group, uint32_t i) {
    zmq_msg_t msg;
    make(&msg, i);
    MUST(zmq_msg_set_group(&msg, group));
    (void)send_and_close(radio, &msg);
}

/* Broadcasts to both groups until n messages of the wanted one arrived. */
static void expect_group(void *radio, void *dish, const char *wanted, const char *other, int n) {
    for (uint32_t i = 0; n; i++) {
        zmq_msg_t msg;
        broadcast(radio, other, i);
        broadcast(radio, wanted, i);
        while (receive(dish, &msg) >= 0) {
            n -= n > 0 && strcmp(zmq_msg_group(&msg), wanted) == 0;
            zmq_msg_close(&msg);
        }
        zmq_msg_close(&msg);
    }
}

void scene_radio_dish(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *radio = kit_socket(ctx, ZMQ_RADIO), *dish = kit_socket(ctx, ZMQ_DISH);
    kit_bind(radio, transport, at);
    MUST(zmq_join(dish, "before"));
    MUST(zmq_connect(dish, at));
    MUST(zmq_join(dish, "after"));
    expect_group(radio, dish, "before", "none", 4);
    expect_group(radio, dish, "after", "none", 4);
    MUST(zmq_leave(dish, "before"));
    expect_group(radio, dish, "after", "before", 4);
    kit_close(radio);
    kit_close(dish);
    kit_term(ctx);
}

void scene_channel(const char *transport) {
    char at[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *a = kit_socket(ctx, ZMQ_CHANNEL), *b = kit_socket(ctx, ZMQ_CHANNEL);
    zmq_msg_t msg;
    kit_bind(a, transport, at);
    MUST(zmq_connect(b, at));
    for (uint32_t i = 0; i < MESSAGES;) {
        make(&msg, i);
        (void)send_and_close(b, &msg);
        i += receive(a, &msg) >= 0;
        zmq_msg_close(&msg);
    }
    kit_close(a);
    kit_close(b);
    kit_term(ctx);
}

/* The DISH is bound; what is too long for a datagram never comes. */
void scene_groups(const char *transport) {
    char at[KIT_ENDPOINT], group[KIT_ENDPOINT] = "udp://lo;239.192.7.71:*";
    size_t size = sizeof group;
    void *ctx = kit_ctx(), *radio = kit_socket(ctx, ZMQ_RADIO), *dish = kit_socket(ctx, ZMQ_DISH);
    MUST(zmq_join(dish, "before"));
    kit_bind(dish, transport, at);
    MUST(zmq_connect(radio, at));
    MUST(zmq_join(dish, "after"));
    expect_group(radio, dish, "before", "none", 4);
    expect_group(radio, dish, "after", "none", 4);
    MUST(zmq_bind(dish, group));
    MUST(zmq_getsockopt(dish, ZMQ_LAST_ENDPOINT, group, &size));
    MUST(zmq_unbind(dish, at));
    MUST(zmq_bind(dish, at)); /* its address is free */
    expect_group(radio, dish, "before", "none", 4);
    MUST(zmq_disconnect(radio, at));
    MUST(zmq_connect(radio, group));
    expect_group(radio, dish, "after", "none", 4);
    kit_close(radio);
    kit_close(dish);
    kit_term(ctx);
}

/* One datagram there; false: it did not come. */
static bool pass_on(void *from, void *to, const char *address) {
    char who[64], body[16];
    while (zmq_send(from, address, strlen(address), ZMQ_SNDMORE) == -1)
        kit_refused("zmq_send");
    while (zmq_send(from, "hello", 5, 0) == -1)
        kit_refused("zmq_send");
    if (!kit_poll(to, 5))
        return false;
    int n;
    while ((n = zmq_recv(to, who, sizeof who, 0)) == -1)
        kit_refused("zmq_recv");
    if (n < 12 || who[n - 1])
        kit_fail("an address of %d bytes", n);
    while ((n = zmq_recv(to, body, sizeof body, 0)) == -1)
        kit_refused("zmq_recv");
    if (n != 5)
        kit_fail("a body of %d bytes", n);
    return true;
}

void scene_datagrams(const char *transport) {
    char at_a[KIT_ENDPOINT], at_b[KIT_ENDPOINT];
    void *ctx = kit_ctx(), *a = kit_socket(ctx, ZMQ_DGRAM), *b = kit_socket(ctx, ZMQ_DGRAM);
    kit_bind(a, transport, at_a);
    kit_bind(b, transport, at_b);
    for (int i = 0; i < MESSAGES;)
        i += pass_on(a, b, at_b + strlen("udp://")) && pass_on(b, a, at_a + strlen("udp://"));
    kit_close(a);
    kit_close(b);
    kit_term(ctx);
}
