#!/usr/bin/ruby
# SPDX-License-Identifier: MIT
# Ruby, ruby-ffi-rzmq: the library is opened by its name libzmq.so.5 and called by libffi.
begin
  require 'ffi-rzmq'
rescue LoadError
  puts 'SKIP: ruby-ffi-rzmq is not installed'
  exit 77
end
require 'timeout'
require 'tmpdir'

File.readlines('/proc/self/maps').map { |l| l[%r{/\S*/libzmq\.so\S*$}] }.compact.uniq
    .each { |path| puts "library #{path}" }

def check(code)
  raise ZMQ::Util.error_string unless ZMQ::Util.resultcode_ok?(code)
end

def endpoint(socket)
  got = []
  check socket.getsockopt(ZMQ::LAST_ENDPOINT, got)
  got[0].delete("\0")
end

def text(socket, flags = 0)
  got = +''
  check socket.recv_string(got, flags)
  got
end

Timeout.timeout(40) do
  ctx = ZMQ::Context.create(2)
  rep = ctx.socket(ZMQ::REP)
  check rep.bind('tcp://127.0.0.1:*')
  req = ctx.socket(ZMQ::REQ)
  check req.connect(endpoint(rep))
  server = Thread.new { 1000.times { check rep.send_string("answer to #{text(rep)}") } }
  1000.times do |i|
    check req.send_string("question #{i}")
    raise 'another answer' unless text(req) == "answer to question #{i}"
  end
  server.join
  puts 'req/rep over tcp, two threads: 1000 round trips'

  other = ctx.socket(ZMQ::REP)
  puts "bound twice: #{other.bind(endpoint(rep))} #{ZMQ::Util.error_string}"
  puts "nothing to receive: #{rep.recv_string(+'', ZMQ::DONTWAIT)} #{ZMQ::Util.error_string}"

  pull = ctx.socket(ZMQ::PULL)
  check pull.bind('inproc://parts')
  push = ctx.socket(ZMQ::PUSH)
  check push.connect('inproc://parts')
  big = (0...1_000_000).map { |i| i % 251 }.pack('C*')
  check push.send_strings(['head', '', big, 'tail'])
  parts = []
  check pull.recv_strings(parts)
  puts "parts over inproc: #{parts.map(&:bytesize).join(' ')} #{parts[2] == big}"

  Dir.mktmpdir do |dir|
    xpub = ctx.socket(ZMQ::XPUB)
    check xpub.bind("ipc://#{dir}/s")
    sub = ctx.socket(ZMQ::SUB)
    check sub.connect("ipc://#{dir}/s")
    check sub.setsockopt(ZMQ::SUBSCRIBE, 'b')
    puts "subscribed: #{text(xpub).unpack1('H*')}"
    %w[a1 b1 c1 b2].each { |word| check xpub.send_string(word) }
    puts "heard: #{text(sub)} #{text(sub)}"

    poller = ZMQ::Poller.new
    poller.register_readable(sub)
    poller.register_readable(pull)
    check push.send_string('wake')
    puts "poll: #{poller.poll(10_000)} #{poller.readables == [pull]} #{text(pull)}"
    [xpub, sub].each(&:close)
  end

  check req.setsockopt(ZMQ::LINGER, 321)
  got = []
  check req.getsockopt(ZMQ::LINGER, got)
  puts "linger: #{got[0]}"
  [rep, req, other, pull, push].each(&:close)
  puts "ended: #{ctx.terminate}"
end
