/* SPDX-License-Identifier: MIT */

import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import org.zeromq.ZMQ;

/**
 * Java. With libzmq-java (JNI code that is linked to libzmq.so.5) it plays all scenes; the other end
 * of some is a second process with the same class on libjeromq-java, which is Java alone.
 *
 *   Zmq scenes COMMAND...   the command starts the other process: it gets a port appended
 *   Zmq peer PORT
 */
public class Zmq {
    private static final int ROUNDS = 500;

    private static void sayLibrary() throws Exception {
        Files.lines(Paths.get("/proc/self/maps")).filter(line -> line.contains("/libzmq.so"))
            .map(line -> line.substring(line.indexOf('/'))).distinct()
            .forEach(path -> System.out.println("library " + path));
    }

    private static byte[] big() {
        byte[] data = new byte[1000000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i % 251);
        }
        return data;
    }

    /** Asks, sends parts, then hears what it subscribed to. */
    private static void peer(int port) {
        ZMQ.Context context = ZMQ.context(1);
        ZMQ.Socket req = context.socket(ZMQ.REQ);
        req.connect("tcp://127.0.0.1:" + port);
        for (int i = 0; i < ROUNDS; i++) {
            req.send(("question " + i).getBytes(), 0);
            if (!new String(req.recv(0)).equals("answer to question " + i)) {
                throw new IllegalStateException("another answer");
            }
        }
        req.send("parts".getBytes(), ZMQ.SNDMORE);
        req.send(new byte[0], ZMQ.SNDMORE);
        req.send(big(), 0);
        int publisher = Integer.parseInt(new String(req.recv(0)));
        ZMQ.Socket sub = context.socket(ZMQ.SUB);
        sub.subscribe("b".getBytes());
        sub.connect("tcp://127.0.0.1:" + publisher);
        String heard = new String(sub.recv(0)) + " " + new String(sub.recv(0));
        req.send(heard.getBytes(), 0);
        req.recv(0);
        req.close();
        sub.close();
        context.term();
    }

    private static void withPeer(ZMQ.Context context, String[] command) throws Exception {
        ZMQ.Socket rep = context.socket(ZMQ.REP);
        ZMQ.Socket xpub = context.socket(ZMQ.XPUB);
        int port = rep.bindToRandomPort("tcp://127.0.0.1");
        int publisher = xpub.bindToRandomPort("tcp://127.0.0.1");
        String[] line = Arrays.copyOf(command, command.length + 1);
        line[command.length] = Integer.toString(port);
        Process other = new ProcessBuilder(line).inheritIO().start();
        for (int i = 0; i < ROUNDS; i++) {
            rep.send(("answer to " + new String(rep.recv(0))).getBytes(), 0);
        }
        System.out.println("JeroMQ was answered: " + ROUNDS);
        String head = new String(rep.recv(0));
        int empty = rep.recv(0).length;
        boolean equal = Arrays.equals(rep.recv(0), big());
        System.out.println("JeroMQ's parts: " + head + " " + empty + " " + equal
            + " more " + rep.hasReceiveMore());
        rep.send(Integer.toString(publisher).getBytes(), 0);
        System.out.println("JeroMQ subscribed: " + Arrays.toString(xpub.recv(0)));
        for (String word : new String[] {"a1", "b1", "c1", "b2"}) {
            xpub.send(word.getBytes(), 0);
        }
        System.out.println("JeroMQ heard: " + new String(rep.recv(0)));
        rep.send(new byte[0], 0);
        System.out.println("JeroMQ ended: " + other.waitFor());
        rep.close();
        xpub.close();
    }

    private static void alone(ZMQ.Context context) throws Exception {
        ZMQ.Socket pull = context.socket(ZMQ.PULL);
        pull.bind("inproc://alone");
        Thread sender = new Thread(() -> {
            ZMQ.Socket push = context.socket(ZMQ.PUSH);
            push.connect("inproc://alone");
            for (int i = 0; i < 10000; i++) {
                push.send(Integer.toString(i).getBytes(), 0);
            }
            push.close();
        });
        sender.start();
        int inOrder = 0;
        while (inOrder < 10000 && new String(pull.recv(0)).equals(Integer.toString(inOrder))) {
            inOrder++;
        }
        sender.join();
        System.out.println("between threads: " + inOrder);
        System.out.println("nothing to receive: " + pull.recv(ZMQ.NOBLOCK));
        pull.setLinger(321);
        pull.setIdentity("an id".getBytes());
        System.out.println("linger: " + pull.getLinger() + " id: "
            + new String(pull.getIdentity()) + " type: " + pull.getType());
        ZMQ.Socket first = context.socket(ZMQ.DEALER);
        int port = first.bindToRandomPort("tcp://127.0.0.1");
        ZMQ.Socket second = context.socket(ZMQ.DEALER);
        try {
            second.bind("tcp://127.0.0.1:" + port);
        } catch (org.zeromq.ZMQException e) {
            System.out.println("bound twice: " + e.getErrorCode());
        }
        second.connect("tcp://127.0.0.1:" + port);
        second.send("wake".getBytes(), 0);
        ZMQ.Poller poller = new ZMQ.Poller(2);
        poller.register(first, ZMQ.Poller.POLLIN);
        poller.register(pull, ZMQ.Poller.POLLIN);
        System.out.println("poll: " + poller.poll(10000) + " " + poller.pollin(0) + " "
            + poller.pollin(1) + " " + new String(first.recv(0)));
        for (ZMQ.Socket socket : new ZMQ.Socket[] {pull, first, second}) {
            socket.close();
        }
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("peer")) {
            peer(Integer.parseInt(args[1]));
            return;
        }
        ZMQ.Context context = ZMQ.context(1);
        sayLibrary();
        alone(context);
        withPeer(context, Arrays.copyOfRange(args, 1, args.length));
        context.term();
        System.out.println("ended");
    }
}
