/* SPDX-License-Identifier: MIT */
/* The draft types but DGRAM, and the calls that came with them. */
#define _GNU_SOURCE
#ifndef ZMQ_BUILD_DRAFT_API
#define ZMQ_BUILD_DRAFT_API 1
#endif
#include "zx_api.h"


/* Receives one message: its text and routing id. */
static const char *take(void *s, uint32_t *id) {
    const char *text;
    zmq_msg_t m;

    zmq_msg_init(&m);
    if (zmq_msg_recv(&m, s, 0) < 0) {
        zmq_msg_close(&m);
        return zx_err(-1);
    }
    text = zx_bytes(zmq_msg_data(&m), zmq_msg_size(&m));
    *id = zmq_msg_routing_id(&m);
    zmq_msg_close(&m);
    return text;
}

static int give(void *s, uint32_t id, const char *text, int flags) {
    zmq_msg_t m;
    int rc;

    zmq_msg_init_buffer(&m, text, strlen(text));
    if (id) zmq_msg_set_routing_id(&m, id);
    rc = zmq_msg_send(&m, s, flags);
    if (rc < 0) {
        int e = errno;
        zmq_msg_close(&m);
        errno = e;
    }
    return rc;
}

static int give_group(void *s, const char *group, const char *text) {
    zmq_msg_t m;

    zmq_msg_init_buffer(&m, text, strlen(text));
    zmq_msg_set_group(&m, group);
    return zmq_msg_send(&m, s, 0);
}

static const char *take_group(void *s) {
    const char *text;
    zmq_msg_t m;

    zmq_msg_init(&m);
    if (zmq_msg_recv(&m, s, 0) < 0) {
        zmq_msg_close(&m);
        return zx_err(-1);
    }
    text = zx_fmt("%s: %s", zmq_msg_group(&m), zx_bytes(zmq_msg_data(&m), zmq_msg_size(&m)));
    zmq_msg_close(&m);
    return text;
}

static void message_fields(void) {
    char long_group[300], group[256];
    zmq_msg_t m;

    zx_check_rc("init_buffer", "0", zmq_msg_init_buffer(&m, "abc", 3));
    zx_check_str("content", "abc", zx_bytes(zmq_msg_data(&m), zmq_msg_size(&m)));
    zx_check_int("no id", 0, zmq_msg_routing_id(&m));
    zx_check_rc("set id 0", "EINVAL", zmq_msg_set_routing_id(&m, 0));
    zx_check_rc("set id", "0", zmq_msg_set_routing_id(&m, 77));
    zx_check_int("id", 77, zmq_msg_routing_id(&m));
    zx_check_str("no group", "", zmq_msg_group(&m));
    zx_check_rc("set group", "0", zmq_msg_set_group(&m, "short"));
    zx_check_str("group", "short", zmq_msg_group(&m));
    memset(group, 'g', sizeof group);
    group[255] = 0;
    zx_check_rc("set long group", "0", zmq_msg_set_group(&m, group));
    zx_check_str("long group", group, zmq_msg_group(&m));
    zx_soft(1);
    if (zx_runs("short again")) {
        zx_check_rc("set short again", "0", zmq_msg_set_group(&m, "tiny"));
        zx_check_str("short again", "tiny", zmq_msg_group(&m));
    }
    memset(long_group, 'g', sizeof long_group);
    long_group[256] = 0;
    zx_check_rc("too long", "EINVAL", zmq_msg_set_group(&m, long_group));
    zx_ok(zmq_msg_close(&m));
    zx_check_rc("init_buffer NULL 0", "0", zmq_msg_init_buffer(&m, NULL, 0));
    zx_check_int("size", 0, (int)zmq_msg_size(&m));
    zx_ok(zmq_msg_close(&m));
}

static const char *buffer_null(void) {
    zmq_msg_t m;
    return zx_err(zmq_msg_init_buffer(&m, NULL, 5));
}

static void init_buffer_of_nothing(void) {
    zx_check_str("NULL with a size", "EINVAL", zx_child(buffer_null));
}

static void no_multipart(void) {
    static const int types[] = {ZMQ_SERVER, ZMQ_CLIENT, ZMQ_RADIO, ZMQ_SCATTER, ZMQ_PEER,
                                ZMQ_CHANNEL};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        zx_check_rc(zx_fmt("type %d", types[i]), "EINVAL",
                    zmq_send(zx_socket(types[i]), "x", 1, ZMQ_SNDMORE));
}

