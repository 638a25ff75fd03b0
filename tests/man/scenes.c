/* SPDX-License-Identifier: MIT */
/*
 * For each example of the manual that is no program by itself: how to call it, and what must come
 * of it. Compiled behind the example, once for each page.
 */
#undef zmq_bind
#undef zmq_connect

static void *ctx, *a, *b;

static inline void *made(int type) {
    void *s = zmq_socket(ctx, type);
    int limit = 20000, none = 0;

    MUST(s);
    MUST(zmq_setsockopt(s, ZMQ_RCVTIMEO, &limit, sizeof limit) == 0);
    MUST(zmq_setsockopt(s, ZMQ_SNDTIMEO, &limit, sizeof limit) == 0);
    MUST(zmq_setsockopt(s, ZMQ_LINGER, &none, sizeof none) == 0);
    return s;
}

/* a and b, which talk to each other over tcp. */
static inline void joined(int type_a, int type_b) {
    char where[256];
    size_t size = sizeof where;

    a = made(type_a);
    b = made(type_b);
    if (type_b == ZMQ_SUB) MUST(zmq_setsockopt(b, ZMQ_SUBSCRIBE, "", 0) == 0);
    MUST(zmq_bind(a, "tcp://127.0.0.1:*") == 0);
    MUST(zmq_getsockopt(a, ZMQ_LAST_ENDPOINT, where, &size) == 0);
    MUST(zmq_connect(b, where) == 0);
}

/* A place known before anybody is bound there. */
static inline void choose_file(void) {
    snprintf(place, sizeof place, "ipc:///tmp/zmqx-man-%d", (int)getpid());
}

static inline int hears(void *s, const char *text) {
    char got[256];
    int size = zmq_recv(s, got, sizeof got, 0);

    return size == (int)strlen(text) && memcmp(got, text, strlen(text)) == 0;
}

static inline int says(void *s, const char *text) {
    return zmq_send(s, text, strlen(text), 0) == (int)strlen(text);
}

#if defined EXAMPLE_zmq
static void on_signal(int sig) {
    (void)sig;
}

static void *other_end(void *arg) {
    void *context = zmq_ctx_new(), *req = zmq_socket(context, ZMQ_REQ);
    pthread_t *server = arg;

    MUST(zmq_connect(req, place) == 0 && says(req, "hello") && hears(req, "world"));
    zmq_close(req);
    zmq_ctx_term(context);
    pthread_kill(*server, SIGUSR1);
    return NULL;
}

static void scene(void) {
    pthread_t self = pthread_self(), other;
    struct sigaction sa = {.sa_handler = on_signal};

    sigaction(SIGUSR1, &sa, NULL);
    choose_file();
    MUST(pthread_create(&other, NULL, other_end, &self) == 0);
    MUST(example_main() == 0);
    pthread_join(other, NULL);
}
#elif defined EXAMPLE_zmq_socket
static void answer(void *rep) {
    MUST(hears(rep, "hello") && says(rep, "world"));
}

