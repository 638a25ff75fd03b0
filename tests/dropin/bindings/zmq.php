<?php
# SPDX-License-Identifier: MIT
# PHP, php-zmq: an extension that is linked to libzmq.so.5.
if (!extension_loaded('zmq')) {
    echo "SKIP: php-zmq is not installed\n";
    exit(77);
}
set_time_limit(40);

$seen = [];
foreach (file('/proc/self/maps') as $line) {
    if (preg_match('{(/\S*/libzmq\.so\S*)$}', trim($line), $found)) {
        $seen[$found[1]] = 1;
    }
}
foreach (array_keys($seen) as $path) {
    echo "library $path\n";
}

function endpoint($socket) {
    return $socket->getSockOpt(ZMQ::SOCKOPT_LAST_ENDPOINT);
}

$ctx = new ZMQContext(1, false);
$rep = $ctx->getSocket(ZMQ::SOCKET_REP);
$rep->bind('tcp://127.0.0.1:*');
$req = $ctx->getSocket(ZMQ::SOCKET_REQ);
$req->connect(endpoint($rep));
for ($i = 0; $i < 1000; $i++) {
    $req->send("question $i");
    $rep->send('answer to ' . $rep->recv());
    if ($req->recv() !== "answer to question $i") {
        exit(1);
    }
}
echo "req/rep over tcp: 1000 round trips\n";

try {
    $ctx->getSocket(ZMQ::SOCKET_REP)->bind(endpoint($rep));
} catch (ZMQException $e) {
    echo 'bound twice: ', $e->getCode(), ' ', $e->getMessage(), "\n";
}
var_dump($rep->recv(ZMQ::MODE_DONTWAIT));

$pull = $ctx->getSocket(ZMQ::SOCKET_PULL);
$pull->bind('inproc://parts');
$push = $ctx->getSocket(ZMQ::SOCKET_PUSH);
$push->connect('inproc://parts');
$big = str_repeat("0123456789abcdef\0\xff", 60000);
$push->sendMulti(['head', '', $big, 'tail']);
$parts = $pull->recvMulti();
echo 'parts over inproc: ', implode(' ', array_map('strlen', $parts)), ' ',
    $parts[2] === $big ? 'equal' : 'different', "\n";

$ipc = 'ipc://' . getenv('TMPDIR') . '/s';
$xpub = $ctx->getSocket(ZMQ::SOCKET_XPUB);
$xpub->bind($ipc);
$sub = $ctx->getSocket(ZMQ::SOCKET_SUB);
$sub->connect($ipc);
$sub->setSockOpt(ZMQ::SOCKOPT_SUBSCRIBE, 'b');
echo 'subscribed: ', bin2hex($xpub->recv()), "\n";
foreach (['a1', 'b1', 'c1', 'b2'] as $word) {
    $xpub->send($word);
}
echo 'heard: ', $sub->recv(), ' ', $sub->recv(), "\n";

$poll = new ZMQPoll();
$poll->add($pull, ZMQ::POLL_IN);
$push->send('wake');
$readable = $writable = [];
echo 'poll: ', $poll->poll($readable, $writable, 10000), ' ', current($readable) === $pull, ' ',
    $pull->recv(), "\n";

$req->setSockOpt(ZMQ::SOCKOPT_LINGER, 321);
echo 'linger: ', $req->getSockOpt(ZMQ::SOCKOPT_LINGER), "\n";

# The extension's own device, which polls and passes messages on by itself.
$front = $ctx->getSocket(ZMQ::SOCKET_PULL);
$front->bind('inproc://front');
$back = $ctx->getSocket(ZMQ::SOCKET_PUSH);
$back->bind('inproc://back');
$in = $ctx->getSocket(ZMQ::SOCKET_PUSH);
$in->connect('inproc://front');
$out = $ctx->getSocket(ZMQ::SOCKET_PULL);
$out->connect('inproc://back');
for ($i = 0; $i < 10; $i++) {
    $in->send("passed $i");
}
$device = new ZMQDevice($front, $back);
$device->setIdleTimeout(50);
$device->setIdleCallback(function () { return false; }, 100);
$device->run();
for ($i = 0; $i < 10; $i++) {
    $last = $out->recv();
}
echo "device: $last\n";
