/* SPDX-License-Identifier: MIT */
#include "curve.h"

#include "zsock.h"

static const char server_public[] = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7";
static const char server_secret[] = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
static const char client_public[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char client_secret[] = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

static void set_key(void *sock, int option, const char *key)
{
    BENCH_CHECK(zmq_setsockopt(sock, option, key, strlen(key) + 1) == 0);
}

void bench_curve_setup(void *sock, bool is_server)
{
    if (is_server) {
        bench_zmq_set(sock, ZMQ_CURVE_SERVER, 1);
        set_key(sock, ZMQ_CURVE_SECRETKEY, server_secret);
    } else {
        set_key(sock, ZMQ_CURVE_SERVERKEY, server_public);
        set_key(sock, ZMQ_CURVE_PUBLICKEY, client_public);
        set_key(sock, ZMQ_CURVE_SECRETKEY, client_secret);
    }
}
