"""The servers that tests ask: those outside the run, and those that the session starts"""

import json
import os
import subprocess
import sys
from pathlib import Path

from case import OTHER_CPU, VICTIM_CPU

OUTSIDE = ("daemon", "chain", "elsewhere", "limited", "bus", "shaken")
HERE = Path(__file__).parent


def argv(python, cpu, kind, address, *behind):
    """How to start a server, which says its address"""
    if kind == "dbus":
        return [python, str(HERE / "bus.py"), str(cpu), address]
    return [python, "-S", str(HERE / "server.py"), str(cpu), kind, str(address), *behind]


def new_address(directory, name, kind):
    if kind == "dbus":
        return f"net.latwrap.Pid{os.getpid()}@{os.environ['ANSWERS_BUS']}"
    return 0 if kind in ("tcp", "udp") else directory / f"{name}-{kind}"


class Servers:
    """
    Places: "daemon" outside the run; "elsewhere" outside, on a CPU that nobody holds; "chain" outside, which asks another
    one; "limited" outside, whose CPU quota tests switch on; "bus" outside, behind a bus on the CPU that tests hold, and
    itself on another one; "shaken" outside, in a cgroup of its own; "fixture" in the run; "proxy" in the run, which asks a
    daemon outside; "workers" in the run, which asks another one in the run. All others, and the last in each chain, are
    pinned to the CPU that tests hold.
    """

    def __init__(self, directory):
        self.directory = directory
        self.outside = json.loads(os.environ["ANSWERS_DAEMONS"])
        self.pids = json.loads(os.environ["ANSWERS_PIDS"])  # by place and kind, as above
        self.inside, self.processes = {}, []

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()

    def start(self, name, cpu, kind, *behind):
        started = argv(sys.executable, cpu, kind, new_address(self.directory, name, kind), *behind)
        process = subprocess.Popen(started, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.processes.append(process)
        self.inside[name, kind], self.pids[f"{name}-{kind}"] = process.stdout.readline().decode().split()
        return self.inside[name, kind]

    def address(self, place, kind):
        if place in OUTSIDE:
            return self.outside[f"{place}-{kind}"]
        if (place, kind) not in self.inside:
            if place == "fixture":
                self.start(place, VICTIM_CPU, kind)
            elif place == "proxy":
                self.start(place, OTHER_CPU, kind, kind, self.outside[f"daemon-{kind}"])
            else:
                self.start(place, OTHER_CPU, kind, kind, self.start("worker", VICTIM_CPU, kind))
        return self.inside[place, kind]
