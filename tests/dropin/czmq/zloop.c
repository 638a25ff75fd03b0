/* SPDX-License-Identifier: MIT */
/* zloop: timers, tickets, readers and a descriptor in one reactor. */
#include "scene.h"

static zsock_t *output;
static int fds[2];
static int cancelled;

static int on_timer(zloop_t *loop, int timer_id, void *arg) {
    static int ticks;
    (void)timer_id, (void)arg;
    printf("tick %d\n", ++ticks);
    if (ticks == 3) {
        zloop_timer_end(loop, cancelled);
        zstr_send(output, "from a timer");
    }
    return 0;
}

static int on_never(zloop_t *loop, int timer_id, void *arg) {
    (void)loop, (void)timer_id, (void)arg;
    puts("a cancelled timer came");
    return -1;
}

static int on_ticket(zloop_t *loop, int timer_id, void *arg) {
    (void)loop, (void)timer_id, (void)arg;
    puts("a ticket came");
    return -1;
}

static int on_readable(zloop_t *loop, zmq_pollitem_t *item, void *arg) {
    char c;
    (void)arg;
    assert(read(item->fd, &c, 1) == 1);
    printf("descriptor: %c\n", c);
    zloop_poller_end(loop, item);
    zloop_ticket(loop, on_ticket, NULL);
    return 0;
}

static int on_message(zloop_t *loop, zsock_t *reader, void *arg) {
    (void)arg;
    printf("message: %s\n", scene_text(reader));
    zloop_reader_end(loop, reader);
    assert(write(fds[1], "x", 1) == 1);
    return 0;
}

int main(void) {
    zmq_pollitem_t item = {NULL, 0, ZMQ_POLLIN, 0};
    zsock_t *input;
    zloop_t *loop;
    scene_begin();
    loop = zloop_new();
    output = zsock_new_push("@inproc://zloop");
    input = zsock_new_pull(">inproc://zloop");
    assert(pipe(fds) == 0);
    item.fd = fds[0];
    cancelled = zloop_timer(loop, 30000, 1, on_never, NULL);
    zloop_timer(loop, 5, 3, on_timer, NULL);
    zloop_reader(loop, input, on_message, NULL);
    zloop_poller(loop, &item, on_readable, NULL);
    zloop_set_ticket_delay(loop, 20);
    printf("ended by a handler: %d\n", zloop_start(loop));
    zloop_destroy(&loop);
    zsock_destroy(&input);
    zsock_destroy(&output);
    zsys_shutdown();
    puts("ended");
    return 0;
}
