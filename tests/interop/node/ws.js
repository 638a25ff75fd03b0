// SPDX-License-Identifier: MIT
// npm's jszmq and ws against the library, by way of its agent (tests/interop/drive.h): both ends
// connecting, with and without TLS.
//     node ws.js AGENT KEY CERT CA
'use strict';
const assert = require('assert');
const child = require('child_process');
const fs = require('fs');
const https = require('https');
const readline = require('readline');
const WebSocket = require('ws');
const zmq = require('jszmq');

const [agentPath, keyPath, certPath, caPath] = process.argv.slice(2);
const MS = 15000;
const RECONNECT_IVL = 18, SUBSCRIBE = 6;
const KEY_PEM = 103, CERT_PEM = 104, TRUST_PEM = 105, HOSTNAME = 106;
const HEARTBEAT_IVL = 75, HEARTBEAT_TIMEOUT = 77;

const agent = child.spawn(agentPath, {stdio: ['pipe', 'pipe', 'inherit']});
const answers = [], askers = [];
readline.createInterface({input: agent.stdout}).on('line', (line) => {
  if (askers.length) askers.shift()(line);
  else answers.push(line);
});

async function ask(text) {
  agent.stdin.write(text + '\n');
  const line = answers.length ? answers.shift() : await new Promise((done) => askers.push(done));
  assert.ok(line.startsWith('ok'), `${text}: ${line}`);
  return line.slice(3);
}

const hex = (text) => 'h:' + Buffer.from(text).toString('hex');
const part = (data) => Buffer.from(data).toString('hex');
const option = (slot, number, text) => ask(`hex ${slot} ${number} ${part(text)}`);
const send = (...parts) => ask(`send 0 ${MS} ${parts.join(' ')}`);
const expect = async (...parts) => assert.strictEqual(await ask(`recv 0 ${MS}`), parts.join(' '));

// What an emitter says next; nothing said before it is asked is lost.
function hear(emitter, event) {
  const said = [], waiting = [];
  emitter.on(event, (...args) => (waiting.length ? waiting.shift()(args) : said.push(args)));
  return () => (said.length ? Promise.resolve(said.shift())
                            : new Promise((done) => waiting.push(done)));
}

// Counted up from seed modulo 251, as the agent makes and describes them.
function counted(size, seed) {
  const data = Buffer.alloc(size);
  for (let i = 0; i < size; i++) data[i] = (seed + i % 251) & 255;
  return data;
}

// ---- npm's ws: a strict RFC 6455 that can speak ZWS2.0 without a mechanism only ----

async function wsClient(url, options) {
  const socket = new WebSocket(url, ['ZWS2.0'], options);
  const message = hear(socket, 'message'), pong = hear(socket, 'pong');
  const closed = hear(socket, 'close');
  await new Promise((done, fail) => socket.on('open', done).on('error', fail));
  assert.strictEqual(socket.protocol, 'ZWS2.0');
  assert.deepStrictEqual((await message())[0], Buffer.from([0]));
  socket.send(Buffer.from([0]));
  return {socket, message, pong, closed};
}

async function talkAsClient(scheme, options) {
  await ask('new 0 DEALER');
  if (scheme === 'wss') {
    await option(0, KEY_PEM, fs.readFileSync(keyPath));
    await option(0, CERT_PEM, fs.readFileSync(certPath));
  }
  const endpoint = await ask(`bind 0 ${scheme}://127.0.0.1:*/some`);
  const {socket, message, pong, closed} = await wsClient(endpoint, options);
  socket.send(Buffer.from('\x01a'));
  socket.send(Buffer.from('\x00b'));
  await expect(hex('a'), hex('b'));
  socket.send(Buffer.from('\x00fra'), {fin: false});
  socket.ping('alive?');
  socket.send(Buffer.from('gment'), {fin: true});
  await expect(hex('fragment'));
  assert.strictEqual((await pong())[0].toString(), 'alive?');
  for (const size of [100, 125, 126, 65535, 65536, 3000000]) {
    socket.send(Buffer.concat([Buffer.from([0]), counted(size, 7)]));
    await ask(`recv 0 ${MS}`).then((got) => size > 125 && assert.strictEqual(got, `r:${size}:7`));
    await send(`r:${size}:9`);
    const [back] = await message();
    assert.ok(back.equals(Buffer.concat([Buffer.from([0]), counted(size, 9)])), `size ${size}`);
  }
  socket.close(1000, 'done');
  assert.strictEqual((await closed())[0], 1000);
  await ask('close 0');
}

async function refusedText() {
  await ask('new 0 PULL');
  const {socket, closed} = await wsClient(await ask('bind 0 ws://127.0.0.1:*'));
  socket.send('text');
  assert.strictEqual((await closed())[0], 1003);
  const wrong = new WebSocket('ws://127.0.0.1:' + socket.url.split(':')[2], ['chat']);
  const [error] = await hear(wrong, 'error')();
  assert.match(error.message, /400/);
  await ask('close 0');
}

