#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A Kerberos realm of its own: realm.sh DIR PORT
#
# Makes DIR a realm ZMQX.TEST with its database, keytabs and client caches, then becomes its KDC on
# 127.0.0.1:PORT, which says "commencing operation" on stderr when it is ready. Nothing outside DIR
# is read or written.
#   DIR/server.keytab  zmq/localhost, other/localhost     DIR/alice.keytab  alice
#   DIR/lapsed.keytab  lapsed, whose entry has expired    DIR/both.keytab   all but lapsed
#   DIR/stale.keytab   zmq/localhost with a key that is no longer the KDC's
set -eu
dir=$1 port=$2
PATH=$PATH:/usr/sbin
export KRB5_CONFIG="$dir/krb5.conf" KRB5_KDC_PROFILE="$dir/kdc.conf"
rm -rf "$dir"/db
mkdir -p "$dir/db"

cat > "$KRB5_CONFIG" <<END
[libdefaults]
    default_realm = ZMQX.TEST
    dns_lookup_kdc = false
    dns_lookup_realm = false
    dns_canonicalize_hostname = false
    rdns = false
    qualify_shortname = ""
    udp_preference_limit = 1
[realms]
    ZMQX.TEST = {
        kdc = 127.0.0.1:$port
    }
[domain_realm]
    localhost = ZMQX.TEST
[logging]
    kdc = STDERR
    default = FILE:$dir/log
END
cat > "$KRB5_KDC_PROFILE" <<END
[kdcdefaults]
    kdc_listen = 127.0.0.1:$port
    kdc_tcp_listen = 127.0.0.1:$port
[realms]
    ZMQX.TEST = {
        database_name = $dir/db/principal
        key_stash_file = $dir/db/stash
        acl_file = $dir/db/acl
        max_life = 1d
        supported_enctypes = aes256-cts:normal aes128-cts:normal
    }
END

admin() {
    kadmin.local -r ZMQX.TEST -q "$1" >> "$dir/log" 2>&1
}

kdb5_util -r ZMQX.TEST create -s -P master >> "$dir/log" 2>&1 < /dev/null
for name in alice zmq/localhost other/localhost lapsed; do
    admin "addprinc -randkey $name"
done
admin "ktadd -k $dir/stale.keytab zmq/localhost"
admin "ktadd -k $dir/server.keytab zmq/localhost other/localhost"
admin "ktadd -norandkey -k $dir/both.keytab alice zmq/localhost other/localhost"
admin "ktadd -norandkey -k $dir/alice.keytab alice"
admin "ktadd -norandkey -k $dir/lapsed.keytab lapsed"
admin "modprinc -expire yesterday lapsed"
exec krb5kdc -n -r ZMQX.TEST
