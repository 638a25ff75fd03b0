/* SPDX-License-Identifier: MIT */
#include "drive.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct agent agents[KINDS];

static const char *program, *our_dir, *source_dir, *newer_dir;
static char system_dir[400];
static char scratch[] = "/tmp/zx-interop-XXXXXX";
static const char *const kind_names[] = {"ours", "the system", "pyzmq", "JeroMQ", "4.3.5",
                                         "pyzmq on ours"};

static _Noreturn void cannot(const char *why) {
    printf("SKIP: %s\n", why);
    exit(77);
}

int64_t drive_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Where the distribution's package keeps its library. */
static void find_system_library(void) {
    char line[400];
    FILE *list = popen("dpkg -L libzmq5 2>/dev/null", "r");
    while (list && fgets(line, sizeof line, list)) {
        char *at = strstr(line, "/libzmq.so.5\n");
        if (at) {
            *at = '\0';
            snprintf(system_dir, sizeof system_dir, "%s", line);
        }
    }
    if (list)
        pclose(list);
    if (!system_dir[0])
        cannot("no system libzmq: `dpkg -L libzmq5` names none");
}

static const char *library_dir(enum agent_kind kind) {
    if (kind == OURS || kind == PYTHON_ON_OURS)
        return our_dir;
    return kind == NEWER ? newer_dir : system_dir;
}

static void become(enum agent_kind kind) {
    char path[600];
    if (getenv("ZX_PRELOAD"))
        setenv("LD_PRELOAD", getenv("ZX_PRELOAD"), 1);
    if (kind == PYTHON || kind == PYTHON_ON_OURS) {
        snprintf(path, sizeof path, "%s/agent.py", source_dir);
        if (kind == PYTHON)
            unsetenv("LD_LIBRARY_PATH");
        else
            setenv("LD_LIBRARY_PATH", our_dir, 1);
        execl("/usr/bin/python3", "/usr/bin/python3", path, (char *)NULL);
    } else if (kind == JAVA) {
        snprintf(path, sizeof path, "%s/Agent.java", source_dir);
        execlp("java", "java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp",
               "/usr/share/java/jeromq.jar", path, (char *)NULL);
    } else {
        setenv("LD_LIBRARY_PATH", library_dir(kind), 1);
        execl(program, program, (char *)NULL);
    }
    _exit(127);
}

void agent_start(struct agent *a, enum agent_kind kind) {
    int in[2], out[2];
    *a = (struct agent){.kind = kind, .is_zmqx = a->is_zmqx};
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    a->pid = fork();
    assert_int_not_equal(a->pid, -1);
    if (a->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        become(kind);
    }
    close(in[0]);
    close(out[1]);
    a->to = in[1];
    a->from = out[0];
}

static void reap(struct agent *a) {
    close(a->to);
    close(a->from);
    while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    a->pid = 0;
}

void agent_kill(struct agent *a) {
    kill(a->pid, SIGKILL);
    reap(a);
}

void agent_signal(struct agent *a, int signo) {
    kill(a->pid, signo);
}

/* A line of the answer, without its end; NULL if none comes. Java needs a while to start. */
static const char *read_answer(struct agent *a, int timeout_ms) {
    int64_t end = drive_now_ms() + timeout_ms;
    char *newline;
    size_t used = strlen(a->line) + (a->len ? 1 : 0); /* the answer before */
    if (used <= a->len) {
        a->len -= used;
        memmove(a->line, a->line + used, a->len);
    }
    while (!(newline = memchr(a->line, '\n', a->len))) {
        struct pollfd item = {.fd = a->from, .events = POLLIN};
        int64_t left = end - drive_now_ms();
        ssize_t n;
        if (left <= 0 || a->len + 1 >= sizeof a->line)
            return NULL;
        if (poll(&item, 1, (int)left) <= 0)
            continue;
        n = read(a->from, a->line + a->len, sizeof a->line - 1 - a->len);
        if (n <= 0)
            return NULL;
        a->len += (size_t)n;
    }
    *newline = '\0';
    return a->line;
}

static const char *talk(struct agent *a, const char *format, va_list args) {
    char line[20000];
    int n = vsnprintf(line, sizeof line - 1, format, args);
    const char *answer;
    assert_true(n > 0 && (size_t)n < sizeof line - 1);
    line[n++] = '\n';
    a->lost = write(a->to, line, (size_t)n) != n;
    if (a->lost)
        fail_msg("the agent on %s is gone", kind_names[a->kind]);
    answer = read_answer(a, 3 * DRIVE_MS);
    a->lost = !answer;
    if (!answer)
        fail_msg("no answer from %s to: %.80s", kind_names[a->kind], line);
    return answer;
}

