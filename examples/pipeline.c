/* SPDX-License-Identifier: MIT */
/*
 * Divide and conquer: a ventilator hands out work (PUSH), workers do it (PULL, PUSH), a sink
 * collects the results (PULL).
 *
 *     ventilator --PUSH--> PULL worker PUSH --> PULL sink
 *                     \--> PULL worker PUSH --/
 *
 * PUSH deals the tasks out to all who are connected, PULL takes results from all in turn. More
 * workers may come at any time.
 */
#include "example.h"

#define WORKERS 2
#define TASKS 100

struct worker {
    void *tasks, *results;
};

/* Squares numbers until the context is shut down. */
static void work(void *arg) {
    struct worker *worker = arg;
    int number;

    while (zmq_recv(worker->tasks, &number, sizeof number, 0) == sizeof number) {
        number *= number;
        if (zmq_send(worker->results, &number, sizeof number, 0) < 0) break;
    }
    MUST(zmq_errno() == ETERM);
    zmq_close(worker->tasks);
    zmq_close(worker->results);
}

int main(void) {
    char tasks_at[64], results_at[64];
    void *threads[WORKERS];
    struct worker workers[WORKERS];
    void *context = zmq_ctx_new();
    void *ventilator = zmq_socket(context, ZMQ_PUSH);
    void *sink = zmq_socket(context, ZMQ_PULL);
    int done = 0, sum = 0;

    MUST(ventilator && sink);
    bind_anywhere(ventilator, tasks_at);
    bind_anywhere(sink, results_at);
    for (int i = 0; i < WORKERS; i++) {
        workers[i].tasks = zmq_socket(context, ZMQ_PULL);
        workers[i].results = zmq_socket(context, ZMQ_PUSH);
        MUST(workers[i].tasks && workers[i].results);
        MUST(zmq_connect(workers[i].tasks, tasks_at) == 0);
        MUST(zmq_connect(workers[i].results, results_at) == 0);
        threads[i] = zmq_threadstart(work, &workers[i]);
    }

    for (int number = 1; number <= TASKS; number++)
        MUST(zmq_send(ventilator, &number, sizeof number, 0) == sizeof number);
    for (int result; done < TASKS; done++) {
        MUST(zmq_recv(sink, &result, sizeof result, 0) == sizeof result);
        sum += result; /* they come in any order */
    }
    printf("the sum of %d squares is %d\n", TASKS, sum);
    MUST(sum == TASKS * (TASKS + 1) * (2 * TASKS + 1) / 6);

    zmq_close(sink);
    zmq_close(ventilator);
    zmq_ctx_shutdown(context); /* the workers' calls give ETERM, and they go home */
    for (int i = 0; i < WORKERS; i++) zmq_threadclose(threads[i]);
    MUST(zmq_ctx_term(context) == 0);
    return 0;
}
