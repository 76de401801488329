"""Sends messages about spans (docs/spans.md): a module for the scripts that tests run under latwrap"""

import fcntl
import json
import os
import select
import socket
import struct
import termios
import time


class Sender:
    """Sends a message that finds no room again until it fits, as no runner would"""

    def __init__(self, path=None):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.connect(path or os.environ["LATWRAP_SOCKET"])

    def raw(self, data):
        while True:
            try:
                self.socket.send(data, socket.MSG_DONTWAIT)
                return
            except BlockingIOError:
                select.select([], [self.socket], [], 1)

    def send(self, event, id=None, name=None, time_ns=None, **fields):
        message = {"v": 1, "event": event, "time_ns": time.monotonic_ns() if time_ns is None else time_ns, **fields}
        if id is not None:
            message["id"] = id
        if name is not None:
            message["name"] = name
        data = json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogateescape")
        self.raw(data)

    def wait_read(self):
        """Waits until latwrap has read all: the kernel tells the rest (SIOCOUTQ), but not when it changes"""
        while struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0" * 4))[0]:
            time.sleep(0.0005)

    def begin(self, id, name=None, **fields):
        self.send("begin", id, id if name is None else name, **fields)

    def end(self, id, outcome="passed", **fields):
        self.send("end", id, outcome=outcome, **fields)