static void one_way(void) {
    char room[4];

    zx_check_rc("RADIO recv", "ENOTSUP", zmq_recv(zx_socket(ZMQ_RADIO), room, 4, 0));
    zx_check_rc("SCATTER recv", "ENOTSUP", zmq_recv(zx_socket(ZMQ_SCATTER), room, 4, 0));
    zx_check_rc("DISH send", "ENOTSUP", zmq_send(zx_socket(ZMQ_DISH), "x", 1, 0));
    zx_check_rc("GATHER send", "ENOTSUP", zmq_send(zx_socket(ZMQ_GATHER), "x", 1, 0));
}

static void client_server(void) {
    void *server = zx_socket(ZMQ_SERVER), *client = zx_socket(ZMQ_CLIENT);
    uint32_t id, again;

    zx_link(server, client);
    zx_ok(zx_send(client, "question", 0));
    zx_check_str("question", "question", take(server, &id));
    zx_check_int("id", 1, id != 0);
    zx_check_rc("without id", "EHOSTUNREACH", zx_send(server, "x", 0));
    zx_check_rc("unknown id", "EHOSTUNREACH", give(server, id + 1000, "x", 0));
    zx_check_rc("answer", "6", give(server, id, "answer", 0));
    zx_check_str("answer", "answer", zx_recv(client));
    zx_ok(zx_send(client, "more", 0));
    zx_check_str("more", "more", take(server, &again));
    zx_check_int("same id", id, again);
}

static void two_clients(void) {
    void *server = zx_socket(ZMQ_SERVER), *client[2];
    uint32_t id[2];

    zx_bind(server);
    for (int i = 0; i < 2; i++) {
        client[i] = zx_socket(ZMQ_CLIENT);
        zx_ok(zmq_connect(client[i], zx_last_endpoint(server)));
        zx_ok(zx_send(client[i], "hello", 0));
        zx_check_str("hello", "hello", take(server, &id[i]));
    }
    zx_check_int("ids differ", 1, id[0] != id[1]);
    for (int i = 0; i < 2; i++) zx_ok(give(server, id[i], zx_num(i), 0));
    for (int i = 0; i < 2; i++) zx_check_str("own answer", zx_num(i), zx_recv(client[i]));
    if (!zx_runs("disconnect_peer")) return;
    zx_check_rc("disconnect_peer", "0", zmq_disconnect_peer(server, id[0]));
    zx_check_rc("gone", "EHOSTUNREACH", give(server, id[0], "x", 0));
    zx_check_rc("again", "EHOSTUNREACH", zmq_disconnect_peer(server, id[0]));
    zx_check_rc("the other", "1", give(server, id[1], "y", 0));
}

/* HELLO to who comes, DISCONNECT from who goes, with its number; HICCUP to who is left. */
static void announcements(void) {
    void *server = zx_socket(ZMQ_SERVER), *client = zx_socket(ZMQ_CLIENT);
    void *other = zx_socket(ZMQ_CLIENT);
    uint32_t id, gone;

    zx_ok(zx_set_str(server, ZMQ_HELLO_MSG, "welcome"));
    zx_ok(zx_set_str(server, ZMQ_DISCONNECT_MSG, "left"));
    zx_ok(zx_set_str(client, ZMQ_HELLO_MSG, "here"));
    zx_ok(zx_set_str(other, ZMQ_HICCUP_MSG, "alone"));
    zx_link(server, client);
    zx_check_str("the client's hello", "here", take(server, &id));
    zx_check_int("id", 1, id != 0);
    zx_check_str("the server's hello", "welcome", zx_recv(client));
    zx_ok(zmq_connect(other, zx_last_endpoint(server)));
    zx_check_str("to the other too", "welcome", zx_recv(other));
    zx_close(client);
    zx_check_str("gone", "left", take(server, &gone));
    zx_check_int("who", id, gone);
    if (strncmp(zx_last_endpoint(server), "inproc", 6) == 0) return;
    zx_close(server);
    zx_check_str("hiccup", "alone", zx_recv(other));
}

