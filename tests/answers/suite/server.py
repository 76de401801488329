"""A server for tests: answers at once, late, after work, or never; alone, or by asking another server"""

import json
import os
import selectors
import socket
import sys
import time

from peer import LONGEST, Peer
from work import waited_ns, work


def pipes(address):
    """The ends of the server's pipes. Both stay open for reading and writing, so that clients may come and go"""
    for name in (address + ".in", address + ".out"):
        os.mkfifo(name)
    return os.open(address + ".in", os.O_RDWR), os.open(address + ".out", os.O_RDWR)


def listener(kind, address):
    if kind == "unix":
        found = socket.socket(socket.AF_UNIX)
        found.bind(address)
        found.listen(16)
    elif kind == "dgram":
        found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        found.bind(address)
    elif kind == "tcp":
        found = socket.create_server(("127.0.0.1", int(address)), backlog=16)
    else:
        found = socket.socket(type=socket.SOCK_DGRAM)
        found.bind(("127.0.0.1", int(address)))
    return found


waited_before_ns = 0


def do(line, behind):
    """
    The answer to one request, or None: "echo", "sleep MS", "work MS", "never". It has the time that the server waited for a
    CPU since its last answer, and so from when it was woken on
    """
    global waited_before_ns
    received_ns = time.monotonic_ns()
    number, command, *argument = line.decode().split()
    if command == "never":
        return None
    if behind:
        behind.wait_ns = 0
        behind.ask(" ".join([command, *argument]))
    elif command == "sleep":
        time.sleep(float(argument[0]) / 1000)
    elif command == "work":
        work(float(argument[0]))
    wait_ns = waited_ns() - waited_before_ns + (behind.wait_ns if behind else 0)
    waited_before_ns = waited_ns()
    answer = {"number": number, "received_ns": received_ns, "sent_ns": time.monotonic_ns(), "wait_ns": wait_ns}
    return json.dumps(answer).encode() + b"\n"


def serve_pipes(ends, behind):
    buffer = b""
    while True:
        buffer += os.read(ends[0], LONGEST)
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            answer = do(line, behind)
            if answer:
                os.write(ends[1], answer)


def serve_datagrams(server, behind):
    while True:
        line, sender = server.recvfrom(LONGEST)
        answer = do(line, behind)
        if answer:
            try:
                server.sendto(answer, sender)
            except OSError:
                pass  # the client did not wait so long


def serve_connections(server, behind):
    selector = selectors.DefaultSelector()
    selector.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is server:
                selector.register(server.accept()[0], selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(LONGEST)
                for line in data.splitlines():
                    answer = do(line, behind)
                    if answer:
                        key.fileobj.send(answer)
            except OSError:
                data = b""
            if not data:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def main():
    """server.py CPU KIND ADDRESS [KIND ADDRESS], the latter of a server to ask; says its address and PID"""
    cpu, kind, address, *behind = sys.argv[1:]
    if cpu != "any":
        os.sched_setaffinity(0, {int(cpu)})
    behind = Peer(*behind) if behind else None
    server = pipes(address) if kind == "pipe" else listener(kind, address)
    if kind in ("tcp", "udp"):
        address = server.getsockname()[1]
    print(address, os.getpid(), flush=True)
    {"pipe": serve_pipes, "udp": serve_datagrams, "dgram": serve_datagrams}.get(kind, serve_connections)(server, behind)


if __name__ == "__main__":
    main()