const char *tell(struct agent *a, const char *format, ...) {
    const char *answer;
    va_list args;
    va_start(args, format);
    answer = talk(a, format, args);
    va_end(args);
    return answer;
}

const char *ask_at(struct agent *a, const char *file, int line, const char *format, ...) {
    const char *answer;
    va_list args;
    va_start(args, format);
    answer = talk(a, format, args);
    va_end(args);
    if (strncmp(answer, "ok", 2) != 0) {
        print_error("%s answers: %s\n", kind_names[a->kind], answer);
        _fail(file, line);
    }
    return answer[2] ? answer + 3 : "";
}

void expect_at(struct agent *a, int slot, const char *parts, const char *file, int line) {
    const char *got = ask_at(a, file, line, "recv %d %d", slot, DRIVE_MS);
    if (strcmp(got, parts) != 0) {
        print_error("%s received %.300s\n  instead of %.300s\n", kind_names[a->kind], got, parts);
        _fail(file, line);
    }
}

const char *part(const char *text) {
    static char buffers[8][600];
    static unsigned next;
    char *out = buffers[next++ % 8], *at = out + sprintf(out, "h:");
    for (; *text && at < out + 590; text++)
        at += sprintf(at, "%02x", (unsigned char)*text);
    return out;
}

const char *fresh_address(const char *transport) {
    static char address[100];
    static unsigned counter;
    if (strcmp(transport, "tipc") == 0) {
        snprintf(address, sizeof address, "tipc://{%d,%u,%u}", 65 + (int)getpid(), counter,
                 counter);
        counter++;
        return address;
    }
    if (strcmp(transport, "ipc") != 0) {
        snprintf(address, sizeof address, "%s://127.0.0.1:*", transport);
        return address;
    }
    snprintf(address, sizeof address, "ipc://%s/%u", scratch, counter++);
    return address;
}

const char *agent_name(const struct agent *a) {
    return kind_names[a->kind];
}

/* The proof: each process has mapped the library it was meant to, and no other. */
static void check_loaded(struct agent *a) {
    char path[400] = "", version[40] = "", want[400], got[400];
    const char *answer = tell(a, "loaded");
    sscanf(answer, "ok %399s %39s", path, version);
    a->is_zmqx = strstr(answer, " zmqx") != NULL;
    print_message("%s: %s, version %s\n", kind_names[a->kind], path, version);
    if (a->kind == JAVA) {
        assert_non_null(strstr(path, "jeromq"));
        return;
    }
    assert_non_null(realpath(library_dir(a->kind), want));
    assert_non_null(realpath(dirname(path), got));
    if (strcmp(want, got) != 0)
        fail_msg("%s instead of %s is loaded", got, want);
}

void drive_begin(char **argv, const enum agent_kind *kinds) {
    char machine[30];
    if (!argv[1] || !argv[2] || !argv[3])
        cannot("arguments: interop_peer, directory of libzmq, directory of the sources");
    program = argv[1];
    our_dir = argv[2];
    source_dir = argv[3];
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_IGN);
    snprintf(machine, sizeof machine, "interop-%d", (int)getpid());
    setenv("ZX_STANDIN", machine, 1); /* one for all agents, see standin.h */
    find_system_library();
    if (!mkdtemp(scratch))
        cannot("no directory under /tmp");
    for (; *kinds != KINDS; kinds++) {
        if (*kinds == NEWER && (!(newer_dir = argv[4]) || access(newer_dir, R_OK) != 0))
            cannot("libzmq 4.3.5 with drafts is not there");
        if ((*kinds == PYTHON || *kinds == PYTHON_ON_OURS) &&
            system("/usr/bin/python3 -c 'import zmq' 2>/dev/null") != 0)
            cannot("python3-zmq is not installed");
        if (*kinds == JAVA && (access("/usr/share/java/jeromq.jar", R_OK) != 0 ||
                               system("javac -version >/dev/null 2>&1") != 0))
            cannot("libjeromq-java or a JDK is not installed");
        agent_start(&agents[*kinds], *kinds);
        check_loaded(&agents[*kinds]);
    }
}

int drive_setup(void **state) {
    (void)state;
    for (int i = 0; i < KINDS; i++) {
        if (!agents[i].lost)
            continue;
        print_error("restarting the agent on %s\n", kind_names[i]);
        agent_kill(&agents[i]);
        agent_start(&agents[i], (enum agent_kind)i);
    }
    return 0;
}

void drive_end(void) {
    char command[80];
    for (int i = 0; i < KINDS; i++) {
        if (!agents[i].pid)
            continue;
        (void)!write(agents[i].to, "quit\n", 5);
        reap(&agents[i]);
    }
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    (void)!system(command);
}
