/* SPDX-License-Identifier: MIT */
// npm's zeromq, whose libzmq 4.3.5 is linked into it and cannot be swapped: the other side of
// node_peer.py. What it is to connect to comes as JSON in its argument.
'use strict';
const zmq = require('zeromq');

const places = JSON.parse(process.argv[2]);
const big = Buffer.alloc(1000000, 7);

async function ask() {
    const req = new zmq.Request();
    req.connect(places.rep);
    for (let i = 0; i < 500; i++) {
        await req.send(`question ${i}`);
        const [answer] = await req.receive();
        if (answer.toString() !== `answer to question ${i}`) {
            throw new Error(answer.toString());
        }
    }
    req.close();
}

async function push() {
    const sock = new zmq.Push();
    sock.connect(places.pull);
    await sock.send(['head', '', big, 'tail']);
    for (let i = 0; i < 5000; i++) {
        await sock.send(String(i));
    }
    sock.close();
}

async function deal() {
    const dealer = new zmq.Dealer({routingId: 'node'});
    dealer.connect(places.router);
    await dealer.send('here I am');
    const parts = await dealer.receive();
    await dealer.send(parts.map(String).join('+'));
    dealer.close();
}

async function listen() {
    const sub = new zmq.Subscriber();
    sub.connect(places.xpub);
    sub.subscribe('b');
    const heard = [];
    for await (const [word] of sub) {
        heard.push(word.toString());
        if (heard.length === 2) {
            break;
        }
    }
    sub.unsubscribe('b');
    const push = new zmq.Push();
    push.connect(places.pull);
    await push.send(`heard ${heard.join(' ')}`);
    push.close();
    sub.close();
}

async function curve() {
    const keys = zmq.curveKeyPair();
    const sock = new zmq.Request({curveServerKey: places.key, curvePublicKey: keys.publicKey,
        curveSecretKey: keys.secretKey});
    sock.connect(places.curve);
    await sock.send('a secret');
    const [answer] = await sock.receive();
    await sock.send(`${answer} returned`);
    await sock.receive();
    sock.close();
}

async function answer() {
    const rep = new zmq.Reply();
    await rep.bind('tcp://127.0.0.1:*');
    const push = new zmq.Push();
    push.connect(places.pull);
    await push.send(rep.lastEndpoint);
    for (let i = 0; i < 500; i++) {
        const [question] = await rep.receive();
        await rep.send(`answer to ${question}`);
    }
    push.close();
    rep.close();
}

(async () => {
    await ask();
    await push();
    await deal();
    await listen();
    await answer();
    if (places.key) {
        await curve();
    }
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