static void multipart_from_others_is_dropped(void) {
    void *server = zx_socket(ZMQ_SERVER), *dealer = zx_socket(ZMQ_DEALER);
    uint32_t id;

    zx_link(server, dealer);
    zx_ok(zx_send(dealer, "a|b", 0));
    zx_ok(zx_send(dealer, "single", 0));
    zx_check_str("single parts only", "single", take(server, &id));
}

static void scatter_gather(void) {
    void *scatter = zx_socket(ZMQ_SCATTER), *gather[2];

    for (int i = 0; i < 2; i++) {
        gather[i] = zx_socket(ZMQ_GATHER);
        zx_link(gather[i], scatter);
    }
    for (int i = 0; i < 6; i++) zx_ok(zx_send(scatter, zx_num(i), 0));
    for (int i = 0; i < 6; i++) zx_check_str("in turn", zx_num(i), zx_recv(gather[i % 2]));
}

static void channel(void) {
    void *a = zx_socket(ZMQ_CHANNEL), *b = zx_socket(ZMQ_CHANNEL);

    zx_check_rc("alone", "EAGAIN", zx_send(a, "x", ZMQ_DONTWAIT));
    zx_link(a, b);
    zx_ok(zx_send(a, "ping", 0));
    zx_check_str("ping", "ping", zx_recv(b));
    zx_ok(zx_send(b, "pong", 0));
    zx_check_str("pong", "pong", zx_recv(a));
}

static void peers(void) {
    void *a = zx_socket(ZMQ_PEER), *b = zx_socket(ZMQ_PEER);
    uint32_t id, back;

    id = zmq_connect_peer(b, zx_bind(a));
    zx_check_int("id at once", 1, id != 0);
    zx_check_rc("usable at once", "5", give(b, id, "hello", 0));
    zx_check_str("hello", "hello", take(a, &back));
    zx_check_rc("answer", "2", give(a, back, "hi", 0));
    zx_check_str("hi", "hi", take(b, &back));
    zx_check_int("from that id", id, back);
    if (!zx_runs("disconnect_peer")) return;
    zx_check_rc("disconnect_peer", "0", zmq_disconnect_peer(b, id));
    zx_check_rc("gone", "EHOSTUNREACH", give(b, id, "x", 0));
}

static int refusal(uint32_t id) {
    return id ? (int)id : -1;
}

static void connect_peer_refuses(void) {
    void *peer = zx_socket(ZMQ_PEER), *push = zx_socket(ZMQ_PUSH);

    zx_check_rc("other type", "ENOTSUP", refusal(zmq_connect_peer(push, "inproc://x")));
    zx_check_rc("NULL socket", "ENOTSOCK", refusal(zmq_connect_peer(NULL, "inproc://x")));
    zx_check_rc("malformed", "EINVAL", refusal(zmq_connect_peer(peer, "nonsense")));
    zx_ok(zx_set_int(peer, ZMQ_IMMEDIATE, 1));
    zx_check_rc("immediate", "EFAULT", refusal(zmq_connect_peer(peer, "inproc://x")));
    if (!zx_runs("disconnect unknown")) return;
    zx_check_rc("disconnect other type", "ENOTSUP", zmq_disconnect_peer(push, 5));
    zx_check_rc("disconnect unknown", "EHOSTUNREACH", zmq_disconnect_peer(peer, 5));
}

/* A join has arrived when a message of its group does. */
static void settle(void *radio, void *dish, const char *group) {
    long long end = zx_now_ms() + ZX_LONG_MS;

    do {
        if (zx_now_ms() > end) fail_msg("the join never worked");
        zx_ok(give_group(radio, group, "sync"));
    } while (!(zx_wait(dish, ZMQ_POLLIN, 5) & ZMQ_POLLIN));
    while (strcmp(zx_recv_soon(dish), "sync") == 0) {
    }
}

