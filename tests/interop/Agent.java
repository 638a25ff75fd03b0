/* SPDX-License-Identifier: MIT */

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.zeromq.ZMQ;

/** The agent of drive.h on JeroMQ 0.3: what agent.c does, from a ZMTP 2.0 stack over tcp. */
public class Agent {
    private static final int BLOCK = 251;
    private static final String[] TYPES = {"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER",
                                           "ROUTER", "PULL", "PUSH", "XPUB", "XSUB"};

    private final ZMQ.Context context = ZMQ.context(1);
    private final ZMQ.Socket[] slots = new ZMQ.Socket[16];

    private static byte[] fill(int size, int seed) {
        byte[] data = new byte[size];
        for (int i = 0; i < size; i++) {
            data[i] = (byte) (seed + i % BLOCK);
        }
        return data;
    }

    private static String describe(byte[] data) {
        if (data.length > 64) {
            int seed = data[0] & 255;
            boolean whole = Arrays.equals(data, fill(data.length, seed));
            return whole ? "r:" + data.length + ":" + seed : "damaged:" + data.length;
        }
        StringBuilder text = new StringBuilder("h:");
        for (byte b : data) {
            text.append(String.format("%02x", b & 255));
        }
        return text.toString();
    }

    private static byte[] unhex(String text) {
        byte[] data = new byte[text.length() / 2];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) Integer.parseInt(text.substring(2 * i, 2 * i + 2), 16);
        }
        return data;
    }

    private static byte[] make(String text) {
        if (text.startsWith("h:")) {
            return unhex(text.substring(2));
        }
        String[] fields = text.split(":");
        return fill(Integer.parseInt(fields[1]), Integer.parseInt(fields[2]));
    }

    private String option(ZMQ.Socket socket, int number, String hex) {
        if (number == 5) {
            socket.setIdentity(unhex(hex));
        } else if (number == 6) {
            socket.subscribe(unhex(hex));
        } else if (number == 7) {
            socket.unsubscribe(unhex(hex));
        } else {
            return "err option";
        }
        return "ok";
    }

    private String send(ZMQ.Socket socket, String[] words) {
        socket.setSendTimeOut(Integer.parseInt(words[2]));
        for (int i = 3; i < words.length; i++) {
            if (!socket.send(make(words[i]), i + 1 < words.length ? ZMQ.SNDMORE : 0)) {
                return "err EAGAIN";
            }
        }
        return "ok";
    }

    private String receive(ZMQ.Socket socket, int timeout) {
        List<String> parts = new ArrayList<>();
        socket.setReceiveTimeOut(timeout);
        do {
            byte[] data = socket.recv(0);
            if (data == null) {
                return parts.isEmpty() ? "none" : "err half a message";
            }
            parts.add(describe(data));
        } while (socket.hasReceiveMore());
        return "ok " + String.join(" ", parts);
    }

    private String open(int slot, String type) {
        if (slots[slot] != null) {
            slots[slot].close();
        }
        slots[slot] = context.socket(Arrays.asList(TYPES).indexOf(type));
        slots[slot].setLinger(0);
        return "ok";
    }

    private String bind(ZMQ.Socket socket, String endpoint) {
        if (endpoint.endsWith(":*")) {
            String host = endpoint.substring(0, endpoint.length() - 2);
            return "ok " + host + ":" + socket.bindToRandomPort(host);
        }
        socket.bind(endpoint);
        return "ok " + endpoint;
    }

    private String execute(String line) {
        String[] words = line.split(" +");
        int slot = words.length > 1 ? Integer.parseInt(words[1]) : 0;
        switch (words[0]) {
            case "loaded":
                return "ok " + ZMQ.class.getProtectionDomain().getCodeSource().getLocation()
                    .getPath() + " " + ZMQ.getVersionString();
            case "new":
                return open(slot, words[2]);
            case "hex":
                return option(slots[slot], Integer.parseInt(words[2]),
                              words.length > 3 ? words[3] : "");
            case "bind":
                return bind(slots[slot], words[2]);
            case "connect":
                slots[slot].connect(words[2]);
                return "ok";
            case "send":
                return send(slots[slot], words);
            case "recv":
                return receive(slots[slot], Integer.parseInt(words[2]));
            case "close":
                slots[slot].close();
                slots[slot] = null;
                return "ok";
            default:
                return "err what?";
        }
    }

    private void run() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null && !line.equals("quit");
             line = in.readLine()) {
            String answer;
            try {
                answer = execute(line);
            } catch (RuntimeException error) {
                answer = "err " + error;
            }
            System.out.println(answer);
        }
        System.exit(0);
    }

    public static void main(String[] args) throws Exception {
        new Agent().run();
    }
}
