#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh FOLDER AGENT LIBDIR: installs npm's jszmq and ws in FOLDER, makes a throw-away authority
# there, and has them talk to the agent on our library.
set -eu
folder=$1 agent=$2 libs=$3
here=$(cd "$(dirname "$0")" && pwd)
for tool in node npm openssl; do
    command -v $tool > /dev/null || { echo "SKIP: $tool is not installed"; exit 77; }
done
mkdir -p "$folder"
cd "$folder"
if [ ! -d node_modules/jszmq ] || [ ! -d node_modules/ws ]; then
    echo '{"private": true}' > package.json
    timeout 60 npm install --ignore-scripts --no-audit --no-fund --silent --omit=dev \
        jszmq@0.1.2 ws@8.18.0 > npm.log 2>&1 || true
fi
NODE_PATH=$folder/node_modules
export NODE_PATH
node -e "require('jszmq'); require('ws')" 2> /dev/null ||
    { echo "SKIP: npm's jszmq and ws cannot be had"; exit 77; }
new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
$new -x509 -days 2 -subj /CN=authority -keyout ca.key -out ca.crt 2> /dev/null
$new -subj /CN=localhost -keyout server.key -out server.csr 2> /dev/null
echo "subjectAltName=DNS:localhost" > server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
    -extfile server.ext -out server.crt 2> /dev/null
LD_LIBRARY_PATH=$libs node "$here/ws.js" "$agent" server.key server.crt ca.crt