static void radio_dish(void) {
    void *radio = zx_socket(ZMQ_RADIO), *dish = zx_socket(ZMQ_DISH);

    zx_check_rc("join", "0", zmq_join(dish, "Movies"));
    zx_check_rc("join again", "EINVAL", zmq_join(dish, "Movies"));
    zx_link(radio, dish);
    settle(radio, dish, "Movies");
    zx_ok(give_group(radio, "TV", "Friends"));
    zx_ok(give_group(radio, "Movie", "prefix"));
    zx_ok(give_group(radio, "Movies!", "longer"));
    zx_ok(give_group(radio, "Movies", "Godfather"));
    zx_check_str("exact group only", "Movies: Godfather", take_group(dish));
    zx_check_rc("leave", "0", zmq_leave(dish, "Movies"));
    zx_check_rc("leave again", "EINVAL", zmq_leave(dish, "Movies"));
    zx_ok(zmq_join(dish, ""));
    settle(radio, dish, "");
    zx_ok(give_group(radio, "Movies", "left"));
    zx_ok(zx_send(radio, "no group", 0));
    zx_check_str("the empty group", ": no group", take_group(dish));
}

struct relay {
    void *front, *back;
};

/* Runs in a thread of its own, which closes the ends. */
static void run_relay(void *arg) {
    struct relay *r = arg;

    zmq_proxy(r->front, r->back, NULL);
    zmq_close(r->front);
    if (r->back != r->front) zmq_close(r->back);
}

/* Not one of the case's own sockets. */
static void *relay_end(int type) {
    void *s = zmq_socket(zx_ctx(), type);
    int zero = 0;

    assert_non_null(s);
    zx_ok(zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero));
    return s;
}

static void server_echoes_by_proxy(void) {
    static struct relay r;
    void *client[2];
    const char *ep;

    r.front = r.back = relay_end(ZMQ_SERVER);
    ep = zx_keep(zx_bind(r.front));
    zx_spawn(run_relay, &r);
    for (int i = 0; i < 2; i++) {
        client[i] = zx_socket(ZMQ_CLIENT);
        zx_ok(zmq_connect(client[i], ep));
    }
    for (int i = 0; i < 10; i++) {
        zx_ok(zx_send(client[i % 2], zx_num(i), 0));
        zx_check_str("echo", zx_num(i), zx_recv(client[i % 2]));
    }
}

static void groups_through_a_proxy(void) {
    static struct relay r;
    void *radio = zx_socket(ZMQ_RADIO), *dish = zx_socket(ZMQ_DISH);

    r = (struct relay){relay_end(ZMQ_DISH), relay_end(ZMQ_RADIO)};
    zx_ok(zmq_join(r.front, "Movies"));
    zx_ok(zmq_join(dish, "Movies"));
    zx_ok(zmq_connect(radio, zx_bind(r.front)));
    zx_ok(zmq_connect(dish, zx_bind(r.back)));
    zx_spawn(run_relay, &r);
    settle(radio, dish, "Movies");
    zx_ok(give_group(radio, "TV", "Friends"));
    zx_ok(give_group(radio, "Movies", "Godfather"));
    zx_check_str("the group goes along", "Movies: Godfather", take_group(dish));
}

static void join_errors(void) {
    void *dish = zx_socket(ZMQ_DISH), *sub = zx_socket(ZMQ_SUB);
    char group[300];

    memset(group, 'g', sizeof group);
    group[256] = 0;
    zx_check_rc("256", "EINVAL", zmq_join(dish, group));
    zx_check_rc("leave 256", "EINVAL", zmq_leave(dish, group));
    group[255] = 0;
    zx_check_rc("255", "0", zmq_join(dish, group));
    zx_check_rc("leave 255", "0", zmq_leave(dish, group));
    zx_check_rc("other type", "ENOTSUP", zmq_join(sub, "g"));
    zx_check_rc("leave other type", "ENOTSUP", zmq_leave(sub, "g"));
    zx_check_rc("NULL", "ENOTSOCK", zmq_join(NULL, "g"));
    zx_check_rc("never joined", "EINVAL", zmq_leave(dish, "g"));
}

static void radio_to_many(void) {
    void *radio = zx_socket(ZMQ_RADIO), *dish[3];

    zx_bind(radio);
    for (int i = 0; i < 3; i++) {
        dish[i] = zx_socket(ZMQ_DISH);
        zx_ok(zmq_join(dish[i], "all"));
        zx_ok(zmq_join(dish[i], zx_num(i)));
        zx_ok(zmq_connect(dish[i], zx_last_endpoint(radio)));
        settle(radio, dish[i], zx_num(i));
    }
    zx_ok(give_group(radio, "all", "x"));
    zx_ok(give_group(radio, "1", "y"));
    for (int i = 0; i < 3; i++) zx_check_str("all", "all: x", take_group(dish[i]));
    zx_check_str("one", "1: y", take_group(dish[1]));
    zx_check_str("not the others", "EAGAIN", zx_recv_soon(dish[0]));
}

