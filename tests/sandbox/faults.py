"""The door in front of every part: a TCP proxy that can be broken and healed.

Clients only ever know the door's port, so a part is broken and healed while
it runs and without a new address.  Invariant: the port stays ours from start
to stop, also while connections are refused.
"""
import os
import socket
import struct
import threading
import time

MODES = {
    "refuse": "connections are refused",
    "hang": "accepts and never answers",
    "half": "half of the first answer, then a clean close",
    "die": "half of the first answer, then a reset",
    "garbage": "answers with bytes of no protocol",
    "slow": "answers byte by byte",
}
GARBAGE = b"\x16\x00\xff\xfe{]]> 999 ?? \r\n\x00\x80garbage\r\n\r\n"
SLOW_STEP = 0.05


class Door:
    def __init__(self, name, connect):
        """`connect()` opens a new connection to the part behind."""
        self.name = name
        self.connect = connect
        self.mode = None
        self.changed = threading.Condition()
        self.open_sockets = set()
        self.listener = self._bind(0)
        self.port = self.listener.getsockname()[1]
        self._listen()

    @staticmethod
    def _bind(port):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        return s

    def _listen(self):
        self.listener.listen(128)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def set_mode(self, mode):
        if mode is not None and mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; there are: {', '.join(MODES)}")
        with self.changed:
            before, self.mode = self.mode, mode
            self.changed.notify_all()
        if mode == "refuse" and before != "refuse":
            self._shut()
        if before == "refuse" and mode != "refuse":
            self._listen()

    def _shut(self):
        """A bound socket that does not listen refuses, and keeps the port for us."""
        hang_up(self.listener)
        self.listener.close()
        self.listener = self._bind(self.port)
        self.drop_connections()

    def drop_connections(self):
        for s in list(self.open_sockets):
            reset(s)

    def stop(self):
        self.set_mode("refuse")
        self.listener.close()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = self.connect()
        except OSError:
            return reset(client)
        pair = (client, server)
        for s in pair:
            if s.family == socket.AF_INET:
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open_sockets.update(pair)
        threading.Thread(target=self._pump, args=(client, server, False), daemon=True).start()
        self._pump(server, client, True)
        self.open_sockets.difference_update(pair)
        for s in pair:
            s.close()

    def _pump(self, source, sink, answers):
        """Carry bytes one way; only answers are tampered with."""
        try:
            while data := source.recv(65536):
                treat = TREATMENTS.get(self.mode) if answers or self.mode == "hang" else None
                if treat:
                    if not treat(self, sink, data):
                        return self._end_both(source, sink)
                else:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            self._end_both(source, sink)

    @staticmethod
    def _end_both(*pair):
        for s in pair:
            hang_up(s)

    def hold(self, sink, data):
        """Hang until healed; then go on as if the network had been slow."""
        with self.changed:
            self.changed.wait_for(lambda: self.mode != "hang")
        sink.sendall(data)
        return True

    def trickle(self, sink, data):
        for i in range(len(data)):
            sink.sendall(data[i:i + 1])
            if self.mode == "slow":
                time.sleep(SLOW_STEP)
        return True

    def halve(self, sink, data):
        sink.sendall(data[:max(1, len(data) // 2)])
        return False

    def cut(self, sink, data):
        sink.sendall(data[:max(1, len(data) // 2)])
        reset(sink)
        return False

    def confuse(self, sink, data):
        sink.sendall(GARBAGE)
        return False


TREATMENTS = {"hang": Door.hold, "slow": Door.trickle, "half": Door.halve,
              "die": Door.cut, "garbage": Door.confuse}


def reset(s):
    """Close with RST, as the system does for a process that died."""
    try:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.shutdown(socket.SHUT_RD)  # wakes the other direction, which holds the socket open
    except OSError:
        pass
    s.close()


def hang_up(s):
    """Close in both directions, waking whoever blocks on the socket."""
    try:
        s.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def tcp(port):
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=None)


def unix(path):
    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.connect(os.fspath(path))
        return s
    return connect
