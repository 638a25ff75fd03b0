% SPDX-License-Identifier: MIT
% Octave, octave-zeromq: an oct-file that is linked to libzmq.so.5.
1;
try
  pkg load zeromq
catch
  disp("SKIP: octave-zeromq is not installed");
  exit(77);
end

function check(ok)
  if (! ok)
    error("a call failed");
  end
end

rep = zmq_socket(ZMQ_REP);
maps = fileread("/proc/self/maps");
seen = unique(regexp(maps, "/\\S*/libzmq\\.so\\S*", "match"));
printf("library %s\n", seen{:});

function text = receive(socket)
  text = char(zmq_recv(socket, 2000000, 0));
end

check(zmq_bind(rep, "tcp://127.0.0.1:*"));
where = strrep(zmq_getsockopt(rep, ZMQ_LAST_ENDPOINT), "\0", "");
req = zmq_socket(ZMQ_REQ);
check(zmq_connect(req, where));
for i = 1:200
  zmq_send(req, sprintf("question %d", i));
  zmq_send(rep, ["answer to " receive(rep)]);
  if (! strcmp(receive(req), sprintf("answer to question %d", i)))
    error("another answer");
  end
end
disp("req/rep over tcp: 200 round trips");

ipc = ["ipc://" getenv("TMPDIR") "/s"];
xpub = zmq_socket(ZMQ_XPUB);
check(zmq_bind(xpub, ipc));
sub = zmq_socket(ZMQ_SUB);
check(zmq_connect(sub, ipc));
check(zmq_setsockopt(sub, ZMQ_SUBSCRIBE, "b"));
printf("subscribed: %s\n", mat2str(uint8(zmq_recv(xpub, 100, 0))));
zmq_send(xpub, "a1");
zmq_send(xpub, "b1");
zmq_send(xpub, "b2 part", ZMQ_SNDMORE);
zmq_send(xpub, repmat("x", 1, 1000000));
printf("heard: %s", receive(sub));
printf(", %s", receive(sub));
printf(", more %d", zmq_getsockopt(sub, ZMQ_RCVMORE));
printf(", %d bytes", numel(receive(sub)));
printf(", more %d\n", zmq_getsockopt(sub, ZMQ_RCVMORE));

pull = zmq_socket(ZMQ_PULL);
check(zmq_bind(pull, "tcp://127.0.0.1:*"));
push = zmq_socket(ZMQ_PUSH);
check(zmq_connect(push, strrep(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT), "\0", "")));
zmq_send(push, "wake");
printf("poll: %d %s\n", zmq_poll(pull, 10000), receive(pull));
printf("type: %d\n", zmq_getsockopt(push, ZMQ_TYPE));
cellfun(@(s) zmq_close(s), {rep, req, xpub, sub, pull, push}, "UniformOutput", false);
disp("ended");