// It answers the list with 400, since a slash is in no token; the agent comes back with ZWS2.0.
async function talkAsServer(scheme) {
  const web = scheme === 'wss' ? https.createServer({key: fs.readFileSync(keyPath),
                                                     cert: fs.readFileSync(certPath)})
                               : require('http').createServer();
  const server = new WebSocket.Server({server: web, handleProtocols: (list) =>
    (list.has ? list.has('ZWS2.0') : list.includes('ZWS2.0')) ? 'ZWS2.0' : false});
  const connection = hear(server, 'connection');
  await new Promise((done) => web.listen(0, '127.0.0.1', done));
  await ask('new 0 DEALER');
  await ask(`int 0 ${RECONNECT_IVL} 20`);
  await ask(`int 0 ${HEARTBEAT_IVL} 50`);
  await ask(`int 0 ${HEARTBEAT_TIMEOUT} ${MS}`);
  if (scheme === 'wss') {
    await option(0, TRUST_PEM, fs.readFileSync(caPath));
    await option(0, HOSTNAME, 'localhost');
  }
  await ask(`connect 0 ${scheme}://127.0.0.1:${web.address().port}/path`);
  const [socket, request] = await connection();
  const message = hear(socket, 'message'), ping = hear(socket, 'ping');
  const closed = hear(socket, 'close');
  assert.strictEqual(request.url, '/path');
  assert.deepStrictEqual((await message())[0], Buffer.from([0]));
  socket.send(Buffer.from([0]));
  await send(hex('a'), hex('b'));
  assert.strictEqual((await message())[0].toString(), '\x01a');
  assert.strictEqual((await message())[0].toString(), '\x00b');
  for (const size of [200, 70000, 3000000]) {
    await send(`r:${size}:3`);
    const [got] = await message();
    assert.ok(got.equals(Buffer.concat([Buffer.from([0]), counted(size, 3)])), `size ${size}`);
    socket.send(Buffer.concat([Buffer.from([0]), counted(size, 5)]));
    await expect(`r:${size}:5`);
  }
  await ping();
  await ask('close 0');
  await closed();
  server.close();
  web.close();
}

// ---- jszmq ----

async function jszmqConnects() {
  await ask('new 0 REP');
  const req = new zmq.Req();
  const reply = hear(req, 'message');
  req.connect(await ask('bind 0 ws://127.0.0.1:*/req'));
  for (const size of [200, 100000]) {
    req.send(counted(size, 1));
    await expect(`r:${size}:1`);
    await send(`r:${size}:2`, hex('end'));
    const got = await reply();
    assert.ok(got[0].equals(counted(size, 2)));
    assert.strictEqual(got[1].toString(), 'end');
  }
  req.close();
  await ask('close 0');

  await ask('new 0 ROUTER');
  const dealer = new zmq.Dealer();
  dealer.routingId = 'Ann';
  const heard = hear(dealer, 'message');
  dealer.connect(await ask('bind 0 ws://127.0.0.1:*'));
  dealer.send(['hello', 'you']);
  const first = (await ask(`recv 0 ${MS}`)).split(' ');
  assert.deepStrictEqual(first.slice(1), [hex('hello'), hex('you')]);
  await send(first[0], hex('back'));
  assert.strictEqual((await heard())[0].toString(), 'back');
  dealer.close();
  await ask('close 0');

  await ask('new 0 XPUB');
  const sub = new zmq.Sub();
  const news = hear(sub, 'message');
  sub.subscribe('news');
  sub.connect(await ask('bind 0 ws://127.0.0.1:*'));
  await expect('h:01' + part('news'));
  await send(hex('other'));
  await send(hex('news of today'), hex('all good'));
  assert.deepStrictEqual((await news()).map(String), ['news of today', 'all good']);
  sub.close();
  await ask('close 0');
}

async function jszmqBinds() {
  const web = require('http').createServer();
  await new Promise((done) => web.listen(0, '127.0.0.1', done));
  const port = web.address().port;
  await new Promise((done) => web.close(done));
  const xpub = new zmq.XPub();
  const asked = hear(xpub, 'message');
  xpub.bind(`ws://127.0.0.1:${port}/sub`);
  await ask('new 0 SUB');
  await option(0, SUBSCRIBE, 'a');
  await ask(`int 0 ${RECONNECT_IVL} 20`);
  await ask(`connect 0 ws://127.0.0.1:${port}/sub`);
  assert.strictEqual((await asked()).map(String).join(), '\x01a');
  xpub.send('b');
  xpub.send(['a1', 'x']);
  await expect(hex('a1'), hex('x'));
  await ask('close 0');
  xpub.close();
}

(async () => {
  const tests = {
    'ws connects': () => talkAsClient('ws', {}),
    'ws connects, TLS': () => talkAsClient('wss', {ca: fs.readFileSync(caPath),
                                                   checkServerIdentity: () => undefined}),
    'ws refuses and is refused': refusedText,
    'ws accepts': () => talkAsServer('ws'),
    'ws accepts, TLS': () => talkAsServer('wss'),
    'jszmq connects': jszmqConnects,
    'jszmq binds': jszmqBinds,
  };
  const end = setTimeout(() => { console.error('no end in sight'); process.exit(1); }, 50000);
  for (const name of Object.keys(tests)) {
    console.log(name);
    await tests[name]();
  }
  clearTimeout(end);
  agent.stdin.write('quit\n');
  const code = await new Promise((done) => agent.on('exit', done));
  assert.strictEqual(code, 0);
  console.log('all passed');
  process.exit(0);
})().catch((error) => { console.error(error); agent.kill(); process.exit(1); });
