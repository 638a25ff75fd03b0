/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool in_child;

static _Noreturn void give_up(const char *why) {
    if (in_child) {
        fprintf(stderr, "in the child: %s\n", why);
        _exit(1);
    }
    wire_fail(__FILE__, __LINE__, "%s", why);
}

struct child child_start(int (*run)(struct child *self, const char *arg), const char *arg) {
    int up[2], down[2];
    struct child c;
    assert_int_equal(pipe2(up, O_CLOEXEC), 0);
    assert_int_equal(pipe2(down, O_CLOEXEC), 0);
    fflush(NULL);
    c.pid = fork();
    assert_int_not_equal(c.pid, -1);
    if (c.pid == 0) {
        struct child self = {.pid = getppid(), .in = down[0], .out = up[1]};
        in_child = true;
        signal(SIGALRM, SIG_DFL);
        alarm(HANG_S); /* an alarm is not inherited */
        close(up[0]);
        close(down[1]);
        _exit(run(&self, arg));
    }
    close(up[1]);
    close(down[0]);
    c.in = up[0];
    c.out = down[1];
    return c;
}

static void reap(struct child *c, int *status) {
    close(c->in);
    close(c->out);
    while (waitpid(c->pid, status, 0) < 0 && errno == EINTR)
        ;
}

void child_kill(struct child *c) {
    int status;
    kill(c->pid, SIGKILL);
    reap(c, &status);
}

/* A pidfd becomes readable when its process ends: a wait with a deadline, without signals. */
void child_finish(struct child *c) {
    int status = -1;
    int fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    bool ended = fd < 0 || wire_readable(fd, 4 * DEADLINE_MS);
    if (fd >= 0)
        close(fd);
    if (!ended)
        kill(c->pid, SIGKILL);
    reap(c, &status);
    if (!ended)
        give_up("the child has hung");
    if (WIFSIGNALED(status))
        wire_fail(__FILE__, __LINE__, "the child was ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

void child_tell(struct child *c, const char *line) {
    char text[300];
    int n = snprintf(text, sizeof text, "%s\n", line);
    if (write(c->out, text, (size_t)n) != n)
        give_up("the other process is gone");
}

void child_hear(struct child *c, char *line, size_t size) {
    size_t len = 0;
    for (;;) {
        char byte;
        if (!wire_readable(c->in, 4 * DEADLINE_MS) || read(c->in, &byte, 1) != 1 || len + 1 == size)
            give_up("the other process says nothing");
        if (byte == '\n')
            break;
        line[len++] = byte;
    }
    line[len] = '\0';
}