static void scene(void) {
    void *rep = made(ZMQ_REP), *thread;

    MUST(bind_elsewhere(rep, "tcp") == 0);
    thread = zmq_threadstart(answer, rep);
    MUST(example_main() == 0);
    zmq_threadclose(thread);
}
#elif defined EXAMPLE_zmq_atomic_counter_new
static void scene(void) {
    void *references = zmq_atomic_counter_new();

    zmq_atomic_counter_set(references, 2);
    MUST(release(references) == 0 && release(references) == 1);
    zmq_atomic_counter_destroy(&references);
}
#elif defined EXAMPLE_zmq_bind
static void scene(void) {
    MUST(bind_somewhere(made(ZMQ_REP)) == 0);
}
#elif defined EXAMPLE_zmq_connect
static void scene(void) {
    char what[16];

    a = made(ZMQ_XPUB);
    MUST(bind_elsewhere(a, "tcp") == 0);
    MUST((b = new_subscriber(ctx, place)));
    MUST(zmq_recv(a, what, sizeof what, 0) == 9 && says(a, "weather. rain"));
    MUST(hears(b, "weather. rain"));
}
#elif defined EXAMPLE_zmq_ctx_get
static void scene(void) {
    MUST(limit_of_sockets(ctx) == 1023);
}
#elif defined EXAMPLE_zmq_ctx_set
static void scene(void) {
    void *context = new_context();

    MUST(context && zmq_ctx_get(context, ZMQ_BLOCKY) == 0 && zmq_ctx_term(context) == 0);
}
#elif defined EXAMPLE_zmq_ctx_set_ext
static void scene(void) {
    MUST(name_threads(ctx) == 0);
}
#elif defined EXAMPLE_zmq_ctx_term
static void scene(void) {
    end(zmq_ctx_new());
}
#elif defined EXAMPLE_zmq_curve || defined EXAMPLE_zmq_curve_keypair
static void scene(void) {
    char key[41];

    if (!zmq_has("curve")) {
        printf("SKIP: this library was built without CURVE\n");
        return;
    }
#ifdef EXAMPLE_zmq_curve
    a = made(ZMQ_PULL);
    b = made(ZMQ_PUSH);
    MUST(be_server(a, key) == 0 && bind_elsewhere(a, "tcp") == 0);
    MUST(be_client(b, key) == 0 && zmq_connect(b, place) == 0);
    MUST(says(b, "secret") && hears(a, "secret"));
#else
    MUST(make_server(made(ZMQ_PULL), key) == 0 && strlen(key) == 40);
#endif
}
#elif defined EXAMPLE_zmq_gssapi
static void scene(void) {
    int mechanism;
    size_t size = sizeof mechanism;

    if (!zmq_has("gssapi")) {
        printf("SKIP: this library was built without GSSAPI\n");
        return;
    }
    a = made(ZMQ_REP);
    b = made(ZMQ_REQ);
    MUST(be_server(a) == 0 && be_client(b) == 0);
    MUST(zmq_getsockopt(a, ZMQ_MECHANISM, &mechanism, &size) == 0 && mechanism == ZMQ_GSSAPI);
    MUST(zmq_getsockopt(b, ZMQ_MECHANISM, &mechanism, &size) == 0 && mechanism == ZMQ_GSSAPI);
}
#elif defined EXAMPLE_zmq_getsockopt
static void scene(void) {
    zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN, 0};

    joined(ZMQ_PUSH, ZMQ_PULL);
    MUST(can_receive(b) == 0 && says(a, "x"));
    item.socket = b;
    MUST(zmq_poll(&item, 1, 20000) == 1 && can_receive(b) == 1);
}
#elif defined EXAMPLE_zmq_inproc
static void scene(void) {
    void *pair[2];

    MUST(make_pair(ctx, pair) == 0 && says(pair[0], "x") && hears(pair[1], "x"));
}
#elif defined EXAMPLE_zmq_ipc
static void scene(void) {
    choose_file();
    a = made(ZMQ_REP);
    b = made(ZMQ_REQ);
    MUST(serve(a) == 0 && zmq_connect(b, place) == 0 && says(b, "x") && hears(a, "x"));
    MUST(zmq_unbind(a, place) == 0);
}
#elif defined EXAMPLE_zmq_norm || defined EXAMPLE_zmq_pgm
static void scene(void) {
    char what[8];

    a = made(ZMQ_XPUB);
    b = made(ZMQ_SUB);
    MUST(publish(a) == 0 && listen_to(b) == 0);
    MUST(zmq_recv(a, what, sizeof what, 0) == 1 && says(a, "x") && hears(b, "x"));
}
#elif defined EXAMPLE_zmq_ws
static void scene(void) {
    MUST(publish_to_browsers(made(ZMQ_PUB)) == 0);
}
#elif defined EXAMPLE_zmq_wss
static void scene(void) {
    if (!zmq_has("WSS")) {
        printf("SKIP: this library was built without TLS\n");
        return;
    }
    a = made(ZMQ_REP);
    MUST(bind_elsewhere(a, "tcp") == 0 && connect_safely(made(ZMQ_REQ), "an authority") == 0);
}
#elif defined EXAMPLE_zmq_vsock || defined EXAMPLE_zmq_vmci || defined EXAMPLE_zmq_tipc
/* Most machines have one end of these only, or none: that is no fault of the example. */
static void scene(void) {
    a = made(ZMQ_REP);
    if (serve(a) != 0) {
        MUST(errno == EAFNOSUPPORT || errno == EADDRINUSE);
        printf("SKIP: not bound here: %s\n", zmq_strerror(errno));
    }
#ifndef EXAMPLE_zmq_vmci
    MUST(ask(made(ZMQ_REQ)) == 0);
#endif
}
#elif defined EXAMPLE_zmq_join
static void scene(void) {
    strcpy(place, "inproc://dish");
    MUST((b = new_dish(ctx, place)) && zmq_leave(b, "news") == 0);
}
#elif defined EXAMPLE_zmq_msg_copy
static void scene(void) {
    zmq_msg_t msg;
    void *first, *one;

    joined(ZMQ_PUSH, ZMQ_PULL);
    first = a;
    one = b;
    joined(ZMQ_PUSH, ZMQ_PULL);
    MUST(zmq_msg_init_buffer(&msg, "both", 4) == 0 && send_to_both(&msg, first, a) == 0);
    MUST(hears(one, "both") && hears(b, "both"));
}
#elif defined EXAMPLE_zmq_msg_gets
static void scene(void) {
    zmq_msg_t msg;

    joined(ZMQ_PULL, ZMQ_PUSH);
    zmq_msg_init(&msg);
    MUST(says(b, "x") && zmq_msg_recv(&msg, a, 0) == 1);
    show_sender(&msg);
    MUST(strcmp(zmq_msg_gets(&msg, "Peer-Address"), "127.0.0.1") == 0);
    zmq_msg_close(&msg);
}
#elif defined EXAMPLE_zmq_msg_init
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(says(b, "12345") && receive_and_drop(a) == 5);
}
#elif defined EXAMPLE_zmq_msg_init_data
static void scene(void) {
    char *data = malloc(5);

    joined(ZMQ_PULL, ZMQ_PUSH);
    memcpy(data, "12345", 5);
    MUST(send_allocated(b, data, 5) == 5 && hears(a, "12345"));
}
#elif defined EXAMPLE_zmq_msg_init_size
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(send_text(b, "text") == 4 && hears(a, "text"));
}
#elif defined EXAMPLE_zmq_msg_more
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(zmq_send(b, "1", 1, ZMQ_SNDMORE) == 1 && says(b, "2") && drop_message(a) == 2);
}
#elif defined EXAMPLE_zmq_msg_recv
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(says(b, "12345") && show_next(a) == 5);
}
#elif defined EXAMPLE_zmq_msg_send
static void scene(void) {
    zmq_msg_t first, second;

    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(zmq_msg_init_buffer(&first, "1", 1) == 0 && zmq_msg_init_buffer(&second, "2", 1) == 0);
    MUST(send_pair(b, &first, &second) == 1 && hears(a, "1") && hears(a, "2"));
}
#elif defined EXAMPLE_zmq_msg_set_group
static void scene(void) {
    int limit = 5, tries = 0;

    joined(ZMQ_RADIO, ZMQ_DISH);
    MUST(zmq_setsockopt(b, ZMQ_RCVTIMEO, &limit, sizeof limit) == 0 && zmq_join(b, "g") == 0);
    do MUST(say(a, "g", "text") == 0 && tries++ < 4000);
    while (!hears(b, "text"));
}
#elif defined EXAMPLE_zmq_msg_set_routing_id
static void scene(void) {
    joined(ZMQ_SERVER, ZMQ_CLIENT);
    MUST(says(b, "x") && echo(a) == 0 && hears(b, "x"));
}
#elif defined EXAMPLE_zmq_null
static void scene(void) {
    char domain[16];
    size_t size = sizeof domain;

    a = made(ZMQ_REP);
    MUST(guard(a) == 0 && zmq_getsockopt(a, ZMQ_ZAP_DOMAIN, domain, &size) == 0);
    MUST(strcmp(domain, "global") == 0);
}
#elif defined EXAMPLE_zmq_plain
static void scene(void) {
    int mechanism;
    size_t size = sizeof mechanism;

    a = made(ZMQ_REP);
    b = made(ZMQ_REQ);
    MUST(be_server(a) == 0 && be_client(b, "admin", "secret") == 0);
    MUST(zmq_getsockopt(a, ZMQ_MECHANISM, &mechanism, &size) == 0 && mechanism == ZMQ_PLAIN);
    MUST(zmq_getsockopt(b, ZMQ_MECHANISM, &mechanism, &size) == 0 && mechanism == ZMQ_PLAIN);
}
#elif defined EXAMPLE_zmq_poll
static void scene(void) {
    int ends[2];

    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(pipe(ends) == 0 && write(ends[1], "x", 1) == 1 && wait_for_either(a, ends[0]) == 2);
    MUST(says(b, "x") && zmq_poll(&(zmq_pollitem_t){a, 0, ZMQ_POLLIN, 0}, 1, 20000) == 1);
    MUST(wait_for_either(a, ends[0]) == 1);
}
#elif defined EXAMPLE_zmq_poller_new
static void on_message(struct source *source) {
    MUST(hears(source->socket, "x"));
    zmq_ctx_shutdown(ctx);
}

