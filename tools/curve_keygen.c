/* SPDX-License-Identifier: MIT */
/*
 * curve_keygen: makes a key pair for CURVE and prints it as Z85 text.
 *
 *     curve_keygen           a new pair
 *     curve_keygen SECRET    the public key that belongs to a secret one
 *
 * Ends with 1 if the library has no CURVE or the secret key is none.
 */
#include <stdio.h>
#include <string.h>
#include <zmq.h>

static int print_public(const char *secret) {
    char public_key[41];
    if (zmq_curve_public(public_key, secret)) {
        fprintf(stderr, "curve_keygen: %s\n", zmq_strerror(zmq_errno()));
        return 1;
    }
    puts(public_key);
    return 0;
}

int main(int argc, char **argv) {
    char public_key[41], secret_key[41];
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        fprintf(stderr, "usage: curve_keygen [SECRET KEY]\n");
        return 2;
    }
    if (argc == 2)
        return print_public(argv[1]);
    if (zmq_curve_keypair(public_key, secret_key)) {
        fprintf(stderr, "curve_keygen: %s\n", zmq_strerror(zmq_errno()));
        return 1;
    }
    printf("A key pair for CURVE. The public key is for everybody who shall know this side, the\n"
           "secret key for nobody: keep it where only this side's program can read it.\n\n"
           "== CURVE PUBLIC KEY ==\n%s\n\n== CURVE SECRET KEY ==\n%s\n",
           public_key, secret_key);
    memset(secret_key, 0, sizeof secret_key);
    return 0;
}
