/* SPDX-License-Identifier: MIT */
// C++, cppzmq-dev: headers only, the program itself is linked to libzmq. What the headers check
// about the library's types is checked by compiling this.
#include <zmq.hpp>
#include <zmq_addon.hpp>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <thread>

static void say_library() {
    std::ifstream maps("/proc/self/maps");
    std::set<std::string> seen;
    for (std::string line; std::getline(maps, line);) {
        if (line.find("/libzmq.so") != std::string::npos) {
            seen.insert(line.substr(line.find('/')));
        }
    }
    for (const auto &path : seen) {
        std::cout << "library " << path << "\n";
    }
}

static void req_rep(zmq::context_t &ctx) {
    zmq::socket_t rep(ctx, zmq::socket_type::rep);
    rep.bind("tcp://127.0.0.1:*");
    const auto where = rep.get(zmq::sockopt::last_endpoint);
    std::thread server([&rep] {
        for (int i = 0; i < 5000; i++) {
            zmq::message_t got;
            (void)rep.recv(got);
            rep.send(zmq::buffer("answer to " + got.to_string()), zmq::send_flags::none);
        }
    });
    zmq::socket_t req(ctx, zmq::socket_type::req);
    req.connect(where);
    int equal = 0;
    for (int i = 0; i < 5000; i++) {
        const std::string text = "question " + std::to_string(i);
        req.send(zmq::message_t(text), zmq::send_flags::none);
        zmq::message_t got;
        (void)req.recv(got);
        equal += got.to_string() == "answer to " + text;
    }
    server.join();
    std::cout << "req/rep over tcp, two threads: " << equal << "\n";
    try {
        zmq::socket_t(ctx, zmq::socket_type::rep).bind(where);
    } catch (const zmq::error_t &e) {
        std::cout << "bound twice: " << e.num() << " " << e.what() << "\n";
    }
    zmq::message_t none;
    std::cout << "nothing to receive: "
              << rep.recv(none, zmq::recv_flags::dontwait).has_value() << "\n";
    req.set(zmq::sockopt::linger, 321);
    std::cout << "linger: " << req.get(zmq::sockopt::linger) << "\n";
    req.set(zmq::sockopt::routing_id, "an id");
    std::cout << "id: " << req.get(zmq::sockopt::routing_id) << "\n";
}

static void parts(zmq::context_t &ctx) {
    zmq::socket_t pull(ctx, zmq::socket_type::pull);
    pull.bind("inproc://parts");
    zmq::socket_t push(ctx, zmq::socket_type::push);
    push.connect("inproc://parts");
    zmq::multipart_t sent;
    sent.addstr("head");
    sent.addtyp<int>(42);
    sent.addmem(nullptr, 0);
    sent.addstr(std::string(1000000, 'x'));
    zmq::multipart_t copy = sent.clone();
    sent.send(push);
    zmq::multipart_t got;
    got.recv(pull);
    std::cout << "parts over inproc: " << got.size() << " " << got.equal(&copy) << " "
              << got.peektyp<int>(1) << "\n";
    std::string freed;
    zmq::message_t lent(
        &freed, 0, [](void *, void *hint) { *static_cast<std::string *>(hint) = "freed"; },
        &freed);
    push.send(lent, zmq::send_flags::none);
    zmq::message_t last;
    (void)pull.recv(last);
    last.rebuild();
    std::cout << "zero copy: " << freed << "\n";
    push.send(zmq::str_buffer("wake"), zmq::send_flags::none);
    zmq::pollitem_t items[] = {{push.handle(), 0, ZMQ_POLLOUT, 0},
                                {pull.handle(), 0, ZMQ_POLLIN, 0}};
    std::cout << "poll: " << zmq::poll(items, 2, std::chrono::seconds(10)) << "\n";
}

static void subscriptions(zmq::context_t &ctx) {
    const std::string where = std::string("ipc://") + std::getenv("TMPDIR") + "/s";
    zmq::socket_t xpub(ctx, zmq::socket_type::xpub);
    xpub.bind(where);
    zmq::socket_t sub(ctx, zmq::socket_type::sub);
    sub.set(zmq::sockopt::subscribe, "b");
    sub.connect(where);
    zmq::message_t got;
    (void)xpub.recv(got);
    std::cout << "subscribed: " << got << "\n";
    for (const char *word : {"a1", "b1", "c1", "b2"}) {
        xpub.send(zmq::buffer(std::string(word)), zmq::send_flags::none);
    }
    (void)sub.recv(got);
    std::cout << "heard: " << got.to_string();
    (void)sub.recv(got);
    std::cout << " " << got.to_string() << " " << got.gets("Socket-Type") << "\n";
}

class Watcher : public zmq::monitor_t {
public:
    bool accepted = false;
    void on_event_accepted(const zmq_event_t &, const char *) override { accepted = true; }
};

static void monitor(zmq::context_t &ctx) {
    zmq::socket_t pull(ctx, zmq::socket_type::pull);
    Watcher watcher;
    watcher.init(pull, "inproc://watcher", ZMQ_EVENT_ALL);
    pull.bind("tcp://127.0.0.1:*");
    zmq::socket_t push(ctx, zmq::socket_type::push);
    push.connect(pull.get(zmq::sockopt::last_endpoint));
    while (!watcher.accepted && watcher.check_event(10000)) {
    }
    std::cout << "monitor: accepted " << watcher.accepted << "\n";
}

#ifdef ZMQ_BUILD_DRAFT_API
static void drafts(zmq::context_t &ctx) {
    zmq::socket_t server(ctx, zmq::socket_type::server);
    zmq::socket_t client(ctx, zmq::socket_type::client);
    server.bind("inproc://drafts");
    client.connect("inproc://drafts");
    zmq::poller_t<int> poller;
    int tag = 7;
    poller.add(server, zmq::event_flags::pollin, &tag);
    client.send(zmq::str_buffer("hello"), zmq::send_flags::none);
    std::vector<zmq::poller_event<int>> events(1);
    const auto count = poller.wait_all(events, std::chrono::seconds(10));
    zmq::message_t got;
    (void)server.recv(got);
    std::cout << "drafts: " << count << " " << *events[0].user_data << " " << got.to_string()
              << " " << (got.routing_id() != 0) << "\n";
}
#endif

int main() {
    say_library();
    zmq::context_t ctx;
    req_rep(ctx);
    parts(ctx);
    subscriptions(ctx);
    monitor(ctx);
#ifdef ZMQ_BUILD_DRAFT_API
    drafts(ctx);
#endif
    ctx.close();
    std::cout << "ended\n";
    return 0;
}