static void scene(void) {
    struct source source;

    joined(ZMQ_PULL, ZMQ_PUSH);
    source = (struct source){a, on_message};
    MUST(says(b, "x") && serve(&source, 1) == -1 && zmq_errno() == ETERM);
}
#elif defined EXAMPLE_zmq_ppoll
static volatile sig_atomic_t stop;

static void on_signal(int sig) {
    (void)sig;
    stop = 1;
}

static void scene(void) {
    struct sigaction sa = {.sa_handler = on_signal};
    sigset_t blocked;

    sigaction(SIGTERM, &sa, NULL);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(says(b, "x") && wait_for_message(a, &stop) == 1 && hears(a, "x"));
    kill(getpid(), SIGTERM);
    MUST(!stop && wait_for_message(a, &stop) == 0 && stop);
}
#elif defined EXAMPLE_zmq_proxy
static void other_end(void *req) {
    void *rep = made(ZMQ_REP);

    MUST(zmq_connect(rep, "inproc://workers") == 0);
    MUST(zmq_connect(req, place) == 0 && says(req, "x") && hears(rep, "x"));
    MUST(says(rep, "y") && hears(req, "y"));
    zmq_close(rep);
    zmq_close(req);
    zmq_ctx_shutdown(ctx);
}

static void scene(void) {
    void *thread;

    choose_file();
    thread = zmq_threadstart(other_end, made(ZMQ_REQ));
    MUST(serve_queue(ctx) == 0);
    zmq_threadclose(thread);
}
#elif defined EXAMPLE_zmq_proxy_steerable
static void run_proxy(void *rep) {
    MUST(zmq_proxy_steerable(made(ZMQ_PULL), made(ZMQ_PUSH), NULL, rep) == 0);
}

