"""The real Redis server, with reads that hit and miss so that the hit rate is real.

Invariant: the rate is what INFO says, never a number that we set.  A restart
empties the counters, as it does in production.
"""
import os
import signal
import socket
import threading

from .process import Process, StartError, find_program, give, unprivileged_user

KEYS = 50
HEALTHY, POOR = 0.96, 0.40
CONFIG = """\
port 0
unixsocket {socket}
unixsocketperm 777
dir {home}
save ""
set-proc-title no
"""


def encode(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


class Redis:
    def __init__(self, folder, hit_rate=HEALTHY):
        self.folder = folder
        self.user = unprivileged_user()
        self.home = give(os.path.join(folder, "redis"), self.user)
        self.socket = os.path.join(self.home, "redis.sock")
        self.hit_rate = hit_rate
        self.process = None
        self.lock = threading.Lock()
        self.ended = threading.Event()

    def start(self):
        config = os.path.join(self.home, "redis.conf")
        with open(config, "w") as f:
            f.write(CONFIG.format(socket=self.socket, home=self.home))
        self.config = config
        self._launch()
        threading.Thread(target=self._traffic, daemon=True).start()

    def _launch(self):
        self.process = Process("redis", [find_program("redis-server"), self.config], self.folder, self.user)
        self.process.wait_until(self.answers)
        self._fill()
        self._read(1000)

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(3)
        s.connect(self.socket)
        return s

    def command(self, *words):
        """One command; the raw reply as text, without its trailing line end."""
        with self.connect() as s:
            s.sendall(encode(*words))
            s.shutdown(socket.SHUT_WR)
            data = b""
            while more := s.recv(65536):
                data += more
        return data.decode().rstrip("\r\n")

    def answers(self):
        try:
            return self.command("PING") == "+PONG"
        except OSError:
            return False

    def _send(self, commands):
        """A pipeline; the answers are only counted."""
        with self.connect() as s:
            s.sendall(b"".join(commands) + encode("QUIT"))
            data = b""
            while more := s.recv(65536):
                data += more
        if data.count(b"\r\n") < len(commands):
            raise StartError("redis gave too few answers")

    def _fill(self):
        self._send([encode("SET", f"search:{n}", "FRA-JFK " * 8) for n in range(KEYS)])

    def _read(self, count):
        """Spread hits and misses evenly, at the wanted rate."""
        wanted = [int((n + 1) * self.hit_rate) > int(n * self.hit_rate) for n in range(count)]
        self._send([encode("GET", f"search:{n % KEYS}" if hit else f"gone:{n}") for n, hit in enumerate(wanted)])

    def _traffic(self):
        while not self.ended.wait(0.25):
            try:
                self._read(100)
            except (OSError, StartError):
                continue

    def restart(self):
        with self.lock:
            if self.ended.is_set():
                return
            self.process.stop(signal.SIGTERM)
            self.hit_rate = HEALTHY
            self._launch()

    def stop(self):
        self.ended.set()
        with self.lock:
            if self.process:
                self.process.stop(signal.SIGTERM)
