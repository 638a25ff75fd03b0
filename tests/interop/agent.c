/* SPDX-License-Identifier: MIT */
/*
 * interop_peer: does with a libzmq what it is told on its standard input, one line a command, one
 * line an answer. It is linked against libzmq.so.5 like any program; which one that is decides
 * LD_LIBRARY_PATH, and the command `loaded` proves it from /proc/self/maps. agent.py and
 * Agent.java speak the same language. drive.h describes it.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { SLOTS = 16, BLOCK = 251, SHORT = 64, PARTS = 64 };

static void *ctx;
static void *slots[SLOTS];
static void *monitors[SLOTS];

/* Of draft types: what goes with the next message, and what came with the last one. */
static struct {
    bool draft;
    uint32_t to, from;
    char group[256], heard[256];
} notes[SLOTS];

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void answer(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void answer(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static void result(int rc) {
    if (rc < 0)
        answer("err %s", errno == EAGAIN ? "EAGAIN" : errno == EHOSTUNREACH ? "EHOSTUNREACH"
                                                                          : zmq_strerror(errno));
    else
        answer("ok");
}

static int type_number(const char *name) {
    static const char *const names[] = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER",
                                        "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM",
                                        "SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER",
                                        "DGRAM", "PEER", "CHANNEL"};
    for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

/* Waits for an event of the socket; each call of the library may take notice of its peers. */
static bool await(void *socket, short events, int64_t end) {
    zmq_pollitem_t item = {.socket = socket, .events = events};
    int64_t left = end - now_ms();
    return zmq_poll(&item, 1, left > 0 ? (long)left : 0) > 0;
}

static size_t unhex(const char *text, uint8_t *out) {
    size_t n = 0;
    unsigned byte;
    for (; sscanf(text, "%2x", &byte) == 1; text += 2)
        out[n++] = (uint8_t)byte;
    return n;
}

static void fill(uint8_t *data, size_t size, unsigned seed) {
    for (size_t i = 0; i < size && i < BLOCK; i++)
        data[i] = (uint8_t)(seed + i);
    for (size_t i = BLOCK; i < size; i += BLOCK)
        memcpy(data + i, data, size - i < BLOCK ? size - i : BLOCK);
}

/* One part as text: short ones in full, long ones as size and seed if they are of our making. */
static void describe(const uint8_t *data, size_t size, char *out, size_t room) {
    if (size <= SHORT) {
        out += sprintf(out, "h:");
        for (size_t i = 0; i < size; i++)
            out += sprintf(out, "%02x", data[i]);
        return;
    }
    for (size_t i = 1; i < size && i < BLOCK; i++) {
        if (data[i] != (uint8_t)(data[0] + i)) {
            snprintf(out, room, "damaged:%zu:%zu", size, i);
            return;
        }
    }
    if (size > BLOCK && memcmp(data, data + BLOCK, size - BLOCK) != 0)
        snprintf(out, room, "damaged:%zu", size);
    else
        snprintf(out, room, "r:%zu:%u", size, data[0]);
}

/* "h:<hex>" or "r:<size>:<seed>". */
static int make_part(zmq_msg_t *msg, const char *text) {
    if (text[0] == 'h') {
        uint8_t data[4096];
        size_t size = unhex(text + 2, data);
        if (zmq_msg_init_size(msg, size))
            return -1;
        memcpy(zmq_msg_data(msg), data, size);
        return 0;
    }
    size_t size = 0;
    unsigned seed = 0;
    if (sscanf(text, "r:%zu:%u", &size, &seed) != 2 || zmq_msg_init_size(msg, size))
        return -1;
    fill(zmq_msg_data(msg), size, seed);
    return 0;
}

static void take_along(int slot, zmq_msg_t *msg) {
    if (notes[slot].to)
        zmq_msg_set_routing_id(msg, notes[slot].to);
    if (notes[slot].group[0])
        zmq_msg_set_group(msg, notes[slot].group);
}

static void do_send(int slot, char *rest) {
    char *parts[PARTS], *at;
    int n = 0;
    int64_t end = now_ms() + strtol(rest, &at, 10);
    for (char *p = strtok(at, " "); p && n < PARTS; p = strtok(NULL, " "))
        parts[n++] = p;
    for (int i = 0; i < n; i++) {
        zmq_msg_t msg;
        int rc;
        if (make_part(&msg, parts[i])) {
            answer("err bad part");
            return;
        }
        take_along(slot, &msg);
        do
            rc = zmq_msg_send(&msg, slots[slot], ZMQ_DONTWAIT | (i + 1 < n ? ZMQ_SNDMORE : 0));
        while (rc < 0 && errno == EAGAIN && now_ms() < end &&
               (await(slots[slot], ZMQ_POLLOUT, end), true));
        if (rc < 0) {
            result(rc);
            zmq_msg_close(&msg);
            return;
        }
    }
    answer("ok");
}

static int receive(void *socket, zmq_msg_t *msg, int64_t end) {
    int rc;
    zmq_msg_init(msg);
    while ((rc = zmq_msg_recv(msg, socket, ZMQ_DONTWAIT)) < 0 && errno == EAGAIN && now_ms() < end)
        await(socket, ZMQ_POLLIN, end);
    return rc;
}

static void do_recv(int slot, const char *rest) {
    char line[PARTS * 160];
    size_t len = 0;
    int64_t end = now_ms() + strtol(rest, NULL, 10);
    int more = 1;
    for (int i = 0; more && i < PARTS; i++) {
        zmq_msg_t msg;
        if (receive(slots[slot], &msg, end) < 0) {
            if (errno == EAGAIN)
                answer(i ? "err half a message" : "none");
            else
                result(-1);
            return;
        }
        line[len++] = ' ';
        describe(zmq_msg_data(&msg), zmq_msg_size(&msg), line + len, sizeof line - len);
        len += strlen(line + len);
        more = zmq_msg_more(&msg);
        if (notes[slot].draft) {
            notes[slot].from = zmq_msg_routing_id(&msg);
            snprintf(notes[slot].heard, sizeof notes[slot].heard, "%s", zmq_msg_group(&msg));
        }
        zmq_msg_close(&msg);
    }
    line[len] = '\0';
    answer("ok%s", line);
}

/* STREAM: gathers the bytes of one peer. */
static void do_gather(int slot, const char *rest) {
    size_t total = 0, got = 0;
    long timeout = 0;
    char text[200];
    uint8_t *data;
    sscanf(rest, "%ld %zu", &timeout, &total);
    int64_t end = now_ms() + timeout;
    data = malloc(total + 1);
    while (data && got < total) {
        zmq_msg_t id, body;
        bool fits;
        if (receive(slots[slot], &id, end) < 0 || receive(slots[slot], &body, end) < 0)
            break;
        fits = got + zmq_msg_size(&body) <= total;
        if (fits)
            memcpy(data + got, zmq_msg_data(&body), zmq_msg_size(&body));
        got += zmq_msg_size(&body);
        zmq_msg_close(&id);
        zmq_msg_close(&body);
        if (!fits)
            break;
    }
    if (got != total) {
        answer("err %zu of %zu bytes", got, total);
    } else {
        describe(data, total, text, sizeof text);
        answer("ok %s", text);
    }
    free(data);
}

static void do_option(int slot, bool number, char *rest) {
    char *at;
    int option = (int)strtol(rest, &at, 10), value;
    uint8_t data[4096];
    if (number) {
        value = (int)strtol(at, NULL, 10);
        result(zmq_setsockopt(slots[slot], option, &value, sizeof value));
        return;
    }
    while (*at == ' ')
        at++;
    result(zmq_setsockopt(slots[slot], option, data, unhex(at, data)));
}

/* "to <slot> <id>" and "group <slot> [<name>]" hold until they are given anew. */
static bool do_draft(int slot, const char *verb, const char *rest) {
    if (strcmp(verb, "join") == 0) {
        result(zmq_join(slots[slot], rest));
    } else if (strcmp(verb, "leave") == 0) {
        result(zmq_leave(slots[slot], rest));
    } else if (strcmp(verb, "to") == 0) {
        notes[slot].to = (uint32_t)strtoul(rest, NULL, 10);
        answer("ok");
    } else if (strcmp(verb, "group") == 0) {
        snprintf(notes[slot].group, sizeof notes[slot].group, "%s", rest);
        answer("ok");
    } else if (strcmp(verb, "from") == 0) {
        answer("ok %u %s", notes[slot].from, notes[slot].heard);
    } else if (strcmp(verb, "peer") == 0) {
        uint32_t id = zmq_connect_peer(slots[slot], rest);
        if (id)
            answer("ok %u", id);
        else
            result(-1);
    } else {
        return false;
    }
    return true;
}

static void do_bind(int slot, const char *endpoint) {
    char last[300];
    size_t size = sizeof last;
    if (zmq_bind(slots[slot], endpoint) ||
        zmq_getsockopt(slots[slot], ZMQ_LAST_ENDPOINT, last, &size))
        result(-1);
    else
        answer("ok %s", last);
}

static void do_monitor(int slot) {
    static unsigned counter; /* libzmq frees a name some time after its socket */
    char name[40];
    snprintf(name, sizeof name, "inproc://monitor-%u", counter++);
    if (zmq_socket_monitor(slots[slot], name, ZMQ_EVENT_ALL)) {
        result(-1);
        return;
    }
    monitors[slot] = zmq_socket(ctx, ZMQ_PAIR);
    result(zmq_connect(monitors[slot], name));
}

/* "event <slot> <timeout>": the next one, as a number and its value; "none" if none comes. */
static void do_event(int slot, const char *rest) {
    int64_t end = now_ms() + strtol(rest, NULL, 10);
    zmq_msg_t msg, address;
    uint16_t event;
    uint32_t value;
    if (receive(monitors[slot], &msg, end) < 0) {
        answer("none");
        return;
    }
    memcpy(&event, zmq_msg_data(&msg), 2);
    memcpy(&value, (char *)zmq_msg_data(&msg) + 2, 4);
    zmq_msg_close(&msg);
    receive(monitors[slot], &address, end);
    zmq_msg_close(&address);
    answer("ok %u %u", event, value);
}

static void do_loaded(void) {
    char line[600], path[400] = "none";
    int major, minor, patch;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        char *at = strchr(line, '/');
        if (at && strstr(at, "/libzmq.so"))
            sscanf(at, "%399s", path);
    }
    if (maps)
        fclose(maps);
    zmq_version(&major, &minor, &patch);
    answer("ok %s %d.%d.%d%s", path, major, minor, patch, zmq_has("zmqx") ? " zmqx" : "");
}

static int close_slot(int slot) {
    int rc;
    if (monitors[slot]) {
        zmq_socket_monitor(slots[slot], NULL, 0);
        zmq_close(monitors[slot]);
        monitors[slot] = NULL;
    }
    rc = zmq_close(slots[slot]);
    slots[slot] = NULL;
    return rc;
}

static void do_new(int slot, const char *type) {
    int zero = 0;
    if (slots[slot]) /* left behind by a test that failed */
        close_slot(slot);
    slots[slot] = zmq_socket(ctx, type_number(type));
    memset(&notes[slot], 0, sizeof notes[slot]);
    notes[slot].draft = type_number(type) >= ZMQ_SERVER;
    if (!slots[slot])
        result(-1);
    else
        result(zmq_setsockopt(slots[slot], ZMQ_LINGER, &zero, sizeof zero));
}

static bool execute(char *line) {
    char verb[20] = "";
    int slot = 0, used = 0;
    line[strcspn(line, "\n")] = '\0';
    sscanf(line, "%19s %d %n", verb, &slot, &used);
    char *rest = line + used;
    if (strcmp(verb, "quit") == 0)
        return false;
    if (slot < 0 || slot >= SLOTS)
        answer("err slot");
    else if (strcmp(verb, "loaded") == 0)
        do_loaded();
    else if (strcmp(verb, "new") == 0)
        do_new(slot, rest);
    else if (strcmp(verb, "int") == 0 || strcmp(verb, "hex") == 0)
        do_option(slot, verb[0] == 'i', rest);
    else if (strcmp(verb, "bind") == 0)
        do_bind(slot, rest);
    else if (strcmp(verb, "connect") == 0)
        result(zmq_connect(slots[slot], rest));
    else if (strcmp(verb, "send") == 0)
        do_send(slot, rest);
    else if (strcmp(verb, "recv") == 0)
        do_recv(slot, rest);
    else if (strcmp(verb, "gather") == 0)
        do_gather(slot, rest);
    else if (strcmp(verb, "monitor") == 0)
        do_monitor(slot);
    else if (strcmp(verb, "event") == 0)
        do_event(slot, rest);
    else if (strcmp(verb, "close") == 0)
        result(close_slot(slot));
    else if (!do_draft(slot, verb, rest))
        answer("err what?");
    return true;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    ctx = zmq_ctx_new();
    if (!ctx)
        return 1;
    while (getline(&line, &room, stdin) > 0 && execute(line))
        ;
    for (int i = 0; i < SLOTS; i++)
        if (slots[i])
            close_slot(i);
    free(line);
    return zmq_ctx_term(ctx);
}