static void scene(void) {
    void *thread;

    joined(ZMQ_REP, ZMQ_REQ);
    thread = zmq_threadstart(run_proxy, a);
    MUST(stop_proxy(b) == 0);
    zmq_threadclose(thread);
}
#elif defined EXAMPLE_zmq_recv
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(says(b, "some text"));
    show(a);
}
#elif defined EXAMPLE_zmq_send
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(send_envelope(b) == 4 && hears(a, "header") && hears(a, "body"));
}
#elif defined EXAMPLE_zmq_send_const
static void scene(void) {
    joined(ZMQ_PULL, ZMQ_PUSH);
    MUST(answer(b) == 2 && hears(a, "OK"));
}
#elif defined EXAMPLE_zmq_setsockopt
static void scene(void) {
    MUST(prepare(made(ZMQ_PULL)) == 0);
}
#elif defined EXAMPLE_zmq_socket_monitor
static void scene(void) {
    a = made(ZMQ_REP);
    MUST(bind_elsewhere(a, "tcp") == 0 && wait_for_handshake(ctx, made(ZMQ_REQ), place) == 0);
}
#elif defined EXAMPLE_zmq_socket_monitor_pipes_stats
static void scene(void) {
    void *reader = made(ZMQ_PAIR);

    a = made(ZMQ_PUSH);
    b = made(ZMQ_PULL);
    MUST(zmq_bind(b, "inproc://b") == 0 && zmq_connect(a, "inproc://b") == 0);
    MUST(zmq_socket_monitor_versioned(a, "inproc://m", ZMQ_EVENT_PIPES_STATS, 2, ZMQ_PAIR) == 0);
    MUST(zmq_connect(reader, "inproc://m") == 0 && says(a, "1") && says(a, "2"));
    MUST(backlog(a, reader) == 2);
}
#elif defined EXAMPLE_zmq_socket_monitor_versioned
static void scene(void) {
    void *reader;
    uint64_t event;

    a = made(ZMQ_REP);
    MUST((reader = hear_of_accepted(ctx, a)) && bind_elsewhere(a, "tcp") == 0);
    MUST(zmq_connect(made(ZMQ_REQ), place) == 0);
    MUST(zmq_recv(reader, &event, sizeof event, 0) == 8 && event == ZMQ_EVENT_ACCEPTED);
}
#elif defined EXAMPLE_zmq_stopwatch_start
static void nothing(void) {
}

static void scene(void) {
    measure(nothing);
}
#elif defined EXAMPLE_zmq_strerror
static void scene(void) {
    connect_or_say_why(made(ZMQ_REQ), "nonsense");
}
#elif defined EXAMPLE_zmq_udp
static void scene(void) {
    a = made(ZMQ_DISH);
    MUST(listen_to(a) == 0 && place[0]);
    MUST(zmq_leave(a, "weather") == 0);
}
#elif defined EXAMPLE_zmq_tcp
static void scene(void) {
    a = made(ZMQ_REP);
    b = made(ZMQ_REQ);
    MUST(serve(a) == 0 && use(b) == 0 && says(b, "x") && hears(a, "x"));
}
#elif defined EXAMPLE_zmq_threadstart
static void scene(void) {
    void *thread;

    joined(ZMQ_REP, ZMQ_REQ);
    MUST((thread = start_echo(a)) && says(b, "x") && hears(b, "x"));
    zmq_ctx_shutdown(ctx);
    zmq_threadclose(thread);
}
#elif defined EXAMPLE_zmq_timers_new
static void scene(void) {
    MUST(run(made(ZMQ_PULL)) >= 0);
}
#elif defined EXAMPLE_zmq_z85_decode
static void scene(void) {
    uint8_t key[32];

    MUST(read_key(key, "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7") == 0 && key[0] == 0x54);
}
#else
static void scene(void) {
    MUST(example_main() == 0);
}
#endif

int main(void) {
    alarm(60);
    unused();
    MUST((ctx = zmq_ctx_new()));
    scene();
    return 0;
}
