"""Asks a service over a D-Bus daemon, as peer.py does over a socket; as a program, it is such a service"""

import json
import os
import sys

import dbus
import dbus.bus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

from server import do

INTERFACE = "net.latwrap.Answers"


class BusPeer:
    """The address is NAME@BUS. libdbus itself drops an answer that comes too late"""

    def __init__(self, address):
        self.name, bus = address.split("@")
        self.connection = dbus.bus.BusConnection(bus)
        self.wait_ns = 0

    def ask(self, command, timeout_s=-1.0):
        line = f"{os.getpid()} {command}"
        said = self.connection.call_blocking(self.name, "/", INTERFACE, "Ask", "s", [line], timeout=timeout_s)
        answer = json.loads(said)
        self.wait_ns += answer["wait_ns"]
        return answer

    @staticmethod
    def unanswered_wait_ns():
        """Not known"""
        return 0

    def close(self):
        self.connection.close()


class Service(dbus.service.Object):
    @dbus.service.method(INTERFACE, in_signature="s", out_signature="s", async_callbacks=("answer", "fail"))
    def Ask(self, line, answer, fail):  # pylint: disable=invalid-name
        said = do(line.encode(), None)
        if said:
            answer(said.decode())


def main():
    """bus.py CPU NAME@BUS; says this address and its PID"""
    cpu, address = sys.argv[1:]
    os.sched_setaffinity(0, {int(cpu)})
    name, bus = address.split("@")
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    connection = dbus.bus.BusConnection(bus)
    owned = dbus.service.BusName(name, connection)
    Service(owned, "/")
    print(address, os.getpid(), flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
