"""Asks a server over a socket or a pair of pipes, and waits for its answer until a time-out of its own"""

import itertools
import json
import os
import select
import socket
import time

from work import is_runnable, ran_ns, waited_ns

KINDS = ("unix", "tcp", "udp", "dgram", "pipe")
LONGEST = 1 << 16


class Peer:
    """One end of a connection. Each request has a number, so that the late answer to an earlier one is dropped"""

    numbers = itertools.count(1)

    def __init__(self, kind, address, server=None):
        self.buffer = b""
        self.wait_ns = 0  # how long servers waited for a CPU before they answered
        self.server = server  # its PID
        self.unanswered = None  # when it was asked last, and how long it had waited and run by then; None: it has answered
        self.socket = None
        if kind == "pipe":
            self.output = os.open(address + ".in", os.O_WRONLY)
            self.input = os.open(address + ".out", os.O_RDWR)
            return
        if kind == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
        elif kind == "dgram":
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind("")  # any free abstract name
        else:
            self.socket = socket.socket(type=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
        self.socket.connect(address if kind in ("unix", "dgram") else ("127.0.0.1", int(address)))
        if kind == "tcp":
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, command):
        number = next(self.numbers)
        line = f"{os.getpid()}.{number} {command}\n".encode()
        if self.server:
            self.unanswered = time.monotonic_ns(), waited_ns(self.server), ran_ns(self.server)
        if self.socket:
            self.socket.send(line)
        else:
            os.write(self.output, line)
        return f"{os.getpid()}.{number}"

    def receive(self, number, timeout_s=None):
        """The answer to a request; raises TimeoutError"""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = None if deadline is None else max(0.0, deadline - time.monotonic())
            answer = json.loads(self._line(left_s))
            if answer["number"] == number:
                # Of two tests at a time that ask one server, the answer to the other may have said it.
                since_ns = waited_ns(self.server) - self.unanswered[1] if self.unanswered else 0
                self.wait_ns += max(answer["wait_ns"], since_ns)
                self.unanswered = None
                return answer

    def unanswered_wait_ns(self):
        """How long the server has waited for a CPU since it was asked, if it does not say so itself"""
        if not self.unanswered:
            return 0
        asked_ns, waited_before_ns, ran_before_ns = self.unanswered
        if is_runnable(self.server):  # the kernel adds up a wait when it is over
            return time.monotonic_ns() - asked_ns - (ran_ns(self.server) - ran_before_ns)
        return waited_ns(self.server) - waited_before_ns

    def ask(self, command, timeout_s=None):
        return self.receive(self.send(command), timeout_s)

    def _line(self, timeout_s):
        while b"\n" not in self.buffer:
            if self.socket:
                self.socket.settimeout(timeout_s)
                data = self.socket.recv(LONGEST)
            else:
                if not select.select([self.input], [], [], timeout_s)[0]:
                    raise TimeoutError("timed out")
                data = os.read(self.input, LONGEST)
            if not data:
                raise ConnectionError("the server has gone")
            self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def close(self):
        if self.socket:
            self.socket.close()
        else:
            os.close(self.input)
            os.close(self.output)
