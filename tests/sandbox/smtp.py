"""A mail server: takes what it is given, or misbehaves at a chosen command.

Invariant: a mail is in `mails` before its 250 is sent.
"""
import socketserver
import threading
from collections import namedtuple

Mail = namedtuple("Mail", "sender to data login")
HANG = "never answers"


class Session(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def handle(self):
        self.sender, self.to, self.login = None, [], None
        self.say("220 mail.test ESMTP")
        try:
            while line := self.rfile.readline():  # of the present connection: STARTTLS makes another
                word = line.split()[0].decode().upper() if line.split() else ""
                if not self.obey(word, line.decode().strip()):
                    return
        except OSError:
            pass

    def obey(self, word, line):
        """False: the session is over."""
        planned = self.server.mail.answer(word)
        if planned is HANG:
            self.server.mail.stopping.wait()
            return False
        if planned:
            self.say(planned)
        elif word == "EHLO":
            self.say("250-mail.test\r\n250-AUTH PLAIN\r\n250 " + ("STARTTLS" if self.server.mail.tls else "8BITMIME"))
        elif word == "STARTTLS":
            self.start_tls()
        elif word == "AUTH":
            self.say("334 ")
            self.login = self.rfile.readline().decode().strip()
            self.say("235 welcome")
        elif word == "DATA":
            self.take_data()
        else:
            if word == "MAIL":
                self.sender, self.to = line.split("<")[1].split(">")[0], []
            elif word == "RCPT":
                self.to.append(line.split("<")[1].split(">")[0])
            self.say("221 bye" if word == "QUIT" else "250 ok")
        return word != "QUIT"

    def start_tls(self):
        self.say("220 go ahead")
        self.request = self.connection = self.server.mail.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")

    def take_data(self):
        self.say("354 go on")
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b"..") else line)
        ending = self.server.mail.answer("END")
        if ending is HANG:
            self.server.mail.stopping.wait()
            return
        if not ending:
            self.server.mail.mails.append(Mail(self.sender, self.to, b"".join(lines), self.login))
        self.say(ending or "250 taken")


class SmtpServer:
    """`mails` in order. `answers` maps a command ("EHLO", "RCPT", "END" for the end of the data, …) to a line or
    HANG, or to a list of these: one a time, then it is well. `tls`: the context of STARTTLS, which it offers then."""

    def __init__(self, tls=None):
        self.mails, self.answers, self.tls = [], {}, tls
        self.stopping = threading.Event()

    def start(self):
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session, bind_and_activate=False)
        self.server.allow_reuse_address = self.server.daemon_threads = True
        self.server.block_on_close = False
        self.server.mail = self
        self.server.server_bind()
        self.server.server_activate()
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, word):
        answer = self.answers.get(word)
        if isinstance(answer, list):
            return answer.pop(0) if answer else None
        return answer

    def stop(self):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()
