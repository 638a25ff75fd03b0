/* SPDX-License-Identifier: MIT */
// Rust, librust-zmq-dev: the crates zmq and zmq-sys, linked to libzmq.so.5.
use std::collections::BTreeSet;
use std::{env, fs, thread};

fn say_library() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let seen: BTreeSet<&str> = maps
        .lines()
        .filter(|line| line.contains("/libzmq.so"))
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    for path in seen {
        println!("library {}", path);
    }
}

fn req_rep(ctx: &zmq::Context) -> zmq::Result<()> {
    let rep = ctx.socket(zmq::REP)?;
    rep.bind("tcp://127.0.0.1:*")?;
    let endpoint = rep.get_last_endpoint()?.unwrap();
    let server = thread::spawn(move || {
        for _ in 0..5000 {
            let got = rep.recv_string(0).unwrap().unwrap();
            rep.send(&format!("answer to {}", got), 0).unwrap();
        }
        rep
    });
    let req = ctx.socket(zmq::REQ)?;
    req.connect(&endpoint)?;
    for i in 0..5000 {
        req.send(&format!("question {}", i), 0)?;
        assert_eq!(req.recv_string(0)?.unwrap(), format!("answer to question {}", i));
    }
    let rep = server.join().unwrap();
    println!("req/rep over tcp, two threads: 5000 round trips");
    println!("bound twice: {:?}", ctx.socket(zmq::REP)?.bind(&endpoint));
    println!("nothing to receive: {:?}", rep.recv_bytes(zmq::DONTWAIT));
    req.set_linger(321)?;
    println!("linger: {} type: {:?}", req.get_linger()?, req.get_socket_type()?);
    Ok(())
}

fn parts(ctx: &zmq::Context) -> zmq::Result<()> {
    let pull = ctx.socket(zmq::PULL)?;
    pull.bind("inproc://parts")?;
    let push = ctx.socket(zmq::PUSH)?;
    push.connect("inproc://parts")?;
    let big = vec![7u8; 1_000_000];
    push.send_multipart([b"head".to_vec(), vec![], big.clone(), b"tail".to_vec()], 0)?;
    let got = pull.recv_multipart(0)?;
    let sizes: Vec<usize> = got.iter().map(Vec::len).collect();
    println!("parts over inproc: {:?} {}", sizes, got[2] == big);
    push.send("wake", 0)?;
    let mut items = [push.as_poll_item(zmq::POLLIN), pull.as_poll_item(zmq::POLLIN)];
    println!("poll: {} {}", zmq::poll(&mut items, 10_000)?, items[1].is_readable());
    Ok(())
}

fn subscriptions(ctx: &zmq::Context) -> zmq::Result<()> {
    let endpoint = format!("ipc://{}/s", env::var("TMPDIR").unwrap());
    let xpub = ctx.socket(zmq::XPUB)?;
    xpub.bind(&endpoint)?;
    let sub = ctx.socket(zmq::SUB)?;
    sub.set_subscribe(b"b")?;
    sub.connect(&endpoint)?;
    println!("subscribed: {:?}", xpub.recv_bytes(0)?);
    for word in ["a1", "b1", "c1", "b2"] {
        xpub.send(word, 0)?;
    }
    println!("heard: {:?} {:?}", sub.recv_string(0)?, sub.recv_string(0)?);
    Ok(())
}

fn z85() {
    let bytes = zmq::z85_decode("HelloWorld").unwrap();
    println!("z85: {:x?} {}", bytes, zmq::z85_encode(&bytes).unwrap());
}

fn main() -> zmq::Result<()> {
    say_library();
    let ctx = zmq::Context::new();
    req_rep(&ctx)?;
    parts(&ctx)?;
    subscriptions(&ctx)?;
    z85();
    println!("ended");
    Ok(())
}
