#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Perl, libzmq-ffi-perl: the library is found by the module's own search, and called by libffi.
use strict;
use warnings;
eval { require ZMQ::FFI; 1 } or do { print "SKIP: libzmq-ffi-perl is not installed\n"; exit 77 };
require ZMQ::FFI::Constants;
ZMQ::FFI::Constants->import(qw(:all));

sub library {
    open(my $maps, '<', '/proc/self/maps') or die;
    my %seen;
    while (<$maps>) { $seen{$1} = 1 if m{(/\S*/libzmq\.so\S*)$} }
    print "library $_\n" for sort keys %seen;
}

$SIG{ALRM} = sub { die "hangs\n" };
alarm 40;
my $ctx = ZMQ::FFI->new();
library();

sub endpoint { my ($s) = @_; my $e = $s->get(ZMQ_LAST_ENDPOINT(), 'binary'); $e =~ s/\0//g; $e }

my $rep = $ctx->socket(ZMQ_REP());
$rep->bind('tcp://127.0.0.1:*');
my $req = $ctx->socket(ZMQ_REQ());
$req->connect(endpoint($rep));
for my $i (1 .. 1000) {
    $req->send("question $i");
    $rep->send('answer to ' . $rep->recv());
    my $got = $req->recv();
    die "got $got" unless $got eq "answer to question $i";
}
print "req/rep over tcp: 1000 round trips\n";

my $other = $ctx->socket(ZMQ_REP());
$other->die_on_error(0);
$other->bind(endpoint($rep));
print 'bound twice: ', $other->last_strerror, "\n";
$rep->die_on_error(0);
$rep->recv(ZMQ_DONTWAIT());
print 'nothing to receive: ', $rep->last_strerror, "\n";

my $pull = $ctx->socket(ZMQ_PULL());
$pull->bind('inproc://parts');
my $push = $ctx->socket(ZMQ_PUSH());
$push->connect('inproc://parts');
my $big = join('', map { chr($_ % 256) } 0 .. 999_999);
$push->send_multipart(['head', '', $big, 'tail']);
my @parts = $pull->recv_multipart();
print 'parts over inproc: ', join(' ', map { length } @parts), ' ',
    ($parts[2] eq $big ? 'equal' : 'different'), "\n";

my $xpub = $ctx->socket(ZMQ_XPUB());
$xpub->bind("ipc://$ENV{TMPDIR}/s");
my $sub = $ctx->socket(ZMQ_SUB());
$sub->connect("ipc://$ENV{TMPDIR}/s");
$sub->subscribe('b');
print 'subscribed: ', unpack('H*', $xpub->recv()), "\n";
$xpub->send($_) for qw(a1 b1 c1 b2);
print 'heard: ', $sub->recv(), ' ', $sub->recv(), "\n";

$req->set(ZMQ_LINGER(), 'int', 321);
print 'linger: ', $req->get(ZMQ_LINGER(), 'int'), "\n";
print 'type: ', $req->get(ZMQ_TYPE(), 'int'), "\n";
print 'POLLOUT of a PUSH: ', ($push->has_pollout ? 1 : 0), "\n";
my $fd = $pull->get_fd;
$push->send('wake');
my $bits = '';
vec($bits, $fd, 1) = 1;
until ($pull->has_pollin) { select(my $ready = $bits, undef, undef, 10) }
print 'woken by ZMQ_FD: ', $pull->recv(), "\n";
$_->close for $rep, $req, $other, $pull, $push, $xpub, $sub;
$ctx->destroy();
print "ended\n";