static void events(void) {
    void *server = zx_socket(ZMQ_SERVER), *client = zx_socket(ZMQ_CLIENT);

    zx_check_int("server", ZMQ_POLLOUT, zx_ready(server));
    zx_check_int("client alone", 0, zx_ready(client));
    zx_check_int("radio", ZMQ_POLLOUT, zx_ready(zx_socket(ZMQ_RADIO)));
    zx_check_int("gather", 0, zx_ready(zx_socket(ZMQ_GATHER)));
    zx_check_int("scatter alone", 0, zx_ready(zx_socket(ZMQ_SCATTER)));
    zx_link(server, client);
    zx_check_int("client", ZMQ_POLLOUT, zx_wait(client, ZMQ_POLLOUT, ZX_LONG_MS));
}

static void answer_from_a_thread(void *s) {
    uint32_t id;

    for (int i = 0; i < 200; i++) {
        const char *text = take(s, &id);
        if (!id || give(s, id, text, 0) < 0) return;
    }
}

static void many_threads_one_socket(void) {
    void *server = zx_socket(ZMQ_SERVER), *client = zx_socket(ZMQ_CLIENT);
    int seen[600] = {0}, missing = 0;

    zx_link(server, client);
    for (int i = 0; i < 3; i++) zx_spawn(answer_from_a_thread, server);
    for (int i = 0; i < 600; i++) zx_ok(zx_send(client, zx_num(i), 0));
    for (int i = 0; i < 600; i++) {
        int n = atoi(zx_recv(client));
        if (n >= 0 && n < 600) seen[n]++;
    }
    for (int i = 0; i < 600; i++) missing += seen[i] != 1;
    zx_check_int("each once", 0, missing);
}

static void peer_state(void) {
    void *router = zx_socket(ZMQ_ROUTER), *dealer = zx_socket(ZMQ_DEALER);
    int sent = 0;

    zx_ok(zx_set_int(router, ZMQ_SNDHWM, 2));
    zx_ok(zx_set_int(dealer, ZMQ_RCVHWM, 2));
    zx_ok(zx_set_int(router, ZMQ_ROUTER_MANDATORY, 1));
    zx_ok(zx_set_str(dealer, ZMQ_ROUTING_ID, "me"));
    zx_link(router, dealer);
    zx_ok(zx_send(dealer, "x", 0));
    zx_check_str("x", "me|x", zx_recv(router));
    zx_check_rc("room", "2", zmq_socket_get_peer_state(router, "me", 2));
    while (sent < 10 && zx_send(router, "me|y", ZMQ_DONTWAIT) == 1) sent++;
    zx_check_rc("full", "0", zmq_socket_get_peer_state(router, "me", 2));
    zx_check_rc("unknown", "EHOSTUNREACH", zmq_socket_get_peer_state(router, "no", 2));
    zx_check_rc("other type", "ENOTSUP", zmq_socket_get_peer_state(dealer, "me", 2));
    zx_check_rc("NULL", "ENOTSOCK", zmq_socket_get_peer_state(NULL, "me", 2));
}

static const struct zx_case cases[] = {
    ZX_CASE(message_fields),
    ZX_CASE(init_buffer_of_nothing),
    ZX_CASE(no_multipart),
    ZX_CASE(one_way),
    ZX_CASE_ALL(client_server),
    ZX_CASE_ALL(two_clients),
    ZX_CASE_ALL(announcements),
    ZX_CASE(multipart_from_others_is_dropped),
    ZX_CASE_ALL(scatter_gather),
    ZX_CASE_ALL(channel),
    ZX_CASE_ALL(peers),
    ZX_CASE(connect_peer_refuses),
    ZX_CASE_ALL(radio_dish),
    ZX_CASE_ALL(server_echoes_by_proxy),
    ZX_CASE_ALL(groups_through_a_proxy),
    ZX_CASE(join_errors),
    ZX_CASE_ALL(radio_to_many),
    ZX_CASE_ALL(events),
    ZX_CASE_ALL(many_threads_one_socket),
    ZX_CASE(peer_state),
};

ZX_MAIN("threadsafe", cases)
